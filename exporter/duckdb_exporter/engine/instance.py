"""One measured database: its connections, its poller, and what is known of it."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from ..declare import Settings
from . import disk
from .activity import Activities, error_class
from .checkpoints import Checkpoints
from .lock import FileLock
from .memory import resident_bytes
from .poller import Poller
from .probes import Probes
from .readings import NOTHING_KNOWN, PARTS, Reader, Snapshot, out_of_memory
from .recorder import Recorder
from .statements import Classifier
from .transactions import COMMIT, FAILURES

if TYPE_CHECKING:
    from .connection import Connection


class Source(NamedTuple):
    """Which database an instance is: `key` is equal for connections to the same one, `path` None in memory."""

    key: object
    path: Path | None
    limits: tuple[int, ...] = ()
    quota: int | None = None


class Instance:
    """One database under one instance_id. Times are of `time.perf_counter`."""

    def __init__(self, id_: str, source: Source, settings: Settings, recorder: Recorder, classify: Classifier) -> None:
        self.id = id_
        self.classify = classify
        self.events = recorder.register(id_)
        self._settings = settings
        self._recorder = recorder
        self._activities = Activities()
        # Plain dict operations, each atomic: a finalizer can come between any two lines and must not wait for a lock.
        self._connections: dict[int, weakref.ref[Connection]] = {}
        self._poller = Poller(
            f"{id_} poller", partial(self._renew, "poll"), self._poll, self._not_answering, settings.poll_interval
        )
        self._pollers = {"poll": self._poller}
        self._polled: dict[str, int | None] = {}  # the connection that a poller's cursor was opened from, if a root
        self.measure(source)
        if self.probes.all:  # so that a slow query delays no poll
            interval = min(1.0, *(probe.metric.every for probe in self.probes.all))
            self._pollers["probes"] = Poller(
                f"{id_} probes", partial(self._renew, "probes"), self._probe, _nothing, interval, patience=0.0
            )

    def measure(self, source: Source) -> None:
        """Measure this database from now on."""
        self.source = source
        self._lock = FileLock(source.path)
        self.snapshot: Snapshot | None = None
        self.probes = Probes(self._recorder.metrics, self._settings)
        self.idle_since = perf_counter()
        self._reader: Reader | None = None
        self._answered_at = perf_counter()
        self._answering = False
        self._checkpoints = Checkpoints()

    @property
    def connected(self) -> bool:
        """Whether the application has a connection open."""
        return bool(self._connections)

    def join(self, connection: Connection) -> None:
        """A connection was opened."""
        self._connections[id(connection)] = weakref.ref(connection)
        self._activities.join(connection.activity)
        self._start()

    def cursors(self, connection: Connection) -> list[Connection]:
        """Those that close with this connection."""
        return [
            other
            for other in (self._living() if connection.is_root else ())
            if other.family is connection.family and other is not connection
        ]

    def leave(self, connections: Sequence[Connection]) -> None:
        """Connections are about to be closed: afterwards nothing of the exporter's depends on them."""
        for connection in connections:
            connection.activity.ended = True
            self._connections.pop(id(connection), None)
        if not self.connected:
            self.idle_since = perf_counter()
            self.stop()
            if self._connections:  # opened by another thread meanwhile
                self._start()
            return
        for name, poller in self._pollers.items():
            if self._polled.get(name) in (*map(id, connections), None):
                poller.detach()

    def lost(self, connection: Connection) -> None:
        """A connection is being collected by Python, unclosed."""
        connection.activity.ended = True
        self._connections.pop(id(connection), None)
        if not self.connected:
            self.idle_since = perf_counter()
            for poller in self._pollers.values():
                poller.detach_soon()

    def transaction_ended(self, outcome: str, seconds: float, at: float) -> None:
        """An explicit transaction ended; see `transactions` for the outcomes."""
        self._recorder.lasted("transaction.duration_mean", self.id, seconds, at)
        self._recorder.count("transaction.count", self.id, outcome=outcome)
        if outcome == COMMIT:
            self._recorder.count("transaction.success", self.id)
        elif outcome in FAILURES:
            self._recorder.count("transaction.failure", self.id)

    @contextlib.contextmanager
    def between_polls(self) -> Iterator[None]:
        """Keeps the pollers from the engine."""
        with contextlib.ExitStack() as paused:
            for poller in self._pollers.values():
                paused.enter_context(poller.paused())
            yield

    @property
    def exact_limit(self) -> int | None:
        """The memory limit in bytes; None where it is only known as the engine prints it, rounded."""
        limit = self.snapshot.values["memory.limit"] if self.snapshot is not None else None
        return int(limit) if limit in self.source.limits else None

    def set_limit(self, limit: int) -> None:
        """Set the memory limit in bytes. Raises duckdb.Error, LookupError when the database is not open."""

        def work(cursor: duckdb.DuckDBPyConnection) -> None:
            cursor.execute(f"SET memory_limit = '{limit}B'")
            self.source = self.source._replace(limits=tuple(dict.fromkeys((limit, *self.source.limits))))
            if self._reader is not None:  # made by the first poll, for which a full memory has no room
                self._reader.expect(self.source.limits)

        self._poller.run(work)
        self._poller.now()

    def checkpoint(self) -> None:
        """CHECKPOINT. Raises duckdb.Error, LookupError when the database is not open."""
        self._poller.run(lambda cursor: cursor.execute("CHECKPOINT"))

    def stop(self) -> None:
        """End the pollers."""
        for poller in self._pollers.values():
            poller.stop()

    def forked(self) -> None:
        """In a forked child: the connections are the parent's."""
        for connection in self._living():
            connection.forked()
        for poller in self._pollers.values():
            poller.forked()

    def show(self, now: float) -> None:
        """Bring what is known of the database into the gauges."""
        for measure, value in self.measurements(now).items():
            self._recorder.gauge(measure, self.id, value)
        self._take_rows()
        fresh = self.snapshot if now - self._answered_at <= self._settings.stale_after else None
        for measure in PARTS:
            self._recorder.parts(measure, self.id, fresh.parts[measure] if fresh else {})
        for probe in self.probes.all:
            self._recorder.replace(probe.metric.name, self.id, probe.samples(now) if self.connected else ())

    def measurements(self, now: float) -> dict[str, float | None]:
        """The present values in native units. Never waits for the engine; None for what is not known."""
        age = now - self._answered_at
        up = self._answering and age <= self._settings.stale_after
        snapshot = self.snapshot
        fresh = snapshot is not None and age <= self._settings.stale_after
        values = snapshot.values if snapshot is not None and fresh else NOTHING_KNOWN
        tracked, resident = values["memory.used"], resident_bytes()
        on_disk = self._disk(snapshot)
        return {
            **values,
            **on_disk,
            "disk.locked": self._lock.held() if self.connected else None,
            "disk.checkpoint_age": self._checkpoints.age(on_disk["disk.wal"] if self.source.path else None, now),
            "query.in_flight": self._activities.in_flight(),
            "transaction.oldest": self._oldest(now),
            "memory.fragmentation": resident / tracked if resident and tracked else None,
            "exporter.up": float(up),
            "exporter.poll_age": age,
        }

    def _disk(self, snapshot: Snapshot | None) -> dict[str, float | None]:
        attached, spilled = (snapshot.attached, snapshot.spilled) if snapshot else ((), None)
        return disk.read(self.source.path, attached, spilled, self.source.quota)

    def _start(self) -> None:
        for poller in self._pollers.values():
            poller.start()

    def _renew(self, name: str, cursor: duckdb.DuckDBPyConnection | None) -> duckdb.DuckDBPyConnection | None:
        if cursor is not None and self._connections:
            return cursor
        # Closing a connection closes the cursors opened from it, so the application's cursors come last.
        for connection in sorted(self._living(), key=lambda connection: not connection.is_root):
            self._polled[name] = id(connection) if connection.is_root else None
            if id(connection) not in self._connections:
                continue  # it began to close before it could see that it is polled
            try:
                return connection.open_cursor()
            except duckdb.Error:
                continue
        return None

    def _living(self) -> list[Connection]:
        return [connection for reference in list(self._connections.values()) if (connection := reference())]

    def _poll(self, cursor: duckdb.DuckDBPyConnection) -> None:
        started = perf_counter()
        self._take_rows()  # also where nobody scrapes: it forgets the connections that have ended
        self._recorder.fold(started)
        if self._reader is None:
            name = cursor.execute(_NAME).fetchall()[0][0]
            self._reader = Reader(name, self.source.limits, self._recorder.metrics)
        try:
            self.snapshot = self._reader.read(cursor, sum(poller.attached for poller in self._pollers.values()))
        except duckdb.OutOfMemoryException as error:
            if self.snapshot is None:
                raise
            self._recorder.count("exporter.poll_errors", self.id, error=error_class(error))
            self.snapshot = out_of_memory(cursor, self.snapshot)
        self.classify.follow(self.snapshot.views)
        self._answered_at = perf_counter()
        self._answering = True
        self._recorder.gauge("exporter.poll_duration", self.id, self._answered_at - started)

    def _take_rows(self) -> None:
        self._recorder.add("query.rows", self.id, self._activities.take_rows())

    def _probe(self, cursor: duckdb.DuckDBPyConnection) -> bool:
        return self.probes.poll(cursor)

    def _not_answering(self, error: Exception | None) -> None:
        self._answering = False
        if error is not None:
            self._recorder.count("exporter.poll_errors", self.id, error=error_class(error))

    def _oldest(self, now: float) -> float:
        """Seconds that the oldest open transaction or result has been open, 0 without one."""
        opened = (connection.open_since() for connection in self._living())
        return max((now - since for since in opened if since is not None), default=0.0)


def _nothing(error: Exception | None) -> None:
    """A probe says itself how it went."""


_NAME = "SELECT database_name FROM system.main.duckdb_databases() WHERE NOT internal ORDER BY database_oid LIMIT 1"
