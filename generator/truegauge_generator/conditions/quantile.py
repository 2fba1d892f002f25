"""A quantile of a histogram over a window."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from math import ceil, gcd

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
    bounds = _exact(system.metrics[when.metric].buckets)
    near = bisect_left(bounds, threshold(when, system))
    close = bounds[max(near - 2, 0) : near + 2]
    totals = accumulate(_gains(close, Decimal(str(when.quantile)), level))
    return [
        Driver(f"{when.metric}_bucket", {"le": le}, "gain", Decimal(total))
        for le, total in zip([*map(numeral, close), "+Inf"], totals, strict=True)
    ]


def silent(when: QuantileOf, system: System, safe: Decimal, breach: Decimal) -> tuple[str, Sequence[Driver]] | None:
    """Slow observations of one series, and so many fast ones of another that their quantile is within the threshold."""
    metric = system.metrics[when.metric]
    summed = [label for label in metric.labels if label not in when.by and label not in when.where]
    slow = drivers(when, system, breach)
    within = [one.amount for one in slow[:-1] if Decimal(one.labels["le"]) <= threshold(when, system)]
    fast = max(within, default=Decimal(0))
    if not when.upwards or not summed or not fast:
        return None
    known = metric.labels[summed[0]]
    second = known[-1] if isinstance(known, tuple) else f"{summed[0]}-2"
    if isinstance(known, tuple) and len(known) < 2:
        return None
    rank = Decimal(str(when.quantile))
    if rank < 1 and _quantile(rank, slow, fast) >= threshold(when, system):
        fast = Decimal(2 * ceil((rank * slow[-1].amount - fast) / (1 - rank)))
    return "together", [*slow, *(one._replace(labels={summed[0]: second, **one.labels}, amount=fast) for one in slow)]


def _quantile(rank: Decimal, slow: Sequence[Driver], fast: Decimal) -> Decimal:
    """The quantile of observations with so many more in the lowest bucket, as Prometheus interpolates it."""
    wanted = rank * (slow[-1].amount + fast)
    lower = below = Decimal(0)
    for one in slow[:-1]:
        upper, total = Decimal(one.labels["le"]), one.amount + fast
        if total >= wanted:
            return lower + (upper - lower) * (wanted - below) / (total - below)
        lower, below = upper, total
    return lower


@lru_cache(maxsize=4096)
def _exact(buckets: tuple[float, ...]) -> tuple[Decimal, ...]:
    return tuple(Decimal(str(bound)) for bound in buckets)


def _gains(bounds: Sequence[Decimal], quantile: Decimal, level: Decimal) -> list[int]:
    """Observations per bucket and step, in whole numbers, so that the quantile of their sum is `level`.

    Prometheus takes the bucket where the rank falls and interpolates in it:
    lower + (upper - lower) * (rank - below) / inside, from zero in the first one.
    """
    index = min(bisect_left(bounds, level), len(bounds) - 1)
    lower = bounds[index - 1] if index else Decimal(0)
    part, whole = _whole_numbers(min(max(level, lower), bounds[index]) - lower, bounds[index] - lower)
    rank, of = quantile.as_integer_ratio()
    gains = [0] * (len(bounds) + 1)
    if index and part * of <= rank * whole:
        gains[index - 1] = rank * whole - part * of
        gains[index] = whole * (of - rank)
    else:
        gains[index] = rank * whole
        gains[index + 1] = max(part * of - rank * whole, 0)
    common = gcd(*gains)
    return [gain // common for gain in gains]


def _whole_numbers(part: Decimal, whole: Decimal) -> tuple[int, int]:
    """Two integers with the ratio of `part` to `whole`."""
    (above, below), (above_whole, below_whole) = part.as_integer_ratio(), whole.as_integer_ratio()
    return above * below_whole, above_whole * below


def subject(when: QuantileOf) -> str:
    split = f" per {', '.join(when.by)}" if when.by else ""
    return f"the {_percent(when)}th percentile of `{when.metric}`{split} over {duration(when.over)}"


def _percent(when: QuantileOf) -> str:
    return numeral(Decimal(str(when.quantile)) * 100)
