"""Beside `prometheus_client`: ours in the application's registry, and the application's metrics on our page."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import duckdb_exporter
from duckdb_exporter.declare import Label
from duckdb_exporter.declare import Metric as Declared

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab, Scrape

DOCUMENT = Path(__file__).parents[2] / "docs" / "exporter.md"
LOGGER = "duckdb_exporter.registry"


class Failing:
    """A collector of the application's that does not work."""

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("app_half", "Comes before it fails", value=1)
        raise ZeroDivisionError("a value of the application")


class Fixed:
    """A collector of the application's that gives these."""

    def __init__(self, *families: Metric) -> None:
        self.families = families

    def collect(self) -> Iterable[Metric]:
        return self.families


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def busy(lab: Lab) -> Iterator[Lab]:
    with lab.connect(instance_id="mt5-1", listen=False) as con:
        con.execute("SELECT 1").fetchall()
        with lab.exporter.sync():
            pass
        lab.until(lambda scrape: scrape("duckdb_up", instance_id="mt5-1"))
        yield lab


def series(scrape: Scrape) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    return set(scrape.samples)


def test_the_application_s_registry_shows_the_same_series_as_our_page(
    busy: Lab, registry: CollectorRegistry, parse: Callable[[bytes], Scrape]
) -> None:
    registry.register(busy.exporter.collector())
    found = parse(generate_latest(registry))
    assert series(found) == series(busy.scrape())
    assert found("duckdb_sync_success_count", instance_id="mt5-1") == 1
    assert found("duckdb_query_latency_ms_count", query_type="SELECT") == 1
    assert found("duckdb_exporter_spec_info", system="duckdb", digest="c0ffee") == 1


def test_a_scrape_of_the_application_s_server_brings_ours_up_to_date(
    busy: Lab, registry: CollectorRegistry, fetch: Callable[[str], Scrape]
) -> None:
    registry.register(busy.exporter.collector())
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        with busy.exporter.sync():
            pass
        assert fetch(f"http://127.0.0.1:{server.server_port}")("duckdb_sync_success_count", instance_id="mt5-1") == 2
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_of_a_counter_that_does_not_end_with_total_only_the_type_is_lost(
    make_lab: Callable[..., Lab], registry: CollectorRegistry
) -> None:
    lab = make_lab(
        Declared("shop_failures", "counter", "", "Failures", (), "app"),
        Declared("shop_orders_total", "counter", "", "Orders", (), "app"),
    )
    registry.register(lab.exporter.collector())
    lines = generate_latest(registry).decode().splitlines()
    assert [line for line in lines if "failures" in line] == [
        "# HELP shop_failures Failures",
        "# TYPE shop_failures untyped",
        "shop_failures 0.0",
    ]
    assert [line for line in lines if "orders" in line] == [
        "# HELP shop_orders_total Orders",
        "# TYPE shop_orders_total counter",
        "shop_orders_total 0.0",
    ]
    assert "# TYPE shop_failures counter" in lab.scrape().lines


def test_what_it_gives_is_open_metrics_too(busy: Lab, registry: CollectorRegistry) -> None:
    registry.register(busy.exporter.collector())
    text = openmetrics.generate_latest(registry).decode()  # type: ignore[no-untyped-call]
    families = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    names = {sample.name for family in families for sample in family.samples}
    assert names == {name for name, _ in busy.scrape().samples}


def test_values_of_labels_arrive_as_they_are(make_lab: Callable[..., Lab], registry: CollectorRegistry) -> None:
    lab = make_lab(Declared("shop_orders_total", "counter", "", "Orders", (Label("by", limit=5),), "app"))
    name = 'a "quoted"\nname\\'
    lab.exporter.instruments.increment("shop_orders_total", 2, name)
    registry.register(lab.exporter.collector())
    assert registry.get_sample_value("shop_orders_total", {"by": name}) == 2


def test_a_registry_refuses_the_application_s_own_metric_of_our_name(lab: Lab, registry: CollectorRegistry) -> None:
    registry.register(lab.exporter.collector())
    with pytest.raises(ValueError, match="duckdb_up"):
        Gauge("duckdb_up", "Theirs", registry=registry)


def test_one_page_serves_both(busy: Lab, registry: CollectorRegistry, fetch: Callable[[str], Scrape]) -> None:
    orders = Counter("app_orders", "Orders", ["channel"], registry=registry)
    Histogram("app_wait_seconds", "Wait", registry=registry).observe(0.3)
    server = busy.exporter.serve(registry=registry)
    orders.labels("web").inc(2)
    found = fetch(server.url)
    assert series(busy.scrape()) <= series(found)
    assert found("app_orders_total", channel="web") == 2
    assert found("app_wait_seconds_bucket", le="0.5") == 1
    assert "# TYPE app_orders_total counter" in found.lines


def test_promtool_parses_that_page(busy: Lab, registry: CollectorRegistry) -> None:
    Counter("app_orders", 'Orders, "quoted"\\', ["channel"], registry=registry).labels('a "b"\n\\').inc()
    Gauge("app.dotted", "Another charset", registry=registry).set(float("nan"))
    page = urllib.request.urlopen(busy.exporter.serve(registry=registry).url, timeout=5).read()  # noqa: S310
    assert b"app_orders_total{" in page
    assert b"app_dotted NaN" in page
    promtool = shutil.which("promtool")
    assert promtool, "promtool is not on the PATH: `make tools` gets it"
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
    # 3: its naming advice; 1: it cannot parse.
    assert done.returncode in (0, 3), done.stderr.decode()


