"""The command line as its users meet it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from truegauge_generator import acceptance, cli
from truegauge_generator.cli import main
from truegauge_generator.commands.check import traced
from truegauge_spec import Position, Problem, Spec


@pytest.fixture
def project(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A GitOps repository with this repository's spec, rendered."""
    shutil.copytree(root / "spec", tmp_path / "spec", ignore=shutil.ignore_patterns("truegauge_spec"))
    monkeypatch.chdir(tmp_path)
    assert main(["render"]) == 0
    return tmp_path


def test_render_says_what_it_wrote_and_then_that_nothing_changed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(project / "rendered")
    assert main(["render"]) == 0
    assert "wrote   rendered/prometheus/rules/duckdb.yml" in capsys.readouterr().out
    assert main(["render"]) == 0
    assert capsys.readouterr().out.endswith("files, nothing changed\n")


def test_a_change_of_the_spec_rewrites_only_what_depends_on_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = project / "spec" / "duckdb.yaml"
    spec.write_text(spec.read_text().replace("above: 100ms", "above: 150ms"))
    capsys.readouterr()
    assert main(["render"]) == 0
    written = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("wrote")]
    assert written == [
        "rendered/docs/duckdb-proof.html",
        "rendered/docs/duckdb.md",
        "rendered/grafana/dashboards/duckdb.json",
        "rendered/prometheus/rules/duckdb-spec.yml",
        "rendered/prometheus/rules/duckdb.yml",
        "rendered/prometheus/tests/duckdb-10s.yml",
    ]


def test_render_restores_a_file_that_was_edited(project: Path) -> None:
    rules = project / "rendered" / "prometheus" / "rules" / "duckdb.yml"
    before = rules.read_text()
    rules.write_text(before.replace("> 100", "> 1000"))
    assert main(["render"]) == 0
    assert rules.read_text() == before


