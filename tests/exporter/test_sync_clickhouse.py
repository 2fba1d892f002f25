"""The program of docs/sync.md, as it stands there, against ClickHouse's real engine: each row arrives once."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

import duckdb_exporter

if TYPE_CHECKING:
    from tests.exporter.conftest import Scrape

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "sync.md").read_text()
(TABLE,) = re.findall(r"^```sql\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
(PROGRAM,) = (
    block for block in re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL) if "main" in block
)
COUNTERS = {
    "success": "duckdb_sync_success_count",
    "failure": "duckdb_sync_failure_count",
    "retries": "duckdb_sync_retry_attempts",
    "given up": "duckdb_sync_exhausted_total",
}


class Server:
    """ClickHouse, and what is to go wrong with its next inserts."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.client: Any = clickhouse_connect.get_client(dsn=self.url)

    def fail(self, faults: str) -> None:
        urllib.request.urlopen(f"{self.url}/faults", data=faults.encode(), timeout=5).close()  # noqa: S310

    def inserts(self) -> int:
        """How many arrived."""
        with urllib.request.urlopen(f"{self.url}/inserts", timeout=5) as answer:  # noqa: S310
            return int(answer.read())

    def rows(self) -> tuple[int, int]:
        """All, and different ones."""
        ((rows, different),) = self.client.query("SELECT count(), uniqExact(id) FROM trades").result_rows
        return rows, different


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    command = [sys.executable, str(ROOT / "tests" / "demo" / "clickhouse.py"), str(tmp_path_factory.mktemp("chdb"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        server = Server(int(process.stdout.readline()))
        yield server
        server.client.close()
        process.stdin.close()


@pytest.fixture
def server(clickhouse: Server) -> Server:
    clickhouse.fail("")
    clickhouse.client.command("DROP TABLE IF EXISTS trades")
    clickhouse.client.command(TABLE)
    return clickhouse


class Application:
    """The program of the document in a folder of its own, and a database that it may find there."""

    def __init__(self, parse: Callable[[bytes], Scrape]) -> None:
        self.names: dict[str, Any] = {"__name__": "sync_trades"}
        exec(compile(PROGRAM, "docs/sync.md", "exec"), self.names)  # noqa: S102
        self._parse = parse
        self._before = self._counts()

    def run(self) -> None:
        """The whole program."""
        self.names["main"]()

    def put(self, rows: int, first: int = 0) -> None:
        """Rows that wait for a sync."""
        with duckdb_exporter.connect("app.duckdb", instance_id="mt5-1", listen=False) as con:
            con.execute(
                "CREATE TABLE IF NOT EXISTS outbox"
                " (id UBIGINT, made TIMESTAMP, symbol VARCHAR, price DOUBLE, token VARCHAR)"
            )
            con.execute(
                "INSERT INTO outbox (id, made, symbol, price)"
                " SELECT range, TIMESTAMP '2026-11-24' + to_milliseconds(range), 'EURUSD', 1 + random()"
                " FROM range(?, ?)",
                [first, first + rows],
            )

    def counted(self) -> dict[str, float]:
        """By how much the counters went up."""
        return {
            name: value - self._before[name] for name, value in self._counts().items() if value > self._before[name]
        }

    def value(self, name: str) -> float | None:
        return self._scrape()(name, instance_id="mt5-1")

    def _counts(self) -> dict[str, float]:
        scrape = self._scrape()
        return {name: scrape(metric, instance_id="mt5-1") or 0 for name, metric in COUNTERS.items()}

    def _scrape(self) -> Scrape:
        return self._parse(duckdb_exporter._EXPORTER.render())


@pytest.fixture
def application(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parse: Callable[[bytes], Scrape]
) -> Iterator[Application]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLICKHOUSE_DSN", server.url)
    yield Application(parse)
    duckdb_exporter.close()


def test_what_waits_arrives_in_batches(server: Server, application: Application) -> None:
    application.put(2500)
    application.run()
    assert server.rows() == (2500, 2500)
    assert application.counted() == {"success": 3}
    assert application.value("duckdb_sync_pending_rows") == 0


def test_an_insert_that_the_driver_sends_again_by_itself_is_stored_once(
    server: Server, application: Application
) -> None:
    application.put(10)
    before = server.inserts()
    server.fail("drop_after")  # the rows are stored, and nobody says so
    application.run()
    assert server.inserts() - before == 2
    assert application.counted() == {"success": 1}  # the driver told nothing of it
    assert server.rows() == (10, 10)


def test_without_the_window_it_is_stored_twice(server: Server, application: Application) -> None:
    server.client.command("DROP TABLE trades")
    server.client.command(TABLE.partition("SETTINGS")[0])
    application.put(10)
    server.fail("drop_after")
    application.run()
    assert server.rows() == (20, 10)


def test_attempts_that_fail_are_counted_and_their_rows_come_once(server: Server, application: Application) -> None:
    application.put(10)
    server.fail("busy drop_after drop_after fine")  # the driver itself tries a dropped one again, once
    application.run()
    assert server.rows() == (10, 10)
    assert application.counted() == {"success": 1, "failure": 2, "retries": 2}
    assert application.value("duckdb_sync_backoff_seconds") == 0


def test_when_the_attempts_are_used_up_the_next_run_sends_the_same_batch(
    server: Server, application: Application
) -> None:
    application.put(10)
    server.fail("drop_after " * 12)
    with pytest.raises(OperationalError):
        application.run()
    assert application.counted() == {"failure": 6, "retries": 5, "given up": 1}
    assert application.value("duckdb_sync_pending_rows") == 10
    application.put(10, first=10)  # later rows do not come into the batch that was begun
    server.fail("")
    application.run()
    assert server.rows() == (20, 20)
    assert application.counted() == {"success": 2, "failure": 6, "retries": 5, "given up": 1}


def test_an_error_that_stays_is_raised_at_once(server: Server, application: Application) -> None:
    application.put(10)
    server.client.command("DROP TABLE trades")
    with pytest.raises(DatabaseError) as raised:
        application.run()
    assert not duckdb_exporter.transient(raised.value)
    assert application.counted() == {"failure": 1}
