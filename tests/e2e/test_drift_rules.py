"""Each edit of the rules, made in Prometheus' own file and reloaded, is named, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from world import Case, World, assert_only, drift

RULES = "duckdb.yml"


def group(document: Any, name: str) -> Any:
    return next(one for one in document["groups"] if one["name"] == f"duckdb-{name}")


def alert(document: Any) -> Any:
    return group(document, "queries")["rules"][1]


HIGH = f"{RULES}/duckdb-queries/HighQueryLatency"
NEW_RULE = {"record": "instance:up:sum", "expr": "sum by (instance) (up)"}
IN_RULES = {
    "an expression": Case(
        lambda doc: alert(doc).update(expr="instance:duckdb_query_latency_ms:p95_1m > 200"),
        "rule_changed", HIGH, "p95_1m > 100", "p95_1m > 200",
    ),
    "a window": Case(
        lambda doc: group(doc, "sync")["rules"][0].update(expr="floor(increase(duckdb_sync_failure_count[5m]))"),
        "rule_changed", f"{RULES}/duckdb-sync/instance:duckdb_sync_failure_count:increase_10m", "[10m]", "[5m]",
    ),
    "the waiting time": Case(
        lambda doc: alert(doc).update({"for": "1m"}), "rule_changed", HIGH, "for: 30s", "for: 1m"
    ),
    "how long it is kept": Case(
        lambda doc: alert(doc).update(keep_firing_for="5m"),
        "rule_changed", HIGH, "keep_firing_for: 0s", "keep_firing_for: 5m",
    ),
    "a label": Case(
        lambda doc: alert(doc)["labels"].update(severity="info"),
        "rule_changed", HIGH, "labels.severity: warning", "labels.severity: info",
    ),
    "an annotation": Case(
        lambda doc: alert(doc)["annotations"].pop("runbook_url"),
        "rule_changed", HIGH, "annotations.runbook_url: http", "annotations.runbook_url: nothing",
    ),
    "a name": Case(
        lambda doc: alert(doc).update(alert="SlowQueries"),
        "rule_changed", HIGH, "name: HighQueryLatency", "name: SlowQueries",
    ),
    "a rule removed": Case(lambda doc: group(doc, "queries")["rules"].pop(1), "rule_missing", HIGH, "p95_1m > 100", ""),
    "a rule added": Case(
        lambda doc: group(doc, "queries")["rules"].append(NEW_RULE),
        "rule_extra", f"{RULES}/duckdb-queries/instance:up:sum", "", "sum by (instance) (up)",
    ),
    "the order of rules": Case(
        lambda doc: group(doc, "queries")["rules"].reverse(),
        "group_changed", f"{RULES}/duckdb-queries", "p95_1m, HighQueryLatency", "HighQueryLatency, instance",
    ),
    "a group removed": Case(
        lambda doc: doc["groups"].remove(group(doc, "disk")), "group_missing", f"{RULES}/duckdb-disk", "5 rules", ""
    ),
    "a group added": Case(
        lambda doc: doc["groups"].append({"name": "mine", "rules": [NEW_RULE]}),
        "group_extra", f"{RULES}/mine", "", "instance:up:sum",
    ),
    "a group's interval": Case(
        lambda doc: group(doc, "disk").update(interval="1m"),
        "group_changed", f"{RULES}/duckdb-disk", "interval: 1s", "interval: 1m",
    ),
    "all groups removed": Case(
        lambda doc: doc["groups"].clear(), "rule_file_missing", RULES, RULES, "duckdb-objectives.yml"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_RULES)
def test_an_edit_of_the_rules_is_named(name: str, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    case = IN_RULES[name]
    with world.edited(world.rules, case.edit) as status:
        assert status == 200
        assert_only(drift(world, capsys), *case[1:])


def test_the_same_expression_written_in_another_way_is_no_drift(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    def respell(document: Any) -> None:
        alert(document).update(expr="(instance:duckdb_query_latency_ms:p95_1m{})  >  100.0")
        group(document, "sync")["rules"][0].update(expr="floor (increase(duckdb_sync_failure_count[600s]))")

    with world.edited(world.rules, respell):
        assert drift(world, capsys) == []


def test_rules_that_prometheus_refused_are_named_as_a_failed_reload(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with world.edited(world.rules, lambda doc: alert(doc).update(expr="sum(")) as status:
        assert status == 500
        assert_only(drift(world, capsys), "reload_failed", "configuration", "succeeded", "refused")
