"""Digests: another wording leaves them alone, another meaning does not, and every artefact carries its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from truegauge_generator.digests import FIELDS, of_dashboard, of_metrics, of_routes, of_rules, of_scraping
from truegauge_generator.render import render
from truegauge_spec import Source, Spec, build
from truegauge_spec.model import Model
from truegauge_spec.reference import models
from truegauge_spec.stack import Stack
from truegauge_spec.system import System

PARTS: dict[str, Callable[[Spec], str]] = {
    "metrics": lambda spec: of_metrics(spec, "shop"),
    "rules": lambda spec: of_rules(spec, "shop"),
    "dashboard": lambda spec: of_dashboard(spec, "shop"),
    "scraping": of_scraping,
    "routes": of_routes,
}
SHOP = """\
system: shop
summary: A shop
owner: web
scrape: {targets: [shop:80]}
exporter: {poll_interval: 1s}
metrics:
  shop_queue_length: {type: gauge, help: Orders waiting, labels: {kind: [a, b]}, measure: app}
  shop_orders_total: {type: counter, help: Orders, measure: app}
  shop_failed_total: {type: counter, help: Orders that failed, measure: app}
  shop_page_seconds: {type: histogram, unit: s, help: Pages, buckets: [0.1, 0.25, 1], measure: app}
  shop_idle_ratio: {type: gauge, unit: ratio, help: Unused, measure: {sql: SELECT 1}}
alerts:
  QueueFull:
    when: {metric: shop_queue_length, above: 5}
    for: 1m
    severity: warning
    summary: Full
    runbook: Empty it.
  SlowPages:
    when: {expr: "rate(shop_page_seconds_sum[5m]) > 2", examples: [{name: none, series: {up: 1x10}, at: 1m}]}
    severity: warning
    summary: Slow
    runbook: Look.
objectives:
  OrdersTaken:
    target: 99%
    availability: {bad: shop_failed_total, total: shop_orders_total}
    summary: Orders fail
    runbook: Look.
dashboard:
  title: Shop
  rows: [{title: First, panels: [{alert: QueueFull}, {metric: shop_orders_total, title: Orders}]}]
waive: {unused_metric: a test}
"""
STACK = """\
stack: test
prometheus: {scrape_interval: 15s, evaluation_interval: 15s}
alertmanager:
  receivers: {all: {webhook: {url: "http://hook:80/x"}}}
  route: {receiver: all, group_wait: 30s}
