"""The functions that are rendered for the application's own metrics refuse what the spec does not have."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from truegauge_generator.disk import write
from truegauge_generator.render import render
from truegauge_spec import Source, build

SPEC = """\
system: typed
summary: A shop
owner: web
metrics:
  typed_orders_total: {type: counter, help: Orders, labels: {kind: [a, b], site: {limit: 5}}, measure: app}
  typed_queue: {type: gauge, help: Waiting, measure: app}
  typed_page_seconds: {type: histogram, unit: s, help: Pages, buckets: [0.1, 1], measure: app}
waive: {no_alert: these are metrics only}
"""
RIGHT = """\
from typed_exporter import metrics
metrics.typed_orders_total(kind="a", site="x")
metrics.typed_orders_total(2, kind="b", site="y")
metrics.typed_queue(7.5)
metrics.typed_page_seconds(0.25)
"""
# What is wrong, what mypy says of it, and what happens when it runs.
WRONG = {
    'metrics.typed_ordrs_total(kind="a", site="x")': (
        'Module has no attribute "typed_ordrs_total"; maybe "typed_orders_total"?',
        "AttributeError: module 'typed_exporter.metrics' has no attribute 'typed_ordrs_total'",
    ),
    'metrics.typed_orders_total(kind="c", site="x")': (
        "has incompatible type \"Literal['c']\"; expected \"Literal['a', 'b']\"",
        "ValueError: typed_orders_total: kind='c' is not one of a, b",
    ),
    'metrics.typed_orders_total(kind="a")': (
        'Missing named argument "site"',
        "TypeError: typed_orders_total() missing 1 required keyword-only argument: 'site'",
    ),
    'metrics.typed_orders_total(sort="a", site="x")': (
        'Unexpected keyword argument "sort"',
        "TypeError: typed_orders_total() got an unexpected keyword argument 'sort'",
    ),
    'metrics.typed_orders_total(kind="a", site=1)': (
        'Argument "site" to "typed_orders_total" has incompatible type "int"; expected "str"',
        "TypeError: typed_orders_total: label site takes a str, not int",
    ),
    'metrics.typed_queue("7")': (
        'Argument 1 to "typed_queue" has incompatible type "str"; expected "float"',
        "TypeError: typed_queue: '7' is not a number",
    ),
    "metrics.typed_queue()": (
        'Too few arguments for "typed_queue"',
        "TypeError: typed_queue() missing 1 required positional argument: 'value'",
    ),
    "metrics.typed_queue.inc()": (
        '"Callable[[float], None]" has no attribute "inc"',
        "AttributeError: 'function' object has no attribute 'inc'",
    ),
    'metrics.INSTRUMENTS.increment("typed_queue")': ("", "TypeError: typed_queue is a gauge, not a counter"),
    'metrics.INSTRUMENTS.increment("typed_new")': ("", "KeyError: 'the spec has no metric typed_new'"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the rendered exporter."""
    place = tmp_path_factory.mktemp("typed")
    files = render(build([Source("typed.yaml", SPEC)]))
    write(files, files, str(place))
    return place / "exporter"


@pytest.mark.parametrize("line", ["", *WRONG])
def test_a_call_that_the_spec_does_not_allow_is_refused_when_it_runs(line: str, place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RIGHT + line], cwd=place, capture_output=True, text=True, timeout=60, check=False
    )
    last = "".join(done.stderr.strip().splitlines()[-1:])
    assert last.startswith(WRONG[line][1]) if line else not last


def test_mypy_refuses_the_same_calls_and_no_other(place: Path) -> None:
    (place / "app.py").write_text(RIGHT + "".join(f"{line}\n" for line in WRONG))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(place / "cache"), "app.py"],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    found = dict(re.findall(r"^app\.py:(\d+): error: (.*)$", done.stdout, re.MULTILINE))
    first = RIGHT.count("\n") + 1
    expected = {str(first + index): said for index, (said, _) in enumerate(WRONG.values()) if said}
    assert found.keys() == expected.keys(), done.stdout + done.stderr
    for line, said in expected.items():
        assert said in found[line]
