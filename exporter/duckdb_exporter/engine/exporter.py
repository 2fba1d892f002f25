"""The exporter of a process: its instances, its server, and what one scrape shows."""

from __future__ import annotations

import atexit
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakMethod

import duckdb

from ..exposition import Exposition
from ..instruments import Instruments
from ..server import Server, address
from ..web import web
from . import source
from .connection import Connection
from .instance import Instance, Source
from .memory import parse_bytes
from .parser import Parser
from .recorder import Recorder
from .remedies import Function, Remedies
from .serving import FilePath, Listen, Serving, read_file
from .statements import Classifier
from .sync import Syncs
from .tables import declared

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from ..registry import Collector

INSTANCE_VARIABLE = "DUCKDB_EXPORTER_INSTANCE_ID"
_LOG = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., object])


class Exporter:
    """Measures databases of this process and serves the numbers."""

    def __init__(self, instruments: Instruments, system: str, digest: str) -> None:
        self._settings = instruments.settings
        self._title = f"{system} exporter"
        self.instruments = instruments
        self._recorder = Recorder(instruments)
        syncs = Syncs(self._recorder, self._sync_instance)
        self.sync, self.sync_attempts, self.sync_pending = syncs.one, syncs.attempts, syncs.pending
        self._exposition = Exposition(instruments, system, digest)
        self._tables = declared(self._recorder.metrics)
        self._parser = Parser()
        self._instances: dict[str, Instance] = {}
        self._lock = threading.Lock()  # guards _instances and _server
        self._scrape_lock = threading.Lock()
        self._server: Server | None = None
        self._serving = Serving()
        remedies = self._settings.remedies
        self._remedies = None if remedies is None else Remedies(remedies, instruments, self._instances)

    def connect(
        self,
        database: str | os.PathLike[str] = ":memory:",
        read_only: bool = False,
        config: dict[str, Any] | None = None,
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
        `disk_quota`: what disk use is compared with; default the spec's, else the size of the file system.
        `web_config`, `remedies_token_file`, `registry`: as for `serve`.

        Raises what `duckdb.connect` raises, unchanged and counted as a failed connection; ValueError for a size, an
        address or a file of the server that is none, and for a second database under the instance_id of one that is
        open.
        """
        limit, quota = self._sizes(memory_limit, disk_quota)
        limits = [size for size in (limit, parse_bytes(source.configured_limit(config))) if size is not None]
        instance = self._instance(Source(*source.of_database(database), tuple(limits), quota), instance_id)
        self._serve_for_connection(
            listen, web_config=web_config, remedies_token_file=remedies_token_file, registry=registry
        )
        try:
            raw = duckdb.connect(os.fspath(database), read_only=read_only, config=config or {})
        except Exception:
            self._recorder.count("connection.failed", instance.id)
            raise
        if limit is not None and not instance.connected and source.configured_limit(config) is None:
            with raw.cursor() as cursor:  # a statement on the connection itself would show in its description
                cursor.execute(f"SET memory_limit = '{limit}B'")
        return Connection(raw, instance)

    def instrument(
        self,
        connection: duckdb.DuckDBPyConnection,
        *,
        instance_id: str | None = None,
        listen: Listen = None,
        memory_limit: int | str | None = None,
        disk_quota: int | str | None = None,
    ) -> Connection:
        """A measured connection in place of a bare one, which is then used and closed only through the result.

        Arguments as for `connect`, but `memory_limit` only says which exact number was configured.
        Raises ValueError as `connect` does, duckdb.Error when the connection is closed.
        """
        limit, quota = self._sizes(memory_limit, disk_quota)
        limits = () if limit is None else (limit,)
        instance = self._instance(Source(*source.of_connection(connection), limits, quota), instance_id)
        self._serve_for_connection(listen)
        return Connection(connection, instance)

    def serve(
        self,
        listen: str | None = None,
        *,
        web_config: FilePath | None = None,
        remedies_token_file: FilePath | None = None,
        scraped_as: str | None = None,
        registry: CollectorRegistry | None = None,
    ) -> Server:
        """Serve `/metrics` for this process, on `listen` or the spec's address; the running server if there is one.

        `web_config`: a file with TLS and users; default neither. `remedies_token_file`: whoever has the token in it may
        post alerts to `/remedies`; default nobody. `scraped_as`: the host:port by which Prometheus knows this process,
        where that is not the address it listens on. `registry`: of `prometheus_client`, for example its REGISTRY, whose
        metrics are shown below ours; what clashes with ours, or fails, is left out and logged.

        Raises ValueError for a malformed address or file, or when already serving otherwise, OSError when the address
        cannot be bound.
        """
        wanted = Serving(listen, web_config, remedies_token_file, scraped_as, registry)
        with self._lock:
            if self._server is None or self._server.closed:
                self._server = self._started(wanted)
                self._serving = wanted._replace(listen=listen or self._settings.listen)
            elif not self._serving.also(wanted):
                raise ValueError(f"already serving {self._server.url}; a process serves once, in one way")
            return self._server

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
            return self._exposition.render()

    def collector(self) -> Collector:
        """What `/metrics` shows, to `register` with a registry of `prometheus_client` that the application serves.

        Series have the spec's names there too; of a counter whose name does not end with `_total` the type is lost.
        """
        from ..registry import Collector  # noqa: PLC0415 - who does not ask for it does not load its package

        return Collector(self._exposition, WeakMethod(self._fresh))

    def close(self) -> None:
        """End server and pollers. Connections stay usable; another `connect` or `serve` starts anew."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.close()
        for instance in list(self._instances.values()):
            instance.stop()
        self._parser.close()

    @contextmanager
    def _fresh(self) -> Iterator[None]:
        with self._scrape_lock:
            now = perf_counter()
            instances = list(self._instances.values())
            for instance in instances:
                instance.show(now)
            self._recorder.fold(now)
            yield
            for instance in instances:
                self._recorder.gauge("exporter.scrape_duration", instance.id, perf_counter() - now)

    def _instance(self, wanted: Source, instance_id: str | None) -> Instance:
        with self._lock:
            same = next((found for found in self._instances.values() if found.source.key == wanted.key), None)
            if same is not None and instance_id in (None, same.id):
                if not same.connected:
                    same.measure(wanted)
                return same
            id_ = instance_id or default_instance_id()
            if same is not None and same.connected:
                raise ValueError(f"this database is measured as instance {same.id!r} already, it cannot be {id_!r} too")
            found = self._instances.get(id_)
            if found is None:
                found = self._instances[id_] = self._new_instance(id_, wanted)
            elif found.connected:
                raise ValueError(
                    f"instance {id_!r} is another open database: give each database of a process its own instance_id"
                )
            else:
                found.measure(wanted)
            return found

    def _sync_instance(self, instance_id: str | None) -> str:
        if instance_id is None and len(self._instances) == 1:
            instance_id = next(iter(self._instances))
        return instance_id or default_instance_id()

    def _new_instance(self, id_: str, wanted: Source) -> Instance:
        # Each has views of its own, and so a classifier.
        return Instance(id_, wanted, self._settings, self._recorder, Classifier(self._tables, self._parser))

    def _started(self, wanted: Serving) -> Server:
        listen = wanted.listen or self._settings.listen
        _, port = address(listen)
        config = None if wanted.web_config is None else read_file(wanted.web_config, web)
        pages = {}
        if wanted.remedies_token_file is not None:
            if self._remedies is None:
                raise ValueError("the spec has no `remedies` for the exporter")
            names = frozenset((wanted.scraped_as or listen, f"{socket.gethostname()}:{port}"))
            remedies = self._remedies
            pages["/remedies"] = read_file(wanted.remedies_token_file, lambda file: remedies.page(file, names))
        metrics = self.render if wanted.registry is None else self._with(wanted.registry)
        return Server(listen, metrics, self._title, config, pages)

    def _with(self, registry: CollectorRegistry) -> Callable[[], bytes]:
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

    def _sizes(self, memory_limit: int | str | None, disk_quota: int | str | None) -> tuple[int | None, int | None]:
        sizes = []
        for name, given in (("memory_limit", memory_limit), ("disk_quota", disk_quota)):
            size = parse_bytes(given)
            if given is not None and size is None:
                raise ValueError(f"{name}={given!r} is not a size, for example 268435456 or '256MiB'")
            sizes.append(size)
        limit, quota = sizes
        return limit or self._settings.memory_limit, quota or self._settings.disk_quota


def process_exporter(instruments: Instruments, system: str, digest: str) -> Exporter:
    """An exporter that ends with the process."""
    exporter = Exporter(instruments, system, digest)
    # Before the interpreter is torn down: DuckDB reports what a daemon thread then still holds as leaked.
    atexit.register(exporter.close)
    return exporter


def default_instance_id() -> str:
    """The environment's choice, else the host name."""
    return os.environ.get(INSTANCE_VARIABLE) or socket.gethostname()
