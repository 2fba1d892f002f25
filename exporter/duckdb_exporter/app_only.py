"""Exporter of a system that measures nothing in DuckDB: the application calls, a server shows."""

from __future__ import annotations

from .exposition import Exposition
from .metrics import INSTRUMENTS, SETTINGS, SPEC_DIGEST, SYSTEM
from .server import Server

__all__ = ["Server", "serve"]

for _instrument in INSTRUMENTS:
    if _instrument.metric.measure != "app":
        raise ValueError(f"{_instrument.metric.name}: {_instrument.metric.measure!r} needs the engine's runtime")


def serve(listen: str | None = None) -> Server:
    """Serve `/metrics` on `listen` (host:port; default: the spec's) until the result's `close()`.

    Raises ValueError for a malformed address, OSError when it cannot be bound.
    """
    return Server(listen or SETTINGS.listen, Exposition(INSTRUMENTS, SYSTEM, SPEC_DIGEST).render, f"{SYSTEM} exporter")
