"""The border: what the application's own calls may say, and how it is printed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duckdb_exporter.declare import Label, Metric, Settings
from duckdb_exporter.exposition import Exposition, number
from duckdb_exporter.instruments import Instruments

if TYPE_CHECKING:
    from tests.exporter.conftest import Scrape

    Scraper = Callable[[Instruments], Scrape]

CHANNEL = Label("channel", values=("web", "shop"))
ORDERS = Metric("app_orders_total", "counter", "orders", "Orders taken", (CHANNEL,), "app")
QUEUE = Metric("app_queue", "gauge", "orders", "Orders waiting", (), "app")
SIZES = Metric("app_sizes", "histogram", "items", "Items", (Label("customer", limit=3),), "app", buckets=(1.0, 2.5))


@pytest.fixture
def instruments() -> Instruments:
    return Instruments((ORDERS, QUEUE, SIZES), Settings())


@pytest.fixture
def scrape(parse: Callable[[bytes], Scrape]) -> Scraper:
    return lambda instruments: parse(Exposition(instruments, "shop", "0").render())


def test_a_counter_adds_up(instruments: Instruments, scrape: Scraper) -> None:
    instruments.increment("app_orders_total", 2, "web")
    instruments.increment("app_orders_total", 0.5, "web")
    assert scrape(instruments)("app_orders_total", channel="web") == 2.5
    assert scrape(instruments)("app_orders_total", channel="shop") == 0


def test_a_gauge_that_was_never_set_is_absent(instruments: Instruments, scrape: Scraper) -> None:
    assert scrape(instruments)("app_queue") is None
    instruments.set_value("app_queue", -3)
    assert scrape(instruments)("app_queue") == -3


def test_a_histogram_counts_into_its_buckets(instruments: Instruments, scrape: Scraper) -> None:
    for value in (1, 2, 3):
        instruments.observe("app_sizes", value, "ann")
    found = scrape(instruments)
    buckets = [found("app_sizes_bucket", customer="ann", le=le) for le in ("1.0", "2.5", "+Inf")]
    assert buckets == [1, 2, 3]
    assert (found("app_sizes_sum", customer="ann"), found("app_sizes_count", customer="ann")) == (6, 3)


def test_an_unknown_label_value_is_refused_with_those_allowed(instruments: Instruments) -> None:
    with pytest.raises(ValueError, match="app_orders_total: channel='fax' is not one of web, shop"):
        instruments.increment("app_orders_total", 1, "fax")


def test_a_wrong_number_of_label_values_is_refused(instruments: Instruments) -> None:
    with pytest.raises(ValueError, match="0 label values for 1 labels"):
        instruments.increment("app_orders_total")
    with pytest.raises(ValueError, match="1 label values for 0 labels"):
        instruments.set_value("app_queue", 1, "web")


def test_a_label_value_that_is_no_text_is_refused(instruments: Instruments) -> None:
    with pytest.raises(TypeError, match="label channel takes a str, not int"):
        instruments.increment("app_orders_total", 1, 5)  # type: ignore[arg-type]


def test_a_label_value_that_is_no_unicode_is_refused_and_the_scrape_goes_on(
    instruments: Instruments, scrape: Scraper
) -> None:
    with pytest.raises(ValueError, match=r"customer='.udcff' is no text that UTF-8 has"):
        instruments.observe("app_sizes", 1, "\udcff")
    assert scrape(instruments)("app_queue") is None


@pytest.mark.parametrize("amount", ["1", None, True])
def test_an_amount_that_is_no_number_is_refused(instruments: Instruments, amount: object) -> None:
    with pytest.raises(TypeError, match="is not a number"):
        instruments.increment("app_orders_total", amount, "web")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_refused(instruments: Instruments, value: float) -> None:
    for call, name, labels in (
        (instruments.increment, "app_orders_total", ("web",)),
        (instruments.set_value, "app_queue", ()),
        (instruments.observe, "app_sizes", ("ann",)),
    ):
        with pytest.raises(ValueError, match="not a finite number"):
            call(name, value, *labels)


def test_a_counter_cannot_fall(instruments: Instruments) -> None:
    with pytest.raises(ValueError, match="a counter cannot fall"):
        instruments.increment("app_orders_total", -1, "web")


def test_a_call_for_another_type_is_refused(instruments: Instruments) -> None:
    with pytest.raises(TypeError, match="app_queue is a gauge, not a counter"):
        instruments.increment("app_queue", 1)
    with pytest.raises(KeyError):
        instruments.increment("app_nothing", 1)


def test_label_values_beyond_the_limit_become_other_and_are_counted(instruments: Instruments, scrape: Scraper) -> None:
    for customer in range(1000):
        instruments.observe("app_sizes", 1, f"c{customer}")
    found = scrape(instruments)
    counts = {
        dict(labels)["customer"]: value for (name, labels), value in found.samples.items() if name == "app_sizes_count"
    }
    assert counts == {"c0": 1, "c1": 1, "c2": 1, "other": 997}
    dropped = found("shop_exporter_dropped_label_values_total", metric="app_sizes", label="customer")
    assert dropped == 997
    instruments.observe("app_sizes", 1, "c1")
    assert scrape(instruments)("app_sizes_count", customer="c1") == 2


@pytest.mark.parametrize(
    "wrong",
    [
        ORDERS._replace(name="app orders"),
        ORDERS._replace(name=""),
        ORDERS._replace(name="é"),
        ORDERS._replace(type="summary"),
        ORDERS._replace(labels=(CHANNEL, CHANNEL)),
        ORDERS._replace(labels=(Label("__name__", ("a",)),)),
        ORDERS._replace(labels=(Label("a-b", ("a",)),)),
        SIZES._replace(labels=(Label("le", ("a",)),)),
        SIZES._replace(buckets=()),
        SIZES._replace(buckets=(2.0, 1.0)),
        QUEUE._replace(buckets=(1.0,)),
        QUEUE._replace(measure="sql"),
        QUEUE._replace(sql="SELECT 1"),
    ],
)
def test_a_metric_that_cannot_be_exposed_is_refused(wrong: Metric) -> None:
    with pytest.raises(ValueError, match=r"cannot|not|declared|buckets|query"):
        Instruments((wrong,), Settings())


def test_a_name_cannot_be_declared_twice() -> None:
    with pytest.raises(ValueError, match="app_queue: declared twice"):
        Instruments((QUEUE, QUEUE), Settings())


def test_a_histogram_may_stand_beside_a_counter_of_its_count(scrape: Scraper) -> None:
    clash = Metric("app_sizes_total", "counter", "", "x", (), "app")
    histogram = Metric("app_sizes", "histogram", "", "x", (), "app", buckets=(1.0,))
    assert scrape(Instruments((histogram, clash), Settings()))("app_sizes_total") == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (50.0, "50"), (-3, "-3"), (0.25, "0.25"), (1e15, "1000000000000000"), (1e300, "1e+300"),
     (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"), (2**40, "1099511627776")],
)  # fmt: skip
def test_values_are_printed_as_go_reads_them(value: float, text: str) -> None:
    assert number(value) == text


@given(st.floats(allow_nan=False) | st.integers(-(10**20), 10**20))
def test_a_printed_value_is_read_back_the_same(value: float) -> None:
    assert float(number(value)) == float(value)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_no_text_in_help_or_label_breaks_out_of_its_line(text: str) -> None:
    metric = Metric("m", "gauge", "", text, (Label("a", (text,)),), "app")
    instruments = Instruments((metric,), Settings())
    instruments.set_value("m", 1, text)
    lines = Exposition(instruments, "x", "0").render().decode().split("\n")
    [sample] = [line for line in lines if line.startswith("m{")]
    inner = sample.removeprefix('m{a="').removesuffix('"} 1')
    assert (
        inner.replace(r"\\", "\0").replace(r"\n", "\n").replace(r"\"", '"').replace("\0", "\\") == text or "\0" in text
    )
    assert sum(line.startswith("# HELP m ") for line in lines) == 1
