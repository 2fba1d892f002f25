"""However a process ends, it leaves no thread, no port and no word on stderr."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab

START = """
import sys, threading, time
import duckdb_exporter
con = duckdb_exporter.connect(sys.argv[1], instance_id="i", listen="127.0.0.1:0")
con.execute("CREATE TABLE trades AS SELECT 1 AS id").execute("SELECT * FROM trades").fetchall()
server = duckdb_exporter.serve()
time.sleep(0.1)
"""
ENDINGS = {
    "closed": "con.close(); duckdb_exporter.close(); assert threading.active_count() == 1, threading.enumerate()",
    "exporter closed, connection open": "duckdb_exporter.close(); assert threading.active_count() == 1",
    "connection closed, exporter open": "con.close()",
    "nothing closed": "",
    "a result half read": "con.execute('SELECT * FROM range(100000)').fetchone()",
    "a cursor and a relation kept": "cursor = con.cursor(); relation = cursor.sql('SELECT 1')",
    "closed twice": "con.close(); con.close(); duckdb_exporter.close(); duckdb_exporter.close()",
    "dropped": "del con",
    "inside a function": "def f():\n    with duckdb_exporter.sync(): sys.exit()\nf()",
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
def test_a_process_ends_silently(tmp_path: Path, ending: str) -> None:
    package = Path(__file__).parents[2] / "exporter"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", START + ending, str(tmp_path / "a.duckdb")],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env={"PYTHONPATH": str(package)},
    )
    noise = [line for line in done.stderr.splitlines() if ": no series, its query failed" not in line]
    assert (done.returncode, done.stdout, noise) == (0, "", [])


def test_closing_the_exporter_ends_its_threads_and_frees_its_port(lab: Lab) -> None:
    con = lab.connect(instance_id="i", listen="127.0.0.1:0")
    port = lab.exporter.serve().port
    assert threading.active_count() == 3
    lab.exporter.close()
    assert threading.active_count() == 1
    assert lab.exporter.serve(f"127.0.0.1:{port}").port == port
    con.close()


def test_a_closed_exporter_costs_no_memory(lab: Lab) -> None:
    con = lab.connect(instance_id="i", listen=False)
    lab.exporter.close()
    events = con._instance.events
    assert events.maxlen
    con.close()


def test_closing_waits_for_no_poll_interval(lab: Lab) -> None:
    started = time.perf_counter()
    con = lab.connect(instance_id="i", listen=False)
    con.close()
    assert time.perf_counter() - started < 0.5
