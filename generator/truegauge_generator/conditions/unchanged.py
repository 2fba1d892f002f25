"""A value that should move is the same for all of a window."""

from __future__ import annotations

from truegauge_generator.conditions.kind import Pace, Scenario, Story
from truegauge_generator.promql import matchers, selector
from truegauge_spec.conditions import Unchanged
from truegauge_spec.quantities import duration
from truegauge_spec.system import System

LAST = 3
"""The step of the last change, and the value from then on."""


def expression(when: Unchanged, system: System) -> str:
    return selector(when.metric, matchers(system, when.metric, when.where))


def operation(when: Unchanged) -> str | None:
    return None


def fires(when: Unchanged, value: str) -> str:
    window = duration(when.unchanged_for)
    # A series that is younger than the window, or that has ended, is not one that stands still.
    return f"{value}\n  unless changes({value}[{window}]) > 0\n  and {value} offset {window}"


def story(when: Unchanged, system: System, pace: Pace) -> Story:
    # The window's left edge is open: a change is in it for as long as the sample before the change is.
    fires = LAST - 1 + pace.window + pace.wait
    each = pace.window - 1
    moving = " ".join(f"{value}x{each - 1}" for value in range(3 + fires // each))
    stands = f"0+1x{LAST} {LAST}x{fires - LAST - 1}"
    cases = (
        ("a change just within each window stays silent", moving, ((fires, False), (fires + each, False))),
        (f"less than {duration(when.unchanged_for)} of data stays silent", f"{LAST}x{fires}", ((fires - LAST, False),)),
        (f"no change for {duration(when.unchanged_for)} fires", stands, ((fires - 1, False), (fires, True))),
        (
            "a change recovers",
            f"{stands} {LAST + 1}+1x{pace.keep + 2}",
            ((fires, True), (fires + pace.keep + 2, False)),
        ),
    )
    return Story(LAST, tuple(Scenario(name, {when.metric: values}, looks) for name, values, looks in cases))


def subject(when: Unchanged) -> str:
    return f"`{when.metric}` has not changed for {duration(when.unchanged_for)}"
