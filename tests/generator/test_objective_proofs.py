"""Objectives: promtool proves their alerts and their numbers, and notices what is wrong in the rules."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from truegauge_generator.acceptance import test_rules as run_tests
from truegauge_generator.render import render
from truegauge_spec import Source, Spec, build

RULES, TESTS = "rendered/prometheus/rules/{}-objectives.yml", "rendered/prometheus/tests/"
ALERTS = ("Page", "Ticket")


@pytest.fixture(scope="module")
def aims(root: Path) -> Spec:
    """Objectives of every shape."""
    return build([Source("objectives.yaml", (root / "tests" / "systems" / "objectives.yaml").read_text())])


def written(files: dict[str, str], folder: Path) -> dict[str, str]:
    mine = {path: text for path, text in files.items() if "-objectives" in path}
    for path, text in mine.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return mine


@pytest.mark.parametrize("name", ["spec", "aims"])
def test_promtool_accepts_the_rules_and_proves_every_alert(
    name: str, request: pytest.FixtureRequest, promtool: str, tmp_path: Path
) -> None:
    spec: Spec = request.getfixturevalue(name)
    files = written(render(spec), tmp_path)
    (system,) = spec.systems.values()
    done = subprocess.run(
        [promtool, "check", "rules", "--lint=all", "--lint-fatal", str(tmp_path / RULES.format(system.system))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tests, problems = run_tests(promtool, tmp_path, files)
    assert problems == []
    # Three for each pair of windows, of all objectives at once.
    assert tests == 12
    looked = {
        look["alertname"]
        for text in files.values()
        for test in yaml.safe_load(text).get("tests", ())
        for look in test["alert_rule_test"]
        if look["exp_alerts"]
    }
    assert looked == {f"{slo}{end}" for slo in system.objectives for end in ALERTS}


def test_objectives_that_count_the_same_events_are_tested_apart(spec: Spec) -> None:
    source = spec.sources["duckdb"]
    fast = re.search(r"  QueriesFast:\n(    .*\n)+", source.text)
    assert fast
    other = fast[0].replace("QueriesFast", "QueriesVeryFast").replace("100ms", "50ms").replace("99%", "90%")
    both = build([Source(source.path, source.text.replace(fast[0], fast[0] + other)), spec.sources[""]])
    tests = yaml.safe_load(render(both)[f"{TESTS}duckdb-objectives-18h.yml"])["tests"]
    assert [test["name"].partition(":")[0] for test in tests] == [
        *["ticket over 3d and 6h, QueriesFast, SyncsSucceed"] * 3,
        *["ticket over 3d and 6h, QueriesVeryFast"] * 3,
    ]
    for test in tests:
        series = [one["series"] for one in test["input_series"]]
        assert len(series) == len(set(series))


# What is wrong in the rules, by the end of the name of the test file that must notice it.
MUTANTS = {
    "": [
        ("(14.4 *", "(14.6 *"),
        ("(14.4 *", "(14.2 *"),
        ("* 0.001)", "* 0.0011)"),
        ("> (14.4 * 0.001)", "< (14.4 * 0.001)"),
        ('window="1h"} > (', 'window="5m"} > ('),
        ('window="5m"} > (', 'window="1h"} > ('),
        ("[1h]", "[30m]"),
        ("[1h]", "[2h]"),
        ("[5m]", "[30m]"),
        ("and ignoring (window)", "or ignoring (window)"),
        ("or ignoring (window)", "and ignoring (window)"),
        ("or ignoring (window)", "or"),
        ('window="1h"} > (14.4', 'window="1h"} > (14.2'),
        ('window="5m"} > (14.4', 'window="5m"} > (14.2'),
        ('slo="SyncsSucceed",window="1h"', 'slo="QueriesFast",window="1h"'),
        ("rate(duckdb_sync_failure_count", "rate(duckdb_sync_success_count"),
        ("rate(duckdb", "delta(duckdb"),
        ("sum by (job)", "max by (job)"),
        ("sum by (job)", "sum by (job, instance)"),
        ('"part", "2"', '"part", "1"'),
        ('le="100.0"', 'le="150.0"'),
        ("1 - (", "("),
        ("severity: critical", "severity: warning"),
    ],
    "-1h30m": [
        ("(6 *", "(6.1 *"),
        ("(6 *", "(5.9 *"),
        ('window="6h"} > (6', 'window="30m"} > (6'),
        ('window="30m"} > (', 'window="6h"} > ('),
        ("[6h]", "[3h]"),
        ("[6h]", "[12h]"),
        ("[30m]", "[3h]"),
    ],
    "-6h": [
        ("(3 *", "(3.1 *"),
        ("(3 *", "(2.9 *"),
        ('window="1d"} > (', 'window="2h"} > ('),
        ('window="2h"} > (', 'window="1d"} > ('),
        ("[1d]", "[12h]"),
        ("[1d]", "[2d]"),
        ("[2h]", "[12h]"),
        ("severity: warning", "severity: info"),
    ],
    "-18h": [
        ("(1 *", "(1.1 *"),
        ("(1 *", "(0.9 *"),
        ('window="3d"} > (1 *', 'window="3d"} > (0.98 *'),
        ('window="6h"} > (1 *', 'window="6h"} > (0.98 *'),
        ('window="3d"} > (', 'window="6h"} > ('),
        ('window="6h"} > (1', 'window="3d"} > (1'),
        ("[3d]", "[36h]"),
        ("[3d]", "[6d]"),
        ("[6h]", "[36h]"),
    ],
}


@pytest.mark.parametrize(
    ("part", "old", "new"), [(part, *mutant) for part, mutants in MUTANTS.items() for mutant in mutants]
)
def test_a_change_of_the_rules_is_noticed(
    spec: Spec, promtool: str, tmp_path: Path, part: str, old: str, new: str
) -> None:
    files = written(render(spec), tmp_path)
    path, test = RULES.format("duckdb"), f"{TESTS}duckdb-objectives{part}.yml"
    assert old in files[path]
    (tmp_path / path).write_text(files[path].replace(old, new))
    assert run_tests(promtool, tmp_path, {test: files[test]})[1]


COUNTERS = {"success": "duckdb_sync_success_count", "failure": "duckdb_sync_failure_count"}


@pytest.mark.parametrize(
    ("series", "ratio", "burn", "left"),
    [
        ({"success": "0+999x60", "failure": "0+1x60"}, 0.001, 1, 0),
        ({"success": "0+9995x60", "failure": "0+5x60"}, 0.0005, 0.5, 0.5),
        ({"success": "0+1x60"}, 0, 0, 1),
        ({"failure": "0+1x60"}, 1, 1000, -999),
        ({"success": "7x60", "failure": "3x60"}, None, None, None),
        ({}, None, None, None),
    ],
    ids=["all used up", "half of it", "nothing ever failed", "all failed", "no traffic", "no series"],
)
def test_the_recorded_numbers_are_true(
    spec: Spec,
    promtool: str,
    tmp_path: Path,
    series: dict[str, str],
    ratio: float | None,
    burn: float | None,
    left: float | None,
) -> None:
    written(render(spec), tmp_path)
    labels = 'system="duckdb",slo="SyncsSucceed"'
    asked = {
        f'job:slo_events:error_ratio{{{labels},window="5m"}}': ratio,
        f'job:slo_events:burn_rate{{{labels},window="1h"}}': burn,
        f"job:slo_error_budget:remaining_ratio{{{labels}}}": left,
    }
    test = {
        "rule_files": [RULES.format("duckdb").removeprefix("rendered/prometheus/")],
        "evaluation_interval": "1m",
        "group_eval_order": ["duckdb-SyncsSucceed", "duckdb-SyncsSucceed-long"],
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": f'{COUNTERS[name]}{{job="duckdb",instance="{host}"}}', "values": values}
                    for name, values in series.items()
                    for host in ("a:1", "b:1")
                ],
                "promql_expr_test": [
                    {
                        "expr": f"sum by (job) (abs({expr} - {value or 0}) < bool 1e-9)",
                        "eval_time": "55m",
                        "exp_samples": [] if value is None else [{"labels": '{job="duckdb"}', "value": 1}],
                    }
                    for expr, value in asked.items()
                ],
            }
        ],
    }
    place = tmp_path / "rendered" / "prometheus" / "values.yml"
    place.write_text(json.dumps(test))
    done = subprocess.run([promtool, "test", "rules", str(place)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
