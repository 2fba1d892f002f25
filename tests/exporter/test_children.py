"""The numbers are those of `prometheus_client`, which a user would have taken instead."""

from __future__ import annotations

import math
import threading

import prometheus_client
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.utils import floatToGoString

from duckdb_exporter.declare import Label, Metric, Settings
from duckdb_exporter.exposition import Exposition, bound
from duckdb_exporter.instruments import Instruments

BUCKETS = (0.5, 1.0, 2.5, 1000.0, 1e6)
NUMBERS = st.floats(0, 1e7) | st.sampled_from(BUCKETS)


def samples(text: bytes) -> dict[str, float]:
    """Each sample's value by what stands before it."""
    lines = (line for line in text.decode().split("\n") if line and not line.startswith(("#", "x_exporter")))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@given(st.lists(NUMBERS, max_size=30), st.text(max_size=5))
def test_a_histogram_says_what_prometheus_client_s_says(values: list[float], label: str) -> None:
    label = label.encode(errors="replace").decode()
    ours = Instruments((Metric("m", "histogram", "", "x", (Label("a"),), "app", buckets=BUCKETS),), Settings())
    registry = prometheus_client.CollectorRegistry()
    theirs = prometheus_client.Histogram("m", "x", ["a"], buckets=BUCKETS, registry=registry).labels(label)
    for value in [1.0, *values]:
        ours.observe("m", value, label)
        theirs.observe(value)
    said = samples(prometheus_client.generate_latest(registry))
    assert samples(Exposition(ours, "x", "0").render()) == {
        name: value for name, value in said.items() if not name.startswith("m_created")
    }


@given(st.floats(allow_nan=False, min_value=1e-4))
def test_a_bucket_s_bound_is_printed_as_prometheus_client_prints_it(value: float) -> None:
    assert bound(value) == floatToGoString(value)  # type: ignore[no-untyped-call]


def test_an_infinite_bound_is_there_once() -> None:
    metric = Metric("m", "histogram", "", "x", (), "app", buckets=(1.0, math.inf))
    assert Exposition(Instruments((metric,), Settings()), "x", "0").render().count(b'le="+Inf"') == 1


def test_no_addition_is_lost_between_threads() -> None:
    instruments = Instruments((Metric("m", "counter", "", "x", (), "app"),), Settings())

    def add() -> None:
        for _ in range(20_000):
            instruments.increment("m")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert b"\nm 80000\n" in Exposition(instruments, "x", "0").render()
