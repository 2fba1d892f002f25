"""An application at work: threads that read, write, fail, commit, roll back and sync, each way to run a query among
them, and count what they did.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from pathlib import Path

import duckdb

import duckdb_exporter

INSTANCE = "soak"
THREADS = 4
KEPT = 50
"""Rows that a thread leaves in its tables, so that they do not grow."""

Series = tuple[str, tuple[tuple[str, str], ...]]


def series(name: str, **labels: str) -> Series:
    """A series by its name and labels."""
    return name, tuple(sorted(labels.items()))


class Worker(threading.Thread):
    """One thread with its own cursor and its own rows."""

    def __init__(self, con: duckdb_exporter.Connection, number: int, stop: threading.Event, queries: int) -> None:
        super().__init__(name=f"worker {number}")
        self.counts: Counter[Series] = Counter()
        self.queries = 0
        self.wrong: list[str] = []
        self._con = con
        self._number = number
        self._stop_asked = stop
        self._most = queries
        self._random = random.Random(number)
        self._next = 0

    def run(self) -> None:
        """Work until told to stop, or until the number of queries is reached."""
        steps = (
            self._read, self._read, self._read, self._write, self._commit, self._roll_back, self._fail, self._sync,
            self._relations, self._frames, self._parts, self._append, self._many, self._cursors,
        )  # fmt: skip
        try:
            with self._con.cursor() as con:
                while not self._stop_asked.is_set() and self.queries < self._most:
                    self._random.choice(steps)(con)
        except Exception as error:  # noqa: BLE001 - whatever the application would see ends the soak
            self.wrong.append(f"{type(error).__name__}: {error}")

    def _count(self, name: str, amount: int = 1, **labels: str) -> None:
        self.counts[series(name, **labels)] += amount

    def _ran(self, type_: str, table: str, outcome: str = "ok", rows: int = 0) -> None:
        self.queries += 1
        self._count("duckdb_query_latency_ms_count", query_type=type_)
        self._count("duckdb_query_count", query_type=type_, outcome=outcome)
        if type_ != "OTHER":
            self._count(f"duckdb_{type_.lower()}_latency_ms_count", table_name=table)
        if rows:
            self._count("duckdb_rows_returned_total", rows, instance_id=INSTANCE)

    def _query(
        self, con: duckdb_exporter.Connection, type_: str, table: str, text: str, *values: object
    ) -> list[tuple[object, ...]]:
        rows = con.execute(text, list(values)).fetchall()
        self._ran(type_, table, rows=len(rows))
        return rows

    def _expect(self, found: object, expected: object) -> None:
        if found != expected:
            self.wrong.append(f"{found} in place of {expected}")

    def _control(self, con: duckdb_exporter.Connection, verb: str) -> None:
        self._query(con, "OTHER", "", verb)

    def _transaction(self, metric: str | None, outcome: str) -> None:
        self._count("duckdb_transaction_count", instance_id=INSTANCE, outcome=outcome)
        if metric is not None:
            self._count(f"duckdb_transaction_{metric}_count", instance_id=INSTANCE)

    def _read(self, con: duckdb_exporter.Connection) -> None:
        for _ in range(30):
            self._expect(self._query(con, "SELECT", "other", "SELECT ?", self._next), [(self._next,)])
        self._query(con, "SELECT", "trades", "SELECT count(*), sum(price) FROM trades WHERE thread = ?", self._number)

    def _relations(self, con: duckdb_exporter.Connection) -> None:
        """Each runs when it is read, and each time."""
        numbers = con.sql("SELECT range AS id FROM range(10)").filter("id % 2 = 0")
        for _ in range(2):
            self._expect(numbers.fetchall(), [(0,), (2,), (4,), (6,), (8,)])
            self._ran("SELECT", "other", rows=5)
        rows = con.table("trades").filter(f"thread = {self._number}").order("id").limit(3).fetchall()
        self._ran("SELECT", "trades", rows=len(rows))

    def _frames(self, con: duckdb_exporter.Connection) -> None:
        frame = con.execute("SELECT ?::INTEGER AS thread, range::INTEGER AS id FROM range(100)", [self._number]).df()
        self._ran("SELECT", "other", rows=100)
        self._expect((len(frame), int(frame["id"].sum())), (100, 4950))
        self._expect(con.sql("SELECT count(*) FROM frame").fetchall(), [(100,)])
        self._ran("SELECT", "other", rows=1)

    def _parts(self, con: duckdb_exporter.Connection) -> None:
        """Read in part, and not at all; with a cursor, since DuckDB reads no relation beside rows that are left."""
        with con.cursor() as short:
            short.execute("SELECT range FROM range(100000)")
            self._expect(short.fetchone(), (0,))
            self._expect(len(short.fetchmany(9)), 9)
            self._ran("SELECT", "other", "partial", rows=10)
            short.execute("SELECT range FROM range(100000)")
            self._ran("SELECT", "other", "abandoned")

    def _append(self, con: duckdb_exporter.Connection) -> None:
        with con.appender("trades") as appender:
            for _ in range(5):
                self._next += 1
                appender.append_row(self._number, self._next, 2.5)
        self._ran("INSERT", "trades")

    def _many(self, con: duckdb_exporter.Connection) -> None:
        rows = [[self._number, self._next + number, 3.5] for number in range(1, 6)]
        self._next += len(rows)
        con.executemany("INSERT INTO trades VALUES (?, ?, ?)", rows)
        self._ran("INSERT", "trades")

    def _cursors(self, con: duckdb_exporter.Connection) -> None:
        for _ in range(5):
            with con.cursor() as short:
                self._query(short, "SELECT", "other", "SELECT 1")

    def _insert(self, con: duckdb_exporter.Connection) -> None:
        self._next += 1
        self._query(con, "INSERT", "trades", "INSERT INTO trades VALUES (?, ?, ?)", self._number, self._next, 1.5)

    def _write(self, con: duckdb_exporter.Connection) -> None:
        self._insert(con)
        text = "UPDATE trades SET price = price + 1 WHERE thread = ? AND id = ?"
        self._query(con, "UPDATE", "trades", text, self._number, self._next)
        text = "DELETE FROM trades WHERE thread = ? AND id < ?"
        self._query(con, "DELETE", "trades", text, self._number, self._next - KEPT)

    def _commit(self, con: duckdb_exporter.Connection) -> None:
        self._control(con, "BEGIN")
        for _ in range(5):
            self._insert(con)
        self._control(con, "COMMIT")
        self._transaction("success", "commit")

    def _roll_back(self, con: duckdb_exporter.Connection) -> None:
        self._control(con, "BEGIN")
        self._insert(con)
        self._control(con, "ROLLBACK")
        self._transaction(None, "rollback")

    def _fail(self, con: duckdb_exporter.Connection) -> None:
        """A statement fails, and the COMMIT after it loses the transaction's rows."""
        self._control(con, "BEGIN")
        try:
            con.execute("SELECT * FROM gone")
        except duckdb.CatalogException:
            self._ran("SELECT", "other", "error")
            self._count("duckdb_query_errors_total", instance_id=INSTANCE, error="CatalogException")
            self._control(con, "COMMIT")
            self._transaction("failure", "lost_commit")
        else:
            self.wrong.append("a query of a table that is not there succeeded")

    def _sync(self, _: duckdb_exporter.Connection) -> None:
        attempt = self._random.choice((1, 2))
        outcome = self._random.choice(("success", "failure"))
        try:
            with duckdb_exporter.sync(INSTANCE, attempt=attempt):
                if outcome == "failure":
                    raise OSError("the other side is away")
        except OSError:
            pass
        self._count(f"duckdb_sync_{outcome}_count", instance_id=INSTANCE)
        if attempt > 1:
            self._count("duckdb_sync_retry_attempts", instance_id=INSTANCE)


def prepared(folder: Path) -> tuple[duckdb_exporter.Connection, Counter[Series]]:
    """The database, measured and served, and what was done to make it."""
    con = duckdb_exporter.connect(
        folder / "soak.duckdb", instance_id=INSTANCE, listen="127.0.0.1:0", memory_limit="256MiB"
    )
    con.execute("CREATE TABLE trades (thread INTEGER, id INTEGER, price DOUBLE)")
    con.table("trades").df()  # loads pandas, with threads of its own
    return con, Counter(
        [
            *(series("duckdb_query_latency_ms_count", query_type=type_) for type_ in ("OTHER", "SELECT")),
            *(series("duckdb_query_count", query_type=type_, outcome="ok") for type_ in ("OTHER", "SELECT")),
            series("duckdb_select_latency_ms_count", table_name="trades"),
        ]
    )
