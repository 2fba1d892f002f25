"""Exporter of a system that measures nothing in DuckDB: the application calls, a server shows."""

from __future__ import annotations

from pathlib import Path

from .exposition import Exposition
from .metrics import INSTRUMENTS, SETTINGS, SPEC_DIGEST, SYSTEM
from .server import Server
from .web import web

__all__ = ["Server", "serve"]

for _instrument in INSTRUMENTS:
    if _instrument.metric.measure != "app":
        raise ValueError(f"{_instrument.metric.name}: {_instrument.metric.measure!r} needs the engine's runtime")


def serve(listen: str | None = None, *, web_config: str | Path | None = None) -> Server:
    """Serve `/metrics` on `listen` (host:port; default: the spec's) until the result's `close()`.

    `web_config`: a file with TLS and users; default neither. Raises ValueError for a malformed address or file, OSError
    when the file cannot be read or the address cannot be bound.
    """
    metrics = Exposition(INSTRUMENTS, SYSTEM, SPEC_DIGEST).render
    return Server(listen or SETTINGS.listen, metrics, f"{SYSTEM} exporter", web(web_config) if web_config else None)
