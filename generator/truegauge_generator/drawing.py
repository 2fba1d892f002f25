"""Small drawings of a test: each case's series over time, the threshold, and when the alert fires and is silent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from truegauge_generator.notation import Run

WIDTH, HEIGHT, PAD, HEAD = 320, 60, 4, 16
"""Of a drawing, of its margin and of the looks at its top, in pixels."""
LINES = 4
"""Series of a case that are drawn; more, as a histogram's buckets, would hide each other."""
MOST = 0.9
"""The share of all samples that are within the drawing's height at least."""

Line = Sequence[Run]
"""A series."""


class Drawing(NamedTuple):
    """A case: what it shows, its series, the height of the threshold, and the looks at which the alert is silent or
    fires; series and looks are paths of SVG.
    """

    codes: Sequence[str]
    series: str
    threshold: float | None
    silent: str
    fires: str


class Scale(NamedTuple):
    """What a step and a unit measure in pixels, and the value at the bottom."""

    step: float
    unit: float
    low: float


def gains(found: Iterable[Run]) -> Iterator[Run]:
    """What a counter gained with each sample; nothing where it started again."""
    before: float | None = None
    for run in found:
        if run.start is None:
            yield run
            continue
        yield Run(0.0 if before is None else max(run.start - before, 0.0), 0.0, 1)
        if run.steps > 1:
            yield Run(max(run.gain, 0.0), 0.0, run.steps - 1)
        before = run.last


def drawing(
    codes: Sequence[str],
    series: Sequence[Line],
    steps: int,
    threshold: float | None,
    silent: str,
    fires: str = "",
) -> Drawing:
    """A case over so many steps. What is far above all else, as a burst that ends it, is cut."""
    scale = _scale(series, steps, threshold)
    path = "".join([part for line in series[:LINES] for part in _path(line, scale)])
    return Drawing(codes, path, None if threshold is None else _y(threshold, scale), silent, fires)


def rings(at: Iterable[float], steps: int) -> str:
    """Looks at these steps, as rings."""
    step = _width(steps)
    return "".join([f"M{PAD + one * step:.4g} 2a3 3 0 1 1-.1 0z" for one in at])


def _width(steps: int) -> float:
    return (WIDTH - 2 * PAD) / max(steps, 1)


def _scale(series: Sequence[Line], steps: int, threshold: float | None) -> Scale:
    weights = [(value, run.steps / 2) for line in series for run in line for value in _ends(run)]
    weights.sort()
    rest = (1 - MOST) * sum([weight for _, weight in weights])
    top = 0.0
    for value, weight in reversed(weights):
        top = value
        rest -= weight
        if rest < 0 and value:
            break
    low = min(0.0, *(value for value, _ in weights[:1]))
    height = max(top, threshold or 0.0) - low
    return Scale(_width(steps), (HEIGHT - PAD - HEAD) / (height or 1.0), low)


def _ends(run: Run) -> tuple[float, ...]:
    return () if run.start is None else (run.start, run.last)


def _y(value: float, scale: Scale) -> float:
    return max(HEIGHT - PAD - (value - scale.low) * scale.unit, HEAD)


def _path(line: Line, scale: Scale) -> Iterator[str]:
    """A line for each stretch of samples, with a point where it bends."""
    step, drawn = 0, False
    for run in line:
        if run.start is None:
            drawn = False
        else:
            x, y = PAD + step * scale.step, _y(run.start, scale)
            yield f"{'L' if drawn else 'M'}{x:.4g} {y:.4g}"
            if run.steps > 1:
                x = PAD + (step + run.steps - 1) * scale.step
                yield f"L{x:.4g} {_y(run.last, scale):.4g}" if run.gain else f"H{x:.4g}"
            drawn = True
        step += run.steps
