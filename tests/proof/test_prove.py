"""`truegauge prove` as its users meet it, with the real promtool."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from truegauge_generator.cli import main
from truegauge_generator.tools import version

OWN = ["--rules", "rules/orders.yml", "--tests", "tests/orders.yml"]
Said = pytest.CaptureFixture[str]


def proven(capsys: Said, *arguments: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["prove", *arguments, "--format", "json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


def codes(found: dict[str, Any]) -> set[str]:
    return {problem["code"] for problem in found["problems"]}


def test_every_test_of_a_spec_passes_and_most_mutants_are_noticed(shop: Path, capsys: Said) -> None:
    code, found = proven(capsys)
    assert code == 0
    assert {case["failure"] for case in found["tests"]} == {""}
    assert found["counts"]["killed"] > found["counts"]["survived"]
    assert found["counts"]["refused"] == 0


def test_the_table_names_every_alert_and_the_last_line_sums_up(shop: Path, capsys: Said) -> None:
    capsys.readouterr()
    assert main(["prove"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["rule", "tests", "killed", "survived", "equivalent"]
    assert [line.split()[0] for line in lines[1:4]] == ["SlowPages", "OrdersPileUp", "SpecDrift"]
    assert lines[-1].startswith("prove: ")


def test_a_second_run_asks_promtool_nothing(shop: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    first = proven(capsys)[1]
    monkeypatch.setattr("truegauge_generator.proof.run._run", lambda *_: pytest.fail("it ran again"))
    second = proven(capsys)[1]
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


def test_it_is_deterministic(shop: Path, capsys: Said) -> None:
    first = proven(capsys)[1]
    (shop / ".truegauge_cache" / "prove.json").unlink()
    second = proven(capsys)[1]
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


def test_files_that_differ_from_the_spec_prove_nothing(shop: Path, capsys: Said) -> None:
    rules = shop / "rendered" / "prometheus" / "rules" / "shop.yml"
    rules.write_text(rules.read_text().replace("> 0.2", "> 0.3"))
    code, found = proven(capsys)
    assert (code, codes(found)) == (1, {"changed"})


def test_without_promtool_nothing_is_proven(shop: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(shop))
    code, found = proven(capsys)
    assert (code, codes(found)) == (1, {"missing_tool"})


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 0", "promtool did not run it"),
        ("exit 2", "promtool did not run it"),
        ("kill -SEGV $$", "promtool did not run it"),
        ("for a; do case $a in --junit=*) echo '<testsuites/>' > ${a#--junit=};; esac; done", "did not run it"),
    ],
    ids=["it says nothing", "it fails", "it crashes", "it ran no test"],
)
def test_a_promtool_that_does_not_do_its_work_is_never_a_pass(
    shop: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    tool = shop / "bin" / "promtool"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "promtool, version 3.5.3" && exit\n{script}\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    code, found = proven(capsys)
    assert code == 1
    assert all(said in case["failure"] for case in found["tests"])
    assert found["mutants"] == []


def test_a_tool_is_asked_for_its_version_once_until_it_is_another(tmp_path: Path) -> None:
    tool, asked = tmp_path / "promtool", tmp_path / "asked"
    for number in ("3.5.1", "3.6.0"):
        tool.write_text(f'#!/bin/sh\necho asked >> {asked}\necho "promtool, version {number}"\n')
        tool.chmod(0o755)
        os.utime(tool, (1, int(number[2])))
        assert [version(str(tool)) for _ in range(3)] == [f"promtool, version {number}\n"] * 3
    assert asked.read_text() == "asked\n" * 2


def test_rules_of_others_get_a_score_and_a_coverage(written: Path, capsys: Said) -> None:
    code, found = proven(capsys, *OWN)
    assert code == 0
    survivors = {mutant["change"] for mutant in found["mutants"] if mutant["state"] == "survived"}
    assert {"for: 10m is gone", "0.5 becomes 0.51", 'status="refused" is gone'} <= survivors
    assert [item["what"] for item in found["coverage"] if not item["covered"] and item["kind"] == "alert"] == [
        "is silent in a test"
    ]


def test_a_survivor_is_told_at_the_line_of_its_rule(written: Path, capsys: Said) -> None:
    problems = proven(capsys, *OWN)[1]["problems"]
    places = {(problem["path"], problem["line"]) for problem in problems if problem["code"] == "mutant_survived"}
    assert places == {("rules/orders.yml", 4), ("rules/orders.yml", 6)}


def test_a_better_test_gets_a_better_score(written: Path, capsys: Said) -> None:
    before = proven(capsys, *OWN)[1]["score"]
    tests = written / "tests" / "orders.yml"
    early = "      - {eval_time: 10m, alertname: OrdersRefused, exp_alerts: []}\n"
    tests.write_text(tests.read_text() + early)
    assert proven(capsys, *OWN)[1]["score"] > before


@pytest.mark.parametrize(("option", "code"), [("--min-score", "low_score"), ("--min-coverage", "low_coverage")])
def test_too_little_fails_when_asked_to(written: Path, capsys: Said, option: str, code: str) -> None:
    assert proven(capsys, *OWN, option, "1")[0] == 0
    failed, found = proven(capsys, *OWN, option, "100")
    assert failed == 1
    assert code in codes(found)


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (("tests", "rule_files: [../rules/orders.yml]", "rule_files: [nope.yml]"), "case_failed"),
        (("tests", "alertname: OrdersRefused", "alertname: OrdersRefuse"), "case_failed"),
        (("tests", "for: 10m", "for: 10m"), None),
        (("tests", "x40", "x4"), "case_failed"),
        (("tests", "tests:", "tests: ["), "yaml"),
        (("rules", "[5m]", "[5m"), "promtool_rules"),
        (("rules", "groups:", "groups: {"), "yaml"),
    ],
)
def test_what_is_wrong_in_files_of_others_is_said(
    written: Path, capsys: Said, edit: tuple[str, str, str], code: str | None
) -> None:
    folder, old, new = edit
    path = written / folder / "orders.yml"
    path.write_text(path.read_text().replace(old, new))
    failed, found = proven(capsys, *OWN)
    assert failed == (code is not None)
    assert code is None or code in codes(found)


SILENT = "        exp_alerts: []\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("rule_files: [../rules/orders.yml]\ntests: []\n", "nothing_proven"),
        ("rule_files: [../rules/nope.yml]\ntests: [{interval: 1m, input_series: []}]\n", "case_failed"),
        (
            "rule_files: [../rules/orders.yml]\ntests:\n  - interval: 1m\n    alert_rule_test:\n"
            "      - eval_time: 1m\n        alertname: OrdersRefuse\n" + SILENT,
            "unknown_alert",
        ),
    ],
    ids=["no test", "no rule file", "an alert that is not there"],
)
def test_what_promtool_passes_over_in_silence_is_a_problem(written: Path, capsys: Said, text: str, code: str) -> None:
    (written / "tests" / "orders.yml").write_text(text)
    failed, found = proven(capsys, *OWN)
    assert (failed, codes(found)) == (1, {code})


def test_rules_without_tests_prove_nothing(written: Path, capsys: Said) -> None:
    code, found = proven(capsys, "--rules", "rules/orders.yml")
    assert (code, codes(found)) == (1, {"nothing_proven"})


@pytest.mark.parametrize("text", [b"", b"# nothing\n", b"\xff\xfe\0"], ids=["empty", "a comment", "not UTF-8"])
@pytest.mark.parametrize("folder", ["rules", "tests"])
def test_a_file_without_content_or_of_another_kind_is_named(
    written: Path, capsys: Said, folder: str, text: bytes
) -> None:
    (written / folder / "orders.yml").write_bytes(text)
    code, found = proven(capsys, *OWN)
    assert code == 1
    assert {problem["path"] for problem in found["problems"]} <= {f"{folder}/orders.yml", ".", "tests/orders.yml"}


def test_a_file_that_is_not_there_is_named(written: Path, capsys: Said) -> None:
    code, found = proven(capsys, "--rules", "rules/nope.yml", "--tests", "tests/orders.yml")
    assert (code, found["problems"][0]["path"]) == (1, "rules/nope.yml")


def test_junit_s_xml_holds_every_test_and_mutant(written: Path, capsys: Said) -> None:
    found = proven(capsys, *OWN, "--junit", "report.xml")[1]
    root = ElementTree.parse(written / "report.xml").getroot()  # noqa: S314 - our own file
    suites = {suite.get("name"): suite for suite in root}
    assert len(list(suites["tests"].iter("testcase"))) == len(found["tests"])
    assert len(list(suites["mutants"].iter("testcase"))) == len(found["mutants"])
    assert len(list(suites["mutants"].iter("failure"))) == found["counts"]["survived"]
