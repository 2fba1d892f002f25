"""Small drawings of a test: each case's series over time, the threshold, and when the alert fires and is silent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

WIDTH, HEIGHT, PAD, HEAD = 320, 60, 4, 16
"""Of a drawing, of its margin and of the looks at its top, in pixels."""
LINES = 4
"""Series of a case that are drawn; more, as a histogram's buckets, would hide each other."""


class Mark(NamedTuple):
    """A look: how far to the right it is, and whether the alert fires then."""

    x: float
    fires: bool


class Drawing(NamedTuple):
    """A case: what it shows, the points of its lines, the height of the threshold, and the looks."""

    codes: list[str]
    lines: list[str]
    threshold: float | None
    marks: list[Mark]


class Scale(NamedTuple):
    """The value at the bottom, zero or less, and how much more is at the top."""

    low: float
    height: float


def gains(found: Sequence[float | None]) -> list[float | None]:
    """What a counter gained with each sample; nothing where it started again."""
    before: float | None = None
    gained: list[float | None] = []
    for value in found:
        gained.append(None if value is None else 0.0 if before is None else max(value - before, 0.0))
        before = value if value is not None else before
    return gained


def drawing(
    codes: Sequence[str],
    series: Sequence[Sequence[float | None]],
    steps: int,
    threshold: float | None,
    marks: Iterable[tuple[float, bool]],
) -> Drawing:
    """A case over so many steps; marks are at steps. What is far above all else, as a burst that ends it, is cut."""
    known = sorted(value for one in series for value in one if value is not None)
    most = known[len(known) * 9 // 10] if known else 0.0
    low = min(0.0, *known[:1])
    top = max(most or max(known, default=0.0), threshold or 0.0)
    scale = Scale(low, (top - low) or 1.0)
    return Drawing(
        list(codes),
        [line for one in series[:LINES] for line in _lines(one, steps, scale)],
        None if threshold is None else _y(threshold, scale),
        [Mark(_x(step, steps), fires) for step, fires in marks],
    )


def _x(step: float, steps: int) -> float:
    return round(PAD + step / max(steps, 1) * (WIDTH - 2 * PAD), 1)


def _y(value: float, scale: Scale) -> float:
    return round(HEIGHT - PAD - min((value - scale.low) / scale.height, 1.0) * (HEIGHT - PAD - HEAD), 1)


def _lines(found: Sequence[float | None], steps: int, scale: Scale) -> Iterator[str]:
    """A line for each stretch of samples, as SVG's points."""
    points: list[str] = []
    for step, value in enumerate([*found, None]):
        if value is not None:
            points.append(f"{_x(step, steps)},{_y(value, scale)}")
        elif points:
            yield " ".join(points)
            points = []
