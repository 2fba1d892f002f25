"""`truegauge check` says by meaning what differs on disk, mends it when asked, and lets kept files be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from truegauge_generator.cli import main
from truegauge_generator.disk import compare
from truegauge_generator.drift import on_disk
from truegauge_generator.drift.documents import READERS, meaning_of
from truegauge_generator.drift.meaning import differences, excerpts
from truegauge_generator.render import render
from truegauge_spec import Spec, load

RULES = "rendered/prometheus/rules/duckdb.yml"
TESTS = "rendered/prometheus/tests/duckdb.yml"
PROMETHEUS = "rendered/prometheus/prometheus.yml"
ALERTMANAGER = "rendered/alertmanager/alertmanager.yml"
DASHBOARD = "rendered/grafana/dashboards/duckdb.json"
METRICS = "exporter/duckdb_exporter/metrics.py"
DRAWINGS = "rendered/docs/duckdb-proof.html"
DOCS = "rendered/docs/duckdb.md"
DATASOURCES = "rendered/grafana/provisioning/datasources/truegauge.yml"


@pytest.fixture
def project(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with this repository's spec, rendered."""
    shutil.copytree(root / "spec", tmp_path / "spec", ignore=shutil.ignore_patterns("truegauge_spec"))
    monkeypatch.chdir(tmp_path)
    assert main(["render"]) == 0
    return tmp_path


def told(project: Path) -> list[str]:
    """What `check` says of the files, without the tools that it asks too."""
    spec = load(project / "spec")
    files = render(spec)
    found = compare(files, str(project), spec.stack.keep)
    changed = on_disk.changes(spec, files, found, str(project))
    return [str(problem).replace(f"{project}/", "") for problem in on_disk.problems(spec, found, changed, str(project))]


