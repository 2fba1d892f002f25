"""Pages of /metrics are read to the letter: of our exporter, of Python's client, of Go's, in both text formats."""

from __future__ import annotations

import pytest
from loopback import answering
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as untyped_openmetrics

from truegauge_generator.drift.exporter import compare, observe
from truegauge_generator.drift.exposition import read
from truegauge_generator.drift.http import Access
from truegauge_spec import Source, Spec, build

TEXT = "text/plain; version=0.0.4; charset=utf-8"
SPEC = """\
system: shop
summary: A shop
owner: web
waive: {no_alert: it is only read}
metrics:
  shop_orders_total: {type: counter, help: "Orders \\"taken\\"", labels: {channel: [web, phone]}, measure: app}
  shop_page_seconds: {type: histogram, unit: s, help: Time, labels: {page: {limit: 2}}, buckets: [0.1, 1], measure: app}
  shop_queue_length: {type: gauge, help: Queue, measure: app}
"""


def generate_openmetrics(found: CollectorRegistry) -> bytes:
    return bytes(untyped_openmetrics(found))  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def shop() -> Spec:
    return build([Source("shop.yaml", SPEC)])


def registry(**names: str) -> CollectorRegistry:
    """An application's metrics in Python's own client."""
    found = CollectorRegistry()
    orders = Counter(names.get("orders", "shop_orders"), 'Orders "taken"', ["channel"], registry=found)
    orders.labels("web").inc(2, {"trace": "a b"})
    pages = Histogram("shop_page_seconds", "Time", ["page"], buckets=[0.1, 1], registry=found)
    pages.labels('a"b\\c\nd').observe(0.5)
    Gauge("shop_queue_length", "Queue", registry=found).set(3)
    return found


def found(spec: Spec, page: bytes, content_type: str) -> list[tuple[str, str]]:
    return [one[:2] for one in compare(spec, spec.systems["shop"], read(page.decode(), content_type))]


@pytest.mark.parametrize("kind", ["text", "openmetrics"])
def test_an_application_with_python_s_client_agrees_in_both_formats(shop: Spec, kind: str) -> None:
    page = generate_latest(registry()) if kind == "text" else generate_openmetrics(registry())
    assert found(shop, page, TEXT if kind == "text" else OPENMETRICS) == []


@pytest.mark.parametrize("kind", ["text", "openmetrics"])
def test_a_counter_that_the_client_renames_is_missing_under_its_declared_name(kind: str) -> None:
    declared = build([Source("shop.yaml", SPEC.replace("shop_orders_total", "shop_orders"))])
    page = generate_latest(registry()) if kind == "text" else generate_openmetrics(registry())
    read_page = read(page.decode(), TEXT if kind == "text" else OPENMETRICS)
    (only,) = compare(declared, declared.systems["shop"], read_page)
    assert only == ("metric_missing", "shop_orders", "counter shop_orders", "shop_orders_total")


def test_an_exporter_is_asked_as_prometheus_asks(shop: Spec) -> None:
    accepted: list[str] = []

    def answer(request: object) -> tuple[int, str, bytes]:
        accepted.append(request.headers["Accept"])  # type: ignore[attr-defined]
        return 200, OPENMETRICS, generate_openmetrics(registry())

    with answering(answer) as url:
        seen = observe(shop, f"{url}/metrics", Access())
    assert seen.findings == []
    assert seen.counts == {"metrics": 3, "series": 9}
    assert accepted[0].startswith("application/openmetrics-text")


def test_the_client_s_own_metrics_need_not_be_declared(shop: Spec) -> None:
    own = b"# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 1\n# TYPE go_goroutines gauge\n"
    assert found(shop, generate_latest(registry()) + own, TEXT) == []
    other = b"# TYPE shop_other gauge\nshop_other 1\n"
    assert found(shop, generate_latest(registry()) + other, TEXT) == [("metric_undeclared", "shop_other")]


def test_a_metric_beside_a_declared_one_is_undeclared_whatever_its_ending(shop: Spec) -> None:
    other = b"# TYPE shop_queue_length_total counter\nshop_queue_length_total 1\n"
    assert found(shop, generate_latest(registry()) + other, TEXT) == [("metric_undeclared", "shop_queue_length_total")]


def test_values_and_limits_are_compared(shop: Spec) -> None:
    taken = registry()
    page = generate_latest(taken).decode()
    stray = page.replace('channel="web"', 'channel="fax"')
    assert found(shop, stray.encode(), TEXT) == [("label_value", "shop_orders_total/channel")]
    for name in ("b", "c"):
        page += "".join(
            line.replace(r"a\"b\\c\nd", name) + "\n"
            for line in page.splitlines()
            if line.startswith("shop_page_seconds_") and r"a\"b" in line
        )
    assert found(shop, page.encode(), TEXT) == [("too_many_values", "shop_page_seconds/page")]


WRONG = {
    "1up 1": "no metric name",
    'up{a="b" 1': "not readable at character 4",
    'up{a=b} 1': "not readable at character 4",
    'up{a="b",a="c"} 1': "the label a is given twice",
    'up{a="\\x"} 1': "not readable",
    "up": "no value",
    "up one": "no value",
    "up 1_000": "no value",
    "up 1 2 3": "no value",
    "# TYPE up gauge\n# TYPE up counter": "type of up is given twice",
    "up 1\nup 2": "stands there twice",
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_what_the_format_does_not_allow_is_a_fault_at_its_line(text: str) -> None:
    (fault,) = read(f"ok 1\n{text}\n", TEXT).faults
    assert WRONG[text] in fault.message
    assert fault.line == text.count("\n") + 2


def test_openmetrics_ends_with_eof() -> None:
    assert "is missing" in read("up 1\n", OPENMETRICS).faults[0].message
    assert "after `# EOF`" in read("# EOF\nup 1\n", OPENMETRICS).faults[0].message
    assert read("up 1\n# EOF\n", OPENMETRICS).faults == []


@pytest.mark.parametrize(
    "line", ["up 1", "up{} 1", 'up{a="b",} 1 1700000000000', "up NaN", "up +Inf", "up\t-1e-9", 'up{a="\\"\\\\\\n"} 1']
)
def test_what_the_format_allows_is_read(line: str) -> None:
    page = read(f"# a comment\n\n{line}\n", TEXT)
    assert page.faults == []
    assert [sample.name for sample in page.families["up"].samples] == ["up"]


def test_label_values_and_help_are_unescaped() -> None:
    page = read('# HELP up A \\\\ and\\na line\nup{a="\\"\\\\\\n"} 1\n', TEXT)
    assert page.families["up"].help == "A \\ and\na line"
    assert page.families["up"].samples[0].labels == {"a": '"\\\n'}
