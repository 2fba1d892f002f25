"""How a condition is rendered: PromQL, boundary series, sentence, threshold line.

Each kind of `truegauge_spec.conditions.CONDITIONS` has a module of its name here, with the functions of `Kind`.
"""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple, cast

from truegauge_generator.conditions.kind import Driver, Kind, step, threshold, unit
from truegauge_spec.conditions import CONDITIONS, Threshold
from truegauge_spec.quantities import Quantity, numeral
from truegauge_spec.system import System

__all__ = ["Driver", "Kind", "Spelled", "kind", "record", "sentence", "spell", "step", "threshold", "unit"]

KINDS: dict[str, Kind] = {
    model.kind: cast(Kind, import_module(f"{__name__}.{model.kind}")) for model in CONDITIONS if model.kind != "expr"
}


class Spelled(NamedTuple):
    """A condition in PromQL and in words; `record` and `recorded` are empty where its value is not recorded."""

    expr: str
    record: str
    recorded: str
    sentence: str
    unit: str


def spell(when: Threshold, system: System) -> Spelled:
    """The alert's expression, the recorded or plain value against its threshold, and all that it is made of."""
    name = record(when)
    value = kind(when).expression(when, system)
    side = "<" if when.above is None else ">"
    return Spelled(
        f"{name or value} {side} {numeral(threshold(when, system))}",
        name or "",
        value if name else "",
        sentence(when, system),
        unit(when, system),
    )


def kind(when: Threshold) -> Kind:
    """The module that renders the condition."""
    return KINDS[when.kind]


def record(when: Threshold) -> str | None:
    """The name of the recording rule of the compared value, as level:metric:operation."""
    operation = kind(when).operation(when)
    if operation is None:
        return None
    for label, values in when.where.items():
        named = [values] if isinstance(values, str) else values
        operation += "_" + "_".join("".join(c if c.isalnum() else "_" for c in part) for part in (label, *named))
    return f"instance:{when.metric}:{operation}"


def sentence(when: Threshold, system: System) -> str:
    """The condition in plain words."""
    side = "below" if when.above is None else "above"
    return f"{kind(when).subject(when)} is {side} {_written(when.threshold, unit(when, system))}"


def _written(amount: Quantity, unit: str) -> str:
    plain = not amount.unit and unit not in ("", "ratio")
    return f"{amount} {unit}" if plain else str(amount)