EDITS = [
    (RULES, "p95_1m > 100", "p95_1m > 150", "alert HighQueryLatency: threshold 100 -> 150"),
    (RULES, "p95_1m > 100", "p95_1m < 100", "alert HighQueryLatency: comparison > -> <"),
    (RULES, "[1m]", "[2m]", "record instance:duckdb_query_latency_ms:p95_1m: window 1m -> 2m"),
    (
        RULES,
        "floor(increase(duckdb_failed_c",
        "(increase(duckdb_failed_c",
        "record instance:duckdb_failed_connections:increase_5m: expr ",
    ),
    (RULES, "for: 1m", "for: 5m", "alert HighDiskUsage: for 1m -> 5m"),
    (RULES, "        for: 1m\n", "", "alert HighDiskUsage: for 1m -> nothing"),
    (RULES, "for: 1m", "for: 1m\n        keep_firing_for: 1h", "alert HighDiskUsage: keep_firing_for nothing -> 1h"),
    (RULES, "severity: warning", "severity: info", "alert HighQueryLatency: labels.severity warning -> info"),
    (RULES, "Queries on", "All on", "alert HighQueryLatency: annotations.summary Queries on"),
    (RULES, "alert: HighDiskUsage", "alert: Disk", "alert HighDiskUsage: removed"),
    (RULES, "duckdb-queries", "duckdb-q", "group duckdb-queries -> duckdb-q"),
    (TESTS, "eval_time: 1m25s", "eval_time: 1m35s", "test "),
    (PROMETHEUS, "scrape_interval: 1s", "scrape_interval: 5s", "Prometheus: global.scrape_interval 1s -> 5s"),
    (
        PROMETHEUS,
        "127.0.0.1:9187",
        "127.0.0.1:1",
        "job duckdb: static_configs.0.targets [127.0.0.1:9187] -> [127.0.0.1:1]",
    ),
    (
        PROMETHEUS,
        "job_name: duckdb",
        "job_name: duckdb\n    honor_labels: true",
        "job duckdb: honor_labels nothing -> true",
    ),
    (ALERTMANAGER, "receiver: page\n", "receiver: notify\n", 'route {severity="critical"}: receiver page -> notify'),
    (
        ALERTMANAGER,
        "repeat_interval: 1h",
        "repeat_interval: 2h",
        'route {severity="critical"}: repeat_interval 1h -> 2h',
    ),
    (ALERTMANAGER, "9095/page", "9095/p", "receiver page: webhook_configs.0.url http"),
    (
        ALERTMANAGER,
        "'alertname=\"StalePoll\"'",
        "'alertname=\"Other\"'",
        'inhibition alertname="EngineNotAnswering" -> ',
    ),
    (ALERTMANAGER, "receivers:", "time_intervals: [{name: night}]\nreceivers:", "time interval night: added"),
    (
        DASHBOARD,
        "max(instance:duckdb_f",
        "min(instance:duckdb_f",
        'panel "Failed connections" in "At a glance": query value max',
    ),
    (DASHBOARD, '"unit": "ms"', '"unit": "s"', 'panel "Query p95" in "At a glance": unit ms -> s'),
    (
        DASHBOARD,
        '"legendFormat": "worst"',
        '"legendFormat": "x"',
        'panel "Engine up" in "At a glance": legend value worst -> x',
    ),
    (
        DASHBOARD,
        '"value": 0.9000000000000001',
        '"value": 0.8',
        "threshold line green, red from 0.9 -> green, red from 0.8",
    ),
    (DASHBOARD, '"title": "Engine up"', '"title": "Up"', 'panel "Engine up" in "At a glance": removed'),
    (METRICS, 'type="histogram"', 'type="gauge"', "metric duckdb_query_latency_ms: type histogram -> gauge"),
    (METRICS, '"SELECT", ', "", "metric duckdb_query_latency_ms: label query_type values="),
    (METRICS, "(1.0, 2.0, ", "(1.0, ", "metric duckdb_query_latency_ms: buckets "),
    (METRICS, "poll_interval=1.0", "poll_interval=2.0", "settings: poll_interval 1.0 -> 2.0"),
    (DOCS, "| Query execution time |", "| Time |", 'section "Metrics": `duckdb_query_latency_ms` '),
    (DOCS, "Look at *Query", "See *Query", 'section "HighQueryLatency": text '),
    (DATASOURCES, "9090", "9091", "settings: datasources.0.url http"),
    (DRAWINGS, '<h2 id="StalePoll">StalePoll', '<h2 id="StalePoll">Stale', "drawings of StalePoll: code "),
]


@pytest.mark.parametrize(("path", "old", "new", "said"), EDITS)
def test_an_edit_is_told_by_what_it_means(spec: Spec, path: str, old: str, new: str, said: str) -> None:
    text = render(spec)[path]
    assert old in text
    says, has = meaning_of(path, text), meaning_of(path, text.replace(old, new, 1))
    assert says is not None
    assert has is not None
    found = [str(one) for one in differences(says, has)]
    assert found
    assert any(said in one for one in found), found


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("a", "b", ("a", "b")),
        (None, "b\n c", ("nothing", "b c")),
        ("a  b", "a b", ("'a  b'", "'a b'")),
        ("", "a", ('""', "a")),
        ("x" * 90 + "a", "x" * 90 + "b", (f"…{'x' * 20}a", f"…{'x' * 20}b")),
        ("a" + "x" * 90, "b" + "x" * 90, (f"a{'x' * 59}…", f"b{'x' * 59}…")),
    ],
)
def test_long_texts_are_cut_to_where_they_differ(old: str | None, new: str | None, shown: tuple[str, str]) -> None:
    assert excerpts(old, new) == shown


def test_every_kind_of_document_has_an_edit() -> None:
    from fnmatch import fnmatch

    edited = {next(pattern for pattern, *_ in READERS if fnmatch(path, pattern)) for path, *_ in EDITS}
    assert {pattern for pattern, *_ in READERS} - edited == {"*.yaml", "*.json"}


