"""Hand-written expressions: their examples, and the boundary cases that are worked out of their shape."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

from truegauge_generator.acceptance import test_rules as run_tests
from truegauge_generator.proof.shapes import unproven, worked_out
from truegauge_generator.render import render
from truegauge_generator.tools import run
from truegauge_spec import Source, Spec, build

RULES, TESTS = "rendered/prometheus/rules/{}.yml", "rendered/prometheus/tests/"

# What is wrong in a rule, by alert: each part of its expression, and what stands in its place.
MUTANTS: dict[str, dict[str, tuple[str, ...]]] = {
    "LittlePaper": {"< 50": ("< 51", "< 49", "<= 50", "> 50"), "a4": ("a3",), '{tray="a4"}': ("",)},
    "LittleInk": {"0.1 >=": ("0.101 >=", "0.099 >=", "0.1 >", "0.1 <"), "min": ("max", "avg", "sum"), "black": ("",)},
    "ManyErrors": {"2 + 3": ("2 + 3.1", "1.9 + 3"), "5..": ("4..",), "* 100": ("",), "[5m]": ("[4m]", "[6m]")},
    "SlowPrinting": {"> 3": ("> 3.1", "> 2.9", "< 3"), "0.9,": ("0.8,", "0.95,"), "5m": ("4m", "6m"), ", tray": ("",)},
    "SpoolFull": {">= 0.5": ("> 0.5", ">= 0.51", ">= 0.49"), "10m": ("5m", "12m"), "avg_": ("max_", "min_")},
    "SpoolShare": {"0.9": ("0.91", "0.89"), "> (": (">= (", "< (")},
    "NoService": {"> 90": ("> 91.5", "> 89", "< 90"), "86400": ("3600",)},
    "ManyJams": {"> 5": ("> 5.1", "> 4.9"), "30m": ("15m", "35m"), "increase": ("rate",), "sum": ("max", "avg")},
    "JamShare": {"0.25": ("0.26", "0.24"), "/ (rate(handmade_jams_total[5m]) +": ("/ (",)},
    "NothingPrinted": {"== 0": ("> 0", "!= 0", ">= 0"), "2m": ("1m", "3m"), '{job="handmade"}': ("",)},
    "PrinterDown": {"== 0": ("== 1", "!= 0"), '{job="handmade"}': ("",)},
    "NoPaperData": {"absent(": ("absent_over_time(", "count("), ', tray="a4"': ("",), 'job="handmade", ': ("",)},
    "SpoolOverflows": {"> handmade_spool_size_bytes": (">= 2 * handmade_spool_size_bytes", "> 2000", "< 5000")},
}
SPELLED = {("NoPaperData", "absent(", "absent_over_time("): ("[10m])", "})")}
"""What a mutant changes beside its own part."""
CASES = [(alert, old, new) for alert, parts in MUTANTS.items() for old, others in parts.items() for new in others]


@pytest.fixture(scope="module")
def handmade(root: Path) -> Spec:
    """A system whose alerts are hand-written."""
    return build([Source("handmade.yaml", (root / "tests" / "systems" / "handmade.yaml").read_text())])


@pytest.fixture(scope="module")
def files(handmade: Spec) -> dict[str, str]:
    """Its rules and tests."""
    return {path: text for path, text in render(handmade).items() if path.startswith("rendered/prometheus/")}


def written(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def small(expr: str, more: str = "") -> Spec:
    """The system with one alert of that expression."""
    text = (Path(__file__).parents[1] / "systems" / "handmade.yaml").read_text().partition("alerts:\n")[0]
    alert = {
        "when": {"expr": expr},
        "for": "30s",
        "severity": "info",
        "summary": "One",
        "description": "It is {{ $value }}",
        "runbook": "Look.",
        **yaml.safe_load(more or "{}"),
    }
    return build([Source("small.yaml", f"{text}{yaml.safe_dump({'alerts': {'One': alert}}, width=10_000)}")])


def test_promtool_proves_every_example_and_every_case_that_is_worked_out(
    files: dict[str, str], promtool: str, tmp_path: Path
) -> None:
    count, problems = run_tests(promtool, written(tmp_path, files), files)
    assert problems == []
    names = [
        test["name"].partition(":")[0]
        for path, text in files.items()
        if path.startswith(TESTS)
        for test in yaml.safe_load(text)["tests"]
    ]
    assert len(names) == count
    found = Counter(names)
    assert all(found[alert] >= 3 for alert in MUTANTS if alert != "SpoolOverflows")
    assert found["SpoolOverflows"] == 1
    assert "PaperRunsOut" not in found


def test_an_alert_with_neither_example_nor_case_is_named_with_the_reason(handmade: Spec) -> None:
    (problem,) = unproven(handmade)
    assert str(problem.position) == "handmade.yaml:107:18"
    assert (problem.severity, problem.code) == ("warning", "no_example")
    assert problem.message == (
        "no test proves PaperRunsOut: give `examples:`; no boundary cases: it compares two metrics"
    )


@pytest.mark.parametrize(
    ("expr", "reason"),
    [
        ("handmade_paper_sheets - handmade_paper_sheets offset 1h > 5", "it joins two metrics"),
        ("handmade_paper_sheets > 5 or handmade_paper_sheets < 2", "it joins two expressions with `or`"),
        ("handmade_spool_bytes > 5 and handmade_spool_bytes offset 1h > 5", "what guards it is of the same series"),
        ("handmade_spool_bytes > 5 and handmade_spool_size_bytes", "it compares nothing with a constant"),
        ("topk(3, handmade_paper_sheets) > 5", "`topk` is not among the shapes that series are known for"),
        ("deriv(handmade_paper_sheets[5m]) > 5", "`deriv` is not among the shapes that series are known for"),
        ("rate(handmade_jobs_total[5m]) / rate(handmade_jams_total[1m]) > 1", "are not of the same kind and window"),
        ("handmade_spool_bytes / handmade_spool_bytes > 1", "nothing is known that is in the total and not in the"),
        ("abs(handmade_paper_sheets) > 5", "`abs` is not among the shapes that series are known for"),
        ("rate(handmade_jobs_total[5m]) == 3.3", "never sure to be exactly a number"),
    ],
)  # fmt: skip
def test_what_is_not_worked_out_has_a_reason(expr: str, reason: str) -> None:
    found = worked_out(small(expr), "handmade", "One")
    assert isinstance(found, str)
    assert reason in found


@pytest.mark.parametrize(
    "expr",
    [
        "handmade_paper_sheets <= 10 * 5",
        "100 < handmade_paper_sheets",
        "handmade_paper_sheets != 7",
        "-handmade_paper_sheets > -5",
        "1 - handmade_ink_ratio > 0.9",
        "max_over_time(handmade_ink_ratio[5m]) < 0.2",
        "min_over_time(handmade_spool_bytes[10m]) > 1e9",
        "last_over_time(handmade_spool_bytes[5m]) > 1e6",
        "irate(handmade_jobs_total[1m]) > 3",
        "avg by (instance) (rate(handmade_requests_total[2m])) < 0.3",
        "sum without (route, code) (increase(handmade_requests_total[1h])) >= 1000",
        'sum(rate(handmade_requests_total{code!~"2..|4.."}[5m])) > 0',
        "histogram_quantile(0.5, rate(handmade_print_seconds_bucket[10m])) < 1.5",
        "histogram_quantile(0.99, sum by (le) (rate(handmade_print_seconds_bucket{tray='a4'}[2m]))) >= 7",
        "(handmade_spool_bytes / on (job, instance) (handmade_spool_size_bytes > 0)) * 100 >= 95",
        "increase(handmade_jams_total[10m]) / increase(handmade_jobs_total[10m]) > 0.5",
        "time() - (handmade_serviced_seconds > 0) > 6 * 3600",
        "absent_over_time(handmade_paper_sheets[10m])",
        "absent(up{job='handmade'})",
        "handmade_spool_bytes > 5e6 and handmade_spool_size_bytes > 1e7",
        "rate(handmade_jams_total[5m]) > 1 unless on (instance) up == 0",
        "handmade_paper_sheets < 9 and on (job, instance) sum by (job, instance) (rate(handmade_jobs_total[5m])) > 2",
        "rate(handmade_print_seconds_bucket{le='1.0'}[1m])/ ignoring (le) rate(handmade_print_seconds_count[1m]) < .9",
    ],
)
@pytest.mark.parametrize("more", ["", "{for: 0s, keep_firing_for: 2m}"], ids=["waits", "keeps"])
def test_promtool_comes_to_the_same_for_every_shape(expr: str, more: str, promtool: str, tmp_path: Path) -> None:
    spec = small(expr, more)
    assert not isinstance(found := worked_out(spec, "handmade", "One"), str), found
    rendered = {path: text for path, text in render(spec).items() if path.startswith("rendered/prometheus/")}
    files = {path: text for path, text in rendered.items() if not path.endswith("-spec.yml")}
    count, problems = run_tests(promtool, written(tmp_path, files), files)
    assert (count, problems) == (len(found.cases), [])


def test_an_example_says_when_it_fires_and_when_not(files: dict[str, str]) -> None:
    (test,) = (
        test
        for path, text in files.items()
        if path.startswith(TESTS)
        for test in yaml.safe_load(text)["tests"]
        if test["name"] == "SpoolOverflows: more waits than there is room for"
    )
    assert test["interval"] == "1m"
    looks = [(look["eval_time"], len(look["exp_alerts"])) for look in test["alert_rule_test"]]
    assert looks == [("5m", 0), ("6m", 0), ("7m", 2), ("20m", 2)]
    first, second = test["alert_rule_test"][-1]["exp_alerts"]
    assert first["exp_labels"] == {"job": "handmade", "instance": "a", "severity": "warning"}
    assert second["exp_annotations"]["summary"] == "b holds 7000 bytes"


@pytest.fixture(scope="module")
def alone(files: dict[str, str]) -> dict[str, dict[str, str]]:
    """For each alert its rule and its tests."""
    ((_, text),) = ((path, text) for path, text in files.items() if path == RULES.format("handmade"))
    (group,) = yaml.safe_load(text)["groups"]
    found: dict[str, dict[str, str]] = {}
    for rule in group["rules"]:
        name = rule["alert"]
        found[name] = {RULES.format("handmade"): _text({"groups": [{"name": "alone", "rules": [rule]}]})}
        for path, tests in files.items():
            if path.startswith(TESTS):
                read = yaml.safe_load(tests)
                mine = [test for test in read["tests"] if test["name"].startswith(f"{name}:")]
                if mine:
                    found[name][path] = _text({**read, "tests": mine})
    return found


def _text(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=10_000)


def test_every_alert_that_is_proven_has_mutants(handmade: Spec) -> None:
    assert set(MUTANTS) == set(handmade.systems["handmade"].alerts) - {"PaperRunsOut"}


@pytest.mark.parametrize(("alert", "old", "new"), CASES)
def test_a_wrong_rule_is_found(
    alert: str, old: str, new: str, alone: dict[str, dict[str, str]], promtool: str, tmp_path: Path
) -> None:
    place = RULES.format("handmade")
    read = yaml.safe_load(alone[alert][place])
    (rule,) = read["groups"][0]["rules"]
    assert old in rule["expr"]
    rule["expr"] = rule["expr"].replace(old, new)
    if more := SPELLED.get((alert, old, new)):
        rule["expr"] = rule["expr"].replace(more[1], "}" + more[0])
    files = {**alone[alert], place: _text(read)}
    assert not run([promtool, "check", "rules", str(written(tmp_path, files) / place)]).failed
    assert run_tests(promtool, tmp_path, files)[1]


def test_for_is_tested_too(alone: dict[str, dict[str, str]], promtool: str, tmp_path: Path) -> None:
    place = RULES.format("handmade")
    for wait in ("45s", "75s"):
        files = {**alone["ManyErrors"], place: alone["ManyErrors"][place].replace("for: 1m", f"for: {wait}")}
        assert run_tests(promtool, written(tmp_path, files), files)[1]
