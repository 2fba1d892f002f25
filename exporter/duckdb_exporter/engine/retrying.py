"""Attempts at a sync until one succeeds, with tenacity, and what is measured of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

try:
    import tenacity
except ImportError as error:
    raise ImportError("sync_attempts needs tenacity: pip install tenacity") from error

from .recorder import Recorder
from .sync import Policy, SyncAttempt


def attempted(recorder: Recorder, instance_id: str, policy: Policy) -> Iterator[AbstractContextManager[SyncAttempt]]:
    """Each attempt as a context manager that takes the errors which another attempt follows."""

    def backoff(seconds: float) -> None:
        recorder.gauge("sync.backoff", instance_id, seconds)

    def exhausted(state: tenacity.RetryCallState) -> Any:
        recorder.count("sync.exhausted", instance_id)
        assert state.outcome is not None
        return state.outcome.result()  # raises the last error

    recorder.register(instance_id)
    backoff(0)
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(policy.attempts),
        wait=tenacity.wait_exponential_jitter(
            multiplier=policy.first_wait, max=policy.longest_wait, jitter=policy.first_wait / 2
        ),
        retry=tenacity.retry_if_exception(policy.transient),
        before_sleep=lambda state: backoff(state.next_action.sleep if state.next_action else 0),
        retry_error_callback=exhausted,
    )
    try:
        for attempt in retrying:
            backoff(0)
            number = attempt.retry_state.attempt_number
            yield _measured(attempt, SyncAttempt(recorder, instance_id, number))
    finally:
        backoff(0)


@contextmanager
def _measured(attempt: tenacity.AttemptManager, measured: SyncAttempt) -> Iterator[SyncAttempt]:
    with attempt, measured:
        yield measured
