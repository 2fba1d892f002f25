"""The series that make an alert's condition true, from its own boundary case, as samples at real times."""

from __future__ import annotations

import re
from json import loads
from typing import NamedTuple

from truegauge_generator.cases import evaluation_step, plan
from truegauge_generator.drill.remote_write import STALE, Sample
from truegauge_generator.notation import samples
from truegauge_spec.condition import MetricCondition
from truegauge_spec.names import SPEC_DRIFT
from truegauge_spec.quantities import duration, milliseconds
from truegauge_spec.system import System

PAST = 50 * 60_000
"""Milliseconds back to which Prometheus takes new samples, and some to spare: half of a block of two hours."""
SECOND = 1000
TOGETHER = "its condition is of all instances together, so real data would be in it too"


class NoDrill(Exception):
    """The alert cannot be drilled; the message says why."""


class Series(NamedTuple):
    """A series with the samples that it has at each step; None where it has none."""

    labels: dict[str, str]
    values: list[float | None]


class Breach(NamedTuple):
    """Series that make a condition true at the step `true`, and keep it so.

    `size` is the milliseconds of a step, and `window` those that the condition looks back.
    """

    series: list[Series]
    true: int
    size: int
    window: int
    unix: bool
    """Whether the values are times, counted from the first step."""

    def samples(self, start: int, first: int, last: int) -> list[tuple[dict[str, str], list[Sample]]]:
        """The samples from one step to another, where the first step of all is at `start`, in milliseconds."""
        shift = start / SECOND if self.unix else 0.0
        return [
            (
                one.labels,
                [
                    Sample(start + step * self.size, value + shift)
                    for step, value in enumerate(one.values[first : last + 1], first)
                    if value is not None
                ],
            )
            for one in self.series
        ]

    def ends(self, at: int) -> list[tuple[dict[str, str], list[Sample]]]:
        """What ends every series."""
        return [(one.labels, [Sample(at, STALE)]) for one in self.series]


def breach(system: System, name: str, instance: str, scrape: int, beyond: int) -> Breach:
    """The case of an alert that fires, for an instance of that name; its condition is true for so long beyond `for`.

    A sample comes as often as the server scrapes, or as the case needs it. Raises NoDrill.
    """
    if name == SPEC_DRIFT:
        raise NoDrill("it compares the spec of an exporter with that of the rules, of which no samples are known")
    if name not in system.alerts:
        raise NoDrill(TOGETHER)  # an objective's
    alert = system.alerts[name]
    when = alert.when
    if not isinstance(when, MetricCondition):
        raise NoDrill("its condition is hand-written PromQL, of which no series are known that make it true")
    if not when.per_target or "instance" not in when.labels(()) or when.kind == "absent":
        raise NoDrill(TOGETHER)
    size = max(min(evaluation_step(alert.for_, alert.keep_firing_for, when), scrape), SECOND)
    lasting = alert.for_ + beyond
    found = plan(system, when, lasting, 0, size)
    case = next(case for case in found.cases if "beyond" in case.codes)
    fires = next(look.at for look in found.looks if look.value is not None)
    true = (milliseconds(fires.strip('"')) - lasting) // size
    series = [Series({**_labels(selector), "instance": instance}, samples(values)) for selector, values in case.series]
    first = min(step for one in series for step, value in enumerate(one.values) if value is not None)
    if (back := (true - first) * size) > PAST:
        shown = duration(back // SECOND * SECOND)
        raise NoDrill(f"it looks back for {shown}, but Prometheus takes samples of the last {duration(PAST)}")
    return Breach(series, true, size, when.window, when.kind == "older_than")


def _labels(selector: str) -> dict[str, str]:
    name, _, inside = selector.partition("{")
    labels = {label: loads(value) for label, value in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', inside)}
    return {"__name__": name, **labels}
