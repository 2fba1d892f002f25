"""What connections do at this moment, told by the threads that use them and read by others.

A mark is one assignment, 0.01 us. Nothing here takes a lock where the application works.
"""

from __future__ import annotations

import threading

import duckdb

OTHER_ERROR = "other"


class Activity:
    """Of one connection: when its latest statement `began`, and the call that is `running`; the rows it has
    fetched that no event tells of.

    Times are of `time.perf_counter`; `running` is 0 while no call into the engine runs.
    """

    __slots__ = ("began", "ended", "rows", "running", "taken")

    def __init__(self) -> None:
        self.began = 0.0
        self.running = 0.0
        self.rows = 0
        self.taken = 0  # of the rows, by `Activities`
        self.ended = False


class Activities:
    """Of all connections to one database."""

    def __init__(self) -> None:
        self._all: dict[int, Activity] = {}
        self._taking = threading.Lock()

    def join(self, activity: Activity) -> None:
        """A connection was opened."""
        activity.ended = False
        self._all[id(activity)] = activity

    def in_flight(self) -> int:
        """How many calls into the engine run now."""
        return sum(bool(one.running) for one in list(self._all.values()))

    def take_rows(self) -> int:
        """Rows fetched since the last time; connections that have ended are forgotten with it."""
        fetched = 0
        with self._taking:
            for key, one in list(self._all.items()):
                if one.ended:
                    del self._all[key]
                rows = one.rows
                fetched += rows - one.taken
                one.taken = rows
        return fetched


def error_class(error: BaseException | None) -> str:
    """The name of DuckDB's exception class, `other` for an error that is not DuckDB's."""
    return type(error).__name__ if isinstance(error, duckdb.Error) else OTHER_ERROR


def row_count(result: object) -> int:
    """The rows of what a fetch returned, 0 where it does not say: a stream of batches, or None."""
    if isinstance(result, tuple):
        return 1
    if isinstance(result, dict):  # a column each, of NumPy or of tensors
        return len(next(iter(result.values()), ()))
    rows = getattr(result, "num_rows", None)  # Arrow's
    if isinstance(rows, int):
        return rows
    return len(result) if hasattr(result, "__len__") else 0
