"""What runs as the spec says gives no finding; what cannot be asked, or shows nothing, does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from loopback import got, until
from world import World, assert_only, drift, scraped

from truegauge_generator.cli import main

ROOT = Path(__file__).parents[2]
RULES = sum(
    text.count("- record:") + text.count("- alert:")
    for text in (file.read_text() for file in (ROOT / "rendered" / "prometheus" / "rules").glob("*.yml"))
)


def test_a_clean_system_gives_no_finding(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert drift(world, capsys) == []
    assert main(["drift", str(world.spec_folder), *world.asked()]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.endswith("as the spec says") for line in lines)


def test_a_rule_that_prometheus_cannot_evaluate_is_named(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    # The recorded quantile is the one rule that holds more than 66 samples at once, of 5 x 14 buckets; for the first
    # minute, since after that others look at as many.
    server = world.other_prometheus(lambda document: None, "--query.max-samples=66")
    until(lambda: b'"health":"err"' in got(f"{server}/api/v1/rules"))
    subject = "duckdb.yml/duckdb-queries/instance:duckdb_query_latency_ms:p95_1m"
    assert_only(drift(world, capsys, prometheus=server), "rule_unhealthy", subject, "evaluates", "too many samples")


def test_an_exporter_that_is_gone_is_named_once(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with world.stopped(world.targets[1]):
        until(lambda: b'"health":"down"' in got(f"{world.prometheus}/api/v1/targets"))
        assert_only(drift(world, capsys), "target_down", f"duckdb/{world.targets[1]}", "up", "connection refused")
        gone = f"http://{world.targets[1]}/metrics"
        assert_only(drift(world, capsys, exporter=gone), "unreachable", "exporter", "answers", "connection refused")
    until(lambda: scraped(world.prometheus))


def test_servers_that_are_not_there_or_are_others_are_named(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("exporter", "prometheus", "alertmanager"):
        found = drift(world, capsys, **{name: "http://127.0.0.1:9"})
        assert_only(found, "unreachable", name, "answers", "connection refused")
    found = drift(world, capsys, prometheus=world.alertmanager)
    assert_only(found, "unreachable", "prometheus", "answers", "/api/v1/status/config answered 404")
    found = drift(world, capsys, alertmanager=world.prometheus)
    assert_only(found, "unreachable", "alertmanager", "answers", "/api/v2/status answered 404")


def test_a_prometheus_without_rules_is_no_success(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with world.edited(world.prometheus_config, lambda document: document.pop("rule_files")):
        assert_only(drift(world, capsys), "nothing_observed", "rules", f"{RULES} rules", "none")


def test_several_of_each_are_asked(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    other = f"http://{world.targets[1]}/metrics"
    arguments = [*world.asked(), "--exporter", other, "--prometheus", world.others["a short memory"]]
    capsys.readouterr()
    assert main(["drift", str(world.spec_folder), "--format", "json", *arguments]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [source["source"] for source in said["sources"]] == [
        world.exporter,
        other,
        world.prometheus,
        world.others["a short memory"],
        world.alertmanager,
    ]
    (found,) = said["findings"]
    assert (found["source"], found["kind"]) == (world.others["a short memory"], "flag")


def test_without_flags_the_servers_of_the_spec_are_asked(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["drift", str(world.spec_folder), "--format", "json", "--timeout", "20s"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [source["kind"] for source in said["sources"]] == [
        "exporter",
        "exporter",
        "prometheus",
        "alertmanager",
        "grafana",
    ]
    assert_only(said["findings"], "unreachable", "grafana", "answers", "connection refused")


def test_the_table_names_what_differs_below_its_server(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    def raise_threshold(document: Any) -> None:
        document["groups"][0]["rules"][1].update(expr="instance:duckdb_query_latency_ms:p95_1m > 200")

    with world.edited(world.rules, raise_threshold):
        capsys.readouterr()
        assert main(["drift", str(world.spec_folder), *world.asked()]) == 1
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[1] == f"prometheus {world.prometheus}: {RULES} rules, 2 targets, 1 differ"
    assert lines[2].split() == ["kind", "subject", "declared", "running"]
    assert lines[3].split()[:2] == ["rule_changed", "duckdb.yml/duckdb-queries/HighQueryLatency"]
    assert f"{world.prometheus}: duckdb.yml/duckdb-queries/HighQueryLatency: a loaded rule has another" in said.err
    assert "reload it, or change the spec [rule_changed]" in said.err
