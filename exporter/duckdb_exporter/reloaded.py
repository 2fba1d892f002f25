"""What is read from files, and read again when they change: certificates and passwords renew without a restart."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

_LOG = logging.getLogger(__name__)
T = TypeVar("T")


class Reloaded(Generic[T]):
    """`read()` gives a value and the files that it came from. Raises what `read` raises, but only here.

    A later version that cannot be read is logged, and the value before it stays.
    """

    def __init__(self, read: Callable[[], tuple[T, Sequence[Path]]]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._value, self._files = read()
        self._stamp = _stamp(self._files)

    def current(self) -> T:
        """The value of the files as they are now."""
        stamp = _stamp(self._files)
        if stamp != self._stamp and self._lock.acquire(blocking=False):
            try:
                self._value, self._files = self._read()
                stamp = _stamp(self._files)
            except (OSError, ValueError) as error:
                _LOG.error("what was read before stays in use: %s", error)
            finally:
                self._stamp = stamp
                self._lock.release()
        return self._value


def _stamp(files: Sequence[Path]) -> list[tuple[int, int, int]]:
    stamps = []
    for file in files:
        try:
            found = file.stat()
        except OSError:
            stamps.append((0, 0, 0))
        else:
            stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
    return stamps
