"""Every kind of condition, on a system that uses them all: promtool proves the cases, and they find wrong rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from truegauge_generator.acceptance import test_rules as run_tests
from truegauge_generator.cases import CASES, GENERAL, LACKS
from truegauge_generator.conditions import KINDS
from truegauge_generator.render import render
from truegauge_generator.tools import run
from truegauge_spec import Source, Spec, build
from truegauge_spec.alert import Alert
from truegauge_spec.condition import MetricCondition
from truegauge_spec.quantities import duration, milliseconds

RULES, TESTS = "rendered/prometheus/rules/kinds.yml", "rendered/prometheus/tests/"
# What is wrong in a rule, by alert: each part of its expressions, and what stands in its place.
MUTANTS: dict[str, dict[str, tuple[str, ...]]] = {
    "LongQueue": {
        "> 100": ("> 101", "> 99", "< 100"),
        '{channel="web"}': ('{channel="phone"}', ""),
        'kinds_queue{channel="web"} > 100': (
            'kinds_queue{channel="web"} > 100 or absent(kinds_queue)',
            'kinds_queue{channel="web"} > 100 or vector(1)',
            'max without (instance) (kinds_queue{channel="web"}) > 100',
            'max_over_time(kinds_queue{channel="web"}[1m]) > 100',
        ),
    },
    "SlowPages": {
        "> 0.2": ("> 0.205", "> 0.195", "< 0.2"),
        "0.9,": ("0.8,",),
        "rate(": ("last_over_time(", "delta("),
        "2m": ("1m", "4m"),
        "by (job, instance, le)": ("by (job, le)", "by (instance, le)"),
        "sum by": ("max by",),
    },
    "DiskFull": {"> 0.9": ("> 0.91", "> 0.89", "< 0.9"), "> 0)": (">= 0)",)},
    "ManyRefused": {
        "> 0.1": ("> 0.102", "> 0.098", "< 0.1"),
        "increase(": ("delta(",),
        "5m": ("2m30s", "10m"),
        "instance, channel": ("channel",),
    },
    "SomeRefused": {
        "> 5": ("> 6", "> 4", "< 5"),
        "increase(": ("rate(", "delta("),
        "floor(": ("(",),
        "5m": ("2m30s", "10m"),
    },
    "MuchSent": {
        "> 10485760": ("> 10695475", "> 10276045", "< 10485760"),
        "5m": ("2m30s", "10m"),
        "rate(": ("increase(", "irate(", "deriv("),
    },
    "FewOrders": {"< 0.3": ("< 0.31", "< 0.29", "> 0.3"), "rate(": ("increase(", "deriv(")},
    "NoPages": {"5m": ("2m30s", "6m"), '{job="kinds"}': ("",), "absent_": ("present_",)},
    "NoWebQueue": {"2h": ("1h", "3h"), ',channel="web"': ("",), 'job="kinds",': ("",), "absent_": ("present_",)},
    "QueueStuck": {"10m": ("5m", "12m"), "> 0": ("== 0",), "\n  and kinds_queue offset 10m": ("",)},
    "OrdersStuck": {"3h": ("90m", "4h"), "> 0": ("== 0",)},
    "DiskRunsFull": {"1h": ("30m", "2h"), "14400": ("7200", "28800"), ">= 1": (">= 1.02", ">= 0.98", "< 1")},
    "DiskRunsFullSoon": {"10m": ("5m",), ">= 0.8": (">= 0.7", ">= 0.95", "< 0.8"), "1800": ("900",)},
    "NoBackup": {"> 93600": ("> 46800", "> 95000", "> 92000", "< 93600"), "> 0)": (">= 0)",)},
    "BackupLate": {"> 900": ("> 450", "> 910", "> 890", "< 900"), "> 0)": (">= 0)",)},
    "UnusualQueue": {"> 0.5": ("> 0.51", "> 0.49", "< 0.5"), "1h": ("30m",), "1w": ("84h",), ">= 10": (">= 9",)},
    "BudgetBurns": {
        "> 2.5": ("> 2.53", "> 2.47", "< 2.5"),
        'window="6h"': ('window="1h"',),
        ',slo="OrdersTaken"': ("",),
    },
    "JumpyQueue": {"> 1.5": ("> 1.52", "> 1.48", "< 1.5"), "[5m": ("[150s",), "30m": ("15m",), ">= 2.5": ("> 0",)},
}
WRONG = [(alert, old, new) for alert, parts in MUTANTS.items() for old, others in parts.items() for new in others]


@pytest.fixture(scope="module")
def kinds(root: Path) -> Spec:
    """The system that uses every kind."""
    return build([Source("kinds.yaml", (root / "tests" / "systems" / "kinds.yaml").read_text())])


@pytest.fixture(scope="module")
def files(kinds: Spec) -> dict[str, str]:
    """What it is rendered to, without the rules of its objective and SpecDrift, which have tests of their own."""
    return {path: text for path, text in render(kinds).items() if not re.search("-(objectives|spec)", path)}


def conditions(kinds: Spec) -> Iterator[tuple[str, MetricCondition]]:
    return iter(kinds.systems["kinds"].conditions)


def written(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        if path.startswith("rendered/prometheus/"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    return folder


def test_the_system_uses_every_kind(kinds: Spec) -> None:
    assert {when.kind for _, when in conditions(kinds)} == set(KINDS)


SPECIAL = {
    "quantile": {"together"},
    "share_of_limit": {"boundless"},
    "increase": {"burst"},
    "rate": {"burst"},
    "older_than": {"never"},
    "deviation": {"floor"},
    "runs_full": {"steep"},
    "unchanged": {"moving"},
    "absent": {"sparse"},
}
"""The cases that only some kinds have, for what their expressions guard against."""


def cases_of(alert: Alert, when: MetricCondition) -> set[str]:
    """What an alert's test should show."""
    lacks = set(LACKS[when.kind])
    lacks |= {"kept"} if not alert.keep_firing_for else set()
    lacks |= {"short_of_for"} if not alert.for_ else set()
    lacks |= {"unselected"} if not when.selects and not when.of_job else set()
    return set(GENERAL) - lacks | (SPECIAL.get(when.kind, set()) if when.upwards else set())


