"""Test series that burn an objective's error budget: just slowly enough, and a little too fast.

Times are in quarters of a pair's long window, which is also how often a test evaluates: no window is looked at in
between, so a test over days takes a dozen evaluations. A sample comes five times in each short window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Context, Decimal
from typing import NamedTuple

from truegauge_generator.cases import sample_labels
from truegauge_generator.objectives import le
from truegauge_generator.promql import selector
from truegauge_spec.condition import MetricCondition
from truegauge_spec.objectives import Availability, Events, Latency, Objective, Pair, pairs
from truegauge_spec.quantities import convert
from truegauge_spec.system import System

QUARTERS = 4
CLEAN = 3 * QUARTERS
"""Quarters without a bad event ahead of a burn: so many that no slower pair of the same alert is over its limit too."""
MARGIN = Decimal("0.01")
SURGE = Decimal("2.5")
"""How many times its limit the burn reaches at last, so that the long window is beyond it still when all is well."""

SHOWN = Context(prec=4)
"""The digits that Prometheus prints of a share: with more of them, one in the middle might be rounded either way."""


class Phase(NamedTuple):
    """How many quarters long each sample brings so many events more, and so many bad ones.

    With `fresh` the counters start again at zero. Without a number of events there are no series.
    """

    quarters: int
    total: int | None
    bad: int = 0
    fresh: bool = False


class Look(NamedTuple):
    """After so many quarters the alert is silent, or fires with this window, in milliseconds."""

    after: int
    window: int | None


class Burn(NamedTuple):
    """One test: the codes of what it shows, how events come in, when to look, and the bad share when it fires."""

    codes: tuple[str, ...]
    phases: tuple[Phase, ...]
    looks: tuple[Look, ...]
    share: Decimal


class Stream(NamedTuple):
    """A counter's series in an instance. Each event raises it, or each `good` or `bad` one."""

    series: str
    counts: str
    instance: str


INSTANCES = ("burning", "fine", "late")
"""One has all bad events, another only good ones, and they count together. Another yet appears late, and has none."""


def burns(objective: Objective, pair: Pair) -> tuple[Burn, Burn]:
    """The cases of a pair: without events or just short of its limit, and beyond it until all is well again."""
    shares = _shares(objective, pair)
    events = 10 ** max(0, *(-int(share.normalize().as_tuple().exponent) for share in shares))
    below, above, surge = (int(share * events) for share in shares)
    clean, full = Phase(CLEAN, events), CLEAN + QUARTERS
    half = QUARTERS // 2
    watched = pairs(objective, pair.alert)
    ahead = watched[: watched.index(pair)]
    faster = [one for one in ahead if one.factor(objective.over) * objective.budget < shares[1]]
    # A pair that is faster, but has the same limit, sees enough of the burn long before.
    early = () if faster else (Look(full - 1, None),)
    fires = Look(full, (faster or [pair])[0].long)
    return (
        Burn(
            ("missing", "quiet", "short", "reset", "late", "one_of_several"),
            (
                Phase(1, None),
                Phase(1, 0),
                clean,
                Phase(half, events, below),
                Phase(half, events, below, fresh=True),
            ),
            (Look(1, None), Look(2, None), Look(2 + full, None)),
            shares[0],
        ),
        Burn(
            ("beyond", "recovers", "reset", "late", "one_of_several"),
            (
                clean,
                Phase(half, events, above),
                Phase(half, events, above, fresh=True),
                Phase(1, events, surge),
                Phase(1, events),
            ),
            (*early, fires, Look(full + 2, None)),
            shares[1],
        ),
    )


def _shares(objective: Objective, pair: Pair) -> list[Decimal]:
    """Just short of a pair's limit, just beyond it, and far."""
    limit = pair.factor(objective.over) * objective.budget
    return [SHOWN.create_decimal(min(limit * by, Decimal(1))) for by in (1 - MARGIN, 1 + MARGIN, SURGE)]


class Edge(NamedTuple):
    """Ratios of windows, in milliseconds, in a job of their own, and the window with which the alert fires, if it does.

    They stand for what is recorded: no events say what one window is just beyond and the other just short of.
    """

    code: str
    ratios: dict[int, Decimal]
    window: int | None


