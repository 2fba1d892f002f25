"""An application at work: threads that read, write, fail, commit, roll back and sync, and count what they did."""

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
        steps = (self._read, self._read, self._read, self._write, self._commit, self._roll_back, self._fail, self._sync)
        try:
            with self._con.cursor() as con:
                while not self._stop_asked.is_set() and self.queries < self._most:
                    self._random.choice(steps)(con)
        except Exception as error:  # noqa: BLE001 - whatever the application would see ends the soak
            self.wrong.append(f"{type(error).__name__}: {error}")

    def _query(
        self, con: duckdb_exporter.Connection, type_: str, table: str, text: str, *values: object
    ) -> list[tuple[object, ...]]:
        self.queries += 1
        self.counts[series("duckdb_query_latency_ms_count", query_type=type_)] += 1
        if type_ != "OTHER":
            self.counts[series(f"duckdb_{type_.lower()}_latency_ms_count", table_name=table)] += 1
        return con.execute(text, list(values)).fetchall()

    def _control(self, con: duckdb_exporter.Connection, verb: str) -> None:
        self._query(con, "OTHER", "", verb)

    def _transaction(self, outcome: str) -> None:
        self.counts[series(f"duckdb_transaction_{outcome}_count", instance_id=INSTANCE)] += 1

    def _read(self, con: duckdb_exporter.Connection) -> None:
        for _ in range(30):
            rows = self._query(con, "SELECT", "other", "SELECT ?", self._next)
            if rows != [(self._next,)]:
                self.wrong.append(f"SELECT gave {rows}")
        self._query(con, "SELECT", "trades", "SELECT count(*), sum(price) FROM trades WHERE thread = ?", self._number)

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
        self._transaction("success")

    def _roll_back(self, con: duckdb_exporter.Connection) -> None:
        self._control(con, "BEGIN")
        self._insert(con)
        self._control(con, "ROLLBACK")

    def _fail(self, con: duckdb_exporter.Connection) -> None:
        """A statement fails, and the COMMIT after it loses the transaction's rows."""
        self._control(con, "BEGIN")
        try:
            self._query(con, "SELECT", "other", "SELECT * FROM gone")
        except duckdb.CatalogException:
            self._control(con, "COMMIT")
            self._transaction("failure")
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
        self.counts[series(f"duckdb_sync_{outcome}_count", instance_id=INSTANCE)] += 1
        if attempt > 1:
            self.counts[series("duckdb_sync_retry_attempts", instance_id=INSTANCE)] += 1


def prepared(folder: Path) -> tuple[duckdb_exporter.Connection, Counter[Series]]:
    """The database, measured and served, and what was done to make it."""
    con = duckdb_exporter.connect(
        folder / "soak.duckdb", instance_id=INSTANCE, listen="127.0.0.1:0", memory_limit="256MiB"
    )
    con.execute("CREATE TABLE trades (thread INTEGER, id INTEGER, price DOUBLE)")
    return con, Counter({series("duckdb_query_latency_ms_count", query_type="OTHER"): 1})