def test_connect_takes_the_registry_too(
    make_lab: Callable[..., Lab], registry: CollectorRegistry, fetch: Callable[[str], Scrape]
) -> None:
    lab = make_lab()
    Gauge("app_queue", "Queue", registry=registry).set(7)
    with lab.connect(listen="127.0.0.1:0", registry=registry):
        assert fetch(lab.exporter.serve().url)("app_queue") == 7
        with pytest.raises(ValueError, match="a process serves once, in one way"):
            lab.exporter.serve(registry=CollectorRegistry())


def test_a_failing_collector_does_not_break_our_page(
    busy: Lab, registry: CollectorRegistry, fetch: Callable[[str], Scrape], caplog: pytest.LogCaptureFixture
) -> None:
    registry.register(Failing())
    server = busy.exporter.serve(registry=registry)
    with caplog.at_level(logging.WARNING, LOGGER):
        scrapes = [fetch(server.url) for _ in range(3)]
    assert all(series(busy.scrape()) <= series(found) for found in scrapes)
    assert scrapes[0]("app_half") == 1
    assert [record.message for record in caplog.records] == [
        "the application's registry failed, /metrics is without the rest of it: ZeroDivisionError"
    ]


@pytest.mark.parametrize(
    ("theirs", "clashing"),
    [
        (GaugeMetricFamily("duckdb_up", "X", value=5), "duckdb_up"),
        (GaugeMetricFamily("duckdb.up", "X", value=5), "duckdb_up"),  # text has no dots
        (GaugeMetricFamily("duckdb_query_latency_ms_sum", "X", value=5), "duckdb_query_latency_ms_sum"),
        (GaugeMetricFamily("duckdb_exporter_spec_info", "X", value=5), "duckdb_exporter_spec_info"),
    ],
)
def test_a_name_of_ours_stays_ours(
    busy: Lab,
    registry: CollectorRegistry,
    fetch: Callable[[str], Scrape],
    caplog: pytest.LogCaptureFixture,
    theirs: Metric,
    clashing: str,
) -> None:
    registry.register(Fixed(theirs, GaugeMetricFamily("app_queue", "X", value=7)))
    server = busy.exporter.serve(registry=registry)
    with caplog.at_level(logging.WARNING, LOGGER):
        found = [fetch(server.url) for _ in range(2)][1]
    assert series(found) - series(busy.scrape()) == {("app_queue", ())}
    assert sum(line.startswith(f"# TYPE {clashing} ") for line in found.lines) <= 1
    assert 5 not in (found("duckdb_up"), found(clashing))
    assert [record.message for record in caplog.records] == [
        f"{theirs.name}: left out of /metrics, the spec has {clashing}"
    ]


def test_lines_that_prometheus_cannot_read_are_left_out(
    busy: Lab, registry: CollectorRegistry, fetch: Callable[[str], Scrape], caplog: pytest.LogCaptureFixture
) -> None:
    bad = GaugeMetricFamily("app_bad", "X", labels=[""])
    bad.add_metric(["x"], 1)
    registry.register(Fixed(bad, GaugeMetricFamily("app_queue", "X", value=7)))
    with caplog.at_level(logging.WARNING, LOGGER):
        found = fetch(busy.exporter.serve(registry=registry).url)
    assert found("app_queue") == 7
    assert "app_bad" not in found.text
    assert caplog.messages == ["app_bad: left out of /metrics, Prometheus could not read its lines"]


def test_our_own_collector_in_the_served_registry_shows_ours_once(
    busy: Lab, registry: CollectorRegistry, fetch: Callable[[str], Scrape]
) -> None:
    registry.register(busy.exporter.collector())
    found = fetch(busy.exporter.serve(registry=registry).url)
    lines = [line.rpartition(" ")[0] for line in found.lines if not line.startswith("#")]
    assert len(lines) == len(set(lines))


def test_the_package_is_loaded_only_for_who_asks_for_it() -> None:
    code = (
        "import sys, duckdb_exporter; con = duckdb_exporter.connect(listen='127.0.0.1:0'); "
        "before = 'prometheus_client' in sys.modules; duckdb_exporter.collector(); "
        "print(before, 'prometheus_client' in sys.modules); con.close()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False True\n"


def test_one_file_loads_it_and_touches_nothing_private() -> None:
    loads = re.compile(r"^(?:    (?:    )+|)(?:from|import) prometheus_client", re.MULTILINE)
    files = [file for file in Path(duckdb_exporter.__file__).parent.rglob("*.py") if loads.search(file.read_text())]
    assert [file.name for file in files] == ["registry.py"]
    assert re.findall(r"(?<!self)\._(?!_)\w+", files[0].read_text()) == []


@pytest.mark.parametrize("block", re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL))
def test_what_the_document_shows_runs(block: str, tmp_path: Path) -> None:
    assert "9187" in block or "8000" in block
    program = re.sub(r"127\.0\.0\.1:9187", "127.0.0.1:0", block).replace(
        "start_http_server(8000", "start_http_server(0"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_our_lock_is_free_while_the_application_s_collectors_run(
    busy: Lab, registry: CollectorRegistry, fetch: Callable[[str], Scrape]
) -> None:
    class Scraping:
        def collect(self) -> Iterable[Metric]:
            return [GaugeMetricFamily("app_bytes", "Of our page", value=len(busy.exporter.render()))]

    registry.register(Scraping())
    assert (fetch(busy.exporter.serve(registry=registry).url)("app_bytes") or 0) > 0