def edges(objective: Objective, pair: Pair) -> Iterator[Edge]:
    """One window of a pair is beyond its limit, the other just short of it; and all of an alert are beyond."""
    below, above, _ = _shares(objective, pair)
    yield Edge("long_alone", {pair.long: above, pair.short: below}, None)
    yield Edge("short_alone", {pair.long: below, pair.short: above}, None)
    first, *others = pairs(objective, pair.alert)
    if pair == first and others:
        every = max(_shares(objective, one)[1] for one in (first, *others))
        yield Edge("every_window", {window: every for one in (first, *others) for window in one[1:3]}, first.long)


def quarter(pair: Pair) -> int:
    """A quarter of the long window, in milliseconds."""
    return pair.long // QUARTERS


def sampling(pair: Pair) -> int:
    """The time between samples, in milliseconds."""
    return pair.short // 5


def values(stream: Stream, phases: Sequence[Phase], pair: Pair) -> str:
    """A stream's samples in promtool's notation."""
    samples = quarter(pair) // sampling(pair)
    if stream.instance == "late":
        # Where the others are in the middle of a time without bad events; what it has counted was before.
        most = sum(phase.quarters * samples * (phase.total or 0) for phase in phases)
        ahead = next(number for number, phase in enumerate(phases) if phase.quarters == CLEAN)
        since = (sum(phase.quarters for phase in phases[:ahead]) + CLEAN // 2) * samples
        return f"_x{since} {most}x{sum(phase.quarters for phase in phases) * samples - since}"
    parts: list[str] = []
    value = 0
    for quarters, total, bad, fresh in phases:
        steps = quarters * samples
        if total is None:
            parts.append(f"_x{steps}")
            continue
        if not any(part[0] != "_" for part in parts):
            parts.append("0")
        gain = _share(stream, total, bad)
        first = gain if fresh else value + gain
        parts.append(f"{first}+{gain}x{steps - 1}" if gain else f"{first}x{steps - 1}")
        value = first + gain * (steps - 1)
    return " ".join(parts)


def _share(stream: Stream, total: int, bad: int) -> int:
    """How many of so many events, and bad ones, raise the stream."""
    fine = (total - bad) // 2
    if stream.instance == "fine":
        total, bad = fine, 0
    else:
        total -= fine
    return {"all": total, "bad": bad, "good": total - bad}[stream.counts]


def streams(system: System, objective: Objective) -> list[Stream]:
    """Series that together bring the objective's events."""
    latency, found = objective.latency, objective.availability
    series = _histogram(system, latency) if latency else list(_counters(system, found)) if found else []
    return [
        Stream(selector(metric, {**labels, "instance": instance}), counts, instance)
        for instance in INSTANCES
        for metric, labels, counts in series
    ]


def job(system: System, objective: Objective) -> str:
    """The job of these series."""
    latency, found = objective.latency, objective.availability
    events = Events(metric=latency.metric, where=latency.where) if latency else found.some if found else None
    assert events is not None
    return _labels(system, events)["job"]


def _labels(system: System, events: Events) -> dict[str, str]:
    return sample_labels(system, MetricCondition(metric=events.metric, where=events.where))


Series = tuple[str, dict[str, str], str]
"""A counter's name and labels, and which events it counts."""


def _histogram(system: System, latency: Latency) -> list[Series]:
    labels = _labels(system, Events(metric=latency.metric, where=latency.where))
    bound = le(float(convert(latency.within, system.metrics[latency.metric].unit)))
    return [
        (f"{latency.metric}_bucket", {**labels, "le": bound}, "good"),
        (f"{latency.metric}_count", labels, "all"),
    ]


def _counters(system: System, found: Availability) -> Iterator[Series]:
    """The good or the bad events, and as one more series the rest of the total."""
    some = found.some
    yield some.metric, _labels(system, some), found.side
    inside = any(part.metric == some.metric for part in found.total)
    rest = {"good": "bad", "bad": "good"}[found.side] if inside else "all"
    for part in found.total:
        if part != some and (labels := _outside(system, part, some)) is not None:
            yield part.metric, labels, rest
            return


def _outside(system: System, part: Events, some: Events) -> dict[str, str] | None:
    """Labels of events that are in `part`, but not in `some`."""
    labels = _labels(system, part)
    chosen = {label: {of} if isinstance(of, str) else set(of) for label, of in some.where.items()}
    if part.metric != some.metric or any(labels[label] not in values for label, values in chosen.items()):
        return labels
    for label, taken in chosen.items():
        within = part.where.get(label)
        known = system.metrics[part.metric].labels.get(label) if within is None else within
        options = known if isinstance(known, tuple) else (f"not-{labels[label]}",) if within is None else ()
        for value in options:
            if value not in taken:
                return {**labels, label: value}
    return None
