"""A quantile of a histogram over a window."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from math import lcm

from truegauge_generator.conditions.kind import Driver, threshold
from truegauge_generator.promql import grouping, per, selector
from truegauge_spec.conditions import QuantileOf
from truegauge_spec.quantities import duration, numeral
from truegauge_spec.system import System


def expression(when: QuantileOf, system: System) -> str:
    by = per((*grouping(when, system), "le"))
    buckets = selector(f"{when.metric}_bucket", when.where, duration(when.over))
    return f"histogram_quantile(\n  {when.quantile:g},\n  sum by ({by}) (rate({buckets}))\n)"


def operation(when: QuantileOf) -> str | None:
    split = "".join(f"_by_{label}" for label in when.by)
    return f"p{_percent(when).replace('.', '_')}_{duration(when.over)}{split}"


def drivers(when: QuantileOf, system: System, level: Decimal) -> Sequence[Driver]:
    """Buckets that put the quantile at `level`; those far from the threshold would only repeat their neighbours."""
    bounds = [Fraction(str(bound)) for bound in system.metrics[when.metric].buckets]
    near = bisect_left(bounds, Fraction(threshold(when, system)))
    first, last = max(near - 2, 0), min(near + 2, len(bounds))
    totals = accumulate(_gains(bounds[first:last], Fraction(str(when.quantile)), Fraction(level)))
    names = [*(numeral(Decimal(str(bound))) for bound in system.metrics[when.metric].buckets[first:last]), "+Inf"]
    return [
        Driver(f"{when.metric}_bucket", {"le": le}, "gain", Decimal(total))
        for le, total in zip(names, totals, strict=True)
    ]


def _gains(bounds: list[Fraction], quantile: Fraction, level: Fraction) -> list[int]:
    """Observations per bucket and step, in whole numbers, so that the quantile of their sum is `level`.

    Prometheus takes the bucket where the rank falls and interpolates in it:
    lower + (upper - lower) * (rank - below) / inside, from zero in the first one.
    """
    index = min(bisect_left(bounds, level), len(bounds) - 1)
    lower = bounds[index - 1] if index else Fraction(0)
    fraction = min(Fraction(1), max(Fraction(0), (level - lower) / (bounds[index] - lower)))
    gains = [Fraction(0)] * (len(bounds) + 1)
    if fraction <= quantile and index:
        gains[index - 1] = (quantile - fraction) / (1 - fraction)
        gains[index] = 1 - gains[index - 1]
    else:
        gains[index] = min(Fraction(1), quantile / max(fraction, quantile))
        gains[index + 1] = 1 - gains[index]
    scale = lcm(*(gain.denominator for gain in gains))
    return [int(gain * scale) for gain in gains]


def subject(when: QuantileOf) -> str:
    split = f" per {', '.join(when.by)}" if when.by else ""
    return f"the {_percent(when)}th percentile of `{when.metric}`{split} over {duration(when.over)}"


def _percent(when: QuantileOf) -> str:
    return numeral(Decimal(str(when.quantile)) * 100)
