"""The remedies that need nothing of the application. None interrupts a query, none uses FORCE CHECKPOINT."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import NamedTuple

from ..declare import Remedies
from . import disk
from .instance import Instance

Act = Callable[[], object]


class Declined(Exception):
    """A remedy that is not applied; `reason` is a word of the metric, the text says more."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Step(NamedTuple):
    """What a remedy would do, in words, and how; `undo` where it ends with the alert."""

    what: str
    do: Act
    undo: Act | None = None


def raise_memory_limit(instance: Instance, settings: Remedies) -> Step:
    """Raise memory_limit to the largest that is allowed, and set it back when the alert resolves."""
    now, largest = _exact_limit(instance), settings.largest_memory_limit
    if largest is None or now >= largest:
        raise Declined("bound", f"memory_limit is {now} bytes, the largest allowed is {largest}")

    def undo() -> None:
        if not instance.connected:
            raise Declined("changed", "the database was closed, and its memory_limit ended with it")
        if instance.exact_limit != largest:
            raise Declined("changed", f"memory_limit is not {largest} bytes any more: somebody else has set it")
        instance.set_limit(now)

    return Step(f"memory_limit from {now} to {largest} bytes", lambda: instance.set_limit(largest), undo)


def flush_allocator(instance: Instance, _: Remedies) -> Step:
    """Give freed pages back to the system: setting memory_limit to the value that it has makes DuckDB do so."""
    now = _exact_limit(instance)
    return Step(f"memory_limit to {now} bytes, which it is", lambda: instance.set_limit(now))


def checkpoint(instance: Instance, settings: Remedies) -> Step:
    """Bring the write-ahead log into the file, when there is room for the file to double: without room it is fatal."""
    path = instance.source.path
    if path is None:
        raise Declined("bound", "a database in memory has no write-ahead log")
    sizes = disk.read(path, (), 0, None)
    needed = int(sizes["disk.used"] or 0) + settings.free_disk
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise Declined("bound", f"{free} bytes are free on the disk, a checkpoint may need {needed}")
    return Step("CHECKPOINT", instance.checkpoint)


def _exact_limit(instance: Instance) -> int:
    limit = instance.exact_limit
    if limit is None:
        raise Declined("bound", "memory_limit is not known to the byte: give it to connect(), or in the spec")
    return limit


BUILTIN: dict[str, Callable[[Instance, Remedies], Step]] = {
    "raise_memory_limit": raise_memory_limit,
    "flush_allocator": flush_allocator,
    "checkpoint": checkpoint,
}
