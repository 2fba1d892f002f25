"""There is no data of a metric within a window."""

from __future__ import annotations

from truegauge_generator.conditions.kind import Pace, Scenario, Story
from truegauge_generator.promql import selector
from truegauge_spec.conditions import Absent
from truegauge_spec.quantities import duration
from truegauge_spec.system import System

LAST = 3
"""The step of the last sample before the gap."""


def expression(when: Absent, system: System) -> str:
    # Each target has the metric, so without the job another system's data would count.
    series = selector(_series(when, system), {"job": system.system, **when.where}, duration(when.absent_for))
    return f"absent_over_time({series})"


def _series(when: Absent, system: System) -> str:
    metric = system.metrics.get(when.metric)
    return metric.series(when.metric)[-1] if metric else when.metric


def operation(when: Absent) -> str | None:
    return None


def fires(when: Absent, value: str) -> str:
    return value


def story(when: Absent, system: System, pace: Pace) -> Story:
    gone = LAST + pace.window
    fires = gone + pace.wait
    sparse = " ".join([f"1 _x{pace.window - 2}"] * (3 + fires // (pace.window - 1)))
    ends, back = f"1x{LAST}", f"1x{LAST} _x{fires - LAST} 1x{pace.keep + 2}"
    cases = (
        ("samples just within the window stay silent", sparse, ((fires, False), (fires + pace.window, False))),
        ("silence that is just too short stays silent", ends, ((fires - 1, False),)),
        (f"no data for {duration(when.absent_for)} fires", ends, ((fires, True),)),
        ("data again recovers", back, ((fires, True), (fires + pace.keep + 2, False))),
        ("data that never came fires", "_x3", ((pace.wait, True),)),
    )
    series = _series(when, system)
    return Story(1, tuple(Scenario(name, {series: values}, looks) for name, values, looks in cases))


def subject(when: Absent) -> str:
    return f"there is no data of `{when.metric}` for {duration(when.absent_for)}"
