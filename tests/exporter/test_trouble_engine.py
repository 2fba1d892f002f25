"""The engine fails: the application sees what a bare connection would show, and the scrape says what is wrong."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab, Scrape, Watch

I: dict[str, Any] = {"instance_id": "i"}  # noqa: E741 - the instance of every test here
LIMIT = 64 * 1024**2


def seen(call: Callable[[], Any]) -> str:
    """What the application sees of a call: its result, or its exception."""
    try:
        result = call()
    except duckdb.Error as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return repr(result.fetchall())


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Every write beyond `size` fails (EFBIG), as writes to a full disk do (ENOSPC), in this process alone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def filled(con: Any) -> None:
    con.execute("CREATE TABLE trades AS SELECT range AS id FROM range(100000)")
    checkpoint(con)


def checkpoint(con: Any) -> None:
    """CHECKPOINT, which one that meets a heartbeat in its 0.2 ms has to say again."""
    for _ in range(10):
        if not seen(lambda: con.execute("CHECKPOINT")).startswith("TransactionException"):
            return
    raise AssertionError("no CHECKPOINT succeeds")


def test_a_stalled_engine(lab: Lab, watch: Watch, tmp_path: Path) -> None:
    con = lab.connect(tmp_path / "a.duckdb", **I)
    filled(con)
    con.execute("CREATE TABLE u (id INTEGER)")
    checkpoint(con)
    reader, checkpointer = con.cursor(), con.cursor()
    reader.begin().execute("SELECT id FROM trades LIMIT 1").fetchall()
    con.execute("DROP TABLE trades")
    watch.until(lambda scrape: scrape("duckdb_up", **I) == 1)
    # With an older reader it waits without limit and lets no new statement start on any connection.
    stall = threading.Thread(target=checkpointer.execute, args=("FORCE CHECKPOINT",))
    stall.start()
    waiting = threading.Thread(target=con.execute, args=("SELECT * FROM u",))
    try:
        found = watch.until(lambda scrape: scrape("duckdb_up", **I) == 0)
        assert (found("duckdb_poll_age_seconds", **I) or 0) > 0.4
        for absent in ("duckdb_memory_used_bytes", "duckdb_active_connections"):
            assert found(absent, **I) is None  # nothing old is passed off as new
        assert found("duckdb_wal_bytes", **I) is not None  # the disk is asked without the engine
        waiting.start()
        assert watch.promptly()("duckdb_up", **I) == 0
        assert waiting.is_alive()  # for the engine, as without the exporter
    finally:
        reader.commit()
        stall.join(10)
    waiting.join(10)
    assert not waiting.is_alive()
    watch.until(lambda scrape: scrape("duckdb_up", **I) == 1)
    con.close()


def test_no_reading_makes_a_checkpoint_fail(lab: Lab, watch: Watch, tmp_path: Path) -> None:
    """Of views and tables it is read in a transaction, so a measured connection keeps polls from its checkpoints."""
    con = lab.connect(tmp_path / "a.duckdb", **I)
    for number in range(100):
        con.execute("CREATE OR REPLACE TABLE trades AS SELECT ? AS id", [number])
        con.execute("CHECKPOINT")
    assert watch.promptly()("duckdb_up", **I) == 1
    con.close()


def fatal(con: Any, path: Path) -> list[str]:
    """A checkpoint finds no room; then nothing works until every connection is closed."""
    filled(con)
    con.execute("INSERT INTO trades SELECT range FROM range(30000)")
    with files_no_larger_than(path.stat().st_size):
        said = [seen(lambda: con.execute("CHECKPOINT"))]
    return [*said, seen(lambda: con.execute("SELECT 1")), seen(lambda: con.cursor().execute("SELECT 1"))]


def test_a_fatal_error(lab: Lab, watch: Watch, tmp_path: Path) -> None:
    bare, path = tmp_path / "bare.duckdb", tmp_path / "same.duckdb"
    with duckdb.connect(str(bare)) as plain:
        expected = [line.replace("bare", "same") for line in fatal(plain, bare)]
    assert [line.partition(":")[0] for line in expected] == ["FatalException"] * 3
    con = lab.connect(path, **I)
    watch.until(lambda scrape: scrape("duckdb_up", **I) == 1)
    assert fatal(con, path) == expected
    watch.until(lambda scrape: scrape("duckdb_up", **I) == 0)
    found = watch.until(lambda scrape: scrape("duckdb_memory_used_bytes", **I) is None)  # stale by now
    assert (found("duckdb_wal_bytes", **I) or 0) > 0  # what was committed waits there
    assert watch.promptly()("duckdb_fatal_errors_total", **I) == 3  # as often as the application got it
    con.close()
    con = lab.connect(path, **I)
    assert con.execute("SELECT count(*) FROM trades").fetchall() == [(130_000,)]
    watch.until(lambda scrape: scrape("duckdb_up", **I) == 1)
    con.close()


def disk_full(con: Any, path: Path) -> list[str]:
    """A commit finds no room and loses its rows; the engine goes on."""
    filled(con)
    with files_no_larger_than(path.stat().st_size + 2**19):
        con.execute("BEGIN")
        said = [
            seen(lambda: con.execute("INSERT INTO trades SELECT random() * 1e9 FROM range(300000)")),
            seen(lambda: con.execute("COMMIT")),
            seen(lambda: con.execute("SELECT count(*) FROM trades")),
        ]
    return [*said, seen(lambda: con.execute("INSERT INTO trades VALUES (1)"))]


def test_a_full_disk(lab: Lab, watch: Watch, tmp_path: Path) -> None:
    bare, path = tmp_path / "bare.duckdb", tmp_path / "same.duckdb"
    with duckdb.connect(str(bare)) as plain:
        expected = [line.replace("bare", "same") for line in disk_full(plain, bare)]
    assert "Could not write file" in expected[1]
    con = lab.connect(path, disk_quota=path_size(bare), **I)
    watch.until(lambda scrape: scrape("duckdb_up", **I) == 1)
    assert disk_full(con, path) == expected
    found = watch.promptly()
    assert found("duckdb_transaction_failure_count", **I) == 1
    assert found("duckdb_up", **I) == 1
    used, quota = found("duckdb_disk_usage_bytes", **I), found("duckdb_max_disk_usage_bytes", **I)
    assert used == path_size(path)
    assert quota == path_size(bare)
    con.close()


def path_size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


def memory_full(con: Any) -> list[str]:
    """Rows that cannot be evicted fill the limit: there is no temporary folder to spill to."""
    con.execute("CREATE TABLE trades (id DOUBLE, text VARCHAR)")
    rows = "INSERT INTO trades SELECT random(), repeat('x', 50) || random() FROM range(20000)"
    # How many fit depends on what else the engine holds, so the number of successes is not compared.
    said = ""
    for _ in range(200):
        said = seen(lambda: con.execute(rows)).partition(":")[0]
        if said == "OutOfMemoryException":
            break
    return [said, seen(lambda: con.execute("SELECT 1"))]


def test_the_memory_limit_is_reached(lab: Lab, watch: Watch) -> None:
    config: dict[str, Any] = {"memory_limit": f"{LIMIT}B", "temp_directory": ""}
    with duckdb.connect(config=config) as plain:
        expected = memory_full(plain)
    assert expected[0] == "OutOfMemoryException"
    con = lab.connect(config=config, **I)
    assert memory_full(con) == expected

    def nearly_full(scrape: Scrape) -> bool:
        return (scrape("duckdb_memory_pinned_bytes", **I) or 0) > 0.8 * LIMIT

    def nearly_empty(scrape: Scrape) -> bool:
        pinned = scrape("duckdb_memory_pinned_bytes", **I)
        return pinned is not None and pinned < 0.2 * LIMIT

    watch.until(nearly_full)
    found = watch.promptly()
    assert found("duckdb_memory_limit_bytes", **I) == LIMIT
    for _ in range(50):  # longer than readings are fresh
        found = watch()
        assert found("duckdb_up", **I) == 1
        assert nearly_full(found)
        time.sleep(0.02)
    con.execute("DROP TABLE trades")
    watch.until(nearly_empty)
    con.close()


def spill_full(con: Any) -> str:
    """A sort larger than the memory may not spill either."""
    con.execute("SET memory_limit = '40MB'").execute("SET max_temp_directory_size = '1MB'")
    return seen(lambda: con.execute("SELECT random() AS r FROM range(5000000) ORDER BY r")).partition(":")[0]


def test_no_room_is_left_to_spill(lab: Lab, watch: Watch, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "bare.duckdb")) as plain:
        expected = spill_full(plain)
    assert expected == "OutOfMemoryException"
    con = lab.connect(tmp_path / "same.duckdb", **I)
    assert spill_full(con) == expected
    watch.until(lambda scrape: scrape("duckdb_up", **I) == 1)
    found = watch.promptly()
    assert found("duckdb_out_of_memory_total", **I) == 1
    assert found("duckdb_query_errors_total", error="OutOfMemoryException", **I) == 1
    con.close()


def test_the_database_is_closed_under_the_poller(lab: Lab, watch: Watch, tmp_path: Path) -> None:
    threads = threading.active_count()
    for number in range(30):
        con = lab.connect(tmp_path / "a.duckdb", **I)
        con.execute("CREATE OR REPLACE TABLE trades AS SELECT range AS id FROM range(1000)")
        watch()
        con.close()  # never refused because of a poll
        assert watch()("duckdb_up", **I) == 0, number
    watch.promptly()
    assert threading.active_count() <= threads + 1
    with duckdb.connect(str(tmp_path / "a.duckdb"), config={"threads": 1}) as other:  # nothing of ours is left on it
        assert other.execute("SELECT count(*) FROM trades").fetchall() == [(1000,)]


def test_a_connection_is_closed_while_a_poll_waits_for_the_engine(lab: Lab, watch: Watch, tmp_path: Path) -> None:
    con = lab.connect(tmp_path / "a.duckdb", **I)
    other = con.cursor()
    long = threading.Thread(target=seen, args=(lambda: other.execute("SELECT sum(hash(range)) FROM range(300000000)"),))
    long.start()
    watch.until(lambda scrape: scrape("duckdb_active_connections", **I) is not None)
    watch.promptly()
    other.interrupt()
    long.join(10)
    con.close()
    assert watch()("duckdb_up", **I) == 0
