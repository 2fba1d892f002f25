"""The process is in trouble, or does what is hard on its threads: jumps of the clock, many threads, a fork."""

from __future__ import annotations

import ast
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab, Watch

I: dict[str, Any] = {"instance_id": "i"}  # noqa: E741 - the instance of every test here
PACKAGE = Path(__file__).parents[2] / "exporter" / "duckdb_exporter"
WALL_CLOCK = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
def test_the_clock_jumps(lab: Lab, watch: Watch, monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    # Setting the machine's clock would hit all that runs here, so it is shifted for this process' Python. What is C
    # or C++ and ends a wait by the clock is CPython's and DuckDB's own; both wait by the monotonic one.
    con = lab.connect(**I)
    watch.until(lambda scrape: scrape("duckdb_up", **I) == 1)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    found = watch.promptly()
    for _ in range(20):
        con.execute("SELECT 1").fetchall()
        found = watch()
        assert found("duckdb_up", **I) == 1
        assert 0 <= (found("duckdb_poll_age_seconds", **I) or 0) < 0.5
    assert found("duckdb_queries_per_sec", query_type="SELECT") == 2.0  # 20 in the window of 10 s
    assert (found("duckdb_query_latency_ms_sum", query_type="SELECT") or 0) < 10_000
    con.close()


def test_only_remedies_and_syncs_look_at_a_clock_that_can_be_set() -> None:
    """Durations are of clocks that do not jump; Alertmanager dates its alerts, and a sync's success is a date."""
    assert not time.get_clock_info("perf_counter").adjustable
    assert not time.get_clock_info("monotonic").adjustable
    users = {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in WALL_CLOCK
    }
    imported = {
        (alias.name, file.relative_to(PACKAGE).as_posix() if alias.name == "time" else "")
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
    }
    assert users == {"engine/remedies.py"}
    assert imported <= {("perf_counter", ""), ("monotonic", ""), ("sleep", ""), ("time", "engine/sync.py")}


def test_200_threads(lab: Lab, watch: Watch, tmp_path: Path) -> None:
    con = lab.connect(tmp_path / "a.duckdb", **I)
    con.execute("CREATE TABLE trades (id INTEGER)")
    before, gate = threading.active_count(), threading.Barrier(201)
    wrong: list[object] = []

    def work(number: int) -> None:
        with con.cursor() as cursor:
            gate.wait(30)
            for _ in range(10):
                if (rows := cursor.execute("SELECT ?", [number]).fetchall()) != [(number,)]:
                    wrong.append(rows)
                time.sleep(0.1)  # or they would have Python's lock, each in its turn, before a scrape has it
            cursor.execute("INSERT INTO trades VALUES (?)", [number])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    while con.execute("SELECT 1").fetchall() and gate.n_waiting < 200:
        time.sleep(0.01)
    found = watch.until(lambda scrape: (scrape("duckdb_active_connections", **I) or 0) >= 201)
    gate.wait(30)
    base = found("duckdb_query_latency_ms_count", query_type="SELECT") or 0
    watch.promptly()
    while any(thread.is_alive() for thread in threads):
        watch()
    for thread in threads:
        thread.join()
    found = watch()
    assert not wrong
    assert found("duckdb_query_latency_ms_count", query_type="SELECT") == base + 2000
    assert found("duckdb_insert_latency_ms_count", table_name="trades") == 200
    assert con.execute("SELECT count(DISTINCT id) FROM trades").fetchall() == [(200,)]
    watch.until(lambda scrape: scrape("duckdb_active_connections", **I) == 1)
    assert threading.active_count() <= before + 1  # a thread of the server may still end
    con.close()


@pytest.fixture
def child() -> Callable[[], tuple[int, int]]:
    """Forks; the child does nothing until it is told to end by closing the pipe."""

    def fork() -> tuple[int, int]:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
        os.close(reading)
        return pid, writing

    return fork


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_a_fork(lab: Lab, watch: Watch, tmp_path: Path, child: Callable[[], tuple[int, int]]) -> None:
    con = lab.connect(tmp_path / "a.duckdb", **I)
    con.execute("CREATE TABLE trades (id INTEGER)")
    watch.until(lambda scrape: scrape("duckdb_up", **I) == 1)
    pid, pipe = child()
    try:
        for number in range(20):
            con.execute("INSERT INTO trades VALUES (?)", [number])
            found = watch()
            assert found("duckdb_insert_latency_ms_count", table_name="trades") == number + 1
            assert found("duckdb_up", **I) == 1
            assert found("duckdb_file_lock_held", **I) == 1
        watch.promptly()
        lab.exporter.close()
        # The child has the listening socket too, and must not answer in its parent's name.
        with pytest.raises((urllib.error.URLError, TimeoutError, ConnectionError)):
            urllib.request.urlopen(watch.url, timeout=0.5)  # noqa: S310 - our own http address
    finally:
        os.close(pipe)
        assert os.waitpid(pid, 0)[1] == 0
    assert con.execute("SELECT count(*) FROM trades").fetchall() == [(20,)]
    con.close()
