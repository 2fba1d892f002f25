"""How series go on in a case, in promtool's notation and as samples, and at which steps an alert fires of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from truegauge_generator.promql import selector
from truegauge_generator.proof.evaluate import Labels, Moment, NotWorkedOut, Series, Vector, vector
from truegauge_spec.promql.syntax import Node
from truegauge_spec.quantities import numeral


class Pace(NamedTuple):
    """The milliseconds of a step, and how many steps there are in the window, in `for` and in `keep_firing_for`."""

    size: int
    window: int
    wait: int
    keep: int

    @property
    def settled(self) -> int:
        """Steps after which nothing of what was before is seen, and nothing is kept firing."""
        return self.window + self.keep + 2


class Run(NamedTuple):
    """So many samples that each gain on the one before; none at all without a start."""

    start: Decimal | None
    gain: Decimal
    steps: int

    def __str__(self) -> str:
        if self.start is None:
            return f"_x{self.steps}"
        sign = "+" if self.gain > 0 else ""
        gain = f"{sign}{numeral(self.gain)}" if self.gain else ""
        return f"{numeral(self.start)}{gain}x{self.steps - 1}"

    def values(self) -> Iterator[float | None]:
        """The samples as promtool makes them, by adding up."""
        value = None if self.start is None else float(self.start)
        for _ in range(self.steps):
            yield value
            value = None if value is None else value + float(self.gain)


class Driven(NamedTuple):
    """A series and its runs."""

    name: str
    labels: dict[str, str]
    runs: list[Run]

    @property
    def sampled(self) -> Series:
        """The series with its samples."""
        return Series(self.name, self.labels, [value for run in self.runs for value in run.values()])

    @property
    def printed(self) -> tuple[str, str]:
        """The same as promtool reads it."""
        return selector(self.name, self.labels), " ".join(map(str, self.runs))


class Case(NamedTuple):
    """One promtool test: series in its notation, and at which times, in milliseconds, `firing` is expected."""

    name: str
    series: list[tuple[str, str]]
    looks: list[tuple[int, bool]]
    firing: list[tuple[dict[str, str], float]]


class WorkedOut(NamedTuple):
    """The cases of one alert, and the milliseconds between evaluations."""

    size: int
    cases: tuple[Case, ...]


def runs(mode: str, segments: Sequence[tuple[Decimal, int]], size: int, lead: int = 0) -> list[Run]:
    """A series that has each amount for so many steps, after so many without a sample."""
    second, step, total = Decimal(size) / 1000, lead, Decimal(0)
    found = [Run(None, Decimal(0), lead)] if lead else []
    for amount, count in segments:
        if mode == "value":
            found.append(Run(amount, Decimal(0), count))
        elif mode == "age":
            found.append(Run(step * second - amount, second, count))
        else:
            gain = amount * second
            start = total + gain if step > lead else Decimal(0)
            found.append(Run(start, gain, count))
            total = start + gain * (count - 1)
        step += count
    return found


def alerts(node: Node, series: Sequence[Driven], pace: Pace) -> list[Vector]:
    """What fires at each step, with the labels and the value that the expression gives."""
    sampled = [one.sampled for one in series]
    since: dict[Labels, int] = {}
    ended: dict[Labels, int] = {}
    course: list[Vector] = []
    for step in range(max(len(one.samples) for one in sampled)):
        result = vector(node, Moment(sampled, pace.size, step * pace.size))
        firing = {}
        for labels, value in result.items():
            ended.pop(labels, None)
            if step - since.setdefault(labels, step) >= pace.wait:
                firing[labels] = value
        for labels in since.keys() - result.keys():
            kept = course[-1].get(labels) if course else None
            if kept is not None and step - ended.setdefault(labels, step) < pace.keep:
                firing[labels] = kept
            else:
                del since[labels]
                ended.pop(labels, None)
        course.append(firing)
    return course


def silent(name: str, node: Node, series: Sequence[Driven], pace: Pace) -> Case:
    """A case whose last step is silent."""
    course = alerts(node, series, pace)
    if course[-1]:
        raise NotWorkedOut(f"{name} it should be silent, and is not")
    return Case(name, [one.printed for one in series], [((len(course) - 1) * pace.size, False)], [])


def turned(name: str, node: Node, series: Sequence[Driven], pace: Pace, first: int, back: int = 0) -> Case:
    """A case that fires after the step `first`; from the step `back` on, where there is one, it recovers."""
    course = alerts(node, series, pace)
    fires = next((step for step in range(first, back or len(course)) if course[step]), None)
    if fires is None:
        raise NotWorkedOut(f"{name}: it should fire, and does not")
    looks = {fires: True}
    if fires and not course[fires - 1]:
        looks[fires - 1] = False
    if back:
        firing = course[back - 1]
        quiet = next((step for step in range(back, len(course)) if not course[step]), None)
        if quiet is None or not firing:
            raise NotWorkedOut(f"{name}: it should recover, and does not")
        looks = {back - 1: True, quiet: False}
        if course[quiet - 1] == firing:
            looks[quiet - 1] = True
        fires = back - 1
    expected = [(dict(labels), value) for labels, value in course[fires].items()]
    at = [(step * pace.size, looks[step]) for step in sorted(looks)]
    return Case(name, [one.printed for one in series], at, expected)