LAYOUTS = [
    (
        RULES,
        "expr: |-\n          histogram_quantile(\n            0.95,",
        "expr: |-\n          histogram_quantile(0.95 ,",
    ),
    (RULES, "for: 30s", 'for: "30s"  # half a minute'),
    (
        ALERTMANAGER,
        "  group_by:\n    - alertname\n    - job\n    - instance\n",
        "  group_by: [alertname, job, instance]\n",
    ),
    (DASHBOARD, '{\n  "uid"', '{"uid"'),
    (METRICS, "from .declare", "# a comment\nfrom .declare"),
    (DOCS, "## Alerts\n", "## Alerts\n\n\n"),
]


@pytest.mark.parametrize(("path", "old", "new"), LAYOUTS)
def test_a_change_of_layout_alone_is_said_to_be_one(project: Path, path: str, old: str, new: str) -> None:
    file = project / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    (said,) = told(project)
    assert said.endswith(": differs from the spec: only layout differs; run `truegauge render` [changed]")


def test_check_shows_a_threshold_with_its_unit_and_lists_the_rest(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = project / RULES
    rules.write_text(rules.read_text().replace("p95_1m > 100", "p95_1m > 150").replace("bytes > 0.9", "bytes > 0.95"))
    dashboard = project / DASHBOARD
    dashboard.write_text(dashboard.read_text().replace('"max(instance:duckdb_memory', '"min(instance:duckdb_memory'))
    capsys.readouterr()
    assert main(["check"]) == 1
    said = capsys.readouterr()
    message = "alert HighQueryLatency: threshold 100 ms -> 150 ms in the rendered file (and 2 more)"
    assert f"{RULES}:12:1: differs from the spec: {message}; run `truegauge render` [changed]" in said.err
    assert f"{RULES}, from the spec to the file:" in said.out
    assert "  alert HighMemoryUsage: threshold 90% -> 95%" in said.out
    assert '  panel "Memory pinned" in "At a glance": query value max(' in said.out


def test_machines_get_every_difference(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = project / RULES
    rules.write_text(rules.read_text().replace("p95_1m > 100", "p95_1m > 150"))
    (project / "rendered" / "alertmanager" / "templates" / "truegauge.tmpl").write_text("other\n")
    capsys.readouterr()
    assert main(["check", "--format", "json"]) == 1
    said = json.loads(capsys.readouterr().out)["differences"]
    expected = {"thing": "alert HighQueryLatency", "aspect": "threshold", "spec": "100 ms", "file": "150 ms"}
    assert said[RULES] == [expected]
    assert said["rendered/alertmanager/templates/truegauge.tmpl"] is None


@pytest.mark.parametrize("path", [RULES, DASHBOARD, METRICS])
def test_a_file_that_cannot_be_read_any_more_is_told_by_its_first_line(project: Path, path: str) -> None:
    (project / path).write_text("{ broken\n")
    (said,) = told(project)
    assert said.startswith(f"{path}:1:1: differs from the spec: it has '{{ broken', the spec says ")


HAND_EDITED = [
    ("METRICS = (1, 2)\n", "metric duckdb_query_latency_ms: removed"),
    ('METRICS = (Metric("duckdb_up", "gauge"),)\n', "metric duckdb_query_latency_ms: removed"),
    ('METRICS = (Other(name="duckdb_query_latency_ms"),)\n', "call Metric -> Other"),
    ('METRICS = (Metric(name="duckdb_query_latency_ms", labels=(1, Label())),)\n', "label query_type"),
    ("SETTINGS = Settings(1)\n", "settings: "),
    ("METRICS = (Metric(name=SYSTEM),)\n", "it has "),
    ("x = " + "-" * 20_000 + "1\n", "it has "),
    ("x = 1" + "+1" * 20_000 + "\n", "it has "),
]


@pytest.mark.parametrize(("text", "said"), HAND_EDITED, ids=range(len(HAND_EDITED)))
def test_a_metrics_file_that_was_written_by_hand_is_a_difference_and_no_crash(
    project: Path, text: str, said: str
) -> None:
    (project / METRICS).write_text(text)
    (found,) = told(project)
    assert f"{METRICS}:1:1: differs from the spec: " in found
    spec = load(project / "spec")
    (changed,) = on_disk.changes(spec, files := render(spec), compare(files, str(project), ()), str(project))
    assert said in "\n".join(map(str, [changed, *(changed.differences or ())]))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (DASHBOARD, "[" * 100_000),
        (ALERTMANAGER, "route: {routes: &a [{routes: *a}]}"),
        (PROMETHEUS, "a: &a {b: *a}"),
        (RULES, "groups: [{rules: [{alert: &x [*x]}]}]"),
    ],
)
def test_what_nests_without_end_is_told_by_its_first_line(project: Path, path: str, text: str) -> None:
    (project / path).write_text(text)
    (said,) = told(project)
    assert said.startswith(f"{path}:1:1: differs from the spec: ")


