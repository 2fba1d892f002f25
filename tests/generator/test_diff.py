"""`truegauge diff` as its users meet it: against a revision, a folder, a file; for people, CI and pull requests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from truegauge_generator.cli import main


def git(*arguments: str) -> None:
    names = {f"GIT_{who}_{what}": "someone" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {**os.environ, **names, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *arguments], env=env, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose only commit has this repository's spec."""
    shutil.copytree(root / "spec", tmp_path / "spec", ignore=shutil.ignore_patterns("truegauge_spec"))
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    return tmp_path


def change(project: Path, old: str, new: str) -> None:
    spec = project / "spec" / "duckdb.yaml"
    assert old in spec.read_text()
    spec.write_text(spec.read_text().replace(old, new))


def test_without_an_argument_the_last_commit_is_compared(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff"]) == 0
    assert capsys.readouterr().out == "diff: nothing changed since HEAD\n"
    change(project, "above: 100ms", "above: 150ms")
    assert main(["diff"]) == 0
    said = capsys.readouterr().out
    assert "behavioural alert HighQueryLatency: threshold 100 ms -> 150 ms (spec/duckdb.yaml:" in said
    assert said.endswith("diff: since HEAD, 1 behavioural\n")


def test_an_older_revision_is_read_without_a_checkout(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(project, "duckdb_wal_bytes", "duckdb_wal_size_bytes")
    git("commit", "--quiet", "--all", "--message", "second")
    change(project, "above: 100ms", "above: 150ms")
    assert main(["diff", "HEAD~1"]) == 0
    said = capsys.readouterr().out
    assert "metric duckdb_wal_bytes renamed to duckdb_wal_size_bytes" in said
    assert "threshold 100 ms -> 150 ms" in said


def test_what_was_removed_is_named_at_its_line_of_the_revision(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = project / "spec" / "duckdb.yaml"
    before, _, rest = spec.read_text().partition("  StalePoll:\n")
    line = before.count("\n") + 1
    spec.write_text(before + rest[rest.index("\ndashboard:") :].replace("alert: StalePoll", "metric: up"))
    stack = project / "spec" / "stack.yaml"
    stack.write_text(stack.read_text().replace("[EngineNotAnswering, StalePoll]", "EngineNotAnswering"))
    assert main(["diff"]) == 0
    said = capsys.readouterr().out
    assert f"breaking    alert StalePoll removed (HEAD:spec/duckdb.yaml:{line})" in said
    assert "blind: nothing watches duckdb_poll_age_seconds any more" in said


@pytest.mark.parametrize("against", ["old", "old/duckdb.yaml"])
def test_a_folder_or_a_file_is_compared(project: Path, against: str, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(project / "spec", project / "old")
    change(project, "above: 100ms", "above: 150ms")
    assert main(["diff", against, "spec" if against == "old" else "spec/duckdb.yaml"]) == 0
    assert capsys.readouterr().out.endswith(f"diff: since {against}, 1 behavioural\n")


def test_one_file_is_compared_with_its_revision(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(project, "above: 100ms", "above: 150ms")
    assert main(["diff", "HEAD", "spec/duckdb.yaml"]) == 0
    assert "1 behavioural" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("revision", "reason"),
    [
        ("nothing", "there is no such revision [unknown_version]"),
        ("HEAD~7", "there is no such revision [unknown_version]"),
        ("--output=x", "it is neither a file or folder, nor a revision [unknown_version]"),
    ],
)
def test_a_revision_that_does_not_exist_is_an_error(
    project: Path, capsys: pytest.CaptureFixture[str], revision: str, reason: str
) -> None:
    assert main(["diff", "--", revision]) == 1
    assert reason in capsys.readouterr().err
    assert not (project / "x").exists()


def test_a_folder_that_the_revision_does_not_have_is_an_error(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.move(project / "spec", project / "spec2")
    assert main(["diff", "HEAD", "spec2"]) == 1
    assert "HEAD:spec2:1:1: no .yaml file is in this folder [empty_spec]" in capsys.readouterr().err


def test_outside_of_a_repository_it_is_an_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(project / ".git")
    assert main(["diff"]) == 1
    assert "not a git repository" in capsys.readouterr().err


def test_without_git_it_is_an_error(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["diff"]) == 1
    assert "git is not on the PATH to look for a revision [unknown_version]" in capsys.readouterr().err


def test_an_older_spec_is_compared_though_today_s_checks_refuse_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(project, "  counter_total: the design's counters", "  no_alert: nothing that counters")
    change(project, "above: 100ms}", "above: 100}")
    git("commit", "--quiet", "--all", "--message", "a spec that checks refuse")
    change(project, "  no_alert: nothing that counters", "  counter_total: the design's counters")
    change(project, "above: 100}", "above: 100ms}")
    assert main(["diff"]) == 0
    assert "threshold 100 -> 100 ms" in capsys.readouterr().out


BROKEN = """\
metrics:
  shop_up: {type: gauge, unit: s, help: Up, measure: app}
  shop_gone: {type: gauge, unit: s, help: Gone, measure: nothing}
alerts:
  Down: {when: {metric: shop_up, above: 5}, severity: info, summary: Down, runbook: Look.}
  Lost: {when: {metric: shop_lost, quantile: 0.5, over: 1s, below: 5%}, severity: info, summary: Lost, runbook: Look.}
  Odd: {when: {expr: 'rate(('}, severity: info, summary: Odd, runbook: Look.}
objectives:
  Fine: {target: 200%, latency: {metric: shop_gone, within: 1ms}, summary: Slow, runbook: Look.}
dashboard:
  rows: [{title: All, panels: [{alert: Nothing}, {objective: Nothing}, {metric: nothing}, {title: X, expr: '(('}]}]
"""


def test_names_that_lead_nowhere_in_an_older_spec_do_no_harm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "system: shop\nsummary: A shop\nowner: web\nscrape: {targets: [127.0.0.1:9]}\n"
    stack = "stack: t\nalertmanager: {receivers: {a: {}}, route: {receiver: RECEIVER}}\n"
    for folder, text, receiver in (
        ("old", BROKEN, "b"),
        ("new", "metrics: {shop_down: {type: gauge, help: D, measure: app}}\n", "a"),
    ):
        (tmp_path / folder).mkdir()
        waived = "waive: {no_alert: a test}\n" if folder == "new" else ""
        (tmp_path / folder / "shop.yaml").write_text(head + text + waived)
        (tmp_path / folder / "stack.yaml").write_text(stack.replace("RECEIVER", receiver))
    assert main(["diff", str(tmp_path / "old"), str(tmp_path / "new")]) == 0
    said = capsys.readouterr().out
    assert "metric shop_up renamed to shop_down" in said
    assert "blind: alert Down" in said
    assert "route (root): receiver b -> a" in said


def test_an_older_spec_that_cannot_be_read_is_said_to_be_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(project, "owner: data-platform", "owners: [data-platform]")
    git("commit", "--quiet", "--all", "--message", "another language")
    change(project, "owners: [data-platform]", "owner: data-platform")
    assert main(["diff"]) == 1
    said = capsys.readouterr().err
    assert "HEAD:1:1: this version of truegauge cannot read it, so nothing is compared: 2 problems" in said
    assert "HEAD:spec/duckdb.yaml:3:1: unknown key 'owners'" in said


def test_a_new_spec_with_a_problem_is_not_compared(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(project, "above: 100ms", "above: 100")
    assert main(["diff"]) == 1
    assert "[threshold_unit]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "fail_on", "code"),
    [
        ("above: 100ms", "above: 150ms", "breaking", 0),
        ("above: 100ms", "above: 150ms", "behavioural", 1),
        ("duckdb_wal_bytes", "duckdb_wal_size_bytes", "breaking", 1),
        ("duckdb_wal_bytes", "duckdb_wal_size_bytes", "behavioural", 1),
        ("Queries on", "All queries on", "behavioural", 0),
    ],
)
def test_a_ci_fails_on_changes_of_a_class_or_graver(
    project: Path, old: str, new: str, fail_on: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    change(project, old, new)
    assert main(["diff", "--fail-on", fail_on]) == code
    assert ("_change]" in capsys.readouterr().err) == bool(code)


def test_machines_get_every_field(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(project, "above: 100ms", "above: 150ms")
    assert main(["diff", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    (found,) = said["changes"]
    assert (said["ok"], said["against"]) == (True, "HEAD")
    assert found | {"depends": [], "where": ""} == {
        "class": "behavioural",
        "what": "alert HighQueryLatency",
        "change": "threshold",
        "from": "100 ms",
        "to": "150 ms",
        "where": "",
        "depends": [],
        "blind": [],
    }
    assert 'panel "Query p95" in "At a glance"' in found["depends"]
    assert found["where"].startswith("spec/duckdb.yaml:")


def test_a_pull_request_gets_a_comment_whose_cells_nothing_breaks(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(project, "summary: Queries on {{ $labels.instance }} are slow", "summary: Queries | <b>are</b> `slow`")
    change(project, "duckdb_wal_bytes", "duckdb_wal_size_bytes")
    assert main(["diff", "--format", "markdown"]) == 0
    said = capsys.readouterr().out
    assert "#### Breaking (1)" in said
    assert "<details><summary>Cosmetic (2)</summary>" in said
    assert "``Queries \\| <b>are</b> `slow` ``" in said.replace("`` Q", "``Q")
    rows = [line.replace("\\|", "") for line in said.splitlines() if line.startswith("| ")]
    assert {row.count("|") for row in rows} == {7}
    assert main(["diff", "HEAD", "--format", "markdown"]) == 0


def test_only_diff_has_markdown() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--format", "markdown"])
    assert ended.value.code == 2


def test_github_gets_an_annotation_at_each_change(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(project, "above: 100ms", "above: 150ms")
    assert main(["diff", "--format", "github"]) == 0
    said = capsys.readouterr().out
    assert "::warning file=spec/duckdb.yaml,line=" in said
    assert "title=behavioural_change::alert HighQueryLatency: threshold 100 ms -> 150 ms" in said
