"""How a condition is rendered: PromQL, boundary series, sentence, threshold line.

Each kind of `truegauge_spec.conditions.CONDITIONS` has a module of its name here, with the functions of `Compared` or,
without a threshold, of `Course`.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import NamedTuple, cast
from zlib import crc32

from truegauge_generator.conditions.kind import (
    Compared,
    Course,
    Driver,
    Guard,
    Kind,
    Pace,
    Scenario,
    Story,
    drawn_unit,
    step,
    threshold,
    unit,
)
from truegauge_spec.condition import MetricCondition, Threshold
from truegauge_spec.conditions import CONDITIONS
from truegauge_spec.quantities import Quantity, numeral
from truegauge_spec.system import System

__all__ = [
    "Driver",
    "Kind",
    "Pace",
    "Scenario",
    "Spelled",
    "Story",
    "compared",
    "course",
    "drawn_unit",
    "guard",
    "kind",
    "record",
    "sentence",
    "spell",
    "step",
    "threshold",
    "unit",
]

KINDS: dict[str, Kind] = {
    model.kind: cast(Kind, import_module(f"{__name__}.{model.kind}")) for model in CONDITIONS if model.kind != "expr"
}


_OTHER = re.compile(r"[^a-zA-Z0-9_]")
"""What the name of a record cannot have."""


class Spelled(NamedTuple):
    """A condition in PromQL and in words; `record` and `recorded` are empty where its value is not recorded.

    `unit` is that of the value, and None where the value says nothing.
    """

    expr: str
    record: str
    recorded: str
    sentence: str
    unit: str | None


def spell(when: MetricCondition, system: System) -> Spelled:
    """The alert's expression, the recorded or plain value against its threshold, and all that it is made of."""
    name = record(when)
    value = kind(when).expression(when, system)
    return Spelled(
        _fires(when, system, name or value),
        name or "",
        value if name else "",
        sentence(when, system),
        drawn_unit(when, system) if when.valued else None,
    )


def _fires(when: MetricCondition, system: System, value: str) -> str:
    if when.threshold is None:
        return course(when).fires(when, value)
    return f"{value} {'>' if when.upwards else '<'} {numeral(threshold(when, system))}"


def kind(when: MetricCondition) -> Kind:
    """The module that renders the condition."""
    return KINDS[when.kind]


def compared(when: MetricCondition) -> Compared:
    """The same, of a condition with a threshold."""
    return cast(Compared, KINDS[when.kind])


def guard(kind: Compared) -> Guard | None:
    """What else the kind's expression does than compare, and how to show it, if it does more."""
    return getattr(kind, "silent", None)


def course(when: MetricCondition) -> Course:
    """The same, of a condition without one."""
    return cast(Course, KINDS[when.kind])


def record(when: MetricCondition) -> str | None:
    """The name of the recording rule of the compared value, as level:metric:operation."""
    operation = kind(when).operation(when)
    if operation is None:
        return None
    for label, values in when.where.items():
        text = "_".join((label, *([values] if isinstance(values, str) else values)))
        plain = _OTHER.sub("_", text)
        # Two texts that differ only in such characters are two records.
        operation += f"_{plain}" if plain == text else f"_{plain}_{crc32(text.encode()):08x}"
    return f"instance:{when.metric}:{operation}"


def sentence(when: MetricCondition, system: System) -> str:
    """The condition in plain words."""
    subject = kind(when).subject(when)
    if not isinstance(when, Threshold):
        return subject
    side = "above" if when.upwards else "below"
    return f"{subject} is {side} {_written(when.threshold, unit(when, system))}"


def _written(amount: Quantity, unit: str) -> str:
    plain = not amount.unit and unit not in ("", "ratio")
    return f"{amount} {unit}" if plain else str(amount)