def test_every_kind_has_every_case_or_says_why_not(kinds: Spec, files: dict[str, str]) -> None:
    shown = {name: set(codes.split(", ")) for name, _, codes in (name.partition(": ") for name in names(files))}
    alerts = kinds.systems["kinds"].alerts
    expected = {name: cases_of(alerts[name], when) for name, when in conditions(kinds)}
    expected["QueueStuck"] -= {"reset"}  # of a gauge
    expected["OrdersStuck"] -= {"unselected"}  # it selects every channel
    assert shown == expected


def test_every_case_is_shown_by_some_kind(kinds: Spec, files: dict[str, str]) -> None:
    shown = {code for name in names(files) for code in name.partition(": ")[2].split(", ")}
    of_objectives = {"quiet", "long_alone", "short_alone", "every_window"}
    assert shown == {code for code, _ in CASES} - of_objectives
    assert set(LACKS) == set(KINDS)


def test_every_alert_has_one_test(kinds: Spec, files: dict[str, str]) -> None:
    assert sorted(name.partition(":")[0] for name in names(files)) == sorted(alert for alert, _ in conditions(kinds))


def names(files: dict[str, str]) -> list[str]:
    texts = [text for path, text in files.items() if path.startswith(TESTS)]
    return [test["name"] for text in texts for test in yaml.safe_load(text)["tests"]]


def test_promtool_accepts_the_rules_and_proves_every_case(
    kinds: Spec, files: dict[str, str], promtool: str, tmp_path: Path
) -> None:
    place = written(tmp_path, files)
    checked = run([promtool, "check", "rules", "--lint=all", "--lint-fatal", str(place / RULES)])
    assert not checked.failed, checked.output
    assert run_tests(promtool, place, files) == (len(list(conditions(kinds))), [])


def test_an_alert_that_looks_back_for_hours_is_tested_in_few_steps(files: dict[str, str]) -> None:
    steps = {path.removeprefix(TESTS): yaml.safe_load(text) for path, text in files.items() if path.startswith(TESTS)}
    assert {path: read["evaluation_interval"] for path, read in steps.items()} == {
        "kinds.yml": "15s",
        **{f"kinds-{step}.yml": step for step in ("3m", "6m", "9m", "30m", "1h18m")},
    }


def test_sentences_read_well(files: dict[str, str]) -> None:
    page = files["rendered/docs/kinds.md"]
    for sentence in (
        "Fires when the increase per second of `kinds_sent_bytes_total` over 5m is above 10 MiB, for 30s.",
        "Fires when there is no data of `kinds_page_seconds` for 5m, for 30s.",
        "Fires when `kinds_queue` has not changed for 10m, for 30s.",
        "`kinds_used_bytes` is at 50% or more of `kinds_size_bytes`, and full within 4h at the pace of the last 1h",
        "Fires when `kinds_backup_seconds` is older than 26h, for 1h.",
        "Fires when the deviation of the mean of `kinds_queue` over 1h from that of 1w before is above 50%, for 30s.",
    ):
        assert sentence in page


def test_a_panel_draws_what_the_condition_compares_with_its_threshold_if_it_has_one(files: dict[str, str]) -> None:
    (text,) = (text for path, text in files.items() if path.startswith("rendered/grafana/dashboards/"))
    drawn = {panel["title"]: panel for panel in json.loads(text)["panels"] if panel.get("targets")}
    chosen = 'job="kinds",instance=~"$instance"'
    for title, expr, line in (
        ("Much sent", f"instance:kinds_sent_bytes_total:rate_5m{{{chosen}}}", 10485760),
        ("No backup", f"instance:kinds_backup_seconds:age{{{chosen}}}", 93600),
        ("Unusual queue", f"instance:kinds_queue:deviation_1h_from_1w_floor_10{{{chosen}}}", 0.5),
        ("Disk runs full", f"instance:kinds_used_bytes:share_of_kinds_size_bytes{{{chosen}}}", None),
        ("No pages", f"kinds_page_seconds_count{{{chosen}}}", None),
        ("Queue stuck", f"kinds_queue{{{chosen}}}", None),
    ):
        steps = drawn[title]["fieldConfig"]["defaults"].get("thresholds", {"steps": [{"value": None}]})["steps"]
        assert (drawn[title]["targets"][0]["expr"], steps[-1]["value"]) == (expr, line)


