"""The values of a test's series, in promtool's notation, and what Prometheus makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby, pairwise
from typing import NamedTuple

from truegauge_generator.timelines import BEYOND, Script, Timeline
from truegauge_spec.quantities import numeral

Number = int | Decimal


class Track(NamedTuple):
    """A series, and its amount at each level; for the modes see `Driver`.

    A mean is `before` until it enters a level. A counter that appears gains its `burst` at once.
    """

    metric: str
    labels: dict[str, str]
    mode: str
    amounts: tuple[Number, ...]
    before: Decimal = Decimal(0)
    burst: Number = 0


def whole(amount: Decimal) -> Number:
    """The same as an integer, with which Python is faster, if it is one."""
    rounded = int(amount)
    return rounded if rounded == amount else amount


def printed(script: Script, track: Track, line: Timeline, size: int) -> str:
    """A series that goes through the levels of a script; `size` is the milliseconds of a step."""
    mode, amounts = track.mode, track.amounts
    if mode == "gain":
        return _counter(script, track)
    if mode == "age":
        return _behind(script, amounts, size)
    if mode == "mean":
        return _means(script, track, line)
    if mode == "jump":
        # It goes up once, and then stays; that it no longer did is how it recovers.
        (absent, *_), (_, level, _), *_ = script
        return f"_x{absent} 0 {_text(amounts[level or 0])}x{line.last - absent - 1}"
    texts = [_text(amount) for amount in amounts]
    parts = [
        _absent(steps, not index) if level is None else f"{texts[level]}x{steps - 1}"
        for index, (steps, level, _) in enumerate(script)
    ]
    return " ".join(parts)


def _text(amount: Number) -> str:
    return str(amount) if amount.__class__ is int else numeral(Decimal(amount))


def _absent(steps: int, first: bool) -> str:
    """No samples; a series that was there ends with Prometheus' mark of staleness."""
    return f"_x{steps}" if first else f"stale _x{steps - 1}" if steps > 1 else "stale"


def _counter(script: Script, track: Track) -> str:
    parts: list[str] = []
    for steps, first, gain in _runs(script, track):
        if first is None:
            parts.append(_absent(steps, not parts))
        else:
            parts.append(f"{_text(first)}+{_text(gain)}x{steps - 1}" if gain else f"{_text(first)}x{steps - 1}")
    return " ".join(parts)


def _runs(script: Script, track: Track) -> Iterator[tuple[int, Number | None, Number]]:
    """The steps, first value and gain of each part of a counter; None where it is not there.

    It starts at zero with its series, and at a restart just before its first sample.
    """
    value: Number = 0
    there = False
    for steps, level, fresh in script:
        if level is None:
            yield steps, None, 0
            there = False
            continue
        gain = track.amounts[level]
        first = (gain if fresh else value + gain) if there else 0
        more = steps - 1
        if track.burst and not there:
            # A new series has a low rate, since it lacks most of the window; the burst makes up for that.
            yield 1, 0, 0
            first, more = track.burst, steps - 2
        yield more + 1, first, gain
        value, there = _added(first, gain, more), True


def _added(first: Number, gain: Number, times: int) -> Number:
    """What promtool has after adding a gain so often, in floats: a last bit less would be a counter's restart."""
    if first.__class__ is int and gain.__class__ is int:
        return first + gain * times
    value, more = float(first), float(gain)
    for _ in range(times):
        value += more
    return Decimal(repr(value))


def _behind(script: Script, amounts: Sequence[Number], size: int) -> str:
    """A time that goes on, and stays so many seconds behind."""
    parts, step, second = [], 0, Decimal(size) / 1000
    for index, (steps, level, _) in enumerate(script):
        if level is None:
            parts.append(_absent(steps, not index))
        else:
            parts.append(f"{numeral(step * second - amounts[level])}+{numeral(second)}x{steps - 1}")
        step += steps
    return " ".join(parts)


def _means(script: Script, track: Track, line: Timeline) -> str:
    """A level, after the value that it differs from; again so much higher when it is itself the past.

    The past is there early, where the level is compared with it, and just ahead of the level. In between, where there
    is room, the series is at zero: whoever looks back to another time sees that.
    """
    lead, before = line.lead, numeral(track.before)
    early, near = line.last - line.start + 3, 2 + line.window
    between = lead + 1 - early - near
    past = f"{before}x{lead}" if between <= 0 else f"{before}x{early - 1} 0x{between - 1} {before}x{near - 1}"
    values: list[Decimal | None] = []
    for steps, level, _ in script[1:]:
        since = len(values) + script[0].steps - line.start
        rises = range(since // lead, (since + steps - 1) // lead + 1)
        grown = {rise: level if level is None else _risen(track, level, rise) for rise in rises}
        values += [grown[step // lead] for step in range(since, since + steps)]
    parts = [f"_x{line.start - lead - 1}", past]
    for value, same in groupby(values):
        steps = len(list(same))
        parts.append(_absent(steps, False) if value is None else f"{numeral(value)}x{steps - 1}")
    return " ".join(parts)


def _risen(track: Track, level: int, times: int) -> Decimal:
    return Decimal(track.amounts[level]) * (track.amounts[BEYOND] / track.before) ** times


def rate(values: Sequence[float | None], at: int, window: int, size: int, per_second: bool) -> float | None:
    """Prometheus' rate or increase at a step, to the last bit: promql/functions.go, extrapolatedRate.

    The last sample must be at that step; the window and the size of a step are in milliseconds.
    """
    first = max(at - -(-window // size) + 1, 0)
    seen = [(step, value) for step in range(first, at + 1) if (value := values[step]) is not None]
    if len(seen) < 2:
        return None
    gained, sampled = seen[-1][1] - seen[0][1], (at - seen[0][0]) * size / 1000
    for (_, before), (_, value) in pairwise(seen):
        gained += before if value < before else 0
    start = window / 1000 - sampled
    if start >= sampled / (len(seen) - 1) * 1.1:
        start = sampled / (len(seen) - 1) / 2
    if gained > 0:
        start = min(start, sampled * (seen[0][1] / gained))
    factor = (sampled + start) / sampled
    return gained * (factor / (window / 1000) if per_second else factor)


def numbers(script: Script, track: Track) -> list[float | None]:
    """The values that promtool makes of a counter: it adds up the gains, one after another."""
    found: list[float | None] = []
    for steps, first, gain in _runs(script, track):
        current = None if first is None else float(first)
        for _ in range(steps):
            found.append(current)
            current = None if current is None else current + float(gain)
    return found
