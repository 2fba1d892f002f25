"""Exporter of a system that measures nothing in DuckDB: the application calls, a server shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .exposition import Exposition
from .metrics import INSTRUMENTS, SETTINGS, SPEC_DIGEST, SYSTEM
from .server import Server

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from .registry import Collector
    from .reloaded import Reloaded
    from .web import WebConfig

__all__ = ["Server", "collector", "serve"]

_EXPOSITION = Exposition(INSTRUMENTS, SYSTEM, SPEC_DIGEST)

for _instrument in INSTRUMENTS:
    if _instrument.metric.measure != "app":
        raise ValueError(f"{_instrument.metric.name}: {_instrument.metric.measure!r} needs the engine's runtime")


def serve(
    listen: str | None = None, *, web_config: str | Path | None = None, registry: CollectorRegistry | None = None
) -> Server:
    """Serve `/metrics` on `listen` (host:port; default: the spec's) until the result's `close()`.

    `web_config`: a file with TLS and users; default neither. `registry`: of `prometheus_client`, whose metrics are
    shown below ours. Raises ValueError for a malformed address or file, OSError when the file cannot be read or the
    address cannot be bound.
    """
    metrics = _EXPOSITION.render if registry is None else _with(registry)
    return Server(listen or SETTINGS.listen, metrics, f"{SYSTEM} exporter", _web(web_config) if web_config else None)


def collector() -> Collector:
    """What `/metrics` shows, to `register` with a registry of `prometheus_client` that the application serves."""
    from .registry import Collector  # noqa: PLC0415 - who does not ask for it does not load its package

    return Collector(_EXPOSITION)


def _web(file: str | Path) -> Reloaded[WebConfig]:
    from .web import web  # noqa: PLC0415 - who serves in clear does not load what TLS needs

    return web(file)


def _with(registry: CollectorRegistry) -> Callable[[], bytes]:
    from .registry import Guest  # noqa: PLC0415

    guest = Guest(registry, _EXPOSITION.names())
    return lambda: _EXPOSITION.render() + guest.render()