@pytest.mark.parametrize("number", ["Inf", "NaN", "0x1F", "1e999", "1h"])
def test_any_number_of_promql_in_place_of_a_threshold_is_told(project: Path, number: str) -> None:
    rules = project / RULES
    rules.write_text(rules.read_text().replace("bytes > 0.9", f"bytes > {number}"))
    (said,) = told(project)
    assert said.startswith(f"{RULES}:52:1: differs from the spec: ")


def test_fix_renders_what_is_changed_or_missing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = project / RULES
    before = rules.read_text()
    rules.write_text(before.replace("p95_1m > 100", "p95_1m > 150"))
    (project / DOCS).unlink()
    capsys.readouterr()
    assert main(["check", "--fix"]) == 0
    said = capsys.readouterr().out
    assert f"fixed   {RULES}" in said
    assert f"fixed   {DOCS}" in said
    assert rules.read_text() == before
    assert told(project) == []


def test_fix_removes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stray = project / "rendered" / "prometheus" / "rules" / "old.yml"
    shutil.copy(project / RULES, stray)
    capsys.readouterr()
    assert main(["check", "--fix"]) == 1
    assert "nothing in the spec stands for it, but it holds 12 records, 17 alerts" in capsys.readouterr().err
    assert stray.exists()


def kept(project: Path, patterns: str) -> Path:
    logo = project / "rendered" / "docs" / "logo.png"
    logo.write_bytes(b"\x89PNG")
    stack = project / "spec" / "stack.yaml"
    stack.write_text(f"{stack.read_text()}\nkeep: [{patterns}]\n")
    return logo


@pytest.mark.parametrize("pattern", ["rendered/docs/logo.png", "rendered/docs/*.png"])
def test_a_file_that_is_kept_is_no_stray_and_is_not_pruned(
    project: Path, capsys: pytest.CaptureFixture[str], pattern: str
) -> None:
    logo = kept(project, pattern)
    assert main(["render", "--prune"]) == 0
    assert main(["render", "--prune"]) == 0  # with the stamp of the first
    assert told(project) == []
    assert logo.exists()
    assert "stray" not in capsys.readouterr().out


def test_an_entry_of_keep_that_keeps_nothing_is_a_problem_at_its_line(project: Path) -> None:
    kept(project, "rendered/docs/logo.png, 'rendered/*.gif', rendered/docs/duckdb.md")
    line = len((project / "spec" / "stack.yaml").read_text().splitlines())
    unused = "no file that the spec does not describe is called"
    assert told(project) == [
        f"spec/stack.yaml:{line}:32: {unused} 'rendered/*.gif'; remove it [unused_keep]",
        f"spec/stack.yaml:{line}:50: {unused} 'rendered/docs/duckdb.md'; remove it [unused_keep]",
    ]
