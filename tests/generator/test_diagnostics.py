"""Problems as people, JSON, GitHub and SARIF have them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from truegauge_generator.cli import main
from truegauge_generator.codes import CODES as TOOL_CODES
from truegauge_generator.commands.explain import codes
from truegauge_spec import check

SPEC = """\
system: shop
summary: A shop
owner: web
metrics:
  shop_queue: {type: gauge, help: Orders waiting, measure: app}
alerts:
  QueueFull:
    when: {metric: shop_queu, above: 5}
    severity: warning
    summary: "The queue, {{ $labels.page }}, is full"
    runbook: Empty it.
"""


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").write_text(SPEC)
    return tmp_path / "shop.yaml"


def test_people_see_the_line_with_a_caret_under_what_is_wrong(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "shop.yaml"]) == 1
    assert capsys.readouterr().err.splitlines()[:3] == [
        "shop.yaml:8:20: there is no metric 'shop_queu'; did you mean 'shop_queue'? [unknown_metric]",
        "     8 |     when: {metric: shop_queu, above: 5}",
        "       |                    ^^^^^^^^^",
    ]


def test_people_are_sent_to_the_documents(broken: Path, capsys: pytest.CaptureFixture[str], root: Path) -> None:
    assert main(["render", "shop.yaml"]) == 1
    assert "  = unknown_metric: docs/reference.md#unknown_metric" in capsys.readouterr().err
    sections = re.findall(r"^### (\w+)$", (root / "docs" / "reference.md").read_text(), re.MULTILINE)
    assert set(codes()) - set(TOOL_CODES) <= set(sections)


def test_there_is_no_colour_where_there_is_no_terminal(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "shop.yaml"]) == 1
    assert "\x1b" not in capsys.readouterr().err


def test_github_gets_annotations(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "shop.yaml", "--format", "github"]) == 1
    first = capsys.readouterr().out.splitlines()[0]
    assert first == (
        "::error file=shop.yaml,line=8,col=20,title=unknown_metric::"
        "there is no metric 'shop_queu'; did you mean 'shop_queue'?"
    )


def test_sarif_has_every_problem_at_its_place(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "shop.yaml", "--format", "sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert [result["ruleId"] for result in run["results"]] == ["unknown_metric", "template"]
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 8, "startColumn": 20}


def test_a_clean_spec_gives_an_empty_sarif_log(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken.write_text(SPEC.replace("shop_queu,", "shop_queue,").replace(", {{ $labels.page }},", ""))
    assert main(["render", "shop.yaml", "--format", "sarif"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["results"] == []


def test_explain_tells_what_a_code_means(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "threshold_unit"]) == 0
    assert capsys.readouterr().out == "threshold_unit: A threshold carries a unit that converts to its metric's.\n"


def test_every_check_has_a_meaning_to_explain() -> None:
    meanings = codes()
    assert all(meanings[found.__name__] for found in (*check.SYSTEM_CHECKS, *check.STACK_CHECKS))


def test_explain_tells_an_alert_s_condition_files_and_tests(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "HighQueryLatency", str(root / "spec")]) == 0
    said = capsys.readouterr().out
    for line in (
        "Fires when the 95th percentile of duckdb_query_latency_ms over 1m is above 100 ms, for 30s.",
        "  instance:duckdb_query_latency_ms:p95_1m > 100",
        "  rendered/grafana/dashboards/duckdb.json",
    ):
        assert line in said.splitlines()
    assert "\n  HighQueryLatency: missing, short, at, beyond, short_of_for, recovers, gap, reset, late, " in said


def test_explain_offers_the_nearest_name(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "HighQueryLatncy", str(root / "spec")]) == 1
    assert "did you mean 'HighQueryLatency'? [unknown_topic]" in capsys.readouterr().err


def test_explain_tells_an_objective_s_alert(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "SyncsSucceedPage", str(root / "spec")]) == 0
    said = capsys.readouterr().out
    assert "SyncsSucceedPage of duckdb, critical, declared at" in said
    assert "  rendered/prometheus/rules/duckdb-objectives.yml" in said.splitlines()
    assert "and proven by" in said


def test_explain_says_when_nothing_proves_an_alert(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken.write_text(
        SPEC.replace("metric: shop_queu, above: 5", "expr: shop_queue > shop_queue offset 1h").replace(
            "labels.page", "labels.job"
        )
    )
    assert main(["explain", "QueueFull", "shop.yaml"]) == 0
    said = capsys.readouterr().out
    assert "No test proves it: give `examples:` beside its `expr:`." in said
    assert "No boundary cases are worked out: it compares two metrics." in said
