"""Attempts until one succeeds: what is tried again, and what is measured of it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from duckdb_exporter.engine.transient import CODES, transient

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab, Scrape

QUICK = {"first_wait": 0.001, "longest_wait": 0.002}


def counts(scrape: Scrape) -> tuple[float | None, ...]:
    """Successes, failures, retries and batches given up."""
    names = ("sync_success_count", "sync_failure_count", "sync_retry_attempts", "sync_exhausted_total")
    return tuple(scrape(f"duckdb_{name}", instance_id="i") for name in names)


def send(lab: Lab, errors: list[BaseException | None], attempts: int = 6) -> None:
    """One batch; each attempt raises the next error, or none."""
    waiting = iter(errors)
    for attempt in lab.exporter.sync_attempts("i", attempts=attempts, **QUICK):  # type: ignore[arg-type]
        with attempt:
            error = next(waiting)
            if error is not None:
                raise error


def test_a_success_ends_the_attempts(lab: Lab) -> None:
    send(lab, [None])
    assert counts(lab.scrape()) == (1, 0, 0, 0)


def test_a_transient_error_is_followed_by_a_retry(lab: Lab) -> None:
    send(lab, [ConnectionError(), TimeoutError(), None])
    scrape = lab.scrape()
    assert counts(scrape) == (1, 2, 2, 0)
    assert scrape("duckdb_sync_duration_seconds_count", instance_id="i", outcome="failure") == 2
    assert scrape("duckdb_sync_duration_seconds_count", instance_id="i", outcome="success") == 1


def test_any_other_error_is_raised_at_once(lab: Lab) -> None:
    error = KeyError("trades")
    with pytest.raises(KeyError) as raised:
        send(lab, [error, None])
    assert raised.value is error
    assert counts(lab.scrape()) == (0, 1, 0, 0)


def test_the_last_attempt_s_error_is_raised_and_the_batch_given_up(lab: Lab) -> None:
    last = ConnectionError("the third")
    with pytest.raises(ConnectionError) as raised:
        send(lab, [ConnectionError(), ConnectionError(), last, None], attempts=3)
    assert raised.value is last
    assert counts(lab.scrape()) == (0, 3, 2, 1)


def test_an_interrupt_is_not_tried_again(lab: Lab) -> None:
    with pytest.raises(KeyboardInterrupt):
        send(lab, [KeyboardInterrupt(), None])
    assert counts(lab.scrape()) == (0, 1, 0, 0)


def test_the_backoff_is_shown_while_it_lasts(lab: Lab) -> None:
    def work() -> None:
        errors = iter([ConnectionError()])
        for attempt in lab.exporter.sync_attempts("i", first_wait=0.4):
            with attempt:
                for error in errors:
                    raise error

    thread = threading.Thread(target=work)
    thread.start()
    waits = lab.until(lambda scrape: scrape("duckdb_sync_backoff_seconds", instance_id="i"))
    assert 0.4 <= (waits("duckdb_sync_backoff_seconds", instance_id="i") or 0) <= 0.6
    thread.join()
    assert lab.value("duckdb_sync_backoff_seconds", instance_id="i") == 0


def test_the_time_of_the_last_success_stays(lab: Lab) -> None:
    with pytest.raises(OSError, match="no"), lab.exporter.sync("i"):
        raise OSError("no")
    assert lab.value("duckdb_sync_last_success_timestamp_seconds", instance_id="i") is None
    before = time.time()
    with lab.exporter.sync("i"):
        pass
    last = lab.value("duckdb_sync_last_success_timestamp_seconds", instance_id="i")
    assert last is not None
    assert before <= last <= time.time()
    with pytest.raises(OSError, match="no"), lab.exporter.sync("i"):
        raise OSError("no")
    assert lab.value("duckdb_sync_last_success_timestamp_seconds", instance_id="i") == last


def test_what_waits_is_what_the_application_said_last(lab: Lab) -> None:
    con = lab.connect(instance_id="i", listen=False)
    assert lab.value("duckdb_sync_pending_rows", instance_id="i") is None
    lab.exporter.sync_pending(7)
    lab.exporter.sync_pending(5)
    assert lab.value("duckdb_sync_pending_rows", instance_id="i") == 5
    con.close()


def test_what_clickhouse_says_of_itself_decides() -> None:
    from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError, ProgrammingError

    assert transient(OperationalError("HTTP driver received HTTP status 503"))
    assert all(transient(DatabaseError("busy", code=code)) for code in CODES)
    assert not transient(DatabaseError("unknown table", code=60))
    assert not transient(ProgrammingError("closed"))
    assert not transient(ValueError())


def test_without_tenacity_all_else_works() -> None:
    program = """
import sys
sys.modules["tenacity"] = None
import duckdb_exporter
with duckdb_exporter.sync("i"):
    pass
try:
    duckdb_exporter.sync_attempts("i")
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "sync_attempts needs tenacity: pip install tenacity\n"
    assert done.stderr == ""