def test_render_names_stray_files_and_removes_them_when_asked(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stray = project / "rendered" / "old" / "rules.yml"
    stray.parent.mkdir()
    stray.write_text("groups: []\n")
    assert main(["render"]) == 0
    assert "stray   rendered/old/rules.yml" in capsys.readouterr().out
    assert stray.exists()
    assert main(["render", "--prune"]) == 0
    assert not stray.parent.exists()


def test_nothing_is_written_when_one_file_cannot_be(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docs, rules = project / "rendered" / "docs", project / "rendered" / "prometheus" / "rules" / "duckdb.yml"
    rules.write_text("mine\n")
    shutil.rmtree(docs)
    docs.write_text("a file where a folder is needed\n")
    assert main(["render"]) == 1
    assert "rendered/docs" in capsys.readouterr().err
    assert rules.read_text() == "mine\n"
    assert not list(project.rglob("*.new"))


def test_check_passes_on_what_was_rendered(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    said = capsys.readouterr().out
    assert "promtool test rules: 36 test cases, accepted" in said
    assert "amtool check-config: 1 configuration, accepted" in said


def test_check_names_an_edited_a_missing_and_a_stray_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = project / "rendered" / "prometheus" / "rules" / "duckdb.yml"
    rules.write_text(rules.read_text().replace("p95_1m > 100", "p95_1m > 150"))
    (project / "rendered" / "docs" / "duckdb.md").unlink()
    (project / "rendered" / "prometheus" / "rules" / "extra.yml").write_text("groups: []\n")
    capsys.readouterr()
    assert main(["check"]) == 1
    said = capsys.readouterr().err
    assert "rendered/prometheus/rules/duckdb.yml:12:1: differs from the spec: alert HighQueryLatency: threshold" in said
    assert "rendered/docs/duckdb.md:1:1: missing; run `truegauge render` [missing]" in said
    assert "rendered/prometheus/rules/extra.yml:1:1: stray" in said


def test_the_generated_tests_notice_a_threshold_that_was_edited_by_hand(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = project / "rendered" / "prometheus" / "rules" / "duckdb.yml"
    rules.write_text(rules.read_text().replace("p95_1m > 100", "p95_1m > 102"))
    capsys.readouterr()
    assert main(["check"]) == 1
    assert "HighQueryLatency: missing, short, at, beyond" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "before", "after", "code"),
    [
        ("rendered/prometheus/prometheus.yml", "scrape_interval: 1s", "scrape_interval: soon", "promtool_config"),
        ("rendered/prometheus/rules/duckdb.yml", "duckdb_up < 1", "duckdb_up <", "promtool_rules"),
        ("rendered/prometheus/tests/duckdb.yml", "../rules/duckdb.yml", "../rules/nothing.yml", "promtool_tests"),
        ("rendered/alertmanager/alertmanager.yml", "receiver: page", "receiver: pgae", "amtool_config"),
        ("rendered/alertmanager/alertmanager.yml", "truegauge.tmpl", "other.tmpl", "amtool_config"),
    ],
)
def test_check_reports_what_the_tools_refuse(
    project: Path, capsys: pytest.CaptureFixture[str], path: str, before: str, after: str, code: str
) -> None:
    file = project / path
    assert before in file.read_text()
    file.write_text(file.read_text().replace(before, after, 1))
    capsys.readouterr()
    assert main(["check"]) == 1
    assert f"[{code}]" in capsys.readouterr().err


def test_a_second_document_that_amtool_passes_over_is_a_problem_at_its_line(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "rendered" / "alertmanager" / "alertmanager.yml"
    lines = file.read_text().count("\n")
    file.write_text(f"{file.read_text()}---\nroute: {{}}\n")
    capsys.readouterr()
    assert main(["check"]) == 1
    assert re.search(
        rf"alertmanager.yml:{lines + 1}:1: .*holds one document.* \[amtool_config\]", capsys.readouterr().err
    )


@pytest.mark.parametrize(("pattern", "absent"), [("*.tmpl", 0), ("*.other", 1)])
def test_a_template_may_be_named_by_its_whole_path(
    project: Path, capsys: pytest.CaptureFixture[str], pattern: str, absent: int
) -> None:
    file = project / "rendered" / "alertmanager" / "alertmanager.yml"
    whole = f"{project}/rendered/alertmanager/templates/{pattern}"
    file.write_text(file.read_text().replace("templates/truegauge.tmpl", whole))
    capsys.readouterr()
    assert main(["check"]) == 1
    assert capsys.readouterr().err.count("[amtool_config]") == absent


@pytest.mark.parametrize("report", ["<testsuites><testsuite", "", "no XML"])
def test_a_report_that_cannot_be_read_is_never_a_pass(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, report: str
) -> None:
    tool = project / "bin" / "promtool"
    tool.parent.mkdir()
    write = f"for a; do case $a in --junit=*) printf '{report}' > ${{a#--junit=}};; esac; done"
    tool.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "promtool, version 3.5.3" && exit\n{write}\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    tests = project / "rendered" / "prometheus" / "tests" / "duckdb.yml"
    count, found = acceptance.test_rules(
        str(tool), project, {"rendered/prometheus/tests/duckdb.yml": tests.read_text()}
    )
    assert [problem.message for problem in found] == [f"promtool ran 0 tests, not {count}"]


def test_a_rule_that_promtool_refuses_is_reported_once_at_its_line_of_the_spec(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = project / "rendered" / "prometheus" / "rules" / "duckdb.yml"
    rules.write_text(rules.read_text().replace("duckdb_up < 1", "duckdb_up <"))
    capsys.readouterr()
    assert main(["check", "--format", "json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    (refused,) = [problem for problem in problems if problem["code"] == "promtool_rules"]
    line = (project / "spec" / "duckdb.yaml").read_text().splitlines()[refused["line"] - 1]
    assert line.strip() == "EngineNotAnswering:"
    assert "(in rendered/prometheus/rules/duckdb.yml)" in refused["message"]
    assert not any(problem["code"] == "promtool_tests" for problem in problems)


def test_a_complaint_about_an_objective_s_alert_is_told_at_the_objective(spec: Spec) -> None:
    complaint = Problem(Position("rendered/x.yml"), "group x, rule 1, QueriesFastPage: no", "promtool_rules")
    found = traced(spec, complaint)
    assert found.position == spec.position("duckdb", ("objectives", "QueriesFast"))
    assert found.message == "group x, rule 1, QueriesFastPage: no (in rendered/x.yml)"
    other = complaint._replace(message="SpecDrift: no")
    assert traced(spec, other) == other


def test_an_empty_rule_file_is_not_taken_for_accepted_rules(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = project / "rendered" / "prometheus" / "rules" / "duckdb.yml"
    rules = file.read_text().count("      - ")
    file.write_text("groups: []\n")
    capsys.readouterr()
    assert main(["check"]) == 1
    assert f"promtool found 0 rules, not {rules} [promtool_rules]" in capsys.readouterr().err


def test_a_missing_promtool_is_explained(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["check"]) == 1
    said = capsys.readouterr().err
    assert said.count("promtool is not on the PATH; `make tools` puts it into .tools, or install prometheus 3.5") == 1
    assert said.count("amtool is not on the PATH") == 1


def test_a_promtool_that_is_too_old_is_explained(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = project / "bin" / "promtool"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'promtool, version 2.42.0 (branch: none)'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}{os.pathsep}{os.environ['PATH']}")
    assert main(["check"]) == 1
    assert "it is of version 2.42, but 3.5 is needed" in capsys.readouterr().err


def test_machines_get_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "rendered" / "docs" / "duckdb.md").unlink()
    capsys.readouterr()
    assert main(["check", "--format", "json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert said["missing"] == ["rendered/docs/duckdb.md"]
    assert said["problems"][0]["code"] == "missing"
    assert said["seen"]["promtool test rules"] == 36


def test_a_wrong_command_line_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rendr"])
    assert ended.value.code == 2
    assert "invalid choice: 'rendr'" in capsys.readouterr().err


def test_help_names_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(command.name in said for command in cli.COMMANDS)
    assert "exit codes" in said


@pytest.mark.parametrize("command", [command.name for command in cli.COMMANDS])
def test_every_command_tells_what_is_wrong_in_the_spec(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("system: shop\nsystem: shop\n")
    before = {"diff": [str(spec)], "drill": ["HighQueryLatency"], "explain": ["HighQueryLatency"]}
    assert main([command, *before.get(command, ()), str(spec), "--format", "json"]) == 1
    said = json.loads(capsys.readouterr().out)
    nothing: dict[str, dict[str, object]] = {
        "render": {"changed": [], "removed": []},
        "check": {"files": 0},
        "diff": {"changes": []},
    }
    assert [problem["code"] for problem in said.pop("problems")] == ["duplicate_key"]
    assert said == {"command": command, "ok": False, **nothing.get(command, {})}


@pytest.mark.parametrize("arguments", [["--help"], ["render"]])
def test_a_run_with_nothing_to_do_imports_neither_yaml_nor_pydantic_nor_jinja(
    project: Path, arguments: list[str]
) -> None:
    program = (
        "import sys; from truegauge_generator.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print(sorted({'yaml', 'pydantic', 'jinja2', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_cache_ignores_itself(project: Path) -> None:
    assert (project / ".truegauge_cache" / ".gitignore").read_text() == "*\n"
