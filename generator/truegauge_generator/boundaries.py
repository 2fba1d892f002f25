"""The series that bring a condition just short of its threshold, to it, and just beyond."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from truegauge_generator.conditions import Driver, Pace, Scenario, Story, compared, guard, step, threshold, unit
from truegauge_generator.series import Track, numbers, printed, rate, whole
from truegauge_generator.timelines import AT, BEYOND, SHORT, Script, Timeline, beyond, brief, steady, timeline
from truegauge_spec.condition import MetricCondition
from truegauge_spec.system import System

NEAR = 10_000
"""The part of a test's step to a threshold that a worked-out value may stay away from it and still count as at it."""
FLOODS = 1000
"""How many times what is in its window a recovery brings, so that it is one at once."""
FLOWS = frozenset({"flow", "rise", "count"})
"""Modes of what a counter gains per second: its rate, its increase, and this in whole numbers."""


def boundary(when: MetricCondition, system: System, pace: Pace) -> Story:
    """The cases of a condition with a threshold."""
    kind, limit = compared(when), threshold(when, system)
    at = kind.drivers(when, system, limit)
    mode = at[0].mode
    counts = mode in FLOWS or mode == "gain"
    line = timeline(_manner(mode, when.upwards, limit), pace.window, pace.wait, pace.keep, _lead(when, pace), counts)
    off = _off(when, system, limit, mode, pace.window)
    levels = [limit - off, limit, limit + off]
    if mode in ("gain", "flow", "rise") or (mode == "mean" and line.last - line.start >= line.lead):
        # What Prometheus works out of such series may be a last bit off, so these come within a millionth of the limit.
        at = kind.drivers(when, system, limit - off / NEAR)
    if mode in FLOWS:
        levels = [max(level, Decimal(0)) for level in levels]
    short, past = (kind.drivers(when, system, levels[level]) for level in (SHORT, BEYOND))
    series = [_track(one, when.upwards, pace) for one in zip(short, at, past, strict=True)]
    values: list[float | None] = [float(levels[BEYOND]) if fires else None for _, fires in line.looks]
    if mode in ("flow", "rise"):
        values = _values(series[0], when, line, pace.size, mode == "flow")
    found = [
        Scenario(codes, [(one.metric, one.labels, printed(script, one, line, pace.size)) for one in series])
        for codes, script in _scripts(line, counts)
        if script is not None
    ]
    script = steady(line, SHORT)
    if mode == "mean" or (counts and (when.upwards or mode == "gain")):
        flat = [(one.metric, one.labels, printed(script, _flat(one), line, pace.size)) for one in series]
        found.append(Scenario(("late",), flat))
    silent = guard(kind)
    if silent and (guarded := silent(when, system, levels[SHORT], levels[BEYOND])):
        code, shown = guarded
        tracks = [_held(one, line) for one in shown]
        guards = [(one.metric, one.labels, printed(script, one, line, pace.size)) for one in tracks]
        found.append(Scenario((code,), guards))
    return Story(found, [(at, value) for (at, _), value in zip(line.looks, values, strict=True)])


def _off(when: MetricCondition, system: System, limit: Decimal, mode: str, window: int) -> Decimal:
    """How far beyond the threshold a test goes, or short of it; less than zero where the alert fires below."""
    off = step(limit, unit(when, system))
    if when.most is not None:
        off = min(off, (when.most - limit) / 2)
    if mode == "count":
        off = max(off, abs(limit) // 10**9)
    elif limit and mode in ("flow", "rise", "mean"):
        # So little that one step of the window decides: then it is sure when the alert fires, and when it ends.
        off = abs(limit) / max(100, 4 * window, 4 * when.window // 1000)
    if when.whole:
        off = max(off // 1, Decimal(1))
    return off if when.upwards else -off


def _manner(mode: str, upwards: bool, limit: Decimal) -> str:
    if mode not in FLOWS:
        return mode
    return "slow" if not upwards else "fast" if limit or mode == "count" else "any"


def _lead(when: MetricCondition, pace: Pace) -> int:
    """The steps ahead of the series: a time that lies so far back, and just beyond, comes after zero."""
    return pace.lead + pace.lead // 50 + 2 if when.whole else pace.lead


def _track(drivers: Sequence[Driver], upwards: bool, pace: Pace) -> Track:
    """A series at each level, the clear one too, in steps."""
    metric, labels, mode, _, before = drivers[BEYOND]
    short, at, past = (driver.amount for driver in drivers)
    burst = Decimal(0)
    if mode == "mean":
        clear = before
    elif mode == "gain":
        clear = short * (FLOODS * pace.window)
    elif mode in FLOWS:
        mode = "gain"
        short, at, past = (amount * pace.size / 1000 for amount in (short, at, past))
        clear = Decimal(0) if upwards else short * (FLOODS * pace.window)
        burst = Decimal(0) if upwards else short * (2 * pace.window + 2)
    else:
        clear = short
    return Track(metric, labels, mode, (whole(short), whole(at), whole(past), whole(clear)), before, whole(burst))


def _held(driver: Driver, line: Timeline) -> Track:
    """A series that is at its level for all of the test, and so low that its past never rises above its own."""
    amount, before = driver.amount, driver.before
    if driver.mode == "mean":
        lower = (amount / before) ** ((line.last - line.start) // line.lead)
        amount, before = amount / lower, before / lower
    return Track(driver.metric, driver.labels, driver.mode, (amount,) * 4, before)


@lru_cache(maxsize=4096)
def _scripts(line: Timeline, counts: bool) -> tuple[tuple[tuple[str, ...], Script | None], ...]:
    """What each instance goes through, by the codes of what it shows."""
    shown = ["beyond", "missing", "recovers", "late"]
    shown += [code for code, there in (("kept", line.kept), ("gap", line.gone), ("reset", line.reset)) if there]
    return (
        (tuple(shown), beyond(line)),
        (("short", "reset") if counts and line.reset else ("short",), steady(line, SHORT, reset=True)),
        (("at",), steady(line, AT)),
        (("short_of_for",), brief(line) if line.brief else None),
    )


def _flat(track: Track) -> Track:
    """A counter that is born with what it has long counted, or a gauge without a past."""
    past = track.amounts[BEYOND]
    amount = past if track.mode == "mean" else int(past * FLOODS) + 1
    return track._replace(mode="hold", amounts=(amount,) * 4)


def _values(track: Track, when: MetricCondition, line: Timeline, size: int, per_second: bool) -> list[float | None]:
    """What Prometheus works out at each look; an alert that is kept has the value that it had at last."""
    seen = numbers(beyond(line), track)
    return [
        rate(seen, min(at, line.ends - 1), when.window, size, per_second) if fires else None for at, fires in line.looks
    ]
