"""Objectives: that each can be missed and kept, and counts what it says."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from truegauge_spec.burn import Burn
from truegauge_spec.checks.alerts import selected
from truegauge_spec.names import RESERVED_LABELS, nearest
from truegauge_spec.objectives import ALERTS, LABELS, PAIRS, SHORTEST, Availability, Events, Objective, pairs
from truegauge_spec.positions import Path
from truegauge_spec.quantities import convert, duration, numeral
from truegauge_spec.spec import Spec
from truegauge_spec.system import System
from truegauge_spec.template import LabelOf, ValueAs, parts


def _objectives(system: System) -> Iterator[tuple[Path, str, Objective]]:
    for name, objective in system.objectives.items():
        yield ("objectives", name), name, objective


def _counted(objective: Objective) -> Iterator[tuple[Path, Events]]:
    """Each group of events that is counted, with where it stands below the objective."""
    if objective.latency is not None:
        yield ("latency",), Events(metric=objective.latency.metric, where=objective.latency.where)
    if (found := objective.availability) is not None:
        yield ("availability", found.side), found.some
        yield from ((("availability", "total", index), events) for index, events in enumerate(found.total))


def objective_metric(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """An objective may only name metrics that the system exposes."""
    for path, _name, objective in _objectives(system):
        for place, events in _counted(objective):
            if events.metric not in system.metrics:
                at = (*path, *place, "metric") if objective.latency else (*path, *place)
                yield at, f"there is no metric {events.metric!r}{nearest(events.metric, system.metrics)}"


def objective_type(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """Availability is said of counters, latency of a histogram."""
    for path, _name, objective in _objectives(system):
        wanted, instead = ("histogram", "availability") if objective.latency else ("counter", "latency")
        for place, events in _counted(objective):
            metric = system.metrics.get(events.metric)
            if metric is not None and metric.type != wanted:
                hint = f"; say `{instead}` of it" if metric.type != "gauge" else ""
                yield (*path, *place), f"{events.metric} is a {metric.type}, but a {wanted} is needed here{hint}"


def objective_label(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """Events are selected by labels that their metric has, and by values that these can have."""
    for path, _name, objective in _objectives(system):
        for place, events in _counted(objective):
            for label, values in events.where.items():
                some = (values,) if isinstance(values, str) else values
                for message in selected(events.metric, system.metrics.get(events.metric), label, some):
                    yield (*path, *place, "where", label), message


def objective_bucket(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """What is `within` a latency objective is counted only where a bucket ends: at any other bound nothing is known."""
    for path, _name, objective in _objectives(system):
        latency = objective.latency
        metric = system.metrics.get(latency.metric) if latency else None
        if latency is None or metric is None or not metric.buckets:
            continue
        try:
            bound = convert(latency.within, metric.unit)
        except ValueError as error:
            yield (*path, "latency", "within"), str(error)
            continue
        bounds = [Decimal(str(bucket)) for bucket in metric.buckets]
        if bound not in bounds:
            close = min(bounds, key=lambda known: abs(known - bound))
            nearest_one = f"the nearest one ends at {numeral(close)}{metric.unit and ' '}{metric.unit}"
            yield (*path, "latency", "within"), f"no bucket of {latency.metric} ends at {latency.within}; {nearest_one}"


def burn(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A burn rate is that of an objective of the system, over one of the windows that are recorded for it."""
    for name, when in system.conditions:
        if not isinstance(when, Burn):
            continue
        path: Path = ("alerts", name, "when")
        objective = system.objectives.get(when.objective)
        if objective is None:
            yield (
                (*path, "objective"),
                f"there is no objective {when.objective!r}{nearest(when.objective, system.objectives)}",
            )
            continue
        known = sorted({window for pair in PAIRS for window in (pair.short, pair.long)} | {objective.over})
        if when.over not in known:
            windows = ", ".join(map(duration, known))
            yield (*path, "over"), f"{duration(when.over)} is not recorded for {when.objective}; known: {windows}"


