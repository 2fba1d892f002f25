"""Sync attempts: what the application does to bring rows elsewhere, which DuckDB knows nothing of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from time import perf_counter, time
from types import TracebackType
from typing import NamedTuple

from .recorder import Recorder
from .transient import transient


class Policy(NamedTuple):
    """How often a batch is tried, how long it waits between attempts in seconds, and after which errors it does."""

    attempts: int
    first_wait: float
    longest_wait: float
    transient: Callable[[BaseException], bool]


class SyncAttempt:
    """Context manager around one attempt: counts success or failure and takes its time; an exception goes on.

    `number` is 1 for the first attempt at a batch, more for a retry, which is counted as one.
    """

    def __init__(self, recorder: Recorder, instance_id: str, number: int) -> None:
        if number < 1:
            raise ValueError(f"the first attempt is number 1, not {number}")
        self.number = number
        self._recorder = recorder
        self._instance_id = instance_id
        self._started = 0.0

    def __enter__(self) -> SyncAttempt:
        self._recorder.register(self._instance_id)
        if self.number > 1:
            self._recorder.count("sync.retries", self._instance_id)
        self._started = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        ended = perf_counter()
        seconds, outcome = ended - self._started, "success" if kind is None else "failure"
        self._recorder.lasted("sync.duration_mean", self._instance_id, seconds, ended)
        self._recorder.observe("sync.duration", self._instance_id, seconds, outcome=outcome)
        self._recorder.count(f"sync.{outcome}", self._instance_id)
        if kind is None:
            self._recorder.gauge("sync.last_success", self._instance_id, time())


class Syncs:
    """The syncs of one exporter. `find` gives the instance that an instance_id, or none, means."""

    def __init__(self, recorder: Recorder, find: Callable[[str | None], str]) -> None:
        self._recorder = recorder
        self._find = find

    def one(self, instance_id: str | None = None, *, attempt: int = 1) -> SyncAttempt:
        """`with sync():` around one sync attempt; `attempt=2` and more count as retries.

        `instance_id`: default the only instance there is, else as for `connect`.
        """
        return SyncAttempt(self._recorder, self._find(instance_id), attempt)

    def attempts(
        self,
        instance_id: str | None = None,
        *,
        attempts: int = 6,
        first_wait: float = 0.5,
        longest_wait: float = 60.0,
        transient: Callable[[BaseException], bool] = transient,
    ) -> Iterator[AbstractContextManager[SyncAttempt]]:
        """`for attempt in sync_attempts(): with attempt: …` runs the block until it ends well, measured as by `sync`.

        After an error for which `transient` is true it waits `first_wait` seconds, then twice as long each time, up
        to `longest_wait`, with some jitter; any other error, and the one of the last attempt, is raised. Needs
        tenacity. Raises ImportError without it.
        """
        from .retrying import attempted  # noqa: PLC0415 - tenacity is optional

        policy = Policy(attempts, first_wait, longest_wait, transient)
        return attempted(self._recorder, self._find(instance_id), policy)

    def pending(self, rows: float, instance_id: str | None = None) -> None:
        """Say how many rows wait for a sync."""
        found = self._find(instance_id)
        self._recorder.register(found)
        self._recorder.gauge("sync.pending", found, rows)
