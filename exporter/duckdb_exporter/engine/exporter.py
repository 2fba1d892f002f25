"""The exporter of a process: its instances, its server, and what one scrape shows."""

from __future__ import annotations

import atexit
import logging
import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakMethod

import duckdb

from ..exposition import Exposition
from ..instruments import DEFAULT_LIMIT, Instruments
from ..server import Server, address
from . import probe_report, source
from .connection import Connection
from .instance import Instance, Source
from .instances import Instances, Sizes
from .memory import parse_bytes
from .parser import Parser
from .recorder import Recorder
from .remedies import Function, Remedies
from .serving import FilePath, Listen, Serving, Wanted
from .statements import Classifier
from .sync import Syncs
from .tables import declared

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from ..registry import Collector

_LOG = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., object])


class Exporter:
    """Measures databases of this process and serves the numbers."""

    def __init__(self, instruments: Instruments, system: str, digest: str) -> None:
        self._arguments = (instruments, system, digest)
        self._settings = instruments.settings
        self._system = system
        self.instruments = instruments
        self._recorder = Recorder(instruments)
        self._instances = Instances(self._settings, self._new_instance, self._recorder.forget)
        syncs = Syncs(self._recorder, self._instances.meant)
        self.sync, self.sync_attempts, self.sync_pending = syncs.one, syncs.attempts, syncs.pending
        self._exposition = Exposition(instruments, system, digest)
        self._tables = declared(self._recorder.metrics)
        self._parser = Parser()
        self._scrape_lock = threading.Lock()
        self._remedies = (
            None
            if (remedies := self._settings.remedies) is None
            else Remedies(remedies, self._settings.instance_label, self._recorder, self._instances)
        )
        self._has_probes = any(metric.sql is not None for metric in self._recorder.metrics)
        pages = probe_report.pages(self._instances.probes) if self._has_probes else {}
        self._serving = Serving(system, self._settings.listen, self._shown, pages, self._remedies)

    def connect(
        self,
        database: str | os.PathLike[str] = ":memory:",
        read_only: bool = False,
        config: dict[str, Any] = {},  # noqa: B006 - as duckdb's own, and only read
        *,
        instance_id: str | None = None,
        listen: Listen = None,
        memory_limit: int | str | None = None,
        disk_quota: int | str | None = None,
        web_config: FilePath | None = None,
        remedies_token_file: FilePath | None = None,
        registry: CollectorRegistry | None = None,
    ) -> Connection:
        """Open a database as `duckdb.connect` does, measured, and serve `/metrics`.

        `instance_id`: value of the instance label; default the environment's DUCKDB_EXPORTER_INSTANCE_ID, else the
        host name. Further connections to the same database share its instance. `listen`: host:port, False for no
        server, default the spec's. A server that cannot be started is logged and does not keep the application from
        its database. `memory_limit`: set on the engine, in bytes or as DuckDB writes sizes; default the spec's.
        `disk_quota`: what disk use is compared with; default the spec's, else the size of the file system. Both are of
        the database: while it is open, a further connection gives the same or none.
        `web_config`, `remedies_token_file`, `registry`: as for `serve`.

        Raises what `duckdb.connect` raises, unchanged and counted as a failed connection; ValueError for a size, an
        address or a file of the server that is none, for a size that differs from the open database's, or from the
        memory_limit in `config`, for an instance_id that is no text of valid Unicode, and for a second database under
        the instance_id of one that is open.
        """
        given = Sizes.read(memory_limit, disk_quota)
        limit = given.memory_limit or self._settings.memory_limit
        try:
            key, path = source.of_database(database)
            configured = source.configured_limit(config)
        except (AttributeError, TypeError):
            duckdb.connect(database, config=config)  # type: ignore[arg-type]  # says what is wrong with them
            raise
        if configured is not None and given.memory_limit not in (None, parse_bytes(configured)):
            raise ValueError(f"{memory_limit=}, and {configured!r} in config: give one, or both the same")
        limits = [size for size in (limit, parse_bytes(configured)) if size is not None]
        instance = self._instances.find(key, path, limits, given, instance_id)
        self._serve_for_connection(
            listen, web_config=web_config, remedies_token_file=remedies_token_file, registry=registry
        )
        try:
            raw = duckdb.connect(os.fspath(database), read_only=read_only, config=config)
        except Exception:
            self._recorder.count("connection.failed", instance.id)
            raise
        if limit is not None and not instance.connected and configured is None:
            with raw.cursor() as cursor:  # a statement on the connection itself would show in its description
                cursor.execute(f"SET memory_limit = '{limit}B'")
        return Connection(raw, instance)

    def instrument(
        self,
        connection: duckdb.DuckDBPyConnection | Connection,
        *,
        instance_id: str | None = None,
        listen: Listen = None,
        memory_limit: int | str | None = None,
        disk_quota: int | str | None = None,
    ) -> Connection:
        """A measured connection in place of a bare one, which is then used and closed only through the result.

        One that is measured already is given back as it is.
        Arguments as for `connect`, but `memory_limit` only says which exact number was configured.
        Raises ValueError as `connect` does, duckdb.Error when the connection is closed.
        """
        given = Sizes.read(memory_limit, disk_quota)
        limit = given.memory_limit or self._settings.memory_limit
        limits = [] if limit is None else [limit]
        instance = self._instances.find(*source.of_connection(connection), limits, given, instance_id)
        self._serve_for_connection(listen)
        return connection if isinstance(connection, Connection) else Connection(connection, instance)

    def serve(
        self,
        listen: str | None = None,
        *,
        web_config: FilePath | None = None,
        remedies_token_file: FilePath | None = None,
        scraped_as: str | None = None,
        registry: CollectorRegistry | None = None,
        targets: FilePath | None = None,
    ) -> Server:
        """Serve `/metrics` for this process, on `listen` or the spec's address; the running server if there is one.

        `web_config`: a file with TLS and users; default neither. `remedies_token_file`: whoever has the token in it may
        post alerts to `/remedies`; default nobody. `scraped_as`: the host:port by which Prometheus knows this process,
        where that is not the address it listens on. `registry`: of `prometheus_client`, for example its REGISTRY, whose
        metrics are shown below ours; what clashes with ours, or fails, is left out and logged. `targets`: a folder that
        gets a file with the address, for Prometheus' `file_sd_configs`; default the environment's
        DUCKDB_EXPORTER_TARGETS, else none.

        Raises ValueError for a malformed address or file, or when already serving otherwise, OSError when the address
        cannot be bound or the folder not be written.
        """
        return self._serving.serve(Wanted(listen, web_config, remedies_token_file, scraped_as, registry, targets))

    def remedy(self, name: str, *, undo: Function | None = None) -> Callable[[F], F]:
        """`@remedy("retry_sync")` on the function of the application to call when an alert asks for that remedy.

        It gets the alert, and runs in a thread of the server, one remedy at a time. `undo` is called with the alert
        when it resolves. Raises ValueError for a remedy that no alert of the spec has.
        """
        if self._remedies is None:
            raise ValueError("the spec has no `remedies` for the exporter")
        remedies = self._remedies

        def register(function: F) -> F:
            remedies.register(name, function, undo)
            return function

        return register

    def render(self) -> bytes:
        """What a scrape shows now, in text format 0.0.4. Calls no engine and opens no database file."""
        with self._fresh():
            shown = self._exposition.render()
        if self._has_probes:
            shown += probe_report.families(self._system, self._settings.instance_label, self._instances.probes())
        return shown

    def collector(self) -> Collector:
        """What `/metrics` shows, to `register` with a registry of `prometheus_client` that the application serves.

        Series have the spec's names there too; of a counter whose name does not end with `_total` the type is lost.
        """
        from ..registry import Collector  # noqa: PLC0415 - who does not ask for it does not load its package

        return Collector(self._exposition, WeakMethod(self._fresh))

    def close(self) -> None:
        """End server and pollers. Connections stay usable; another `connect` or `serve` starts anew."""
        self._serving.close()
        for instance in self._instances.values():
            instance.stop()
        self._parser.close()

    def forked(self) -> None:
        """In a forked child: start anew, from zero, and keep off what is the parent's.

        No thread of the parent is here. A connection of its refuses to work: to close one here would write the
        parent's log into its database file, and DuckDB 2.0 crashes doing so.
        """
        self._serving.forked()
        self._parser.forked()
        for instance in self._instances.values():
            instance.forked()
        instruments, system, digest = self._arguments
        Instruments.__init__(instruments, [one.metric for one in instruments], instruments.settings)
        Exporter.__init__(self, instruments, system, digest)

    @contextmanager
    def _fresh(self) -> Iterator[None]:
        with self._scrape_lock:
            now = perf_counter()
            self._instances.forget_closed(now)
            instances = list(self._instances.values())
            for instance in instances:
                instance.show(now)
            self._recorder.fold(now)
            yield
            for instance in instances:
                self._recorder.gauge("exporter.scrape_duration", instance.id, perf_counter() - now)

    def _new_instance(self, id_: str, wanted: Source) -> Instance:
        if len(self._instances) >= (most := self._most_instances()):
            name = self._settings.instance_label
            _LOG.warning("instance %r shows no gauges: the spec's limit of %s is %d databases", id_, name, most)
        # Each has views of its own, and so a classifier.
        return Instance(id_, wanted, self._settings, self._recorder, Classifier(self._tables, self._parser))

    def _most_instances(self) -> float:
        """How many databases have series of their own."""
        labels = (label for metric in self._recorder.metrics if metric.type == "gauge" for label in metric.labels)
        own = (label for label in labels if label.name == self._settings.instance_label and label.values is None)
        return min((label.limit or DEFAULT_LIMIT for label in own), default=math.inf)

    def _shown(self, registry: CollectorRegistry | None) -> Callable[[], bytes]:
        if registry is None:
            return self.render
        from ..registry import Guest  # noqa: PLC0415

        guest = Guest(registry, self._exposition.names())
        return lambda: self.render() + guest.render()

    def _serve_for_connection(self, listen: Listen, **how: Any) -> None:
        if listen is False:
            return
        if listen is not None:
            address(listen)
        try:
            self.serve(listen, **how)
        except OSError as error:
            _LOG.error("cannot serve /metrics on %s: %s", listen or self._settings.listen, error)


def process_exporter(instruments: Instruments, system: str, digest: str) -> Exporter:
    """An exporter that ends with the process."""
    exporter = Exporter(instruments, system, digest)
    # Before the interpreter is torn down: DuckDB reports what a daemon thread then still holds as leaked.
    atexit.register(exporter.close)
    if hasattr(os, "register_at_fork"):  # where there is a fork
        os.register_at_fork(after_in_child=exporter.forked)
    return exporter
