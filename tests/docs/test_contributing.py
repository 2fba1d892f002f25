"""Every change that CONTRIBUTING shows can be applied, touches as few files as it says, and works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NUMBERS = {"one": 1, "two": 2, "three": 3}
SECTIONS: list[tuple[str, str, str]] = re.findall(
    r"^## Add (?:a|an) ([\w ]+): (\w+) files?\n.*?```diff\n(.*?)```",
    (ROOT / "CONTRIBUTING.md").read_text(),
    re.MULTILINE | re.DOTALL,
)
SPREAD = """
  MovingQueries:
    when: {metric: duckdb_active_connections, spread_over: 5m, above: 10}
    severity: info
    summary: The number of connections moves a lot
    runbook: Look who opens them.
"""


@pytest.fixture
def change(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Applies a diff to a copy of the repository and runs a command of truegauge there."""
    copy = tmp_path / "copy"
    for folder in ("spec", "generator", "exporter", "rendered", "tests"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))

    def run(
        diff: str, *arguments: str, more: Callable[[Path], object] = lambda _: None
    ) -> subprocess.CompletedProcess[str]:
        subprocess.run(["git", "apply", "-"], input=diff, text=True, cwd=copy, check=True)
        more(copy)
        path = os.pathsep.join(str(copy / folder) for folder in ("spec", "generator", "exporter"))
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def diff_of(what: str) -> str:
    return next(diff for name, _, diff in SECTIONS if name == what)


def test_it_shows_the_five_changes() -> None:
    assert [name for name, _, _ in SECTIONS] == ["metric", "alert", "kind of condition", "check", "output"]


@pytest.mark.parametrize(("what", "files", "diff"), SECTIONS, ids=[name for name, _, _ in SECTIONS])
def test_a_change_touches_as_many_files_as_it_says(what: str, files: str, diff: str) -> None:
    assert len(re.findall(r"^diff --git ", diff, re.MULTILINE)) == NUMBERS[files]


def test_a_new_metric_is_rendered(change: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = change(diff_of("metric"), "truegauge_generator", "render")
    assert "wrote   exporter/duckdb_exporter/metrics.py" in done.stdout, done.stderr


def test_a_new_alert_is_rendered_with_its_tests(change: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = change(diff_of("alert"), "truegauge_generator", "render")
    assert "wrote   rendered/prometheus/tests/duckdb-1m.yml" in done.stdout, done.stderr


def test_a_new_kind_of_condition_is_rendered_and_promtool_proves_it(
    change: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    def alert(copy: Path) -> None:
        spec = copy / "spec" / "duckdb.yaml"
        spec.write_text(spec.read_text().replace("\ndashboard:", f"{SPREAD}\ndashboard:"))

    done = change(diff_of("kind of condition"), "truegauge_generator", "render", more=alert)
    assert done.returncode == 0, done.stderr
    rules = (tmp_path / "copy" / "rendered" / "prometheus" / "rules" / "duckdb.yml").read_text()
    assert "max_over_time(duckdb_active_connections[5m]) - min_over_time(duckdb_active_connections[5m])" in rules
    promtool = shutil.which("promtool")
    assert promtool is not None
    tests = tmp_path / "copy" / "rendered" / "prometheus" / "tests" / "duckdb.yml"
    ran = subprocess.run([promtool, "test", "rules", str(tests)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_a_new_check_finds_its_fault_case(change: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = change(diff_of("check"), "truegauge_generator", "render", "tests/faults/help_text.yaml")
    assert done.returncode == 1
    assert "help_text.yaml:8:11: it only repeats the name shop_queue; say what is measured [help_text]" in done.stderr


def test_a_new_output_is_rendered(change: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = change(diff_of("output"), "truegauge_generator", "render")
    assert "wrote   rendered/alertmanager/silences/duckdb.yml" in done.stdout, done.stderr
