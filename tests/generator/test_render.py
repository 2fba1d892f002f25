"""Rendering: the same spec gives the same bytes, and they are those in `rendered/`."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from truegauge_generator.conditions import KINDS
from truegauge_generator.disk import compare
from truegauge_generator.literals import as_json
from truegauge_generator.render import render
from truegauge_generator.targets import TARGETS
from truegauge_spec import Source, Spec, build
from truegauge_spec.conditions import CONDITIONS

SEED = {
    "histogram": [
        "duckdb_query_latency_ms",
        *(f"duckdb_{kind}_latency_ms" for kind in ("select", "insert", "update", "delete")),
    ],
    "gauge": [
        "duckdb_queries_per_sec",
        *(f"duckdb_{kind}_queries_per_sec" for kind in ("select", "insert", "update", "delete")),
        "duckdb_memory_used_bytes",
        "duckdb_memory_limit_bytes",
        "duckdb_memory_fragmentation_ratio",
        "duckdb_disk_usage_bytes",
        "duckdb_max_disk_usage_bytes",
        "duckdb_disk_fragmentation_ratio",
        "duckdb_active_connections",
        "duckdb_sync_latency_ms",
        "duckdb_transaction_latency_ms",
    ],
    "counter": [
        "duckdb_failed_connections",
        "duckdb_sync_success_count",
        "duckdb_sync_failure_count",
        "duckdb_sync_retry_attempts",
        "duckdb_transaction_success_count",
        "duckdb_transaction_failure_count",
    ],
}
LABELS = {"query_type": ["duckdb_query_latency_ms", "duckdb_queries_per_sec"]}


def test_the_rendered_files_in_this_repository_are_what_its_spec_says(spec: Spec, root: Path) -> None:
    found = compare(render(spec), str(root))
    assert (found.changed, found.missing, found.stray) == ([], [], [])


def test_rendering_twice_gives_the_same_bytes(root: Path) -> None:
    program = "import sys, json; from truegauge_spec import load; from truegauge_generator.render import render; "
    program += "print(json.dumps(render(load(sys.argv[1]))))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, str(root / "spec")],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_the_25_metrics_of_the_design_have_their_names_types_and_labels(spec: Spec) -> None:
    metrics = spec.systems["duckdb"].metrics
    assert sum(len(names) for names in SEED.values()) == 25
    for kind, names in SEED.items():
        for name in names:
            assert metrics[name].type == kind, name
            table = name.split("_")[1] in ("select", "insert", "update", "delete")
            label = "query_type" if name in LABELS["query_type"] else "table_name" if table else "instance_id"
            assert list(metrics[name].labels) == [label], name


def test_every_condition_kind_has_a_module_with_the_functions_of_its_protocol() -> None:
    assert set(KINDS) == {model.kind for model in CONDITIONS} - {"expr"}
    for module in KINDS.values():
        own = ("drivers",) if hasattr(module, "drivers") else ("fires", "story")
        assert all(callable(getattr(module, name)) for name in ("expression", "operation", "subject", *own))


def test_every_target_writes_a_file(spec: Spec) -> None:
    files = render(spec)
    for target in TARGETS:
        assert any(path.startswith(target.path.format(system="duckdb", part="")) for path in files), target.path


def test_rendered_yaml_and_json_can_be_read(spec: Spec) -> None:
    for path, text in render(spec).items():
        if path.endswith(".yml"):
            assert yaml.safe_load(text), path
        elif path.endswith(".json"):
            assert json.loads(text), path


def test_a_second_system_is_rendered_beside_the_first_without_a_change_of_code(spec: Spec, root: Path) -> None:
    shop = root / "tests" / "systems" / "shop.yaml"
    both = build([*spec.sources.values(), Source("shop.yaml", shop.read_text())])
    files, alone = render(both), render(spec)
    assert set(alone) < set(files)
    assert "rendered/prometheus/rules/shop.yml" in files
    assert [
        job["job_name"] for job in yaml.safe_load(files["rendered/prometheus/prometheus.yml"])["scrape_configs"]
    ] == [
        "duckdb",
        "shop",
    ]
    assert not any("engine" in path for path in files if path.startswith("exporter/shop_exporter"))


def test_a_part_of_the_stack_that_is_left_out_is_not_rendered(root: Path) -> None:
    shop = (root / "tests" / "systems" / "shop.yaml").read_text()
    files = render(build([Source("shop.yaml", shop)]))
    assert not any(path.startswith(("rendered/alertmanager", "rendered/prometheus/prometheus.yml")) for path in files)


HOSTILE = """\
system: s
summary: {text}
owner: {text}
metrics:
  m_seconds: {{type: histogram, unit: s, help: {text}, labels: {{kind: [{text}]}}, buckets: [1, 2], measure: app}}
  g: {{type: gauge, help: {text}, labels: {{kind: [{text}]}}, measure: app}}
alerts:
  A:
    when: {{metric: g, where: {{kind: {text}}}, above: 1}}
    severity: info
    summary: {text}
    runbook: {text}
    labels: {{team: {text}}}
    annotations: {{note: {text}}}
"""


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: "{{" not in text))
def test_no_text_breaks_out_of_its_place(text: str) -> None:
    files = render(build([Source("s.yaml", HOSTILE.format(text=as_json(text)))]))
    (group,) = yaml.safe_load(files["rendered/prometheus/rules/s.yml"])["groups"]
    (rule,) = group["rules"]
    assert rule["annotations"]["summary"] == rule["annotations"]["note"] == text
    assert rule["labels"] == {"severity": "info", "team": text}
    assert json.loads(files["rendered/grafana/dashboards/s.json"])
    tree = ast.parse(files["exporter/s_exporter/metrics.py"])
    helps = [node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "help"]
    assert [ast.literal_eval(node) for node in helps] == [text, text]


@pytest.mark.parametrize("path", ["rendered/prometheus/rules/duckdb.yml", "rendered/alertmanager/alertmanager.yml"])
def test_multi_line_promql_and_matchers_are_not_escaped(spec: Spec, path: str) -> None:
    lines = render(spec)[path].splitlines()
    assert not any('\\"' in line for line in lines if "expr" in line or ("=" in line and "$" not in line))


def test_a_system_without_alerts_gets_no_empty_rule_file() -> None:
    text = "system: a\nsummary: A\nowner: b\nwaive: {no_alert: a test}\n"
    text += "metrics: {a_up: {type: gauge, help: A, measure: app}}\n"
    files = render(build([Source("a.yaml", text)]))
    assert not any("prometheus" in path for path in files)
    assert "exporter/a_exporter/metrics.py" in files
