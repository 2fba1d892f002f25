"""What docs/deploy.md and docs/trouble.md show is there: files, settings, series and tests."""

from __future__ import annotations

import re
from pathlib import Path

from truegauge_generator.render import render
from truegauge_spec import Source, Spec, build

ROOT = Path(__file__).parents[2]
DEPLOY, TROUBLE = (ROOT / "docs" / name for name in ("deploy.md", "trouble.md"))
ROWS = [line.split("|") for line in TROUBLE.read_text().splitlines() if line.startswith("| ")]


def test_the_files_are_rendered(spec: Spec) -> None:
    shown = re.findall(r"^\| `([\w.-]+)` \|", DEPLOY.read_text(), re.MULTILINE)
    rendered = [Path(path).name for path in render(spec) if path.startswith("rendered/deploy/duckdb/")]
    assert sorted(name.replace("SYSTEM", "duckdb") for name in shown) == sorted(rendered)


def test_the_settings_are_valid() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", DEPLOY.read_text(), re.DOTALL)
    head = "system: app\nsummary: A\nowner: b\nwaive: {no_alert: a guide}\n"
    metrics = "metrics: {app_up: {type: gauge, help: A, measure: exporter.up}}\n"
    files = render(build([Source("app.yaml", head + metrics + block)]))
    assert "archive.duckdb" in files["rendered/deploy/app/Dockerfile"]


def test_each_trouble_names_its_test_and_series_that_there_are(spec: Spec) -> None:
    tests = "".join(file.read_text() for file in (ROOT / "tests" / "exporter").glob("test_trouble*.py"))
    metrics = {*spec.systems["duckdb"].metrics, "duckdb_exporter_dropped_label_values_total"}
    troubles = ROWS[1:]
    assert len(troubles) >= 14
    for _, trouble, says, test, _ in troubles:
        assert f"def {test.strip().strip('`')}(" in tests, trouble
        assert set(re.findall(r"`(duckdb_\w+)`", says)) <= metrics, trouble


def test_each_alert_is_explained(spec: Spec) -> None:
    alerts = {name for name in spec.systems["duckdb"].alerts if name != "SpecDrift"}
    assert alerts <= set(re.findall(r"\w+", (ROOT / "docs" / "duckdb.md").read_text()))
