"""Sums over a sliding window of time."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

_SLOTS = 20  # a window moves in steps of 1/20 of its length


class Window:
    """Count and sum of what happened in the last `seconds`, in bounded memory."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._slots: deque[list[float]] = deque()  # [number of the slot, count, sum]

    def add(self, at: float, value: float = 0.0) -> None:
        """One event at the time `at` (seconds of any clock, the same for all calls)."""
        self._add(self._number(at), 1, value)

    def add_all(self, times: Iterable[float]) -> None:
        """An event at each of these times."""
        for number, count in Counter(map(self._number, times)).items():
            self._add(number, count, 0.0)

    def rate(self, now: float) -> float:
        """Events per second."""
        self._drop(self._number(now))
        return sum(slot[1] for slot in self._slots) / self.seconds

    def mean(self, now: float) -> float | None:
        """Mean value of the events, None without events."""
        self._drop(self._number(now))
        count = sum(slot[1] for slot in self._slots)
        return sum(slot[2] for slot in self._slots) / count if count else None

    def _add(self, number: int, count: int, value: float) -> None:
        if not self._slots or self._slots[-1][0] < number:
            self._slots.append([number, 0, 0.0])
            self._drop(number)
        slot = self._slots[-1]
        slot[1] += count
        slot[2] += value

    def _number(self, at: float) -> int:
        return int(at * _SLOTS / self.seconds)

    def _drop(self, number: int) -> None:
        while self._slots and self._slots[0][0] <= number - _SLOTS:
            self._slots.popleft()
