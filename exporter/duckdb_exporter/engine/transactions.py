"""Explicit transactions of one connection: when they begin, how they end, and what a COMMIT really did."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import duckdb

COMMIT = "commit"
ROLLBACK = "rollback"  # voluntary: neither success nor failure
ABORT = "abort"  # a ROLLBACK after an error
FAILED_COMMIT = "failed_commit"  # a COMMIT that raised, which ends the transaction
LOST_COMMIT = "lost_commit"  # a COMMIT after an error: it succeeds, and the rows are lost
FAILURES = (ABORT, FAILED_COMMIT, LOST_COMMIT)

_REFUSALS = (duckdb.TransactionException, duckdb.FatalException, duckdb.InternalException, duckdb.IOException)
"""What a COMMIT raises. The engine runs a text statement by statement: any other error is of one that follows."""


class Transaction:
    """State machine of one connection's explicit transactions.

    Any engine error aborts a transaction (DuckDB 2.0). `ended(outcome, seconds, at)` is called at each end.
    """

    def __init__(self, raw: duckdb.DuckDBPyConnection, ended: Callable[[str, float, float], None]) -> None:
        self._raw = raw
        self._ended = ended
        self._began: float | None = None
        self.aborted = False

    @property
    def began(self) -> float | None:
        """When the open one began."""
        return self._began

    @property
    def open(self) -> bool:
        """Whether an explicit transaction is open."""
        return self._began is not None

    def succeeded(self, verbs: Iterable[str], started: float, at: float) -> None:
        """A call with these verbs returned; times in seconds of one clock."""
        for verb in verbs:
            if verb == "BEGIN":
                # A BEGIN that succeeds says that the one before has ended: a script's own COMMIT failed.
                self._end(FAILED_COMMIT, started)
                self._began, self.aborted = started, False
            elif verb == "COMMIT":
                self._end(LOST_COMMIT if self.aborted else COMMIT, at)
            else:
                self._end(ABORT if self.aborted else ROLLBACK, at)

    def look(self) -> None:
        """Ask the engine whether the open transaction is aborted: not every error is seen, as of an Arrow stream."""
        if self.open and self._is_aborted():
            self.aborted = True

    def failed(self, verbs: tuple[str, ...], error: BaseException, started: float, at: float) -> None:
        """A call with these verbs, often none, raised."""
        if not self.open:
            if verbs[:1] != ("BEGIN",):
                return
            self._began = started
        if self._is_aborted():
            self.aborted = True
        elif verbs and (isinstance(error, _REFUSALS) or set(verbs) == {"BEGIN"}):
            self._end(FAILED_COMMIT, at)
        elif verbs and isinstance(error, duckdb.Error):  # what comes behind the COMMIT or ROLLBACK in the text failed
            self.succeeded([verb for verb in verbs if verb != "BEGIN"][:1], started, at)

    def close(self, at: float) -> None:
        """The connection closes, which rolls an open transaction back."""
        self._end(ABORT if self.aborted else ROLLBACK, at)

    def _end(self, outcome: str, at: float) -> None:
        began = self._began
        self._began, self.aborted = None, False
        if began is not None:
            self._ended(outcome, at - began, at)

    def _is_aborted(self) -> bool:
        # Binding any query raises in an aborted transaction and changes nothing, also while a result is open. The
        # class of the error does not say it: a wrong number of parameters aborts, a wrong Python type does not.
        try:
            self._raw.get_table_names("SELECT 1")
        except duckdb.TransactionException:
            return True
        except duckdb.Error:
            return False
        return False
