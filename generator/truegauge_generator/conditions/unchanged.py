"""A value that should move is the same for all of a window."""

from __future__ import annotations

from truegauge_generator.conditions.kind import Pace, Scenario, Story
from truegauge_generator.promql import matchers, selector
from truegauge_generator.timelines import timeline
from truegauge_spec.conditions import Unchanged
from truegauge_spec.quantities import duration
from truegauge_spec.system import System

LAST = 3
"""The value from the last change on."""


def expression(when: Unchanged, system: System) -> str:
    return selector(when.metric, matchers(system, when.metric, when.where))


def operation(when: Unchanged) -> str | None:
    return None


def fires(when: Unchanged, value: str) -> str:
    window = duration(when.unchanged_for)
    # A series that is younger than the window, or that has ended, is not one that stands still.
    return f"{value}\n  unless changes({value}[{window}]) > 0\n  and {value} offset {window}"


def story(when: Unchanged, system: System, pace: Pace) -> Story:
    counter = system.metrics[when.metric].type == "counter" if when.metric in system.metrics else False
    line = timeline("still", pace.window, pace.wait, pace.keep, 0, counts=False)
    held = line.last + 1 - line.start
    each = max(pace.window - 1, 1)
    moving = [f"{value}x{each - 1}" for value in range(held // each + 1)]
    # Long enough to be true, but for less than `for`; then it ends, so as not to fire later than is looked.
    young = pace.window + pace.wait
    goes_on = 0 if counter else LAST + 1
    stands = f"{LAST - 1} {LAST}x{line.gone - line.born - 2}"
    again = f"{LAST - 1} {LAST}x{line.ends - line.back - 2}"
    series = [
        (
            ("beyond", "missing", "recovers", "gap", *(["kept"] if pace.keep else []), *(["reset"] if counter else [])),
            f"_x{line.born} {stands} stale _x{line.back - line.gone - 1} {again} {goes_on}+1x{line.last - line.ends}",
        ),
        (("moving", "short"), f"_x{line.start} {' '.join(moving)}"),
        (("late",), f"_x{line.born} {LAST}x{young - 1} stale"),
    ]
    if line.brief:
        stood = f"{LAST - 1} {LAST}x{line.brief - line.born - 2}"
        series.append((("short_of_for",), f"_x{line.born} {stood} {LAST + 1}+1x{line.last - line.brief}"))
    return Story(
        [Scenario(codes, [(when.metric, {}, values)]) for codes, values in series],
        [(at, LAST if fires else None) for at, fires in line.looks],
    )


def subject(when: Unchanged) -> str:
    return f"`{when.metric}` has not changed for {duration(when.unchanged_for)}"
