"""When what happens in an alert's test, and what the alert then does.

One test has a series for each case, all at once. Only one of them ever fires, and it lives through everything: it
appears late, is beyond the threshold, starts anew at zero if it is a counter, ends and comes back, and recovers. Times
are in steps of one evaluation. No look is at the edge of a window: Prometheus 3 leaves its left edge out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

SHORT, AT, BEYOND, CLEAR = range(4)
"""Levels: just short of the threshold, at it, just beyond, and so far from it that the alert ends at once."""


class Segment(NamedTuple):
    """For so many steps a series is at a level, or is not there. A `fresh` counter starts at zero."""

    steps: int
    level: int | None
    fresh: bool = False


Script = tuple[Segment, ...]
Mark = tuple[int, int | None, bool]
"""The step at which a segment begins, its level, and whether it is fresh."""


class Manner(NamedTuple):
    """How a condition follows its series, in steps.

    After `soonest` to `latest` steps of a level it is true. After the last sample it `stays` so for some, within others
    it `ends`, and the window is `empty`. It is over within `fade` steps of recovery.
    """

    soonest: int
    latest: int
    ends: int
    empty: int
    fade: int = 0
    stays: int = 0


def manner(mode: str, window: int) -> Manner:
    """The manner of a mode of `Driver`, or of a condition without a threshold."""
    return {
        "hold": Manner(0, 0, 1, 0),
        "age": Manner(0, 0, 1, 0),
        # Two samples are enough, and as long as the window has two of them the ratio stays.
        "gain": Manner(1, 1, window, window + 1, stays=max(window - 2, 0)),
        # A new counter has gained too little until it fills the window; in a gap a rate is stretched by half a step.
        "fast": Manner(window, window, 2, window + 1),
        # It begins with a burst, which leaves the window a step later where this has its left edge.
        "slow": Manner(window, window + 1, window, window + 1),
        "any": Manner(1, window, window, window + 1, window + 1),
        "jump": Manner(1, 1, window + 1, window + 2, 1),
        "mean": Manner(window - 1, window, window + 1, window + 1),
        "still": Manner(window, window + 1, 1, window + 1),
        "line": Manner(window, window, 1, window + 1),
    }[mode]


class Timeline(NamedTuple):
    """Steps: the window and the time ahead; the first samples of all series and of the late one, and what becomes of
    it; when to look, and whether it fires.

    `brief` is where a breach ends that is short of `for`, `reset` where counters start anew, `gone` and `back` are the
    ends of a gap; each is 0 where there is none. `kept` says that a look is at the end of `keep_firing_for`.
    """

    window: int
    lead: int
    start: int
    born: int
    brief: int
    reset: int
    gone: int
    back: int
    ends: int
    last: int
    kept: bool
    looks: tuple[tuple[int, bool], ...]


@lru_cache(maxsize=4096)
def timeline(mode: str, window: int, wait: int, keep: int, lead: int, counts: bool) -> Timeline:
    """The steps of a condition with that window, `for`, `keep_firing_for` and time ahead of its series, all in steps.

    `counts` says that its series are counters.
    """
    own = manner(mode, window)
    empty = wait + 1
    start = {"mean": empty + lead + 1, "age": max(empty, lead)}.get(mode, empty)
    born = start + (mode != "mean")
    fires = born + own.latest + wait
    looks = {empty - 1: False, born + own.soonest + wait - 1: False, fires: True}
    reset = gone = back = 0
    ends = born + window if mode == "jump" else fires + 2
    if mode != "jump":
        gone = fires + 3
        over = gone - 1 + own.ends + keep
        back = max(over + 1, gone - 1 + own.empty)
        # A mean has nothing but the level in its window then.
        soonest, latest = (0, 0) if mode == "mean" else (own.soonest, own.latest)
        again = back + latest + wait
        if mode == "mean" and again >= start + lead:
            gone = back = 0  # by then the gap is the past that is compared with
        else:
            looks |= {gone - 1 + own.stays: True, over: False, back + soonest + wait - 1: False, again: True}
            ends = again + 2
        if counts:
            reset = fires + 1
            looks[fires + 2] = True
    last = ends + own.fade + keep
    # Where recovery takes a while, the last moment that it fires is not known to the step.
    looks |= {ends - 1 if own.fade else ends + keep - 1: True, last: False}
    brief = born + own.soonest + wait if wait and not own.fade else 0
    return Timeline(
        window,
        lead,
        start,
        born,
        brief,
        reset,
        gone,
        back,
        ends,
        last,
        bool(keep and not own.fade),
        tuple(sorted(looks.items())),
    )


@lru_cache(maxsize=4096)
def beyond(line: Timeline) -> Script:
    """The series that fires."""
    marks: list[Mark] = [(line.born, BEYOND, True)]
    if line.reset:
        marks.append((line.reset, BEYOND, True))
    if line.gone:
        marks += [(line.gone, None, False), (line.back, BEYOND, True)]
    return _script([*marks, (line.ends, CLEAR, False)], line)


@lru_cache(maxsize=4096)
def brief(line: Timeline) -> Script:
    """A breach that is over before `for` is."""
    return _script([(line.born, BEYOND, True), (line.brief, CLEAR, False)], line)


@lru_cache(maxsize=4096)
def steady(line: Timeline, level: int, reset: bool = False) -> Script:
    """One level for all of the test."""
    marks: list[Mark] = [(line.start, level, True)]
    return _script([*marks, (line.reset, level, True)] if reset and line.reset else marks, line)


def _script(marks: list[Mark], line: Timeline) -> Script:
    """Segments from one mark to the next; the first begins after steps without the series."""
    ends = [*(step for step, _, _ in marks[1:]), line.last + 1]
    first = Segment(marks[0][0], None)
    return first, *(Segment(end - step, level, fresh) for (step, level, fresh), end in zip(marks, ends, strict=True))
