"""The lock that keeps other processes from a database file, as the kernel lists it."""

from __future__ import annotations

import os
from pathlib import Path

_LOCKS = Path("/proc/locks")


class FileLock:
    """DuckDB's lock on the file at `path`: POSIX, so it goes when anything in the process closes the same file.

    Closing any descriptor of the file is enough, as a backup or a checksum of it does; then a second process can open
    and write it. A file that was put in the place of the locked one is not locked either.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen = False

    def held(self) -> float | None:
        """1 or 0; None before it was seen once, as for a database in memory and where the kernel lists no locks."""
        if self._path is None:
            return None
        try:
            inode = self._path.stat().st_ino
            listed = _LOCKS.read_text().splitlines()
        except FileNotFoundError:
            return 0.0 if self._seen else None
        except OSError:
            return None
        mine, file = str(os.getpid()), f":{inode}"
        held = any(fields[4] == mine and fields[5].endswith(file) for line in listed if len(fields := line.split()) > 5)
        self._seen |= held
        return float(held) if self._seen else None
