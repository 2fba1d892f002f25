"""Probes: the spec's own queries, each at its interval, read-only, and within its limits of time and rows."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from time import perf_counter
from typing import Any, NamedTuple

import duckdb

from ..declare import Metric, Settings

FAILURES = 3
"""So many in a row disable a probe; one that could never run is disabled by the first."""
RETRY = 300.0
"""Seconds until a disabled probe is tried again."""
REASONS = ("statement", "writes", "timeout", "rows", "columns", "ambiguous", "value", "error")
"""Why a run failed: the only values of the label `reason`."""
_HOPELESS = ("statement", "writes")
_SAYS_NO_VALUE = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)
_LOG = logging.getLogger(__name__)

Cursor = duckdb.DuckDBPyConnection
Sample = tuple[tuple[str, ...], float]


class Run(NamedTuple):
    """How a run went: `ended` is of `perf_counter`; `reason` is empty where it went well."""

    ended: float
    seconds: float
    rows: int
    samples: tuple[Sample, ...]
    reason: str = ""
    message: str = ""
    details: str = ""


class Failed(Exception):
    """A run that gives no samples: one of REASONS, words of ours, and details for who asks for the query's text."""

    def __init__(self, reason: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.details = details


class Probe:
    """One query of one database. It is run by one thread; `last` and `disabled` may be read by others."""

    def __init__(self, metric: Metric, settings: Settings) -> None:
        self.metric = metric
        self.last: Run | None = None
        self.disabled = False
        self.due = 0.0  # of perf_counter
        self._failures = 0
        self._labels = [label.name for label in metric.labels if label.name != settings.instance_label]
        self._fresh_for = metric.every + metric.timeout + settings.stale_after

    @property
    def state(self) -> str:
        """`waiting` before its first run, then `up`, `failing` or `disabled`."""
        if self.last is None:
            return "waiting"
        return "disabled" if self.disabled else "failing" if self.last.reason else "up"

    def samples(self, now: float) -> tuple[Sample, ...]:
        """What the last run found; nothing when that failed, or when the next one is overdue."""
        run = self.last
        return run.samples if run is not None and now - run.ended <= self._fresh_for else ()

    def run(self, cursor: Cursor) -> None:
        """Ask, and note how it went. Raises duckdb.Error when the engine is at fault, or when interrupted."""
        started = perf_counter()
        rows: list[tuple[Any, ...]] = []
        samples: tuple[Sample, ...] = ()
        reason = message = details = ""
        try:
            rows, columns = ask(cursor, self.metric)
            samples = tuple(read(rows, columns, self._labels))
        except Failed as failure:
            reason, message, details = failure.reason, str(failure), failure.details
        except duckdb.Error:
            raise
        except Exception as error:  # noqa: BLE001 - whatever Python makes of a value, the next probe shall run
            reason, message = "error", type(error).__name__
        ended = perf_counter()
        self._note(Run(ended, ended - started, len(rows), samples, reason, message, details))
        self.due = started + (RETRY if self.disabled else self.metric.every)

    def _note(self, run: Run) -> None:
        before, self.last = self.last, run
        self._failures = self._failures + 1 if run.reason else 0
        if run.reason and (before is None or before.message != run.message):
            _LOG.warning("%s: no series, its query failed: %s", self.metric.name, run.message)
            _LOG.debug("%s: %s", self.metric.name, run.details)
        disabled = bool(run.reason) and (self._failures >= FAILURES or run.reason in _HOPELESS)
        if disabled and not self.disabled:
            _LOG.warning("%s: disabled (%s), tried again each %d s", self.metric.name, run.reason, RETRY)
        self.disabled = disabled


class Probes:
    """The probes of one database, run one after another on a cursor of their own."""

    def __init__(self, metrics: Iterable[Metric], settings: Settings) -> None:
        self.all = tuple(Probe(metric, settings) for metric in metrics if metric.sql is not None)

    def poll(self, cursor: Cursor) -> bool:
        """Run the probe that is due the longest, if one is; whether another one is due."""
        now = perf_counter()
        due = sorted((probe for probe in self.all if probe.due <= now), key=lambda probe: probe.due)
        if due:
            due[0].run(cursor)
        return len(due) > 1


def ask(cursor: Cursor, metric: Metric) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Rows and names of the columns, from a read-only transaction. Raises Failed; duckdb.Error as `Probe.run` does."""
    try:
        statements = cursor.extract_statements(metric.sql or "")
        if [one.type for one in statements] != [duckdb.StatementType.SELECT] or statements[0].named_parameters:
            # Several could end our transaction, and others than SELECT run in it all the same: SET, ATTACH, COPY TO.
            raise Failed("statement", "it is not one SELECT without parameters")
        cursor.execute(f"SET max_execution_time = {max(1, round(metric.timeout * 1000))}")
        cursor.execute("BEGIN TRANSACTION READ ONLY")
        try:
            cursor.execute(statements[0])
            columns = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchmany(metric.rows + 1)
        finally:
            with suppress(duckdb.Error):
                cursor.execute("ROLLBACK")
    except (duckdb.FatalException, duckdb.ConnectionException):
        raise
    except duckdb.Error as error:
        raise _failed(error, metric) from None
    if len(rows) > metric.rows:
        raise Failed("rows", f"it gives more than {metric.rows} rows")
    return rows, columns


def read(rows: Sequence[tuple[Any, ...]], columns: Sequence[str], labels: Sequence[str]) -> Iterable[Sample]:
    """A sample for each row whose value is neither NULL nor NaN. Raises Failed."""
    if sorted(columns[:-1]) != sorted(labels):
        details = f"the columns are {', '.join(columns)}, expected {', '.join([*labels, 'the value'])}"
        raise Failed("columns", "the columns before the last are not the labels", details)
    order = [columns.index(name) for name in labels]
    seen = set()
    for row in rows:
        values = tuple("" if row[index] is None else str(row[index]) for index in order)
        if values in seen:
            raise Failed("ambiguous", "several rows have the same labels" if labels else "several rows, and no label")
        seen.add(values)
        value = row[-1]
        if not isinstance(value, int | float | Decimal | None):
            raise Failed("value", f"the last column is a {type(value).__name__}, not a number")
        if value is not None and value == value:  # noqa: PLR0124 - NaN differs from itself
            yield values, float(value)


def _failed(error: duckdb.Error, metric: Metric) -> Failed:
    text = str(error).partition("\n")[0]
    if isinstance(error, duckdb.InterruptException):
        if "maximum execution time" not in text:
            raise error  # the connection is being closed
        return Failed("timeout", f"it took longer than {metric.timeout:g} s")
    if "read-only mode" in text:
        return Failed("writes", "it writes, and a probe only reads")
    return Failed("error", type(error).__name__, text if isinstance(error, _SAYS_NO_VALUE) else "")
