"""How far a counter went up within a window."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from truegauge_generator.conditions.kind import Driver, threshold
from truegauge_generator.promql import selector
from truegauge_spec.conditions import Increase
from truegauge_spec.quantities import dimension, duration
from truegauge_spec.system import System


def expression(when: Increase, system: System) -> str:
    increase = f"increase({selector(when.metric, when.where, duration(when.increase_over))})"
    # Prometheus extrapolates to the edges of the window: five events in 10m, scraped each second, come out as
    # 5.008, and "more than 5" would fire. What is counted comes in whole numbers, and the error is upwards only.
    return f"floor({increase})" if _is_counted(when, system) else increase


def _is_counted(when: Increase, system: System) -> bool:
    metric = system.metrics.get(when.metric)
    return metric is not None and dimension(metric.unit) not in ("time", "bytes", "ratio")


def operation(when: Increase) -> str | None:
    return f"increase_{duration(when.increase_over)}"


def drivers(when: Increase, system: System, level: Decimal) -> Sequence[Driver]:
    # Spread over the window, again and again, so that `for` can be longer than it.
    window = Decimal(when.increase_over) / 1000
    if not _is_counted(when, system):
        return (Driver(when.metric, {}, "rise", level / window),)
    above = min(Decimal("0.5"), max(level, Decimal(1)) / (4 * window))
    return (Driver(when.metric, {}, "count", (level + above) / window),)


def silent(when: Increase, system: System, safe: Decimal, breach: Decimal) -> tuple[str, Sequence[Driver]] | None:
    if not when.upwards:
        return None
    most = threshold(when, system) if _is_counted(when, system) else safe
    return "burst", (Driver(when.metric, {}, "jump", most),)


def subject(when: Increase) -> str:
    return f"the increase of `{when.metric}` within {duration(when.increase_over)}"