@pytest.fixture(scope="module")
def alone(files: dict[str, str]) -> dict[str, dict[str, str]]:
    """For each alert the rules that it needs, and its tests, so that a mutant is soon found."""
    (group,) = yaml.safe_load(files[RULES])["groups"]
    rules = group["rules"]
    tests = [(path, yaml.safe_load(text)) for path, text in files.items() if path.startswith(TESTS)]
    found = {}
    for alert in MUTANTS:
        (rule,) = (rule for rule in rules if rule.get("alert") == alert)
        needed = [one for one in rules if one.get("record", "-") in rule["expr"]]
        found[alert] = {RULES: _text({"groups": [{"name": "alone", "rules": [*needed, rule]}]})}
        for path, read in tests:
            mine = [test for test in read["tests"] if test["name"].startswith(f"{alert}:")]
            if mine:
                found[alert][path] = _text({**read, "tests": mine})
    return found


def _text(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=10_000)


def test_every_alert_has_mutants(kinds: Spec) -> None:
    assert set(MUTANTS) == {alert for alert, _ in conditions(kinds)}


@pytest.mark.parametrize("alert", MUTANTS)
def test_the_tests_of_an_alert_pass_on_its_own_rules(
    alert: str, alone: dict[str, dict[str, str]], promtool: str, tmp_path: Path
) -> None:
    assert run_tests(promtool, written(tmp_path, alone[alert]), alone[alert])[1] == []


@pytest.mark.parametrize(("alert", "old", "new"), WRONG)
def test_a_wrong_rule_is_found(
    alert: str, old: str, new: str, alone: dict[str, dict[str, str]], promtool: str, tmp_path: Path
) -> None:
    read = yaml.safe_load(alone[alert][RULES])
    rules = read["groups"][0]["rules"]
    assert any(old in rule["expr"] for rule in rules)
    for rule in rules:
        rule["expr"] = rule["expr"].replace(old, new)
    files = {**alone[alert], RULES: _text(read)}
    assert not run([promtool, "check", "rules", str(written(tmp_path, files) / RULES)]).failed
    assert run_tests(promtool, tmp_path, files)[1]


KEPT = {"FewOrders", "NoWebQueue", "OrdersStuck", "DiskFull"}
COARSE = {("NoWebQueue", "for"), ("DiskRunsFull", "for"), ("UnusualQueue", "for"), ("NoBackup", "for")}
"""Times that are shorter than a step of a test over hours: only that there is one is seen."""
TIMES = [
    (alert, key, change)
    for alert in MUTANTS
    for key in ("for", *(["keep_firing_for"] if alert in KEPT else []))
    for change in ("removed", *([] if (alert, key) in COARSE else ["halved", "doubled"]))
]


@pytest.mark.parametrize(("alert", "key", "change"), TIMES)
def test_a_wrong_time_is_found(
    alert: str, key: str, change: str, alone: dict[str, dict[str, str]], promtool: str, tmp_path: Path
) -> None:
    read = yaml.safe_load(alone[alert][RULES])
    *_, rule = read["groups"][0]["rules"]
    span = milliseconds(rule.pop(key))
    if change != "removed":
        rule[key] = duration(span // 2 if change == "halved" else span * 2)
    files = {**alone[alert], RULES: _text(read)}
    assert run_tests(promtool, written(tmp_path, files), files)[1]


# The instance that alone finds a mutant: without its series nothing does.
FOUND_BY = [
    ("LongQueue", "unselected", '{channel="web"}', ""),
    ("SlowPages", "together", "sum by", "max by"),
    ("DiskFull", "boundless", "> 0)", ">= 0)"),
    ("NoBackup", "never", "> 0)", ">= 0)"),
    ("UnusualQueue", "floor", ">= 10", ">= 9"),
    ("QueueStuck", "late", "\n  and kinds_queue offset 10m", ""),
]


@pytest.mark.parametrize(("alert", "instance", "old", "new"), FOUND_BY)
def test_a_case_finds_what_no_other_does(
    alert: str, instance: str, old: str, new: str, alone: dict[str, dict[str, str]], promtool: str, tmp_path: Path
) -> None:
    files = {**alone[alert], RULES: alone[alert][RULES]}
    read = yaml.safe_load(files[RULES])
    for rule in read["groups"][0]["rules"]:
        rule["expr"] = rule["expr"].replace(old, new)
    files[RULES] = _text(read)
    assert run_tests(promtool, written(tmp_path, files), files)[1]
    ((path, text),) = ((path, text) for path, text in files.items() if path != RULES)
    tests = yaml.safe_load(text)
    (test,) = tests["tests"]
    test["input_series"] = [one for one in test["input_series"] if f'instance="{instance}"' not in one["series"]]
    files[path] = _text(tests)
    assert run_tests(promtool, written(tmp_path, files), files)[1] == []
