"""promtool's notation of a series' samples, read back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_NUMBER = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_ITEM = re.compile(rf"(-?{_NUMBER}|_|stale)([+-]-?{_NUMBER})?(?:x(\d+))?")


class Run(NamedTuple):
    """So many samples, of which each gains the same on the one before; none at all without a start."""

    start: float | None
    gain: float
    steps: int

    @property
    def last(self) -> float:
        """The last of its samples."""
        return (self.start or 0.0) + self.gain * (self.steps - 1)


def runs(values: str) -> Iterator[Run]:
    """The runs of a series in promtool's notation, `0x3 5+2x4 _x2 stale`. Raises ValueError."""
    for item in values.split():
        match = _ITEM.fullmatch(item)
        if match is None:
            raise ValueError(f"{item!r} is not promtool's notation")
        start, gain, times = match.groups()
        if start in ("_", "stale"):
            yield Run(None, 0.0, max(int(times or 1), 1))
        else:
            step = float(gain.replace("+-", "-").replace("--", "")) if gain else 0.0
            yield Run(float(start), step, int(times or 0) + 1)


def samples(values: str) -> list[float | None]:
    """The samples of a series in promtool's notation; None where there is none. Raises ValueError."""
    found: list[float | None] = []
    for start, gain, steps in runs(values):
        found += [None] * steps if start is None else [start + gain * place for place in range(steps)]
    return found