def objective_target(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A target lies between 0 and 100 %, and leaves so small a budget that it can burn many times too fast."""
    for path, _name, objective in _objectives(system):
        try:
            budget = objective.budget
        except ValueError as error:
            yield (*path, "target"), str(error)
            continue
        if not 0 < budget < 1:
            yield (*path, "target"), f"the target must lie between 0% and 100%, but is {objective.target}"
        elif not pairs(objective, "page"):
            over = duration(objective.over)
            most = numeral(round(1 / budget, 2))
            message = f"{objective.target} over {over} is too low for a page: when all fails the budget burns only"
            yield (*path, "target"), f"{message} {most} times too fast; say it with an alert's `share_of`"


def objective_period(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A period is a week at least, so that the windows of the alerts, up to three days, are short against it."""
    for path, _name, objective in _objectives(system):
        if objective.over < SHORTEST:
            yield (
                (*path, "over"),
                f"{duration(objective.over)} is too short; an objective is over {duration(SHORTEST)} at least",
            )


def objective_events(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """The good or bad events are some of the total: not all of it, and none that it leaves out."""
    for path, _name, objective in _objectives(system):
        if (found := objective.availability) is None:
            continue
        same = [part for part in found.total if part.metric == found.some.metric]
        place = (*path, "availability", found.side)
        if same and not any(_inside(found.some, part) for part in same):
            yield place, f"the total leaves out some of the {found.side} events: it selects {_written(same[0], found)}"
        elif len(found.total) == 1 and _all(found.some, found.total[0], system):
            yield place, f"the {found.side} events are the total: their share is always 100%"


def _inside(some: Events, part: Events) -> bool:
    """Whether `part` counts every one of `some`, which are of the same metric."""
    return all(label in some.where and _set(some.where[label]) <= _set(v) for label, v in part.where.items())


def _all(some: Events, part: Events, system: System) -> bool:
    """Whether `some` leaves out nothing of `part`."""
    metric = system.metrics.get(part.metric)
    known = {**(metric.labels if metric else {}), **part.where}
    closed = {label: _set(of) for label, of in known.items() if isinstance(of, str | tuple)}
    return some.metric == part.metric and all(
        label in closed and closed[label] <= _set(values) for label, values in some.where.items()
    )


def _set(values: str | tuple[str, ...]) -> set[str]:
    return {values} if isinstance(values, str) else set(values)


def _written(part: Events, found: Availability) -> str:
    labels = [label for label in part.where if label not in found.some.where] or list(part.where)
    return f"by {', '.join(labels)}"


def objective_name(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """An objective and its two alerts have names of their own, also in the anchors of the docs, which have no case."""
    taken = {name.lower(): f"the alert {name}" for name in system.alerts}
    for path, name, _objective in _objectives(system):
        for own in (name, *(f"{name}{suffix}" for suffix in ALERTS.values())):
            first = taken.setdefault(own.lower(), f"the objective {name}")
            if first != f"the objective {name}":
                yield path, f"{own} is {first} too; choose another name"


def objective_template(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """What an objective's alerts say may use their labels; its own labels replace none of these, and hold no value."""
    for path, _name, objective in _objectives(system):
        yield from _template((*path, "summary"), objective.summary)
        for label, text in objective.labels.items():
            place = (*path, "labels", label)
            if label in (*RESERVED_LABELS, *LABELS):
                yield place, f"the label {label!r} would replace one that the alert already has"
            yield from _template(place, text)


def _template(path: Path, text: str) -> Iterator[tuple[Path, str]]:
    try:
        found = parts(text)
    except ValueError as error:
        yield path, str(error)
        return
    for part in found:
        if isinstance(part, LabelOf) and part.name not in LABELS:
            yield path, f"the alert has no label {part.name!r}{nearest(part.name, LABELS)}"
        if isinstance(part, ValueAs) and "labels" in path:
            yield path, "$value in a label makes a new alert at each change; put it into the summary"


CHECKS = (
    burn,
    objective_metric,
    objective_type,
    objective_label,
    objective_bucket,
    objective_target,
    objective_period,
    objective_events,
    objective_name,
    objective_template,
)
