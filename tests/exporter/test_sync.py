"""Sync attempts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from duckdb_exporter.engine.windows import Window

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab


def test_an_attempt_that_ends_well_is_a_success(lab: Lab) -> None:
    with lab.exporter.sync("i") as attempt:
        assert attempt.number == 1
    scrape = lab.scrape()
    assert scrape("duckdb_sync_success_count", instance_id="i") == 1
    assert scrape("duckdb_sync_failure_count", instance_id="i") == 0
    assert scrape("duckdb_sync_retry_attempts", instance_id="i") == 0


def test_an_exception_is_a_failure_and_goes_on(lab: Lab) -> None:
    error = OSError("no route")
    with pytest.raises(OSError, match="no route") as raised, lab.exporter.sync("i"):
        raise error
    assert raised.value is error
    scrape = lab.scrape()
    assert scrape("duckdb_sync_success_count", instance_id="i") == 0
    assert scrape("duckdb_sync_failure_count", instance_id="i") == 1


def test_further_attempts_are_retries(lab: Lab) -> None:
    for number in (1, 2, 3):
        with lab.exporter.sync("i", attempt=number):
            pass
    assert lab.value("duckdb_sync_retry_attempts", instance_id="i") == 2
    with pytest.raises(ValueError, match="the first attempt is number 1"):
        lab.exporter.sync(attempt=0)


def test_the_latency_is_the_mean_of_the_window_and_absent_without_a_sync(lab: Lab) -> None:
    con = lab.connect(instance_id="i", listen=False)
    assert lab.value("duckdb_sync_latency_ms", instance_id="i") is None
    with lab.exporter.sync():
        time.sleep(0.03)
    with lab.exporter.sync():
        pass
    mean = lab.value("duckdb_sync_latency_ms", instance_id="i")
    assert mean is not None
    assert 15 <= mean < 100
    con.close()


def test_the_only_instance_is_the_default(lab: Lab) -> None:
    con = lab.connect(instance_id="mt5-1", listen=False)
    with lab.exporter.sync():
        pass
    assert lab.value("duckdb_sync_success_count", instance_id="mt5-1") == 1
    con.close()


def test_a_window_forgets_what_is_older_than_it() -> None:
    window = Window(10.0)
    for at in range(100):
        window.add(float(at), value=at)
    assert window.rate(99.0) == 1.0
    assert window.mean(99.0) == pytest.approx(94.5)
    assert window.rate(104.0) == 0.5
    assert (window.rate(200.0), window.mean(200.0)) == (0.0, None)


def test_a_window_takes_late_events() -> None:
    window = Window(10.0)
    window.add(5.0)
    window.add(4.9)
    assert window.rate(5.0) == 0.2
