"""`python -m duckdb_exporter`, end to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

if TYPE_CHECKING:
    from tests.exporter.conftest import Scrape

PACKAGE = Path(__file__).parents[2] / "exporter"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE trades AS SELECT range AS id FROM range(1000)")
    return path


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "duckdb_exporter", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
    )


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_a_file_until_it_is_told_to_end(
    database: Path, ending: signal.Signals, fetch: Callable[[str], Scrape]
) -> None:
    before = database.read_bytes()
    process = start("--database", database, "--listen", "127.0.0.1:0", "--instance-id", "mt5-1")
    assert process.stdout
    announced = process.stdout.readline()
    assert announced.startswith(f"serving {database} on http://127.0.0.1:")
    url = announced.split()[-1]
    scrape = fetch(url)
    while not scrape("duckdb_up", instance_id="mt5-1"):
        scrape = fetch(url)
    assert scrape("duckdb_memory_used_bytes", instance_id="mt5-1") is not None
    assert scrape("duckdb_disk_usage_bytes", instance_id="mt5-1") == len(before)
    process.send_signal(ending)
    out, err = process.communicate(timeout=10)
    noise = [line for line in err.splitlines() if ": no series, its query failed" not in line]
    assert (process.returncode, out, noise) == (0, "", [])
    assert database.read_bytes() == before


def test_it_shows_what_a_killed_application_left_in_its_log(database: Path, fetch: Callable[[str], Scrape]) -> None:
    die = "import duckdb, os, sys; con = duckdb.connect(sys.argv[1]); con.execute('DELETE FROM trades'); os._exit(9)"
    subprocess.run([sys.executable, "-c", die, str(database)], check=False)
    log = database.with_name("x.duckdb.wal")
    assert log.stat().st_size > 0
    process = start("--database", database, "--listen", "127.0.0.1:0", "--instance-id", "i")
    assert process.stdout
    url = process.stdout.readline().split()[-1]
    assert fetch(url)("duckdb_wal_bytes", instance_id="i") == log.stat().st_size
    process.terminate()
    process.communicate(timeout=10)
    assert log.stat().st_size > 0


def failure(*arguments: object) -> str:
    process = start(*arguments)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (1, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def test_a_missing_file_is_an_error_and_is_not_created(tmp_path: Path) -> None:
    assert "no such file" in failure("--database", tmp_path / "x.duckdb", "--listen", "127.0.0.1:0")
    assert not (tmp_path / "x.duckdb").exists()


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_text("text" * 10_000)
    assert "not a valid DuckDB database file" in failure("--database", tmp_path / "x.duckdb", "--listen", "127.0.0.1:0")


def test_a_database_in_use_is_an_error_that_names_its_process(database: Path) -> None:
    with duckdb.connect(str(database)):
        said = failure("--database", database, "--listen", "127.0.0.1:0")
    assert f"open in process {os.getpid()} (" in said
    assert "duckdb_exporter.connect()" in said


def test_an_address_in_use_is_an_error(database: Path) -> None:
    process = start("--database", database, "--listen", "127.0.0.1:0")
    assert process.stdout
    taken = process.stdout.readline().split(":")[-1].split("/")[0]
    assert f"cannot listen on 127.0.0.1:{taken}" in failure("--database", database, "--listen", f"127.0.0.1:{taken}")
    process.terminate()
    process.communicate(timeout=10)


def test_a_malformed_address_is_an_error(database: Path) -> None:
    assert "'9187' is not host:port" in failure("--database", database, "--listen", "9187")
