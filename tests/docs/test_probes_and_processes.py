"""What docs/probes.md and docs/processes.md show is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import duckdb_exporter
from duckdb_exporter.engine.probes import FAILURES, REASONS, RETRY
from duckdb_exporter.engine.serving import TARGETS_VARIABLE
from duckdb_exporter.metrics import SETTINGS
from truegauge_generator.cli import main
from truegauge_spec.metric import SqlMeasure

DOCS = Path(__file__).parents[2] / "docs"
PROBES = (DOCS / "probes.md").read_text()
PROCESSES = (DOCS / "processes.md").read_text()
HEAD = "system: duckdb\nsummary: Cache\nowner: data\nexporter: {instance_label: instance_id}\n"


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_probe_and_its_alert_are_rendered_proven_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    metrics, alerts = blocks(PROBES, "yaml")
    (tmp_path / "duckdb.yaml").write_text(HEAD + metrics + alerts)
    for command in ("render", "check", "prove"):
        assert main([command, "duckdb.yaml"]) == 0, capsys.readouterr().err
    rendered = (tmp_path / "exporter" / "duckdb_exporter" / "metrics.py").read_text()
    assert "every=30.0,\n        timeout=2.0,\n        rows=100,\n" in rendered


def test_the_defaults_and_reasons_are_those_of_the_code() -> None:
    found = SqlMeasure(sql="SELECT 1")
    assert (found.every, found.timeout, found.rows) == (30_000, 2_000, 100)
    assert tuple(re.findall(r"^\| `(\w+)` \| ", PROBES, re.MULTILINE)) == REASONS
    assert (FAILURES, RETRY, SETTINGS.forget_after) == (3, 5 * 60, 5 * 60)


def test_the_databases_of_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(TARGETS_VARIABLE, "targets")
    assert f"`{TARGETS_VARIABLE}`" in PROCESSES
    several, serve = (block for block in blocks(PROCESSES, "python") if "post_fork" not in block)
    namespace = {"duckdb_exporter": duckdb_exporter}
    exec(serve.replace("/run/app/targets", str(tmp_path / "targets")), namespace)  # noqa: S102 - what the guide shows
    exec(several, namespace)  # noqa: S102
    try:
        assert len(list((tmp_path / "targets").glob("*.json"))) == 1
        text = duckdb_exporter._EXPORTER.render().decode()
        assert all(f'duckdb_up{{instance_id="{name}"}}' in text for name in ("trades", "cache"))
    finally:
        for name in ("trades", "cache"):
            namespace[name].close()
        duckdb_exporter.close()
