"""Checkpoints as they can be seen from outside: the write-ahead log is gone, or smaller than before.

The engine tells the time of none (DuckDB 2.0.0), and the time of the database file also moves when rows of a large
insert are written ahead of its commit.
"""

from __future__ import annotations


class Checkpoints:
    """How long what is in the write-ahead log has waited there at most. Times in seconds of one clock."""

    def __init__(self) -> None:
        self._size: float | None = None
        self._emptied = 0.0

    def age(self, wal: float | None, now: float) -> float | None:
        """Since the log was last seen empty or shrinking, else first seen: 0 while it is empty, None without a log."""
        if wal is None:
            self._size = None
            return None
        if not wal or self._size is None or wal < self._size:
            self._emptied = now
        self._size = wal
        return now - self._emptied
