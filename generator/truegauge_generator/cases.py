"""The cases of an alert: series just short of its threshold, at it, beyond it and back, and in trouble.

All cases of an alert are in one test, each in an instance that is named like it, since a test costs promtool as much as
a hundred evaluations. So each of them also shows that the others do not disturb it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from truegauge_generator.boundaries import boundary
from truegauge_generator.conditions import Pace, Scenario, course
from truegauge_generator.literals import Literal, word
from truegauge_generator.promql import selector
from truegauge_spec import Spec
from truegauge_spec.condition import MetricCondition
from truegauge_spec.metric import Metric
from truegauge_spec.names import SCRAPE_METRICS, TARGET_LABELS
from truegauge_spec.quantities import duration
from truegauge_spec.system import System

CASES = (
    ("missing", "there are no series at all: silent, but where absence is what is looked for"),
    ("short", "just short of the threshold: silent"),
    ("at", "at the threshold: silent"),
    ("beyond", "just beyond the threshold: fires once `for` is over, and not before"),
    ("short_of_for", "beyond the threshold for less than `for`: silent"),
    ("recovers", "no longer beyond the threshold: ends"),
    ("kept", "fires until `keep_firing_for` is over, and no longer"),
    ("gap", "the series end and come back: ends, and `for` begins anew"),
    ("reset", "counters start again at zero: no increase when short of the threshold, and none lost beyond it"),
    ("late", "series that appear late: `for` begins with them, and what they already count is no increase"),
    ("one_of_several", "one instance is beyond the threshold and others are not: fires once, with its labels"),
    ("unselected", "what is beyond the threshold is not selected by the condition: silent"),
    ("quiet", "an objective without events: silent"),
    ("long_alone", "an objective's long window is beyond its limit and the short one just short of it: silent"),
    ("short_alone", "an objective's short window is beyond its limit and the long one just short of it: silent"),
    ("every_window", "all windows of an objective's alert are beyond their limits: fires once"),
    ("together", "series that are summed up, of which one alone would be beyond the threshold: silent"),
    ("boundless", "a limit of zero, which means that there is none: silent"),
    ("burst", "all at once, but not more than the threshold within the window: silent"),
    ("never", "a time of zero, which means never: silent"),
    ("floor", "a past below the floor: silent"),
    ("steep", "grows fast, but from little: silent"),
    ("moving", "a change just within each window: silent"),
    ("sparse", "samples just within each window: silent"),
)
"""Every case by its code, which is also the instance that shows it, in the order in which they are listed."""

LACKS: dict[str, dict[str, str]] = {
    "value": {"reset": "a gauge may fall at any time"},
    "quantile": {},
    "share_of_limit": {"reset": "a gauge may fall at any time"},
    "share_of_total": {},
    "increase": {},
    "rate": {},
    "deviation": {"reset": "a gauge may fall at any time"},
    "older_than": {"reset": "a time that falls is older, as it says"},
    "burn": {"reset": "the objective's rules see to it, and have tests of their own"},
    "runs_full": {
        "at": "its threshold is a time, so a line meets it to the last bit or not",
        "reset": "a gauge may fall at any time",
    },
    "unchanged": {"at": "the window's edge is not looked at"},
    "absent": {
        "short": "there is no value",
        "at": "the window's edge is not looked at",
        "reset": "any sample will do",
    },
}
"""Which of the cases that all kinds could have a kind does not have, and why.

