"""What the exporter costs the application, beside what one would take instead. `run.py` prints the rows.

Each figure is of a round, and what is compared runs within the same round, so that a busy machine slows both. It still
shows: the least figures are the ones that tell.
"""

from __future__ import annotations

import gc
import json
import random
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import prometheus_client
from tests.bench.overhead import QUICK, ROUNDS, Query, Row, long, measured, queries

from duckdb_exporter.declare import Label, Metric
from duckdb_exporter.engine.exporter import Exporter
from duckdb_exporter.exposition import Exposition
from duckdb_exporter.instruments import Instruments
from duckdb_exporter.metrics import METRICS, SETTINGS

SIZES = (100, 200, 300) if QUICK else (1_000, 10_000, 100_000)
SECONDS = 0.5 if QUICK else 6.0
LINES = Metric("bench_lines", "counter", "1", "Lines", (Label("kind", ("a",)), Label("of", limit=10**6)), "app")
SCRAPER = """
import sys, time, urllib.request
while True:
    urllib.request.urlopen(sys.argv[1]).read()
    print(flush=True)
    time.sleep(float(sys.argv[2]))
"""


def main() -> None:
    """Print the rows as JSON."""
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    print(json.dumps([*queries(), *texts(), *stalls(), *throughput(), *polls()]))


def filled(lines: int) -> Instruments:
    """Our instruments with so many series."""
    instruments = Instruments((LINES,), SETTINGS)
    for number in range(lines):
        instruments.increment("bench_lines", number + 0.5, "a", f"t{number}")
    return instruments


def filled_there(lines: int) -> prometheus_client.CollectorRegistry:
    """The same in a registry of prometheus_client."""
    registry = prometheus_client.CollectorRegistry()
    counter = prometheus_client.Counter("bench_lines", "Lines", ["kind", "of"], registry=registry)
    for number in range(lines):
        counter.labels("a", f"t{number}").inc(number + 0.5)
    return registry


def texts() -> Iterator[Row]:
    """The text of a scrape, and the memory of its series."""
    for lines, goal in zip(SIZES, (0.8e-3, 8e-3, 0.5), strict=True):
        exposition, registry = Exposition(filled(lines), "bench", "0"), filled_there(lines)
        exposition.render()
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(cpu(exposition.render))
            theirs.append(cpu(partial(prometheus_client.generate_latest, registry)))
        yield f"text of {lines:,} lines, CPU time", ours, "ms", goal
        yield "  / prometheus_client", [one / two for one, two in zip(ours, theirs, strict=True)], "x", 1 / 8
    lines = SIZES[1]
    instruments = held(lambda: _printed(filled(lines))) / lines
    registry_ = held(lambda: filled_there(lines)) / lines
    yield "memory of a series, bytes", [instruments], "B", None
    yield "  / prometheus_client", [instruments / registry_], "x", 1.0


def _printed(instruments: Instruments) -> Exposition:
    exposition = Exposition(instruments, "bench", "0")
    exposition.render()
    return exposition


def cpu(call: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    started = time.process_time()
    call()
    return time.process_time() - started


def held(make: Callable[[], object]) -> int:
    """Bytes that what is made keeps."""
    gc.collect()
    tracemalloc.start()
    made = make()
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del made
    return size


@contextmanager
def scraped(url: str, pause: float) -> Iterator[None]:
    """Scraped by another process meanwhile."""
    command = [sys.executable, "-c", SCRAPER, url, str(pause)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as scraper:
        assert scraper.stdout is not None
        scraper.stdout.readline()  # it has begun
        yield
        scraper.kill()


def slowest(query: Query) -> float:
    """The time that one query in a thousand takes longer than, over some seconds."""
    took = []
    end = time.perf_counter() + SECONDS
    while (started := time.perf_counter()) < end:
        query()
        took.append(time.perf_counter() - started)
    return sorted(took)[-1 - len(took) // 1000]


def stalls() -> Iterator[Row]:
    """How long the application's queries wait while many lines are scraped, four times a second."""
    bare = duckdb.connect()
    alone = [slowest(lambda: bare.execute("SELECT 1").fetchall())]
    with measured(LINES) as (exporter, con):
        instrument = next(one for one in exporter.instruments if one.metric is LINES)
        for number in range(SIZES[1]):
            instrument.child(("a", f"t{number}")).add(number + 0.5)
        with scraped(exporter.serve().url, 0.25):
            ours = [slowest(lambda: con.execute("SELECT 1").fetchall()) for _ in range(1 if QUICK else 2)]
    server, thread = prometheus_client.start_http_server(0, "127.0.0.1", filled_there(SIZES[1]))
    with scraped(f"http://127.0.0.1:{server.server_port}/metrics", 0.25):
        theirs = [slowest(lambda: bare.execute("SELECT 1").fetchall())]
    server.shutdown()
    thread.join()
    bare.close()
    yield "SELECT 1, the slowest of a thousand (p99.9), nobody scrapes", alone, "ms", None
    yield f"  measured, {SIZES[1]:,} lines scraped 4 times a second", ours, "ms", 3e-3
    yield "  prometheus_client, the same", theirs, "ms", None


def throughput() -> Iterator[Row]:
    """How many queries run in some seconds: bare, and measured, polled and scraped each second."""
    ratios = []
    for _ in range(4 * ROUNDS):
        done = {run: run() for run in random.sample((done_bare, done_measured), 2)}
        ratios.append(done[done_bare] / done[done_measured])
    yield "queries of 1 ms in a second, bare / measured, polled and scraped", ratios, "x", 1.02


def done_bare() -> int:
    """Queries on a bare connection."""
    with duckdb.connect() as connection:
        return _done(connection)


def done_measured() -> int:
    """Queries on a measured one, while it is scraped."""
    with measured() as (exporter, connection), scraped(exporter.serve().url, 1.0):
        return _done(connection)


def _done(connection: Any) -> int:
    connection.execute("SET threads = 1")
    query = long(connection)
    done, end = 0, time.perf_counter() + SECONDS / 3
    while time.perf_counter() < end:
        query()
        done += 1
    return done


def polls() -> Iterator[Row]:
    """One poll of an idle database with a table, as the exporter does it."""
    exporter = Exporter(Instruments(METRICS, SETTINGS._replace(poll_interval=3600.0)), "bench", "0")
    with (
        TemporaryDirectory(prefix="bench-") as below,
        exporter.connect(
            f"{below}/bench.duckdb", instance_id="bench", memory_limit="256MiB", listen=False
        ) as connection,
    ):
        connection.execute("CREATE TABLE trades AS SELECT range AS id FROM range(1000)")
        instance = exporter._instances["bench"]
        while instance.snapshot is None:  # the first poll comes at once, and no other by itself
            time.sleep(0.01)
        often, seldom = [], []
        for _ in range(ROUNDS * 20):
            often.append(cpu(lambda: instance._poller.run(instance._poll)))
            assert instance._reader is not None
            instance._reader._tables._read_at = 0.0  # long ago
            seldom.append(cpu(lambda: instance._poller.run(instance._poll)))
    exporter.close()
    yield "a poll of an idle database, CPU time", often, "ms", 3e-3
    yield "  one in ten, which reads the sizes of tables", seldom, "ms", None


if __name__ == "__main__":
    main()
