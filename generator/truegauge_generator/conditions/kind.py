"""What every kind of condition offers, and what they share: the unit and the threshold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from truegauge_spec.condition import MetricCondition
from truegauge_spec.quantities import convert
from truegauge_spec.system import System


class Driver(NamedTuple):
    """One series that brings a condition to a level.

    `mode` says what `amount` is: the value of a gauge (`hold`); what a counter gains in each step (`gain`), in each
    second where its rate (`flow`), its increase (`rise`) or this in whole numbers (`count`) is compared, or once after
    its first sample (`jump`); how many seconds a gauge that holds a time is behind (`age`), or its value over the
    window after it was `before` (`mean`). Before it gains its amount in each step, a counter gains `before` once.
    """

    metric: str
    labels: dict[str, str]
    mode: str
    amount: Decimal
    before: Decimal = Decimal(0)


class Pace(NamedTuple):
    """The steps of a test's window, `for`, `keep_firing_for` and time ahead, and the milliseconds of one step."""

    window: int
    wait: int
    keep: int
    lead: int
    size: int


class Scenario(NamedTuple):
    """The codes of what an instance shows, and its series: each with its metric, labels and values."""

    codes: tuple[str, ...]
    series: Sequence[tuple[str, dict[str, str], str]]


class Story(NamedTuple):
    """The instances of a test, the one that fires first; and at which steps to look, with its value where it fires."""

    scenarios: Sequence[Scenario]
    looks: Sequence[tuple[int, float | None]]


class Kind(Protocol):
    """What every module of this package offers; it is a `Compared` too, or else a `Course`."""

    def expression(self, when: Any, system: System) -> str:
        """The alert's value in PromQL, without what it is compared with."""

    def operation(self, when: Any) -> str | None:
        """The last part of its recording rule's name, as `p95_1m`; None where the value needs no recording."""

    def subject(self, when: Any) -> str:
        """What is above or below, in words: `the 95th percentile of … over 1m`; without these, the whole sentence."""


class Compared(Kind, Protocol):
    """A kind that has a threshold."""

    def drivers(self, when: Any, system: System, level: Decimal) -> Sequence[Driver]:
        """Series that bring the compared value to `level`, in the threshold's unit."""


Guard = Callable[[Any, System, Decimal, Decimal], tuple[str, Sequence[Driver]] | None]
"""What stays silent: the function `silent` of a `Compared` whose expression does more than compare.

It takes the condition, its system, and the levels just short of the threshold and beyond it. It gives the code of the
case and series that show it, or None where there is nothing of the kind.
"""


class Course(Kind, Protocol):
    """A kind without a threshold: how series go on makes it true."""

    def fires(self, when: Any, value: str) -> str:
        """The alert's expression; `value` is that of the condition, or the name under which it is recorded."""

    def story(self, when: Any, system: System, pace: Pace) -> Story:
        """Its cases."""


def unit(when: MetricCondition, system: System) -> str:
    """The unit that the condition compares in."""
    if when.unit is not None:
        return when.unit
    metric = system.metrics.get(when.metric)
    return metric.unit if metric else ""


def drawn_unit(when: MetricCondition, system: System) -> str:
    """The unit of the alert's value, as `bytes/s`."""
    return f"{unit(when, system)}/s" if when.per_second else unit(when, system)


def threshold(when: MetricCondition, system: System) -> Decimal:
    """The number that the rule compares with, and that the panel draws as a line."""
    assert when.threshold is not None
    return convert(when.threshold, unit(when, system))


@lru_cache(maxsize=4096)
def step(number: Decimal, unit: str) -> Decimal:
    """The smallest difference that a test makes to a threshold: one for what is counted, else one percent."""
    counted = number == number.to_integral_value() and unit not in MEASURED
    return Decimal(1) if counted or not number else abs(number) / 100


MEASURED = frozenset({"ms", "s", "us", "ns", "bytes", "ratio", "percent"})
