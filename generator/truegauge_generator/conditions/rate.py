"""How much a counter goes up per second, within a window."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from truegauge_generator.conditions.kind import Driver
from truegauge_generator.promql import selector
from truegauge_spec.conditions import Rate
from truegauge_spec.quantities import duration
from truegauge_spec.system import System


def expression(when: Rate, system: System) -> str:
    return f"rate({selector(when.metric, when.where, duration(when.rate_over))})"


def operation(when: Rate) -> str | None:
    return f"rate_{duration(when.rate_over)}"


def drivers(when: Rate, system: System, level: Decimal) -> Sequence[Driver]:
    return (Driver(when.metric, {}, "flow", level),)


def silent(when: Rate, system: System, safe: Decimal, breach: Decimal) -> tuple[str, Sequence[Driver]] | None:
    if not when.upwards:
        return None
    burst = safe * when.rate_over / 1000
    return "burst", (Driver(when.metric, {}, "jump", burst),)


def subject(when: Rate) -> str:
    return f"the increase per second of `{when.metric}` over {duration(when.rate_over)}"
