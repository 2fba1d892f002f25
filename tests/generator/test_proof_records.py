"""Recording rules record what is worked out from their inputs, and promtool finds those that do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from truegauge_generator.proof import records
from truegauge_generator.render import render
from truegauge_generator.tools import run
from truegauge_spec import Source, Spec, build

RULES = "rendered/prometheus/rules/"


def system(root: Path, name: str) -> Spec:
    return build([Source(f"{name}.yaml", (root / "tests" / "systems" / f"{name}.yaml").read_text())])


def rules(spec: Spec) -> dict[str, str]:
    return {path.removeprefix(RULES): text for path, text in render(spec).items() if path.startswith(RULES)}


def output(rules: dict[str, str], tests: dict[str, Any], promtool: str, folder: Path) -> str:
    """What promtool says of them; nothing where all is well."""
    for path, text in rules.items():
        (folder / path).write_text(text)
    (folder / "tests.yml").write_text(json.dumps({"rule_files": list(rules), **tests}))
    done = run([promtool, "test", "rules", str(folder / "tests.yml")])
    return done.output if done.failed else ""


def recorded(rules: dict[str, str]) -> Iterator[dict[str, Any]]:
    for text in rules.values():
        yield from (rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"] if "record" in rule)


@pytest.fixture(scope="module")
def kinds(root: Path) -> Spec:
    """The system that uses every kind of condition, and an objective."""
    return system(root, "kinds")


@pytest.mark.parametrize("name", ["kinds", "objectives"])
def test_every_record_is_what_is_worked_out(name: str, root: Path, promtool: str, tmp_path: Path) -> None:
    spec = system(root, name)
    assert output(rules(spec), records.tests(spec, next(iter(spec.systems))), promtool, tmp_path) == ""


def test_every_record_is_asked_for(spec: Spec, kinds: Spec) -> None:
    for one, name in ((spec, "duckdb"), (kinds, "kinds")):
        asked = {record.partition("{")[0] for record, _ in records.rows(one, name)}
        assert asked == {rule["record"] for rule in recorded(rules(one))}


def test_a_system_without_records_of_its_own_has_the_test_of_its_digests(root: Path) -> None:
    (test,) = records.tests(system(root, "handmade"), "handmade")["tests"]
    assert test["name"] == "records of the moment"
    assert {look["expr"].partition("(")[0] for look in test["promql_expr_test"]} == {"count", "abs"}


# A part of a rule's expression, and what is wrong in its place.
WRONG = [
    ("0.9,", "0.95,"),
    ("[2m]", "[4m]"),
    ("by (job, instance, le)", "by (job, le)"),
    ("/\n(kinds_size_bytes > 0)", "*\n(kinds_size_bytes > 0)"),
    ("increase(kinds_refused_total[5m])", "increase(kinds_orders_total[5m])"),
    ("floor(", "ceil("),
    ("rate(kinds_sent_bytes_total[5m])", "increase(kinds_sent_bytes_total[5m])"),
    ("time() - ", "time() + "),
    ("abs(", "sqrt("),
    ("offset 1w", "offset 6d"),
    ("[1h] offset", "[2h] offset"),
    ('window="5m"} > 0', 'window="1h"} > 0'),
    ("sum by (job) (rate(kinds_refused_total[30m]))", "sum by (job) (rate(kinds_orders_total[30m]))"),
    ("} / 0.01", "} / 0.1"),
    ("1 - job:slo_events", "2 - job:slo_events"),
    ("vector(30)", "vector(28)"),
    ("vector(0.99)", "vector(0.9)"),
    ('"part", "2"', '"part", "1"'),
]


@pytest.mark.parametrize(("old", "new"), WRONG)
def test_a_wrong_record_is_found(old: str, new: str, kinds: Spec, promtool: str, tmp_path: Path) -> None:
    changed, count = {}, 0
    for path, text in rules(kinds).items():
        read = yaml.safe_load(text)
        for group in read["groups"]:
            for rule in group["rules"]:
                if "record" in rule and old in rule["expr"]:
                    rule["expr"], count = rule["expr"].replace(old, new), count + 1
        changed[path] = yaml.safe_dump(read, sort_keys=False, width=10_000)
    assert count, old
    said = output(changed, records.tests(kinds, "kinds"), promtool, tmp_path)
    assert "expr:" in said, said
