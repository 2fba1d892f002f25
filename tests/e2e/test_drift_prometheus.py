"""Each edit of Prometheus' configuration, targets and flags is named, and nothing else."""

from __future__ import annotations

import json

import pytest
from others import OTHERS, scrape
from world import Case, World, assert_only, drift

RULES, JOB = "duckdb.yml", "duckdb"
NEW_RULE = {"record": "instance:up:sum", "expr": "sum by (instance) (up)"}
DROPPING = {"source_labels": ["__name__"], "regex": "duckdb_up", "action": "drop"}

IN_PROMETHEUS = {
    "a rule file left out": Case(
        lambda doc: doc["rule_files"].pop(), "rule_file_missing", "duckdb-spec.yml", "spec", RULES
    ),
    "a rule file added": Case(
        lambda doc: doc["rule_files"].append("rules/mine.yml"), "rule_file_extra", "mine.yml", "", "mine from /"
    ),
    "the scrape interval": Case(
        lambda doc: doc["global"].update(scrape_interval="15s"),
        "scraped_otherwise", "global/scrape_interval", "1s", "15s",
    ),
    "a job's scrape interval": Case(
        lambda doc: scrape(doc).update(scrape_interval="2s"), "scraped_otherwise", f"{JOB}/scrape_interval", "1s", "2s"
    ),
    "the evaluation interval": Case(
        lambda doc: doc["global"].update(evaluation_interval="5s"),
        "prometheus_config", "global/evaluation_interval", "1s", "5s",
    ),
    "the external labels": Case(
        lambda doc: doc["global"]["external_labels"].update(environment="prod"),
        "prometheus_config", "global/external_labels/environment", "local", "prod",
    ),
    "the alertmanagers": Case(
        lambda doc: doc.pop("alerting"), "prometheus_config", "alerting", "127.0.0.1", ""
    ),
    "samples dropped": Case(
        lambda doc: scrape(doc).update(metric_relabel_configs=[DROPPING]),
        "prometheus_config", f"{JOB}/metric_relabel_configs", "", "regex: duckdb_up",
    ),
    "an external label added": Case(
        lambda doc: doc["global"]["external_labels"].update(scheme="http"),
        "prometheus_config", "global/external_labels/scheme", "", "http",
    ),
    "the path of the metrics": Case(
        lambda doc: scrape(doc).update(metrics_path="/other/metrics"),
        "prometheus_config", f"{JOB}/metrics_path", "/metrics", "/other/metrics",
    ),
    "a limit of samples": Case(
        lambda doc: scrape(doc).update(sample_limit=1000), "prometheus_config", f"{JOB}/sample_limit", "", "1000"
    ),
    "a job added": Case(
        lambda doc: doc["scrape_configs"].append({"job_name": "mine", "static_configs": [{"targets": ["mine:1"]}]}),
        "job_extra", "mine", "", "job_name: mine",
    ),
    "a job removed": Case(
        lambda doc: doc.pop("scrape_configs"), "job_missing", JOB, "job_name: duckdb", ""
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_PROMETHEUS)
def test_an_edit_of_prometheus_configuration_is_named(
    name: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    case = IN_PROMETHEUS[name]
    (world.rules.parent / "mine.yml").write_text(json.dumps({"groups": [{"name": "mine", "rules": [NEW_RULE]}]}))
    with world.edited(world.prometheus_config, case.edit) as status:
        assert status == 200
        assert_only(drift(world, capsys), *case[1:])


@pytest.mark.parametrize("name", OTHERS)
def test_a_prometheus_that_scrapes_or_keeps_otherwise_is_named(
    name: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    other = OTHERS[name]
    flags = {"a short look back": "query.lookback-delta", "a short memory": "storage.tsdb.retention.time"}
    subjects = {"a target removed": world.targets[1], "a target added": world.prometheus.removeprefix("http://")}
    subject = flags.get(name) or f"{JOB}/{subjects[name]}"
    found = drift(world, capsys, prometheus=world.others[name])
    assert_only(found, other.kind, subject, other.declared, other.running)


def test_labels_of_targets_are_named_target_by_target(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    found = drift(world, capsys, prometheus=world.others["labels"])
    assert {(one["kind"], one["subject"]) for one in found} == {
        ("target_labels", f"{JOB}/{address}") for address in world.targets
    }
    assert {(one["declared"], one["running"]) for one in found} == {("{}", "{zone: a}")}
