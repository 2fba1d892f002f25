"""The poller: a thread with its own cursor, so that neither a scrape nor the application ever waits for it."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

import duckdb

from .forked import keep

_GRACE = 0.5  # seconds that a closing connection waits for an interrupted poll to end
_LONGEST_POLL = 5.0  # seconds that a remedy waits for one to end
_NUDGE = 0.05  # seconds between two interrupts: one that comes between two statements interrupts neither
_LOG = logging.getLogger(__name__)

Cursor = duckdb.DuckDBPyConnection
T = TypeVar("T")


class Poller:
    """Calls `poll(cursor)` at once and then every `interval` seconds, or again at once where it returns True.

    `renew(cursor)` gives the cursor to use, the present one or a new one, and None when there is no connection left
    to poll: then the thread ends. `failed(error)` is told when the engine does not answer, without an error at the end.
    Who needs the connection waits `patience` seconds for a poll to end before it is interrupted.
    """

    def __init__(
        self,
        name: str,
        renew: Callable[[Cursor | None], Cursor | None],
        poll: Callable[[Cursor], bool | None],
        failed: Callable[[Exception | None], None],
        interval: float,
        patience: float = _GRACE,
    ) -> None:
        self._name = name
        self._renew = renew
        self._poll = poll
        self._failed = failed
        self._interval = interval
        self._patience = patience
        self._cursor: Cursor | None = None
        self._thread: threading.Thread | None = None
        self._state = threading.Lock()  # guards _cursor and _thread
        self._turn = threading.Lock()  # held by who waits for _polling, which so comes before the next poll
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

    @property
    def attached(self) -> bool:
        """Whether it has a cursor, which the engine counts like any connection."""
        return self._cursor is not None

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """No poll is at work meanwhile, if one that is can be interrupted."""
        with self._turn:
            held = self._held()
            try:
                yield
            finally:
                if held:
                    self._polling.release()

    def detach(self) -> None:
        """Close the cursor, waiting for a poll to end; the next poll opens another.

        A connection cannot be closed while a cursor of it works (ResourceInUseException).
        """
        with self._turn:
            if self._held():
                self._close_and_release()

    def _held(self) -> bool:
        if self._polling.acquire(timeout=self._patience):
            return True
        for _ in range(round(_GRACE / _NUDGE)):
            with self._state, contextlib.suppress(duckdb.Error):
                if self._cursor is not None:
                    self._cursor.interrupt()
            if self._polling.acquire(timeout=_NUDGE):
                return True
        return False

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

    def forked(self) -> None:
        """In a forked child, where its thread is not: leave the cursor to the parent."""
        keep(self._cursor)

    def run(self, work: Callable[[Cursor], T]) -> T:
        """Do something else with the cursor, between two polls.

        Raises what it raises, LookupError without a cursor, TimeoutError when a poll does not end.
        """
        if not self._polling.acquire(timeout=_LONGEST_POLL):
            raise TimeoutError("the engine does not answer")
        try:
            with self._state:
                cursor = self._cursor
            if cursor is None:
                raise LookupError("the database is not open")
            return work(cursor)
        finally:
            self._polling.release()

    def now(self) -> None:
        """Poll at once, in this thread; an error is noted as one of any poll. Does nothing where `run` would raise."""
        with contextlib.suppress(LookupError, TimeoutError):
            self.run(self._noted)

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
            again: bool | None = False
            with self._turn:
                self._polling.acquire()
            try:
                cursor = self._attach(stopped)
                if cursor is None:
                    return
                again = self._noted(cursor)
                del cursor
            finally:
                self._polling.release()
            if not again:
                with contextlib.suppress(Empty):
                    self._wake.get(timeout=self._interval)

    def _noted(self, cursor: Cursor) -> bool | None:
        try:
            return self._poll(cursor)
        except duckdb.Error as error:
            _LOG.debug("poll failed", exc_info=error)
            self._failed(error)
            if isinstance(error, duckdb.ConnectionException):
                self._close_cursor()
        except Exception as error:  # noqa: BLE001 - a bug in a reading must not end the polling
            _LOG.exception("poll failed")
            self._failed(error)
        return False

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