grafana: {folder: Here}
"""


def read(shop: str = SHOP, stack: str = STACK) -> Spec:
    return build([Source("shop.yaml", shop), Source("stack.yaml", stack)])


def changed(old: str, new: str) -> set[str]:
    """The parts whose digest another text changes."""
    assert old in SHOP + STACK
    before, after = read(), read(SHOP.replace(old, new), STACK.replace(old, new))
    return {name for name, part in PARTS.items() if part(before) != part(after)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("summary: A shop", "summary: The best shop"),
        ("owner: web", "owner: nobody"),
        ("help: Orders waiting", "help: What waits"),
        ("summary: Full", "summary: The queue is full"),
        ("runbook: Empty it.", "runbook: Do empty it."),
        ("    summary: Full\n", "    summary: Full\n    description: It is\n"),
        ("    summary: Full\n", "    summary: Full\n    annotations: {note: It is}\n"),
        ("summary: Orders fail", "summary: Too many orders fail"),
        ("title: Shop", "title: The shop"),
        ("title: First", "title: Above all"),
        ("title: Orders", "title: Sold"),
        ("examples: [{name: none", "examples: [{name: nothing"),
        ("unused_metric: a test", "unused_metric: a trial"),
        ("stack: test", "stack: local"),
        ("folder: Here", "folder: There"),
    ],
)
def test_another_wording_changes_no_digest(old: str, new: str) -> None:
    assert changed(old, new) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("poll_interval: 1s", "poll_interval: 1000ms"),
        ("for: 1m", "for: 60s"),
        ("target: 99%", "target: 0.99ratio"),
        ("{type: gauge, help: Orders waiting,", "{help: Orders waiting, type: gauge,"),
        ("buckets: [0.1, 0.25, 1]", "buckets: [0.10, 2.5e-1, 1.0]"),
        ("total: shop_orders_total", "total: [{metric: shop_orders_total}]"),
        ("for: 1m", "for: 1m\n    keep_firing_for: 0s"),
        ("{targets: [shop:80]}", "{targets: [shop:80], path: /metrics}"),
    ],
)
def test_another_way_to_write_the_same_changes_no_digest(old: str, new: str) -> None:
    assert changed(old, new) == set()


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("shop_idle_ratio", "shop_unused_ratio", {"metrics"}),
        ("SELECT 1", "SELECT 0.5", {"metrics"}),
        ("poll_interval: 1s", "poll_interval: 2s", {"metrics"}),
        ("kind: [a, b]", "kind: [a, c]", {"metrics", "rules", "dashboard"}),
        ("kind: [a, b]", "sort: [a, b]", {"metrics", "rules", "dashboard"}),
        ("kind: [a, b]", "kind: {limit: 2}", {"metrics", "rules", "dashboard"}),
        ("buckets: [0.1, 0.25, 1]", "buckets: [0.1, 0.5, 1]", {"metrics", "rules", "dashboard"}),
        ("above: 5", "above: 6", {"rules", "dashboard"}),
        ("above: 5", "below: 5", {"rules", "dashboard"}),
        ("> 2", "> 3", {"rules", "dashboard"}),
        ("target: 99%", "target: 99.5%", {"rules", "dashboard"}),
        ("for: 1m", "for: 2m", {"rules", "dashboard"}),
        ("for: 1m\n    severity: warning", "for: 1m\n    severity: critical", {"rules", "dashboard"}),
        ("    summary: Full\n", "    summary: Full\n    labels: {team: web}\n", {"rules", "dashboard"}),
        ("{alert: QueueFull}", "{alert: QueueFull, kind: stat}", {"dashboard"}),
        ("folder: Here", "datasource_uid: other", {"dashboard"}),
        ("shop:80", "shop:81", {"scraping"}),
        ("evaluation_interval: 15s", "evaluation_interval: 10s", {"rules", "dashboard", "scraping"}),
        ("hook:80", "hook:81", {"routes"}),
        ("group_wait: 30s", "group_wait: 40s", {"routes"}),
    ],
)
def test_another_meaning_changes_the_digests_of_the_parts_that_depend_on_it(
    old: str, new: str, parts: set[str]
) -> None:
    assert changed(old, new) == parts


def test_every_field_of_every_model_is_said_to_be_meaning_or_wording() -> None:
    """A new field fails here until FIELDS says which it is."""
    known = [model for model in models(System, Stack) if issubclass(model, Model)]
    assert set(known) == set(FIELDS)
    for model in known:
        meaning, wording = (names.split() for names in FIELDS[model])
        assert sorted([*meaning, *wording]) == sorted(model.model_fields), model.__name__


def test_no_model_is_left_out_of_those_that_are_walked() -> None:
    def below(model: type[BaseModel]) -> set[type[BaseModel]]:
        return {model}.union(*(below(one) for one in model.__subclasses__()))

    bases = {model for model in below(Model) if model.__subclasses__()}
    assert below(Model) - bases - set(models(System, Stack)) == set()


def test_a_digest_is_the_same_in_every_run() -> None:
    """Pinned: where these change, every exporter that runs is said to drift after an update of Truegauge."""
    assert {name: part(read()) for name, part in PARTS.items()} == {
        "metrics": "0c807b2020ade260",
        "rules": "b18a30ef6499998c",
        "dashboard": "a8dc767bf496a401",
        "scraping": "189f94817eb83c7d",
        "routes": "1894c14aa01d8345",
    }


def test_every_artefact_carries_the_digest_of_its_part() -> None:
    spec = read()
    files = render(spec)
    assert f'SPEC_DIGEST = "{of_metrics(spec, "shop")}"' in files["exporter/shop_exporter/metrics.py"]
    (group,) = yaml.safe_load(files["rendered/prometheus/rules/shop-spec.yml"])["groups"]
    assert group["rules"][0]["labels"] == {
        "system": "shop",
        "metrics": of_metrics(spec, "shop"),
        "rules": of_rules(spec, "shop"),
    }
    dashboard = json.loads(files["rendered/grafana/dashboards/shop.json"])
    (variable,) = (one for one in dashboard["templating"]["list"] if one["name"] == "spec_digest")
    assert variable["query"] == of_dashboard(spec, "shop")
    (interval,) = yaml.safe_load(files["rendered/alertmanager/alertmanager.yml"])["time_intervals"]
    assert interval["name"] == f"spec-{of_routes(spec)}"
    assert of_scraping(spec) in files["rendered/prometheus/prometheus.yml"].splitlines()[1]


def test_a_change_of_wording_leaves_prometheus_without_drift() -> None:
    reworded = read(SHOP.replace("help: Orders waiting", "help: What waits"))
    rules = "rendered/prometheus/rules/shop-spec.yml"
    assert render(reworded)[rules] == render(read())[rules]


def test_a_digest_depends_on_no_hash_seed() -> None:
    program = "import sys; sys.path.insert(0, sys.argv[1]); from test_digests import PARTS, read; "
    program += "print([part(read()) for part in PARTS.values()])"
    said = {
        subprocess.run(
            [sys.executable, "-c", program, str(Path(__file__).parent)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
