"""Disk: sizes from the file system alone.

The database file is never opened: closing any descriptor of it in the application's process drops the lock that
DuckDB holds on it (POSIX fcntl locks), and a second process could then write to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shutil import disk_usage


def read(
    path: Path | None, attached: Sequence[Path], spilled: float | None, quota: int | None
) -> dict[str, float | None]:
    """Measurements of a database file and those attached to it, or of one in memory when `path` is None; in bytes.

    `spilled`: what the engine last said it has in temporary files. `quota` None: the size of the file system of `path`.
    """
    size = _size(path) if path else 0
    files = [path, *attached] if path else attached
    logs = [_size(file.with_name(file.name + ".wal")) or 0 for file in files]
    others = sum(_size(file) or 0 for file in attached)
    return {
        "disk.used": None if size is None else size + others + sum(logs) + (spilled or 0),
        "disk.wal": max(logs, default=0),  # each has a limit of its own
        "disk.limit": quota if quota is not None else _file_system(path.parent if path else Path()),
    }


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _file_system(folder: Path) -> int | None:
    try:
        return disk_usage(folder).total
    except OSError:
        return None
