"""How far a gauge's mean over a window is from that of the same window earlier."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import ceil

from truegauge_generator.conditions.kind import Driver, threshold
from truegauge_generator.promql import selector
from truegauge_spec.conditions import Deviation
from truegauge_spec.quantities import convert, duration, numeral
from truegauge_spec.system import System


def expression(when: Deviation, system: System) -> str:
    now = f"avg_over_time({selector(when.metric, when.where, duration(when.deviates_over))})"
    past = f"{now[:-1]} offset {duration(when.from_)})"
    # The floor keeps a past of zero from being divided by, too.
    return f"abs({now} - {past})\n/\n({past} >= {numeral(_floor(when, system))})"


def _floor(when: Deviation, system: System) -> Decimal:
    metric = system.metrics.get(when.metric)
    return convert(when.floor, metric.unit if metric else "")


def operation(when: Deviation) -> str | None:
    floor = "".join(c if c.isalnum() else "_" for c in str(when.floor))
    return f"deviation_{duration(when.deviates_over)}_from_{duration(when.from_)}_floor_{floor}"


def drivers(when: Deviation, system: System, level: Decimal) -> Sequence[Driver]:
    # Whole numbers, the past the same at each level, so that the division gives the very float that the threshold is.
    whole = (threshold(when, system) / 100).as_integer_ratio()[1]
    past = Decimal(whole * ceil(_floor(when, system) / whole))
    return (Driver(when.metric, {}, "mean", past * (1 + level), past),)


def silent(when: Deviation, system: System, safe: Decimal, breach: Decimal) -> tuple[str, Sequence[Driver]]:
    past = _floor(when, system) * Decimal("0.99")
    return "floor", (Driver(when.metric, {}, "mean", past * (2 + breach), past),)


def subject(when: Deviation) -> str:
    over, earlier = duration(when.deviates_over), duration(when.from_)
    return f"the deviation of the mean of `{when.metric}` over {over} from that of {earlier} before"
