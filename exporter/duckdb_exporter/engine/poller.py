"""The poller: a thread with its own cursor, so that neither a scrape nor the application ever waits for it."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

import duckdb

_GRACE = 0.5  # seconds that a closing connection waits for a poll to end, which takes 2 ms, then for an interrupt
_LOG = logging.getLogger(__name__)

Cursor = duckdb.DuckDBPyConnection
T = TypeVar("T")


class Poller:
    """Calls `poll(cursor)` at once and then every `interval` seconds.

    `renew(cursor)` gives the cursor to use, the present one or a new one, and None when there is no connection left
    to poll: then the thread ends. `failed(error)` is told when the engine does not answer, without an error at the end.
    """

    def __init__(
        self,
        name: str,
        renew: Callable[[Cursor | None], Cursor | None],
        poll: Callable[[Cursor], None],
        failed: Callable[[Exception | None], None],
        interval: float,
    ) -> None:
        self._name = name
        self._renew = renew
        self._poll = poll
        self._failed = failed
        self._interval = interval
        self._cursor: Cursor | None = None
        self._thread: threading.Thread | None = None
        self._state = threading.Lock()  # guards _cursor and _thread
        self._polling = threading.Lock()  # held while the engine works for us
        self._wake: SimpleQueue[None] = SimpleQueue()  # a finalizer may put, as no threading.Event allows
        self._stopped = threading.Event()

    def start(self) -> None:
        """Poll at once and from now on, if not polling already."""
        with self._state:
            if self._thread is None:
                self._stopped = threading.Event()
                self._thread = threading.Thread(target=self._run, args=(self._stopped,), name=self._name, daemon=True)
                self._thread.start()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """No poll is at work meanwhile; when one takes too long, it is not waited for."""
        held = self._polling.acquire(timeout=_GRACE)
        try:
            yield
        finally:
            if held:
                self._polling.release()

    def detach(self) -> None:
        """Close the cursor, waiting for a poll to end; the next poll opens another.

        A connection cannot be closed while a cursor of it works (ResourceInUseException).
        """
        if not self._polling.acquire(timeout=_GRACE):
            with self._state, contextlib.suppress(duckdb.Error):
                if self._cursor is not None:
                    self._cursor.interrupt()
            if not self._polling.acquire(timeout=_GRACE):
                return
        self._close_and_release()

    def detach_soon(self) -> None:
        """Like `detach` without waiting, for a finalizer."""
        if self._polling.acquire(blocking=False):
            self._close_and_release()
        self._wake.put(None)

    def stop(self) -> None:
        """End the thread and close the cursor."""
        with self._state:
            thread, self._thread = self._thread, None
            self._stopped.set()
        self._wake.put(None)
        self.detach()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_GRACE)

    def run(self, work: Callable[[Cursor], T]) -> T:
        """Do something else with the cursor, between two polls. Raises what it raises, LookupError without a cursor."""
        with self._polling:
            with self._state:
                cursor = self._cursor
            if cursor is None:
                raise LookupError("the database is not open")
            return work(cursor)

    def _close_and_release(self) -> None:
        try:
            self._close_cursor()
        finally:
            self._polling.release()

    def _close_cursor(self) -> None:
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            with contextlib.suppress(duckdb.Error):
                cursor.close()

    def _run(self, stopped: threading.Event) -> None:
        while True:
            with self._polling:
                cursor = self._attach(stopped)
                if cursor is None:
                    return
                try:
                    self._poll(cursor)
                except duckdb.Error as error:
                    _LOG.debug("poll failed", exc_info=error)
                    self._failed(error)
                    if isinstance(error, duckdb.ConnectionException):
                        self._close_cursor()
                except Exception as error:  # noqa: BLE001 - a bug in a reading must not end the polling
                    _LOG.exception("poll failed")
                    self._failed(error)
                del cursor
            with contextlib.suppress(Empty):
                self._wake.get(timeout=self._interval)

    def _attach(self, stopped: threading.Event) -> Cursor | None:
        with self._state:
            cursor = None if stopped.is_set() else self._renew(self._cursor)
            if cursor is None:
                self._close_cursor()
                self._failed(None)
                if not stopped.is_set():
                    self._thread = None
            self._cursor = cursor
            return cursor
