"""A fresh exporter for each test, quick polls, and a reader of raw scrapes."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pytest
from posts import DECLARED, Site

from duckdb_exporter.engine.connection import Connection
from duckdb_exporter.engine.exporter import Exporter
from duckdb_exporter.instruments import Instruments
from duckdb_exporter.metrics import METRICS, SETTINGS

SAMPLE = re.compile(r"(?P<name>[^{ ]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
QUICK = SETTINGS._replace(poll_interval=0.05, stale_after=0.5, rate_window=10.0, memory_limit=None, disk_quota=None)

ENGINE_METRICS = tuple(metric for metric in METRICS if metric.measure not in ("app", "sql"))


class Scrape:
    """A scrape's raw lines: `prometheus_client.parser` would rename counters and hide a wrong name."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.splitlines()
        self.samples: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        for line in self.lines:
            if not line.startswith("#"):
                match = SAMPLE.fullmatch(line)
                assert match, line
                labels = tuple(sorted(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match["labels"] or "")))
                self.samples[match["name"], labels] = float(match["value"])

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.samples.get((name, tuple(sorted(labels.items()))))

    def by_labels(self, name: str) -> dict[tuple[str, ...], float]:
        """The values of a metric by those of its labels besides the instance's."""
        return {
            tuple(value for label, value in pairs if label != "instance_id"): number
            for (found, pairs), number in self.samples.items()
            if found == name
        }


class Lab:
    """An exporter under test with what to look at it."""

    def __init__(self, exporter: Exporter) -> None:
        self.exporter = exporter
        self.connect = exporter.connect
        self.con: Any = None  # a connection to keep open

    def scrape(self) -> Scrape:
        return Scrape(self.exporter.render().decode())

    def value(self, name: str, **labels: str) -> float | None:
        return self.scrape()(name, **labels)

    def until(self, condition: Callable[[Scrape], Any], seconds: float = 10.0) -> Scrape:
        deadline = time.monotonic() + seconds
        while not condition(found := self.scrape()):
            assert time.monotonic() < deadline, found.text
            time.sleep(0.01)
        return found

    def checkpoint(self) -> None:
        """CHECKPOINT, which a poll at the same moment can refuse, as any reader can."""
        while True:
            try:
                self.con.execute("CHECKPOINT")
            except duckdb.TransactionException:
                time.sleep(0.005)
            else:
                return


class Watch:
    """A scraper of a process in trouble: no scrape may fail or be late, and `promptly` holds them to the goal."""

    goal = 0.05
    late = 1.0  # what a busy machine makes of one scrape

    def __init__(self, url: str) -> None:
        self.url = url
        self.seconds: list[float] = []
        self.medians: list[float] = []

    def __call__(self) -> Scrape:
        started = time.perf_counter()
        with urllib.request.urlopen(self.url, timeout=5) as answer:  # noqa: S310 - our own http address
            text = answer.read().decode()
        took = time.perf_counter() - started
        self.seconds.append(took)
        assert took < self.late, f"the scrape took {took:.3f} s"
        return Scrape(text)

    def promptly(self) -> Scrape:
        """The last of a handful of scrapes, of which half are within the goal.

        A scrape that waited, for the engine or for a lock, would be slow each time. A busy machine makes some slow, and
        for a moment all: then it is another handful that counts.
        """
        for _ in range(3):
            found = [self() for _ in range(9)][-1]
            self.medians.append(median(self.seconds[-9:]))
            if self.medians[-1] <= self.goal:
                return found
        raise AssertionError(f"scrapes take {min(self.medians[-3:]) * 1000:.0f} ms")

    def until(self, condition: Callable[[Scrape], Any], seconds: float = 10.0) -> Scrape:
        deadline = time.monotonic() + seconds
        while not condition(found := self()):
            assert time.monotonic() < deadline, found.text
            time.sleep(0.02)
        return found


@pytest.fixture
def watched(record_property: Callable[[str, object], None]) -> Iterator[Callable[[Lab], Watch]]:
    """Scrapes a lab's server; each test times a handful in its trouble."""
    watches = []

    def watched(lab: Lab) -> Watch:
        watches.append(Watch(lab.exporter.serve("127.0.0.1:0").url))
        return watches[-1]

    yield watched
    for watch in watches:
        assert watch.medians
        record_property("median_scrape_seconds", round(max(watch.medians), 4))
        record_property("slowest_scrape_seconds", round(max(watch.seconds), 4))


@pytest.fixture
def watch(lab: Lab, watched: Callable[[Lab], Watch]) -> Watch:
    """Scrapes the lab's server."""
    return watched(lab)


@pytest.fixture(scope="session")
def parse() -> Callable[[bytes], Scrape]:
    return lambda text: Scrape(text.decode())


@pytest.fixture(scope="session")
def fetch() -> Callable[[str], Scrape]:
    """Scrapes over HTTP."""

    def fetch(url: str) -> Scrape:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own http address
            return Scrape(answer.read().decode())

    return fetch


@pytest.fixture(scope="module")
def calm() -> Iterator[Exporter]:
    """An exporter that polls once an hour."""
    exporter = Exporter(Instruments(ENGINE_METRICS, QUICK._replace(poll_interval=3600.0)), "duckdb", "0")
    yield exporter
    exporter.close()


@pytest.fixture
def make_lab() -> Iterator[Callable[..., Lab]]:
    exporters = []

    def make(*metrics: Any, **settings: Any) -> Lab:
        instruments = Instruments(metrics or ENGINE_METRICS, QUICK._replace(listen="127.0.0.1:0", **settings))
        exporter = Exporter(instruments, "duckdb", "c0ffee")
        exporters.append(exporter)
        return Lab(exporter)

    yield make
    for exporter in exporters:
        exporter.close()


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab()


@pytest.fixture
def build(make_lab: Callable[..., Lab], tmp_path: Path) -> Iterator[Callable[..., Site]]:
    sites = []

    def build(**changes: Any) -> Site:
        sites.append(Site(make_lab, tmp_path, DECLARED._replace(**changes)))
        return sites[-1]

    yield build
    for site in sites:
        site.con.close()


@pytest.fixture
def site(build: Callable[..., Site]) -> Site:
    return build()


@pytest.fixture
def con(lab: Lab, tmp_path: Path) -> Iterator[Connection]:
    """A measured connection to a file with a table `trades`; what has another one makes it itself."""
    con = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False)
    con.execute("CREATE TABLE trades (id INTEGER PRIMARY KEY)")
    lab.con = con
    yield con
    con.close()