Objectives are never `at` their limit, which is a product that Prometheus rounds, and have neither `for` nor
`keep_firing_for`; a `gap` of all events is `quiet`.
"""

GENERAL = tuple(code for code, _ in CASES[:12])

STEPS = (60_000, 30_000, 15_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100)
LONG = 3_600_000
"""Milliseconds of looking back from which on an alert has test steps of its own."""
MOST, LATER = 500, 8
"""The most and the fewest steps that a test takes back to the past."""


class Case(NamedTuple):
    """An instance, which has the name of its first code; what it shows; its series and their values."""

    codes: tuple[str, ...]
    series: list[tuple[str, str]]


class Look(NamedTuple):
    """At a time, printed as a duration, the alert is silent, or fires with a value."""

    at: Literal
    value: float | None


class Plan(NamedTuple):
    """The one test of an alert: its cases, the labels of the result that fires, and when to look."""

    cases: list[Case]
    labels: dict[str, str]
    looks: list[Look]

    @property
    def codes(self) -> tuple[str, ...]:
        """What the test shows, in the order of CASES."""
        shown = {code for case in self.cases for code in case.codes}
        return tuple(code for code, _ in CASES if code in shown)


def evaluation_step(wait: int, keep: int, when: MetricCondition) -> int:
    """Milliseconds between evaluations in the test of an alert with that `for` and `keep_firing_for`.

    As coarse as may be, but so that half of each is told from all of it. A condition that looks back for an hour or
    more has a step of its own, since its test would take too long.
    """
    if when.window + when.lead >= LONG:
        return own_step(when)
    bounds = [bound for bound in (wait // 2, keep // 2, when.window // 5, when.lead // LATER) if bound] or [STEPS[2]]
    return next((candidate for candidate in STEPS if candidate <= min(bounds)), STEPS[-1])


def own_step(when: MetricCondition) -> int:
    """A part of the window that divides it, in whole seconds; of a past that would take too many, a part of that."""
    window, lead = (when.window or when.lead) // 1000, when.lead // 1000
    most = max(min(window // when.parts, lead // LATER if lead else window), 1)
    size = next((step for step in range(most, 0, -1) if window % step == 0), 1)
    if size * MOST < lead:
        size = next(step for step in range(lead // MOST, lead + 1) if lead % step == 0)
    return size * 1000


@lru_cache(maxsize=8)
def plans(spec: Spec, name: str) -> dict[str, tuple[Plan, int]]:
    """The test of each alert of a system that has a condition, and its step, once for the views of tests and docs."""
    system, found = spec.systems[name], {}
    for alert, one in system.alerts.items():
        if isinstance(one.when, MetricCondition):
            size = evaluation_step(one.for_, one.keep_firing_for, one.when)
            found[alert] = plan(system, one.when, one.for_, one.keep_firing_for, size), size
    return found


def plan(system: System, when: MetricCondition, wait: int, keep: int, size: int) -> Plan:
    """The test of a condition with `for` and `keep_firing_for`; these and `size`, the step, are in milliseconds."""
    window, waits, keeps, lead = (-(-span // size) for span in (when.window, wait, keep, when.lead))
    pace = Pace(window, waits, keeps, lead, size)
    scenarios, looks = (
        boundary(when, system, pace) if when.threshold is not None else course(when).story(when, system, pace)
    )
    labels = sample_labels(system, when)
    told = {scenario.codes[0]: scenario for scenario in scenarios}
    telling = "instance" if when.per_target else "job"
    if telling in when.selects:
        told = {"beyond": told["beyond"]}  # where one is selected, there are no others
    else:
        labels[telling] = "beyond"
    cases = _told(labels, telling, told)
    elsewhere = told.get("unselected", told["beyond"]).series
    for other in _unselected(system, when):
        there = {**labels, telling: "unselected", **other}
        cases.append(Case(("unselected",), [(_series(there, name, more), values) for name, more, values in elsewhere]))
    if len(cases) > 1:
        cases[0] = Case((*cases[0].codes, "one_of_several"), cases[0].series)
    metric = system.metrics.get(when.metric)
    return Plan(
        cases,
        {label: labels[label] for label in when.labels(metric.labels if metric else ())},
        [Look(word(duration(step * size)), value) for step, value in looks],
    )


def _told(labels: dict[str, str], telling: str, told: Mapping[str, Scenario]) -> list[Case]:
    """The cases in the instances that are named like them; most of their series differ in that label alone."""
    mark = f'{telling}="beyond"'
    written = [(name, more, _series(labels, name, more)) for name, more, _ in told["beyond"].series]
    cases = []
    for code, (codes, series) in told.items():
        if code == "unselected":
            continue
        same = len(series) == len(written) and all(one[1] is of[1] for one, of in zip(series, written, strict=True))
        texts = [of[2] for of in written] if same else [_series(labels, name, more) for name, more, _ in series]
        mine = f'{telling}="{code}"'
        cases.append(
            Case(codes, [(text.replace(mark, mine, 1), one[2]) for text, one in zip(texts, series, strict=True)])
        )
    return cases


def _unselected(system: System, when: MetricCondition) -> Iterator[dict[str, str]]:
    """Labels that the condition does not select, in which one differs from those that it does."""
    metric = system.metrics.get(when.metric)
    for label, values in when.selects.items():
        known = metric.labels.get(label) if metric else None
        chosen = (values,) if isinstance(values, str) else values
        options = known if isinstance(known, tuple) else (f"not-{chosen[0]}",)
        yield from ({label: value} for value in [one for one in options if one not in chosen][:1])
    if when.of_job or when.metric in SCRAPE_METRICS:
        yield {"job": f"not-{system.system}"}


def instance_of(system: System) -> str:
    """The instance that samples are of: a declared target, or one that might be."""
    return next(iter(system.scrape.targets), "host-1:9187")


def sample_labels(system: System, when: MetricCondition) -> dict[str, str]:
    """One value for each label of the condition's series."""
    metric = system.metrics.get(when.metric)
    own = {label: _sample(metric, label, when.where.get(label)) for label in metric.labels} if metric else {}
    chosen = {label: values if isinstance(values, str) else values[0] for label, values in when.selects.items()}
    if not when.per_target:
        return {"job": system.system, "system": system.system, **chosen}
    return {"job": system.system, "instance": instance_of(system), **own, **chosen}


def _sample(metric: Metric, label: str, chosen: str | tuple[str, ...] | None) -> str:
    if chosen is not None:
        return chosen if isinstance(chosen, str) else chosen[0]
    known = metric.labels[label]
    return known[0] if isinstance(known, tuple) else f"{label}-1"


def _series(labels: dict[str, str], name: str, more: dict[str, str]) -> str:
    own = {label: labels[label] for label in TARGET_LABELS} if name in SCRAPE_METRICS else labels
    return selector(name, {**own, **more})
