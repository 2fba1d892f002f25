"""Children: the present value of one series, or of the series of one histogram.

Own classes, since `prometheus_client`'s would have to be read through private attributes, hold twice the memory, and
take a lock for each addition. Whoever adds to a child from several threads holds a lock of his own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence


class Value:
    """A counter or a gauge. None is a gauge that was never set or is not known: it is not exposed."""

    __slots__ = ("labels", "printed", "value")

    def __init__(self, labels: tuple[str, ...], value: float | None) -> None:
        self.labels = labels  # their values, in declared order
        self.value = value
        self.printed: str | None = None  # what stands before the value; the exposition's own

    def add(self, amount: float) -> None:
        """Raise a counter."""
        self.value = (self.value or 0) + amount

    def set(self, value: float | None) -> None:
        """Set a gauge."""
        self.value = value


class Histogram:
    """How many observations are at most each of the rising `bounds`, and their sum."""

    __slots__ = ("bounds", "counts", "labels", "printed", "sum")

    def __init__(self, labels: tuple[str, ...], bounds: Sequence[float]) -> None:
        self.labels = labels
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)  # of each bucket alone; the last is above all bounds
        self.sum = 0.0
        self.printed: str | None = None  # its lines with a place for each number; the exposition's own

    def observe(self, value: float) -> None:
        """Add one observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def observe_all(self, values: Iterable[float], scale: float = 1.0) -> None:
        """Add many, each times `scale`."""
        counts, bounds = self.counts, self.bounds
        for value in values:
            scaled = value * scale
            counts[bisect_left(bounds, scaled)] += 1
            self.sum += scaled
