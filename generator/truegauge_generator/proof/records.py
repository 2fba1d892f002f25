"""Every recording rule: what it must record of generated series, worked out from the condition or the objective."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from truegauge_generator.conditions import record
from truegauge_generator.objectives import BUDGET, DAYS, ERROR_RATIO, EVENTS, REMAINING, TARGET, le
from truegauge_generator.promql import Matchers, selector
from truegauge_generator.proof.arithmetic import added
from truegauge_generator.proof.edges import decoys, edges
from truegauge_generator.proof.recorded import Group, Look, Recorded, grouped, of_condition
from truegauge_generator.proof.sampled import events_of, series_of
from truegauge_generator.targets import spec_drift
from truegauge_spec import Spec
from truegauge_spec.names import BURN_RATE
from truegauge_spec.objectives import PAIRS, Objective
from truegauge_spec.quantities import convert, duration
from truegauge_spec.system import System

HOUR, DAY, MINUTE = 3_600_000, 86_400_000, 60_000
PARTS = 20
"""Samples within a window."""
NEAR = 1e-9
"""By how much a record may differ: what is subtracted from one loses digits."""


def tests(spec: Spec, name: str) -> dict[str, Any]:
    """A promtool test of every record of a system, to be run with its rules."""
    system = spec.systems[name]
    found = [*recorded(system), *_stated(spec, system)]
    pace = DAY if any(one.window + one.lead >= DAY for one in found) else HOUR
    return {
        "evaluation_interval": duration(pace),
        "tests": [_test(system, some, pace) for some in _together(found)],
    }


def rows(spec: Spec, name: str) -> list[tuple[str, str]]:
    """Each record, and what it is compared with."""
    system = spec.systems[name]
    return [(one.name, one.how) for one in (*recorded(system), *_stated(spec, system))]


def recorded(system: System) -> list[Recorded]:
    """Every record of a system's rules."""
    found = {}
    for _, when in system.conditions:
        name = record(when)
        if name is not None and name not in found:
            found[name] = of_condition(name, when, system)
    return [*found.values(), *(one for aim in system.objectives for one in _of_objective(aim, system))]


def _stated(spec: Spec, system: System) -> Iterator[Recorded]:
    """What the rules say of the spec that they were made from."""
    if spec_drift.watched(system):
        stated = {tuple(sorted(spec_drift.stated(spec, system).items())): 1.0}
        yield Recorded(spec_drift.RECORD, "the spec's digests", 0, 0, (), partial(_constant, stated))


def _together(found: Iterable[Recorded]) -> list[list[Recorded]]:
    """Records of one window can be looked at together."""
    groups: dict[tuple[int, int], list[Recorded]] = {}
    for one in found:
        groups.setdefault((one.window, one.lead), []).append(one)
    return list(groups.values())


def _test(system: System, found: list[Recorded], pace: int) -> dict[str, Any]:
    window, lead = found[0].window, found[0].lead
    # A gauge's latest value is only seen for five minutes.
    interval = min(window // PARTS, MINUTE) if 0 < window < HOUR else window // PARTS or MINUTE
    wanted = {metric for one in found for metric in one.metrics}
    # Evaluated together with a sample, so that also a record that is given is not too old.
    often = math.lcm(pace, interval)
    at, samples = -(-(2 * window + lead + 2 * interval) // often) * often, (2 * window + lead) // interval + 2
    series = [one for one in series_of(system, system.system) if one.name in wanted]
    series = [*series, *edges(system, series, samples)]
    look = Look(series, at, interval, samples)
    return {
        "name": f"records over {duration(window)}" if window else "records of the moment",
        "interval": duration(interval),
        "input_series": [
            *(one.printed(samples, look.missing) for one in series),
            *decoys(system, window, samples, look.missing),
        ],
        "promql_expr_test": [asked for one in found for asked in _asked(one, look)],
    }


def _asked(one: Recorded, look: Look) -> Iterator[dict[str, Any]]:
    """How many series there are, and that each has its labels and its value."""
    at, name, found = duration(look.at), one.name.partition("{")[0], one.values(look)
    yield {"expr": f"count({one.name})", "eval_time": at, "exp_samples": [{"labels": "{}", "value": len(found)}]}
    for group, value in found.items():
        series, near = selector(name, dict(group)), max(abs(value), 1) * NEAR
        expr = f"{series} != bool {series}" if math.isnan(value) else f"abs({series} - {value!r}) <= bool {near!r}"
        yield {"expr": expr, "eval_time": at, "exp_samples": [{"labels": selector("", dict(group)), "value": 1}]}


def _of_objective(name: str, system: System) -> Iterator[Recorded]:
    """What is recorded of an objective over each window, and what it says."""
    objective = system.objectives[name]
    identity = {"slo": name, "system": system.system}
    windows = {window for pair in PAIRS for window in (pair.short, pair.long)} | {objective.over}
    metrics = tuple(
        one for events in events_of(objective) for one in system.metrics[events.metric].series(events.metric)
    )
    budget = float(objective.budget)

    def asked(name_of: str, window: int, how: str, value: Callable[[float, float], float]) -> Recorded:
        more = {**identity, "window": duration(window)}

        def values(look: Look) -> dict[Group, float]:
            total, bad = _events(objective, system, look, window)
            groups = [group for group in total if total[group] > 0 or name_of == EVENTS]
            return {tuple(sorted({**dict(one), **more}.items())): value(total[one], bad[one]) for one in groups}

        return Recorded(selector(name_of, more), f"{how} of {name} over {duration(window)}", window, 0, metrics, values)

    for window in sorted(windows):
        yield asked(EVENTS, window, "the rate of all events", lambda total, bad: total)
        yield asked(ERROR_RATIO, window, "the ratio of bad events", lambda total, bad: bad / total)
    for window in sorted({window for pair in PAIRS if pair.alert == "page" for window in (pair.short, pair.long)}):
        yield asked(BURN_RATE, window, "how fast the budget burns", lambda total, bad: bad / total / budget)
    yield asked(REMAINING, objective.over, "the budget left", lambda total, bad: 1 - bad / total / budget)
    for constant, value in ((TARGET, 1 - budget), (BUDGET, budget), (DAYS, objective.over / DAY)):
        said = {tuple(sorted(identity.items())): value}
        how = f"what {name} says"
        yield Recorded(selector(constant, identity), how, MINUTE, 0, metrics, partial(_constant, said))


def _constant(said: dict[Group, float], look: Look) -> dict[Group, float]:
    return said


def _events(
    objective: Objective, system: System, look: Look, window: int
) -> tuple[dict[Group, float], dict[Group, float]]:
    """The rates of all events and of the bad ones, for each job."""

    def rate(*found: tuple[str, Matchers]) -> dict[Group, float]:
        rates = ((one, look.rate(one, window)) for name, where in found for one in look.of(name, where))
        return {group: added(values) for group, values in grouped(rates, ["job"]).items()}

    latency = objective.latency
    if latency is not None:
        bound = float(convert(latency.within, system.metrics[latency.metric].unit))
        total = rate((f"{latency.metric}_count", latency.where))
        some = rate((f"{latency.metric}_bucket", {**latency.where, "le": le(bound)}))
        good = True
    else:
        assert objective.availability is not None
        total = rate(*((one.metric, one.where) for one in objective.availability.total))
        some = rate((objective.availability.some.metric, objective.availability.some.where))
        good = objective.availability.side == "good"
    return total, {group: total[group] - some[group] if good else some.get(group, 0.0) for group in total}
