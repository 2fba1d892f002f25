"""A counter's share of the sum of several, within a window."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from truegauge_generator.conditions.kind import Driver
from truegauge_generator.promql import grouping, per, selector
from truegauge_spec.conditions import ShareOfTotal
from truegauge_spec.quantities import duration
from truegauge_spec.system import System


def expression(when: ShareOfTotal, system: System) -> str:
    by, over = per(grouping(when, system)), duration(when.over)

    def increase(metric: str) -> str:
        return f"sum by ({by}) (increase({selector(metric, when.where, over)}))"

    total = "\n  + ".join(increase(metric) for metric in when.share_of)
    return f"{increase(when.metric)}\n/\n(\n  (\n    {total.replace(chr(10), chr(10) + '  ')}\n  ) > 0\n)"


def operation(when: ShareOfTotal) -> str | None:
    others = "_".join(metric for metric in when.share_of if metric != when.metric)
    return f"share_with_{others}_{duration(when.over)}"


def drivers(when: ShareOfTotal, system: System, level: Decimal) -> Sequence[Driver]:
    others = [metric for metric in when.share_of if metric != when.metric]
    part, total = level.as_integer_ratio()
    gains = [Decimal(total - part), *[Decimal(0)] * (len(others) - 1)]
    return (
        Driver(when.metric, {}, "gain", Decimal(part)),
        *(Driver(metric, {}, "gain", gain) for metric, gain in zip(others, gains, strict=True)),
    )


def subject(when: ShareOfTotal) -> str:
    others = " and ".join(f"`{metric}`" for metric in when.share_of)
    return f"the share of `{when.metric}` in the increase of {others} within {duration(when.over)}"
