"""How a process serves: one server, once, and where that is announced."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from ..server import Page, Server, address
from .remedies import Remedies

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from ..reloaded import Reloaded
    from ..web import WebConfig

TARGETS_VARIABLE = "DUCKDB_EXPORTER_TARGETS"

Listen = str | Literal[False] | None
FilePath = str | os.PathLike[str]
T = TypeVar("T")


class Wanted(NamedTuple):
    """How to serve; None for what was not said."""

    listen: str | None = None
    web_config: FilePath | None = None
    remedies_token_file: FilePath | None = None
    scraped_as: str | None = None
    registry: CollectorRegistry | None = None
    targets: FilePath | None = None

    def also(self, wanted: Wanted) -> bool:
        """Whether what is wanted is what there is."""
        return all(new in (None, old) for new, old in zip(wanted, self, strict=True))


Show = Callable[["CollectorRegistry | None"], Callable[[], bytes]]
"""What `/metrics` shows, with the metrics of a registry below."""


class Serving:
    """The server of a process: `show` says what of, with further `pages`, and the remedies where a token is given."""

    def __init__(
        self,
        system: str,
        listen: str,
        show: Show,
        pages: Mapping[str, Page],
        remedies: Remedies | None,
    ) -> None:
        self._system = system
        self._listen = listen  # where nothing is said
        self._show = show
        self._pages = pages
        self._remedies = remedies
        self._lock = threading.Lock()  # guards the rest
        self._server: Server | None = None
        self._serves = Wanted()

    def serve(self, wanted: Wanted) -> Server:
        """The running server, or a new one. Raises ValueError and OSError as `Exporter.serve`."""
        with self._lock:
            if self._server is None or self._server.closed:
                server = self._started(wanted)
                try:
                    self._announce(server, wanted)
                except OSError:
                    server.close()
                    raise
                self._server = server
                self._serves = wanted._replace(listen=self._address(wanted))
            elif not self._serves.also(wanted):
                raise ValueError(f"already serving {self._server.url}; a process serves once, in one way")
            return self._server

    def close(self) -> None:
        """End the server; another `serve` starts anew."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.close()

    def forked(self) -> None:
        """In a forked child: let go of what is the parent's."""
        if self._server is not None:
            self._server.forked()

    def _address(self, wanted: Wanted) -> str:
        return self._listen if wanted.listen is None else wanted.listen

    def _started(self, wanted: Wanted) -> Server:
        listen = self._address(wanted)
        _, port = address(listen)
        config = None if wanted.web_config is None else _read(wanted.web_config, _web)
        pages = dict(self._pages)
        if wanted.remedies_token_file is not None:
            if self._remedies is None:
                raise ValueError("the spec has no `remedies` for the exporter")
            names = frozenset((wanted.scraped_as or listen, f"{socket.gethostname()}:{port}"))
            remedies = self._remedies
            pages["/remedies"] = _read(wanted.remedies_token_file, lambda file: remedies.page(file, names))
        return Server(listen, self._show(wanted.registry), f"{self._system} exporter", config, pages)

    def _announce(self, server: Server, wanted: Wanted) -> None:
        targets = wanted.targets or os.environ.get(TARGETS_VARIABLE)
        if not targets:
            return
        from .discovery import Announcement  # noqa: PLC0415 - it needs a POSIX system, as nothing else here does

        try:
            announcement = Announcement(Path(targets), self._system, server.url, wanted.scraped_as)
        except OSError as error:
            raise OSError(error.errno, f"the folder of targets: {error.strerror}", os.fspath(targets)) from error
        server.at_close(announcement.withdraw)


def _web(file: Path) -> Reloaded[WebConfig]:
    from ..web import web  # noqa: PLC0415 - who serves in clear does not load what TLS needs

    return web(file)


def _read(file: FilePath, read: Callable[[Path], T]) -> T:
    """What a file says; one that cannot be read is the caller's mistake, unlike an address that is taken."""
    if not os.fspath(file):
        raise ValueError("'' names no file")
    try:
        return read(Path(file))
    except OSError as error:
        raise ValueError(f"{os.fspath(file)}: {error.strerror}") from None
