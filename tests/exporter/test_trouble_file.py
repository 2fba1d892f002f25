"""The database file is no longer the engine's own: the scrape says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab, Watch

I: dict[str, Any] = {"instance_id": "i"}  # noqa: E741 - the instance of every test here
WRITE = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('CREATE TABLE intruder (id INTEGER)')"


def written_by_another_process(path: Path) -> bool:
    done = subprocess.run([sys.executable, "-c", WRITE, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "Could not set lock" in done.stderr, done.stderr
    return done.returncode == 0


def test_the_lock_is_lost_when_the_application_reads_its_own_file(lab: Lab, watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as bare:
        bare.execute("CREATE TABLE trades (id INTEGER)")
    con = lab.connect(path, **I)  # there is no log, which would have a lock of its own
    watch.until(lambda scrape: scrape("duckdb_up", **I) == 1)
    assert watch()("duckdb_file_lock_held", **I) == 1
    assert not written_by_another_process(path)
    with path.open("rb"):
        pass
    found = watch.promptly()
    assert (found("duckdb_file_lock_held", **I), found("duckdb_up", **I)) == (0, 1)
    assert written_by_another_process(path)  # what it means
    con.close()
    assert watch()("duckdb_file_lock_held", **I) is None


def test_no_scrape_and_no_poll_loses_the_lock(lab: Lab, watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as bare:
        bare.execute("CREATE TABLE trades (id INTEGER)")
    con = lab.connect(path, **I)
    for _ in range(50):
        assert watch()("duckdb_file_lock_held", **I) == 1
    watch.promptly()
    assert not written_by_another_process(path)
    con.close()


def test_the_file_is_replaced(lab: Lab, watch: Watch, tmp_path: Path) -> None:
    path, restored = tmp_path / "a.duckdb", tmp_path / "backup.duckdb"
    with duckdb.connect(str(restored)) as other:
        other.execute("CREATE TABLE trades AS SELECT range AS id FROM range(1000000)")
    with duckdb.connect(str(path)) as bare:
        bare.execute("CREATE TABLE trades AS SELECT 1 AS id")
    con = lab.connect(path, **I)
    assert watch()("duckdb_file_lock_held", **I) == 1
    restored.rename(path)
    found = watch.promptly()
    assert found("duckdb_file_lock_held", **I) == 0
    assert found("duckdb_disk_usage_bytes", **I) == path.stat().st_size
    # The application goes on with the file that it has open, as without the exporter.
    assert con.execute("SELECT * FROM trades").fetchall() == [(1,)]
    con.close()
    con = lab.connect(path, **I)
    assert con.execute("SELECT count(*) FROM trades").fetchall() == [(1_000_000,)]
    assert watch()("duckdb_file_lock_held", **I) == 1
    con.close()


def test_the_file_is_removed(lab: Lab, watch: Watch, tmp_path: Path) -> None:
    con = lab.connect(tmp_path / "a.duckdb", **I)
    con.execute("CREATE TABLE trades AS SELECT 1 AS id")
    assert watch()("duckdb_file_lock_held", **I) == 1
    (tmp_path / "a.duckdb").unlink()
    found = watch.promptly()
    assert found("duckdb_file_lock_held", **I) == 0
    assert found("duckdb_disk_usage_bytes", **I) is None
    assert con.execute("SELECT * FROM trades").fetchall() == [(1,)]
    con.close()


def test_a_database_in_memory_has_no_lock(lab: Lab, watch: Watch) -> None:
    con = lab.connect(**I)
    assert watch.promptly()("duckdb_file_lock_held", **I) is None
    con.close()
