"""The databases that a process measures, each under the instance_id that its connections share."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..declare import Settings
from ..instruments import is_utf8
from .instance import Instance, Source
from .memory import parse_bytes
from .probes import Probe

INSTANCE_VARIABLE = "DUCKDB_EXPORTER_INSTANCE_ID"


class Sizes(NamedTuple):
    """What a connection says of its database, in bytes; None for what it does not."""

    memory_limit: int | None
    disk_quota: int | None

    @staticmethod
    def read(memory_limit: int | str | None, disk_quota: int | str | None) -> Sizes:
        """Of an application's arguments. Raises ValueError for one that is no size."""
        sizes = Sizes(parse_bytes(memory_limit), parse_bytes(disk_quota))
        for name, given, size in zip(Sizes._fields, (memory_limit, disk_quota), sizes, strict=True):
            if given is not None and size is None:
                raise ValueError(f"{name}={given!r} is not a size, for example 268435456 or '256MiB'")
        return sizes


class Instances(Mapping[str, Instance]):
    """By instance_id; `make` makes a new one, `forget` ends the series of those that have gone."""

    def __init__(
        self,
        settings: Settings,
        make: Callable[[str, Source], Instance],
        forget: Callable[[set[str]], None],
    ) -> None:
        self._settings = settings
        self._make = make
        self._forget = forget
        self._lock = threading.Lock()  # guards changes
        self._all: dict[str, Instance] = {}  # replaced as a whole: others iterate over it

    def __getitem__(self, id_: str) -> Instance:
        return self._all[id_]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def find(
        self, key: object, path: Path | None, limits: Sequence[int], given: Sizes, instance_id: str | None
    ) -> Instance:
        """The instance of a database that is about to be connected to. Raises ValueError as `Exporter.connect`."""
        wanted = Source(key, path, tuple(limits), given.disk_quota or self._settings.disk_quota)
        with self._lock:
            same = next((found for found in self._all.values() if found.source.key == wanted.key), None)
            if same is not None and instance_id in (None, same.id):
                if same.connected:
                    _agree(same, given)
                else:
                    same.measure(wanted)
                return same
            id_ = _meant(instance_id)
            if same is not None and same.connected:
                raise ValueError(f"this database is measured as instance {same.id!r} already, it cannot be {id_!r} too")
            found = self._all.get(id_)
            if found is None:
                found = self._make(id_, wanted)
                self._all = {**self._all, id_: found}
            elif found.connected:
                raise ValueError(
                    f"instance {id_!r} is another open database: give each database of a process its own instance_id"
                )
            else:
                found.measure(wanted)
            return found

    def meant(self, instance_id: str | None) -> str:
        """The instance_id of a sync: the given one, else that of the only database, else as for a connection."""
        return next(iter(self._all)) if instance_id is None and len(self._all) == 1 else _meant(instance_id)

    def probes(self) -> Iterator[tuple[str, Probe]]:
        """Those of open databases."""
        for id_, instance in self._all.items():
            if instance.connected:
                yield from ((id_, probe) for probe in instance.probes.all)

    def forget_closed(self, now: float) -> None:
        """Forget those that were closed long before, while another is open."""
        with self._lock:
            if any(instance.connected for instance in self._all.values()):
                latest = now - self._settings.forget_after
                gone = {id_ for id_, one in self._all.items() if not one.connected and one.idle_since < latest}
                if gone:
                    self._all = {id_: one for id_, one in self._all.items() if id_ not in gone}
                    self._forget(gone)


def _agree(instance: Instance, given: Sizes) -> None:
    """Raise ValueError where a further connection says otherwise than those that are open."""
    known = (instance.source.limits, (instance.source.quota,))
    for name, size, sizes in zip(Sizes._fields, given, known, strict=True):
        if size is not None and size not in sizes:
            raise ValueError(
                f"instance {instance.id!r} is open with another {name} than {size} bytes, or with none:"
                " give each connection to one database the same, or only the first"
            )


def _meant(instance_id: str | None) -> str:
    """The given one, else the environment's choice, else the host name. Raises ValueError for no label value."""
    name = "instance_id"
    meant: object = instance_id
    if meant is None:
        name, meant = INSTANCE_VARIABLE, os.environ.get(INSTANCE_VARIABLE) or socket.gethostname()
    if not isinstance(meant, str) or not meant or not is_utf8(meant):
        raise ValueError(f"{name} is {meant!r}; it is a text of valid Unicode that is not empty, for example 'mt5-1'")
    return meant
