"""A gauge reaches its limit within some time, if it goes on as it did over a window."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from truegauge_generator.conditions import share_of_limit
from truegauge_generator.conditions.kind import Pace, Scenario, Story
from truegauge_generator.notation import samples
from truegauge_generator.timelines import timeline
from truegauge_spec.conditions import RunsFull, ShareOfLimit
from truegauge_spec.quantities import convert, duration, numeral
from truegauge_spec.system import System

LIMIT = 10**9
BEYOND = Decimal("1.01")
"""The share that is predicted where the condition is true."""


def expression(when: RunsFull, system: System) -> str:
    return share_of_limit.expression(_share(when), system)


def _share(when: RunsFull) -> ShareOfLimit:
    """The condition on the same share as it is now, whose recording rule is the same."""
    return ShareOfLimit.model_construct(metric=when.metric, limit=when.limit, where=when.where)


def operation(when: RunsFull) -> str | None:
    return share_of_limit.operation(_share(when))


def fires(when: RunsFull, value: str) -> str:
    window, ahead = duration(when.over), numeral(Decimal(when.runs_full_within) / 1000)
    least = numeral(convert(when.at_least, "ratio"))
    return (
        f"{value} >= {least}\n"
        f"  and predict_linear({value}[{window}], {ahead}) >= 1\n"
        # A line through a series that is younger than the window would follow its start.
        f"  and {value} offset {window}"
    )


def story(when: RunsFull, system: System, pace: Pace) -> Story:
    line = timeline("line", pace.window, pace.wait, pace.keep, 0, counts=False)
    least, ahead = convert(when.at_least, "ratio"), Decimal(when.runs_full_within) / pace.size
    fires = pace.window + pace.wait
    # Of a line: more than it starts from, and enough to pass.
    share = max((1 + least) / 2, BEYOND * pace.window / (pace.window + ahead))
    slow_start, slow = _line(share, Decimal("0.99"), fires, ahead)
    rise = _rise(least, share, pace, ahead, line.gone - line.born - pace.window)
    steep, noticed = _steep(least, pace, ahead)
    gap, rest = f"stale _x{line.back - line.gone - 1}", line.last - line.ends
    used = [
        (
            ("beyond", "missing", "recovers", "gap", "late", *(["kept"] if pace.keep else [])),
            " ".join(
                (f"_x{line.born}", rise(line.gone - line.born), gap, rise(line.ends - line.back), f"0x{rest}"),
            ),
        ),
        (("short",), f"_x{line.start} {slow_start}{slow:+}x{fires} stale"),
        (("steep",), f"_x{line.start} {steep} stale"),
    ]
    if line.brief:
        used.append((("short_of_for",), f"_x{line.born} {rise(line.brief - line.born)} 0x{line.last - line.brief}"))
    limit = f"_x{line.start} {LIMIT}x{line.last - line.start}"

    seen = [sample or 0.0 for sample in samples(rise(line.ends))]

    def value(at: int) -> float:
        """The share that it had when the condition was true at last."""
        at = min(at, line.ends - 1)
        return seen[at - (line.back if at >= line.back else line.born)] / LIMIT

    looks = dict(line.looks)
    for at in (line.start + step for step in noticed):
        looks.setdefault(at, line.born + fires <= at < line.gone + pace.keep)
    return Story(
        [Scenario(codes, [(when.metric, {}, values), (when.limit, {}, limit)]) for codes, values in used],
        [(at, value(at) if true else None) for at, true in sorted(looks.items())],
    )


def _rise(least: Decimal, share: Decimal, pace: Pace, ahead: Decimal, steps: int) -> Callable[[int], str]:
    """A series of so many samples that is true for `steps`: from little to just enough, or a line if that is too long.

    Just enough is then all that it has, and half of the window sees that it no longer grows.
    """
    level, window = int(least * LIMIT), pace.window
    first = _soonest(window, steps)
    # One more, for which the series is still too young.
    low = _low(level, window, range(first - 1, first + steps), ahead)
    if low is not None:
        return lambda length: f"{low}x{window - first} {level}x{length - window + first - 2}"
    start, gain = _line(share, BEYOND, window, ahead)
    return lambda length: f"{start}+{gain}x{length - 1}"


def _steep(least: Decimal, pace: Pace, ahead: Decimal) -> tuple[str, tuple[int, ...]]:
    """Too little all the time that it grows fast, and then just enough, which twice the window would find fast too.

    And the steps after which a rule with a lower share fires, and one with such a window.
    """
    window, wait = pace.window, pace.wait
    level, enough = int(least * LIMIT * Decimal("0.99")), int(least * LIMIT)
    first = _soonest(window, wait + 1)
    low = _low(level, window, range(first, first + wait + 1), ahead)
    if low is None:
        return f"0+{level // (window + wait)}x{window + wait}", ()
    grown = max(_predicted(level, enough, window, count, ahead) for count in range(1, window))
    twice = _low(level, 2 * window, range(window + 1, window + wait + 2), ahead)
    values, noticed = f"x{window - 1} {level}x{window - 1}", window + first + wait - 1
    if twice is None or grown >= LIMIT:
        return f"{low}{values}", (noticed,)
    return f"{min(low, twice)}{values} {enough}x{wait}", (noticed, 2 * window + wait)


def _soonest(window: int, steps: int) -> int:
    """How much of a window is at its level first, when a growth so long ago counts most, and less with each step."""
    return max((window - steps) // 2, 0) + 2


def _low(level: int, window: int, counts: range, ahead: Decimal) -> int | None:
    """What a series must come from to be predicted full while so many samples of the window are at a level.

    It may be below zero, where nothing above it grows fast enough.
    """
    if counts[-1] >= window:
        return None
    weights = [_weight(window, count, ahead) for count in counts]
    if min(weights) <= 1:
        return None
    full = int(LIMIT * BEYOND)
    return int(min((full - weight * level) / (1 - weight) for weight in weights) // 1)


def _predicted(before: int, level: int, window: int, count: int, ahead: Decimal) -> Decimal:
    weight = _weight(window, count, ahead)
    return weight * level + (1 - weight) * before


def _weight(window: int, count: int, ahead: Decimal) -> Decimal:
    """What the last samples of a window weigh in predict_linear, by least squares; all of them weigh 1."""
    middle = Decimal(1 - window) / 2
    spread = Decimal(window * (window * window - 1)) / 12
    last = count * Decimal(1 - count) / 2 - count * middle
    return Decimal(count) / window + last * (ahead - middle) / spread


def _line(share: Decimal, predicted: Decimal, at: int, ahead: Decimal) -> tuple[int, int]:
    """The start and the gain of a line with that share at a step, and the predicted one so many steps later."""
    gain = int((predicted - share) * LIMIT / ahead)
    return int(share * LIMIT) - gain * at, gain


def subject(when: RunsFull) -> str:
    pace = f"full within {duration(when.runs_full_within)} at the pace of the last {duration(when.over)}"
    return f"`{when.metric}` is at {when.at_least} or more of `{when.limit}`, and {pace}"
