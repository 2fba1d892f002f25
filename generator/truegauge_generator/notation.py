"""promtool's notation of a series' samples, read back."""

from __future__ import annotations

import re

_NUMBER = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_ITEM = re.compile(rf"(?P<start>-?{_NUMBER}|_|stale)(?P<step>[+-]-?{_NUMBER})?(?:x(?P<times>\d+))?")


def samples(values: str) -> list[float | None]:
    """The samples of a series in promtool's notation, `0x3 5+2x4 _x2 stale`; None where there is none."""
    found: list[float | None] = []
    for item in values.split():
        match = _ITEM.fullmatch(item)
        if match is None:
            raise ValueError(f"{item!r} is not promtool's notation")
        times = int(match["times"]) if match["times"] else 0
        if match["start"] in ("_", "stale"):
            found += [None] * max(times, 1)
        else:
            step = float(match["step"].replace("+-", "-").replace("--", "")) if match["step"] else 0.0
            found += [float(match["start"]) + step * place for place in range(times + 1)]
    return found
