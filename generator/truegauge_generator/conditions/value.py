"""The value of a gauge above or below a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from truegauge_generator.conditions.kind import Driver
from truegauge_generator.promql import matchers, selector
from truegauge_spec.conditions import Value
from truegauge_spec.system import System


def expression(when: Value, system: System) -> str:
    return selector(when.metric, matchers(system, when.metric, when.where))


def operation(when: Value) -> str | None:
    return None


def drivers(when: Value, system: System, level: Decimal) -> Sequence[Driver]:
    return (Driver(when.metric, {}, "hold", level),)


def subject(when: Value) -> str:
    return f"`{when.metric}`"
