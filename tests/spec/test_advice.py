"""Warnings: each spec in tests/advice says what is advised against in it. Nothing else is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from truegauge_generator.cli import main
from truegauge_spec import Spec, build, load, sources
from truegauge_spec.check import SEVERITIES
from truegauge_spec.spec import Source

ADVICE = Path(__file__).parents[1] / "advice"
CASES = sorted(ADVICE.iterdir())

# What `promtool check metrics` says, and the check that says it before there is an exporter.
PROMTOOL = {
    r'counter metrics should have "_total" suffix': "counter_total",
    r'non-counter metrics should not have "_total" suffix': "counter_total",
    r'non-histogram and non-summary metrics should not have "_(count|sum|bucket)" suffix': "reserved_suffix",
    r"metric names should not contain abbreviated units": "unit_in_name",
    r"use base unit": "base_unit",
    r"metric names should be written in 'snake_case'": "name_style",
    r"metric name should not include type": "name_style",
}


def expected(case: Path) -> list[str]:
    return [f"{case.name}:{line}" for line in re.findall(r"^# expect: (.*)$", case.read_text(), re.MULTILINE)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_spec_gets_the_advice_that_it_says(case: Path) -> None:
    found = build([Source(case.name, case.read_text())]).warnings
    assert sorted(map(str, found)) == sorted(expected(case))


def test_every_warning_has_a_case() -> None:
    codes = {code for case in CASES for line in expected(case) for code in re.findall(r"\[(\w+)\]$", line)}
    assert codes == set(SEVERITIES)


def test_a_warning_alone_does_not_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = ADVICE / "names.yaml"
    assert main(["render", str(case), "--output", str(tmp_path)]) == 0
    assert main(["check", str(case), "--output", str(tmp_path)]) == 0
    assert "[counter_total]" in capsys.readouterr().err


def test_the_design_s_names_are_waived_with_their_reasons(spec: Spec) -> None:
    assert spec.warnings == ()
    assert set(spec.systems["duckdb"].waive) == {"base_unit", "unit_in_name", "counter_total", "reserved_suffix"}


def test_promtool_finds_nothing_in_the_names_that_no_check_finds(root: Path, promtool: str) -> None:
    (source,) = [one for one in sources(root / "spec") if one.path.endswith("duckdb.yaml")]
    text = re.sub(r"^waive:\n(  .*\n)+", "", source.text, flags=re.MULTILINE)
    warned = {
        (problem.message.split()[0].rstrip(":"), problem.code) for problem in build([Source("d.yaml", text)]).warnings
    }
    lines = []
    for name, metric in load(root / "spec").systems["duckdb"].metrics.items():
        lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.type}"]
        if metric.type == "histogram":
            lines += [f'{name}_bucket{{le="+Inf"}} 1', f"{name}_sum 1", f"{name}_count 1"]
        else:
            lines.append(f"{name} 1")
    done = subprocess.run(
        [promtool, "check", "metrics"], input="\n".join(lines) + "\n", capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stderr
    for line in (done.stdout + done.stderr).splitlines():
        name, _, said = line.partition(" ")
        code = next((code for pattern, code in PROMTOOL.items() if re.search(pattern, said)), None)
        assert code is not None, line
        assert (name, code) in warned, line
