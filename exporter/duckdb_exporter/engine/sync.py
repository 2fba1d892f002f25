"""Sync attempts: what the application does to bring rows elsewhere, which DuckDB knows nothing of."""

from __future__ import annotations

from time import perf_counter
from types import TracebackType

from .recorder import Recorder


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
        self._recorder.lasted("sync.duration_mean", self._instance_id, ended - self._started, ended)
        self._recorder.count("sync.success" if kind is None else "sync.failure", self._instance_id)
