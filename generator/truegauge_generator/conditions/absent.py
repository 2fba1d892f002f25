"""There is no data of a metric within a window."""

from __future__ import annotations

from truegauge_generator.conditions.kind import Pace, Scenario, Story
from truegauge_generator.promql import selector
from truegauge_spec.conditions import Absent
from truegauge_spec.quantities import duration
from truegauge_spec.system import System


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
    window, wait, keep = pace.window, pace.wait, pace.keep
    # There is nothing, and the alert fires; then there is data, and it ends.
    back = wait + 2
    # A sample just within each window, for long enough; then a gap that is over before `for` is.
    apart = max(window - 1, 1)
    times = max((window + wait + keep) // apart, 1) + 1
    pause = back + times * apart
    parts = [f"_x{back}", *[f"1 _x{apart - 1}" if apart > 1 else "1"] * times, f"1 _x{window + wait - 1} 1"]
    end = pause + window + wait
    shown = ["beyond", "missing", "recovers", "gap", "late", "sparse", *(["kept"] if keep else [])]
    series, metric = [(tuple([*shown, "short_of_for"] if wait else shown), " ".join(parts))], _series(when, system)
    looks = {wait - 1: False, wait: True, back + keep - 1: True, back + keep: False, pause: False, end: False}
    if "instance" not in when.where:
        # Another target has data for longer than the first.
        also, end = end, end + window + wait + 2
        series.append((("one_of_several",), f"_x{also} 1x{end - also}"))
        looks[end] = False
    looks |= {end + window + wait - 1: False, end + window + wait + 1: True}
    # What is not looked for is there all the time.
    series.append((("unselected",), f"1x{max(looks)}"))
    return Story(
        [Scenario(codes, [(metric, {}, values)]) for codes, values in series],
        [(at, 1 if fires else None) for at, fires in sorted(looks.items()) if at >= 0],
    )


def subject(when: Absent) -> str:
    return f"there is no data of `{when.metric}` for {duration(when.absent_for)}"
