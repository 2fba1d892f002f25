"""How long ago the time is that a gauge holds."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from truegauge_generator.conditions.kind import Driver
from truegauge_generator.promql import selector
from truegauge_spec.conditions import OlderThan
from truegauge_spec.quantities import duration
from truegauge_spec.system import System


def expression(when: OlderThan, system: System) -> str:
    # Zero means that it never happened; without the filter that would be more than fifty years ago.
    return f"time() - ({selector(when.metric, when.where)} > 0)"


def operation(when: OlderThan) -> str | None:
    return "age"


def drivers(when: OlderThan, system: System, level: Decimal) -> Sequence[Driver]:
    return (Driver(when.metric, {}, "age", level),)


def silent(when: OlderThan, system: System, safe: Decimal, breach: Decimal) -> tuple[str, Sequence[Driver]]:
    return "never", (Driver(when.metric, {}, "hold", Decimal(0)),)


def subject(when: OlderThan) -> str:
    return f"`{when.metric}` is older than {duration(when.older_than)}"
