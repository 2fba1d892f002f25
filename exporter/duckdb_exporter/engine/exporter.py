"""The exporter of a process: its instances, its server, and what one scrape shows."""

from __future__ import annotations

import atexit
import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, NamedTuple, TypeVar

import duckdb

from ..exposition import Exposition
from ..instruments import OTHER, Instruments
from ..server import Server, address
from ..web import web
from . import source
from .connection import Connection
from .instance import Instance, Source
from .memory import parse_bytes
from .recorder import Recorder
from .remedies import Function, Remedies
from .statements import Classifier
from .sync import SyncAttempt

INSTANCE_VARIABLE = "DUCKDB_EXPORTER_INSTANCE_ID"
_LOG = logging.getLogger(__name__)

Listen = str | Literal[False] | None
FilePath = str | os.PathLike[str]
F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")


class Serving(NamedTuple):
    """How a process serves; None for what was not said."""

    listen: str | None = None
    web_config: FilePath | None = None
    remedies_token_file: FilePath | None = None
    scraped_as: str | None = None


class Exporter:
    """Measures databases of this process and serves the numbers."""

    def __init__(self, instruments: Instruments, system: str, digest: str) -> None:
        self._settings = instruments.settings
        self._title = f"{system} exporter"
        self._recorder = Recorder(instruments)
        self._exposition = Exposition(instruments, system, digest)
        self._classify = Classifier(_declared_tables(instruments))
        self._instances: dict[str, Instance] = {}
        self._lock = threading.Lock()  # guards _instances and _server
        self._scrape_lock = threading.Lock()
        self._server: Server | None = None
        self._serving = Serving()
        declared = self._settings.remedies
        self._remedies = None if declared is None else Remedies(declared, instruments, self._instances)

    def connect(
        self,
        database: str | os.PathLike[str] = ":memory:",
        *,
        read_only: bool = False,
        config: dict[str, Any] | None = None,
        instance_id: str | None = None,
        listen: Listen = None,
        memory_limit: int | str | None = None,
        disk_quota: int | str | None = None,
        web_config: FilePath | None = None,
        remedies_token_file: FilePath | None = None,
    ) -> Connection:
        """Open a database as `duckdb.connect` does, measured, and serve `/metrics`.

        `instance_id`: value of the instance label; default the environment's DUCKDB_EXPORTER_INSTANCE_ID, else the
        host name. Further connections to the same database share its instance. `listen`: host:port, False for no
        server, default the spec's. A server that cannot be started is logged and does not keep the application from
        its database. `memory_limit`: set on the engine, in bytes or as DuckDB writes sizes; default the spec's.
        `disk_quota`: what disk use is compared with; default the spec's, else the size of the file system.
        `web_config`, `remedies_token_file`: as for `serve`.

        Raises what `duckdb.connect` raises, unchanged and counted as a failed connection; ValueError for a size, an
        address or a file of the server that is none, and for a second database under the instance_id of one that is
        open.
        """
        limit, quota = self._sizes(memory_limit, disk_quota)
        limits = [size for size in (limit, parse_bytes(source.configured_limit(config))) if size is not None]
        instance = self._instance(Source(*source.of_database(database), tuple(limits), quota), instance_id)
        self._serve_for_connection(listen, web_config, remedies_token_file)
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

    def sync(self, instance_id: str | None = None, *, attempt: int = 1) -> SyncAttempt:
        """`with sync():` around one sync attempt; `attempt=2` and more count as retries.

        `instance_id`: default the only instance there is, else as for `connect`.
        """
        if instance_id is None and len(self._instances) == 1:
            instance_id = next(iter(self._instances))
        return SyncAttempt(self._recorder, instance_id or default_instance_id(), attempt)

    def serve(
        self,
        listen: str | None = None,
        *,
        web_config: FilePath | None = None,
        remedies_token_file: FilePath | None = None,
        scraped_as: str | None = None,
    ) -> Server:
        """Serve `/metrics` for this process, on `listen` or the spec's address; the running server if there is one.

        `web_config`: a file with TLS and users; default neither. `remedies_token_file`: whoever has the token in it may
        post alerts to `/remedies`; default nobody. `scraped_as`: the host:port by which Prometheus knows this process,
        where that is not the address it listens on.

        Raises ValueError for a malformed address or file, or when already serving otherwise, OSError when the address
        cannot be bound.
        """
        wanted = Serving(listen, web_config, remedies_token_file, scraped_as)
        with self._lock:
            if self._server is None or self._server.closed:
                self._server = self._started(wanted)
                self._serving = wanted._replace(listen=listen or self._settings.listen)
            elif any(new not in (None, old) for new, old in zip(wanted, self._serving, strict=True)):
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
        with self._scrape_lock:
            now = perf_counter()
            for instance in list(self._instances.values()):
                instance.show(now)
            self._recorder.fold(now)
            return self._exposition.render()

    def close(self) -> None:
        """End server and pollers. Connections stay usable; another `connect` or `serve` starts anew."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.close()
        for instance in list(self._instances.values()):
            instance.stop()

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
                found = self._instances[id_] = Instance(id_, wanted, self._settings, self._recorder, self._classify)
            elif found.connected:
                raise ValueError(
                    f"instance {id_!r} is another open database: give each database of a process its own instance_id"
                )
            else:
                found.measure(wanted)
            return found

    def _started(self, wanted: Serving) -> Server:
        listen = wanted.listen or self._settings.listen
        _, port = address(listen)
        config = None if wanted.web_config is None else _read(wanted.web_config, web)
        pages = {}
        if wanted.remedies_token_file is not None:
            if self._remedies is None:
                raise ValueError("the spec has no `remedies` for the exporter")
            names = frozenset((wanted.scraped_as or listen, f"{socket.gethostname()}:{port}"))
            remedies = self._remedies
            pages["/remedies"] = _read(wanted.remedies_token_file, lambda file: remedies.page(file, names))
        return Server(listen, self.render, self._title, config, pages)

    def _serve_for_connection(
        self, listen: Listen, web_config: FilePath | None = None, remedies_token_file: FilePath | None = None
    ) -> None:
        if listen is False:
            return
        if listen is not None:
            address(listen)
        try:
            self.serve(listen, web_config=web_config, remedies_token_file=remedies_token_file)
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


def _read(file: FilePath, read: Callable[[Path], T]) -> T:
    """What a file says; one that cannot be read is the caller's mistake, unlike an address that is taken."""
    try:
        return read(Path(file))
    except OSError as error:
        raise ValueError(f"{os.fspath(file)}: {error.strerror}") from None


def process_exporter(instruments: Instruments, system: str, digest: str) -> Exporter:
    """An exporter that ends with the process."""
    exporter = Exporter(instruments, system, digest)
    # Before the interpreter is torn down: DuckDB reports what a daemon thread then still holds as leaked.
    atexit.register(exporter.close)
    return exporter


def default_instance_id() -> str:
    """The environment's choice, else the host name."""
    return os.environ.get(INSTANCE_VARIABLE) or socket.gethostname()


def _declared_tables(instruments: Instruments) -> set[str]:
    tables = {
        value
        for instrument in instruments
        for label in instrument.metric.labels
        if label.name == "table_name"
        for value in label.values or ()
    }
    restricted = {value for one in instruments for name, value in one.metric.where if name == "table_name"}
    return (tables | restricted) - {OTHER}
