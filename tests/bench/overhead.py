"""What measuring adds to one query of the application, beside what prometheus_client and OpenTelemetry add.

A query runs in pairs of random order, so that a busy machine slows both. `exporter.py` prints the rows.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from statistics import median
from time import perf_counter_ns
from typing import Any

import duckdb
import prometheus_client
from opentelemetry.instrumentation.dbapi import instrument_connection
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from duckdb_exporter.declare import Metric
from duckdb_exporter.engine.exporter import Exporter
from duckdb_exporter.instruments import Instruments
from duckdb_exporter.metrics import METRICS, SETTINGS

Row = tuple[str, list[float], str, float | None]  # what, a figure for each round, its unit, the most it may be
Query = Callable[[], object]

QUICK = "--quick" in sys.argv
ROUNDS = 2 if QUICK else 5
PAIRS = 20 if QUICK else 1000
NUMBERS = count()


@contextmanager
def measured(*more: Metric) -> Iterator[tuple[Exporter, Any]]:
    """An exporter, and a connection that it measures."""
    exporter = Exporter(Instruments((*METRICS, *more), SETTINGS._replace(listen="127.0.0.1:0")), "bench", "0")
    with exporter.connect(listen=False) as connection:
        yield exporter, connection
    exporter.close()


def added(bare: Query, other: Query, pairs: int) -> tuple[float, float]:
    """Seconds of the bare query, and what the other takes more: medians over pairs in random order."""
    alone, more = [], []
    for _ in range(pairs):
        order = random.sample(((bare, 0), (other, 1)), 2)
        took = [0, 0]
        for query, index in order:
            started = perf_counter_ns()
            query()
            took[index] = perf_counter_ns() - started
        alone.append(took[0])
        more.append(took[1] - took[0])
    return median(alone) / 1e9, median(more) / 1e9


def simple(connection: Any) -> Query:
    """A query with a parameter."""
    return lambda: connection.execute("SELECT ?", [1]).fetchall()


def long(connection: Any) -> Query:
    """A query of about 1 ms."""
    return lambda: connection.execute("SELECT sum(hash(hash(range))) FROM range(100000)").fetchall()


def distinct(connection: Any) -> Query:
    """A query whose text never came before."""
    text = "SELECT * FROM range(10) AS t (id) WHERE id = 5 AND id <> {}"
    return lambda: connection.execute(text.format(next(NUMBERS))).fetchall()


def one_by_one(connection: Any) -> Query:
    """A thousand rows, each fetched alone."""

    def query() -> None:
        fetch = connection.execute("FROM range(1000)").fetchone
        while fetch() is not None:
            pass

    return query


def queries() -> Iterator[Row]:
    """What measuring adds to one query."""
    bare = duckdb.connect()
    other: Any = instrument_connection("bench", duckdb.connect(), "duckdb", tracer_provider=_tracing()).cursor()
    histogram = prometheus_client.Histogram("bench_seconds", "Queries", ["type"], registry=None)
    timed_connection = duckdb.connect()

    def timed() -> None:
        started = time.perf_counter()
        timed_connection.execute("SELECT ?", [1]).fetchall()
        histogram.labels("SELECT").observe(time.perf_counter() - started)

    def traced() -> None:
        other.execute("SELECT ?", [1])
        other.fetchall()

    with measured() as (_, con):
        for connection in (bare, con, timed_connection, other):
            connection.execute("SET threads = 1")
        for query in (simple(con), timed, traced):
            added(simple(bare), query, PAIRS)  # once for nothing, until everything is warm
        ours = [added(simple(bare), simple(con), PAIRS) for _ in range(ROUNDS)]
        clocks = [added(simple(bare), timed, PAIRS)[1] for _ in range(ROUNDS)]
        spans = [added(simple(bare), traced, PAIRS)[1] for _ in range(ROUNDS)]
        longs = [added(long(bare), long(con), PAIRS // 2) for _ in range(ROUNDS)]
        fetches = [added(one_by_one(bare), one_by_one(con), PAIRS // 10)[1] / 1000 for _ in range(ROUNDS)]
        texts = [added(distinct(bare), distinct(con), PAIRS)[1] for _ in range(ROUNDS)]
    more = [figure for _, figure in ours]
    bare.close()
    yield "SELECT ? on a bare connection", [figure for figure, _ in ours], "us", None
    yield "  a measured connection adds", more, "us", 4e-6
    yield "  prometheus_client's labels().observe() around it adds", clocks, "us", None
    yield "  OpenTelemetry's DB-API instrumentation adds", spans, "us", None
    yield "  measured / OpenTelemetry", [one / two for one, two in zip(more, spans, strict=True)], "x", 0.05
    took = median(one for one, _ in longs) * 1e3
    yield f"  to a query of {took:.1f} ms", [two / one for one, two in longs], "%", 0.01
    yield "  to each fetchone", fetches, "us", 0.3e-6
    yield "  to a query whose text never came before", texts, "us", 30e-6


def _tracing() -> TracerProvider:
    class Nowhere(SpanExporter):
        def export(self, spans: Any) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Nowhere()))
    return provider
