"""What the documents show is true: commands run, YAML is valid, messages appear, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from truegauge_generator.cli import main
from truegauge_generator.commands import explain
from truegauge_spec import Source, SpecError, build
from truegauge_spec.reference import reference

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = [document.name for document in DOCUMENTS]

# Commands that other parts of the test run execute themselves.
ELSEWHERE = {
    "make test": ".ci/run",
    "truegauge drill HighQueryLatency": "tests/e2e/test_drill.py",
    "truegauge drill HighQueryLatency spec --prometheus http://prometheus:9090": "tests/e2e/test_drill.py",
    "make render": "the Makefile's own prerequisite of every test: tests/generator/test_render.py compares its result",
    "make demo": "tests/e2e/test_prometheus.py",
    "make soak": "tests/soak/test_soak.py, for less long",
}
# tests/e2e/test_drift_documents.py runs these, where there are servers to ask.
ASKS_SERVERS = "truegauge drift"


NOBODY = "-c user.name=nobody -c user.email=nobody"
# Each line of these is run by tests/docs/test_expose_and_remedies.py and tests/proof/test_guide.py.
OWN_TEST = {"expose.md", "prove.md"}


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = [
        line.split("#")[0].strip()
        for document in DOCUMENTS
        if document.name not in OWN_TEST
        for block in blocks(document, "sh")
        for line in block.splitlines()
    ]
    return sorted({line for line in lines if line and not line.startswith(ASKS_SERVERS)})


@pytest.mark.parametrize("command", commands())
def test_a_command_that_is_shown_can_be_run(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if command in ELSEWHERE:
        makefile = (ROOT / "Makefile").read_text()
        assert (ROOT / ELSEWHERE[command]).is_file() or f"\n{command.removeprefix('make ')}:" in makefile
        return
    program, *arguments = shlex.split(command)
    assert program == "truegauge", f"no test runs {command!r}"
    shutil.copytree(ROOT / "spec", tmp_path / "spec", ignore=shutil.ignore_patterns("truegauge_spec"))
    monkeypatch.chdir(tmp_path)
    if "check" in arguments:
        assert main(["render"]) == 0
    if "diff" in arguments:
        for words in ("init --quiet --initial-branch=main", "add .", f"{NOBODY} commit --quiet --message=first"):
            subprocess.run(["git", *words.split()], check=True)
    assert main(arguments) == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), target


def test_every_code_in_the_table_of_linters_exists() -> None:
    ours = [
        row.split("|")[2] for row in (ROOT / "docs" / "linters.md").read_text().splitlines() if row.startswith("| ")
    ]
    codes = {code for cell in ours for code in re.findall(r"`([a-z]+_[a-z0-9_]+)`", cell)}
    assert codes - set(explain.codes()) == set()


def test_the_reference_is_what_the_models_say() -> None:
    assert (ROOT / "docs" / "reference.md").read_text() == reference(), "run `make reference`"


HEAD = "system: app\nsummary: An application\nowner: team\n"
QUIET = "waive: {no_alert: the guide shows metrics alone}\n"


def test_the_readme_s_spec_is_one() -> None:
    (block,) = blocks(ROOT / "README.md", "yaml")
    assert build([Source("readme.yaml", HEAD.replace("app", "duckdb") + block)]).systems["duckdb"].alerts


GUIDES = [ROOT / "docs" / "howto.md", ROOT / "docs" / "diff.md"]


@pytest.mark.parametrize("block", [b for guide in GUIDES for b in blocks(guide, "yaml") if b.startswith("metrics:")])
def test_the_howto_s_metrics_are_valid(block: str) -> None:
    assert build([Source("howto.yaml", HEAD + QUIET + block)]).systems["app"].metrics


def test_what_the_guide_keeps_is_valid() -> None:
    (block,) = (b for b in blocks(ROOT / "docs" / "diff.md", "yaml") if b.startswith("keep:"))
    metrics = "metrics: {app_up: {type: gauge, help: Whether it runs, measure: app}}\n"
    sources = [Source("app.yaml", HEAD + QUIET + metrics), Source("stack.yaml", f"stack: test\n{block}")]
    assert build(sources).stack.keep == ("rendered/docs/logo.png", "rendered/docs/*.svg")


def test_the_howto_s_stack_is_valid() -> None:
    (block,) = (b for b in blocks(ROOT / "docs" / "howto.md", "yaml") if b.startswith("alertmanager:"))
    metrics = "metrics: {app_up: {type: gauge, help: Whether it runs, measure: app}}\n"
    assert build(
        [Source("app.yaml", HEAD + QUIET + metrics), Source("stack.yaml", f"stack: test\n{block}")]
    ).stack.alertmanager


def test_the_howto_s_objectives_are_valid() -> None:
    (block,) = (b for b in blocks(ROOT / "docs" / "howto.md", "yaml") if b.startswith("objectives:"))
    spec = build([Source("howto.yaml", HEAD + METRICS.partition("alerts:")[0] + block)])
    assert set(spec.systems["app"].objectives) == {"PagesFast", "OrdersTaken"}


OBJECTIVES = """\
objectives:
  OrdersServed:
    target: 99%
    availability: {bad: app_failed, total: [app_done, app_failed]}
    summary: Orders fail
    runbook: Look.
"""
METRICS = """\
metrics:
  app_queue_length: {type: gauge, help: Q, measure: app}
  app_page_seconds: {type: histogram, unit: s, help: P, buckets: [0.1, 0.2, 1], measure: app}
  app_backup_seconds: {type: gauge, unit: s, help: B, measure: app}
  app_used_bytes: {type: gauge, unit: bytes, help: U, measure: app}
  app_limit_bytes: {type: gauge, unit: bytes, help: L, measure: app}
  app_done: {type: counter, help: D, measure: app}
  app_failed: {type: counter, help: F, measure: app}
alerts:
  Shown:
    when: CONDITION
    severity: info
    summary: Shown
    runbook: Look.
"""
CONDITIONS = [c for c in re.findall(r"\| `(\{.*?\})` \|", (ROOT / "docs" / "howto.md").read_text()) if "…" not in c]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_howto_s_conditions_are_valid(condition: str) -> None:
    assert (
        build([Source("howto.yaml", HEAD + OBJECTIVES + METRICS.replace("CONDITION", condition))]).systems["app"].alerts
    )


def test_the_howto_shows_every_kind_of_condition_but_the_hand_written_one() -> None:
    assert len(CONDITIONS) == 12


def anywhere(message: str) -> str:
    """A message without its line, which moves as the spec grows."""
    return re.sub(r":\d+:(\d+: )", r":LINE:\1", message)


def test_the_readme_s_messages_are_those_that_appear() -> None:
    (shown,) = blocks(ROOT / "README.md", "text")
    spec = (ROOT / "spec" / "duckdb.yaml").read_text()
    wrong = spec.replace(
        "{metric: duckdb_query_latency_ms, quantile: 0.95, over: 1m, above: 100ms}",
        "{metric: duckdb_query_latency, quantile: 0.95, over: 1m, above: 100ms}",
    )
    with pytest.raises(SpecError) as caught:
        build([Source("spec/duckdb.yaml", wrong)])
    assert anywhere(str(caught.value.problems[0])) == anywhere(shown.splitlines()[0])
    wrong = spec.replace("over: 1m, above: 100ms", "over: 1m, above: 100")
    with pytest.raises(SpecError) as caught:
        build([Source("spec/duckdb.yaml", wrong)])
    assert anywhere(str(caught.value.problems[0])) == anywhere(shown.splitlines()[1])
