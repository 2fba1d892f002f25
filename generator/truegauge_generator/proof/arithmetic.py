"""What Prometheus' functions make of samples, to the last bit: promql/functions.go and promql/quantile.go."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise

Samples = Sequence[tuple[int, float]]
"""Times in milliseconds, and values."""


def kahan(values: Iterable[float]) -> tuple[float, float]:
    """A sum, and what its rounding lost."""
    total = lost = 0.0
    for value in values:
        new = total + value
        lost += (total - new) + value if abs(total) >= abs(value) else (value - new) + total
        total = new
    return total, lost


def added(values: Iterable[float]) -> float:
    """The sum."""
    return math.fsum(kahan(values)[:2])


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    total, lost = kahan(values)
    return total / len(values) + lost / len(values)


def _gained(values: Sequence[float]) -> float:
    resets = sum(before for before, value in pairwise(values) if value < before)
    return values[-1] - values[0] + resets


def extrapolated(samples: Samples, at: int, window: int, counter: bool, per_second: bool) -> float | None:
    """The increase within the window that ends at a time, drawn on to its edges: `extrapolatedRate`."""
    if len(samples) < 2:
        return None
    values = [value for _, value in samples]
    gained = _gained(values) if counter else values[-1] - values[0]
    to_start, to_end = (samples[0][0] - (at - window)) / 1000, (at - samples[-1][0]) / 1000
    sampled = (samples[-1][0] - samples[0][0]) / 1000
    between = sampled / (len(samples) - 1)
    if to_start >= between * 1.1:
        to_start = between / 2
    if counter and gained > 0 and values[0] >= 0:
        to_start = min(to_start, sampled * (values[0] / gained))
    if to_end >= between * 1.1:
        to_end = between / 2
    factor = (sampled + to_start + to_end) / sampled
    return gained * (factor / (window / 1000) if per_second else factor)


def instant_rate(samples: Samples, at: int, window: int) -> float | None:
    """The rate between the last two samples."""
    if len(samples) < 2:
        return None
    (before, old), (last, new) = samples[-2:]
    return (new if new < old else new - old) / ((last - before) / 1000)


def _of_values(function: Callable[[list[float]], float]) -> Callable[[Samples, int, int], float | None]:
    return lambda samples, at, window: function([value for _, value in samples]) if samples else None


OVER_TIME: dict[str, Callable[[Samples, int, int], float | None]] = {
    "rate": partial(extrapolated, counter=True, per_second=True),
    "increase": partial(extrapolated, counter=True, per_second=False),
    "delta": partial(extrapolated, counter=False, per_second=False),
    "irate": instant_rate,
    "avg_over_time": _of_values(mean),
    "sum_over_time": _of_values(added),
    "max_over_time": _of_values(max),
    "min_over_time": _of_values(min),
    "last_over_time": _of_values(lambda values: values[-1]),
    "count_over_time": _of_values(lambda values: float(len(values))),
    "present_over_time": _of_values(lambda values: 1.0),
}
"""Functions over the samples of a window that ends at a time."""
OVER_SERIES: dict[str, Callable[[list[float]], float]] = {
    "sum": added,
    "avg": mean,
    "max": max,
    "min": min,
    "count": lambda values: float(len(values)),
    "group": lambda values: 1.0,
}
"""Aggregations."""


def quantile(rank: float, buckets: Iterable[tuple[float, float]]) -> float:
    """`histogram_quantile` of cumulative buckets, each an upper bound and a count."""
    found = sorted(buckets)
    if len(found) < 2 or not math.isinf(found[-1][0]) or not found[-1][1]:
        return math.nan
    counts: list[float] = []
    for _, count in found:
        counts.append(max(count, counts[-1]) if counts else count)
    sought = rank * counts[-1]
    place = next((i for i, count in enumerate(counts[:-1]) if count >= sought), len(found) - 1)
    if place == len(found) - 1:
        return found[-2][0]
    low, high, inside = 0.0, found[place][0], counts[place]
    if place:
        low, inside, sought = found[place - 1][0], inside - counts[place - 1], sought - counts[place - 1]
    elif high <= 0:
        return high
    return low + (high - low) * (sought / inside)
