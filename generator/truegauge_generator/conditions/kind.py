"""What every kind of condition offers, and what they share: the unit and the threshold."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from truegauge_spec.conditions import Threshold
from truegauge_spec.quantities import convert
from truegauge_spec.system import System


class Driver(NamedTuple):
    """One series that brings a condition to a level.

    `mode` says what `amount` is: the value of a gauge (`hold`), what a counter gains in each step (`gain`),
    or what it gains once, when the level is entered (`jump`).
    """

    metric: str
    labels: dict[str, str]
    mode: str
    amount: Decimal


class Kind(Protocol):
    """What a module of this package offers."""

    def expression(self, when: Any, system: System) -> str:
        """The compared value in PromQL."""

    def operation(self, when: Any) -> str | None:
        """The last part of its recording rule's name, as `p95_1m`; None where the value needs no recording."""

    def drivers(self, when: Any, system: System, level: Decimal) -> Sequence[Driver]:
        """Series that bring the compared value to `level`, in the threshold's unit."""

    def subject(self, when: Any) -> str:
        """What is compared, in words: `the 95th percentile of … over 1m`."""


def unit(when: Threshold, system: System) -> str:
    """The unit that the condition compares in."""
    if when.unit is not None:
        return when.unit
    metric = system.metrics.get(when.metric)
    return metric.unit if metric else ""


def threshold(when: Threshold, system: System) -> Decimal:
    """The number that the rule compares with, and that the panel draws as a line."""
    return convert(when.threshold, unit(when, system))


@lru_cache(maxsize=4096)
def step(number: Decimal, unit: str) -> Decimal:
    """The smallest difference that a test makes to a threshold: one for what is counted, else one percent."""
    counted = number == number.to_integral_value() and unit not in MEASURED
    return Decimal(1) if counted or not number else abs(number) / 100


MEASURED = frozenset({"ms", "s", "us", "ns", "bytes", "ratio", "percent"})
