"""How fast an objective's error budget burns."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from truegauge_generator.conditions.kind import Driver
from truegauge_generator.promql import selector
from truegauge_spec.burn import Burn
from truegauge_spec.quantities import duration
from truegauge_spec.system import System


def expression(when: Burn, system: System) -> str:
    return selector(when.metric, {"system": system.system, **when.selects})


def operation(when: Burn) -> str | None:
    return None


def drivers(when: Burn, system: System, level: Decimal) -> Sequence[Driver]:
    return (Driver(when.metric, {}, "hold", level),)


def subject(when: Burn) -> str:
    return f"the burn rate of the error budget of {when.objective} over {duration(when.over)}"
