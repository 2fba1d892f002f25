"""SpecDrift's rendered tests: they pass on its rule, and no wrong rule gets past them."""

from __future__ import annotations

from pathlib import Path

import pytest

from truegauge_generator.acceptance import test_rules as run_tests
from truegauge_generator.cli import main
from truegauge_generator.digests import of_metrics
from truegauge_generator.render import render
from truegauge_spec import Source, Spec, build

RULES, TESTS = "rendered/prometheus/rules/duckdb-spec.yml", "rendered/prometheus/tests/duckdb-spec.yml"
UP = 'up{job="duckdb"}'
MUTANTS = {
    "the comparison turned round": ('digest!="', 'digest="'),
    "another digest expected": ('digest!="', 'digest!="0'),
    "those that are down count": (f"  {UP} == 1 unless", f"  {UP} unless"),
    "those that are up do not count": (f"  {UP} == 1 unless", f"  {UP} == 0 unless"),
    "all that are up count": (
        " unless on (job, instance) duckdb_exporter_spec_info{",
        " unless on (job, instance) no{",
    ),
    "those that say none do not count": ("or\n", "and\n"),
    "it does not wait": ("for: 1m\n", "for: 0s\n"),
    "it waits for longer": ("for: 1m\n", "for: 2m\n"),
    "another severity": ("severity: warning", "severity: info"),
    "none is called otherwise": ('"none"', '"no"'),
}


def proven(files: dict[str, str], folder: Path, promtool: str) -> tuple[int, bool]:
    """How many cases promtool ran, and whether all of them passed."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    count, problems = run_tests(promtool, folder, files)
    return count, not problems


@pytest.fixture(scope="module")
def files(spec: Spec) -> dict[str, str]:
    """The rule and its tests."""
    return {path: text for path, text in render(spec).items() if path in (RULES, TESTS)}


def test_the_tests_pass_on_the_rule(files: dict[str, str], tmp_path: Path, promtool: str) -> None:
    assert proven(files, tmp_path, promtool) == (6, True)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_wrong_rule_is_found(mutant: str, files: dict[str, str], tmp_path: Path, promtool: str) -> None:
    old, new = MUTANTS[mutant]
    assert old in files[RULES]
    _, passed = proven({**files, RULES: files[RULES].replace(old, new)}, tmp_path, promtool)
    assert not passed


def test_it_waits_for_four_scrapes_where_those_are_slow(spec: Spec, tmp_path: Path, promtool: str) -> None:
    text = spec.sources["duckdb"].text.replace("over: 1m", "over: 5m")
    slow = text.replace("scrape:\n", "scrape:\n  interval: 35s\n", 1)
    stack = spec.sources[""].text
    files = render(build([Source("duckdb.yaml", slow), Source("stack.yaml", stack)]))
    assert "for: 2m20s\n" in files[RULES]
    assert proven({path: files[path] for path in (RULES, TESTS)}, tmp_path, promtool) == (6, True)


def test_an_older_spec_of_the_same_meaning_drifts_not(spec: Spec) -> None:
    reworded = spec.sources["duckdb"].text.replace("help: Query execution time", "help: How long a query takes")
    other = build([Source("duckdb.yaml", reworded), Source("stack.yaml", spec.sources[""].text)])
    assert of_metrics(other, "duckdb") == of_metrics(spec, "duckdb")
    assert render(other)[RULES] == render(spec)[RULES]


def test_explain_tells_what_it_says_and_what_proves_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "SpecDrift", str(root / "spec")]) == 0
    said = capsys.readouterr().out
    assert "Fires when an exporter of duckdb that can be scraped says another digest of its spec, or none" in said
    assert "SpecDrift: an exporter that is replaced late recovers" in said
