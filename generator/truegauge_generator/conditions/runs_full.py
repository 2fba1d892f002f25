"""A gauge reaches its limit within some time, if it goes on as it did over a window."""

from __future__ import annotations

from decimal import Decimal

from truegauge_generator.conditions import share_of_limit
from truegauge_generator.conditions.kind import Pace, Scenario, Story
from truegauge_generator.timelines import timeline
from truegauge_spec.conditions import RunsFull, ShareOfLimit
from truegauge_spec.quantities import convert, duration, numeral
from truegauge_spec.system import System

LIMIT = 10**9


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
    # From the first step that can be true: a share that the line starts below, and that the guard lets pass.
    share = max((1 + least) / 2, Decimal("1.01") * pace.window / (pace.window + ahead))
    start, gain = _line(share, Decimal("1.01"), pace.window, ahead)
    fires = pace.window + pace.wait
    slow_start, slow = _line(share, Decimal("0.99"), fires, ahead)
    steep = int(least * LIMIT * Decimal("0.99")) // fires

    def rises(since: int, until: int) -> str:
        return f"{start}+{gain}x{until - since - 1}"

    gap, rest = f"stale _x{line.back - line.gone - 1}", line.last - line.ends
    used = [
        (
            ("beyond", "missing", "recovers", "gap", "late", *(["kept"] if pace.keep else [])),
            " ".join((f"_x{line.born}", rises(line.born, line.gone), gap, rises(line.back, line.ends), f"0x{rest}")),
        ),
        (("short",), f"_x{line.start} {slow_start}{slow:+}x{fires} stale"),
        (("steep",), f"_x{line.start} 0+{steep}x{fires} stale"),
    ]
    if line.brief:
        used.append((("short_of_for",), f"_x{line.born} {rises(line.born, line.brief)} 0x{line.last - line.brief}"))
    limit = f"_x{line.start} {LIMIT}x{line.last - line.start}"

    def value(at: int) -> float:
        """The share that it had when the condition was true at last."""
        at = min(at, line.ends - 1)
        return (start + gain * (at - (line.back if at >= line.back else line.born))) / LIMIT

    return Story(
        [Scenario(codes, [(when.metric, {}, values), (when.limit, {}, limit)]) for codes, values in used],
        [(at, value(at) if fires else None) for at, fires in line.looks],
    )


def _line(share: Decimal, predicted: Decimal, at: int, ahead: Decimal) -> tuple[int, int]:
    """The start and the gain of a line with that share at a step, and the predicted one so many steps later."""
    gain = int((predicted - share) * LIMIT / ahead)
    return int(share * LIMIT) - gain * at, gain


def subject(when: RunsFull) -> str:
    pace = f"full within {duration(when.runs_full_within)} at the pace of the last {duration(when.over)}"
    return f"`{when.metric}` is at {when.at_least} or more of `{when.limit}`, and {pace}"
