"""Objectives: the Workbook's windows and factors, exact numbers, names and links."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from duckdb_exporter.declare import Metric as Declared
from duckdb_exporter.declare import Settings
from duckdb_exporter.exposition import Exposition
from duckdb_exporter.instruments import Instruments
from truegauge_generator.objectives import le
from truegauge_generator.render import render
from truegauge_spec import Source, Spec, build

RULES = "rendered/prometheus/rules/{}-objectives.yml"

# What the Workbook recommends for 30 days, and sloth and others render: by alert the long window, the short one, and
# how many times too fast the budget burns in both.
DEFAULTS = {
    "Page": (("1h", "5m", "14.4"), ("6h", "30m", "6")),
    "Ticket": (("1d", "2h", "3"), ("3d", "6h", "1")),
}
WINDOWS = ["5m", "30m", "1h", "6h", "2h", "1d", "3d"]


@pytest.fixture(scope="module")
def aims(root: Path) -> Spec:
    """Objectives of every shape."""
    return build([Source("objectives.yaml", (root / "tests" / "systems" / "objectives.yaml").read_text())])


@pytest.fixture(scope="module")
def formatted(promtool: str) -> Callable[[str], str]:
    """An expression as Prometheus itself prints it, so that only its meaning is compared."""

    def run(expr: str) -> str:
        command = [promtool, "--experimental", "promql", "format", expr]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return run


def rules(spec: Spec, system: str) -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(render(spec)[RULES.format(system)])["groups"]:
        yield from group["rules"]


def rule(spec: Spec, system: str, name: str) -> dict[str, Any]:
    return next(rule for rule in rules(spec, system) if rule.get("alert") == name)


def changed(spec: Spec, name: str, **update: Any) -> Spec:
    """The DuckDB spec with another `target` or `over` of one objective."""
    source = spec.sources["duckdb"]
    text = source.text
    for key, value in update.items():
        text = re.sub(rf"(  {name}:\n    target: .*\n)(    over: .*\n)?", rf"\g<1>    {key}: {value}\n", text)
        if key == "target":
            text = re.sub(rf"(  {name}:\n)    target: .*\n", r"\1", text)
    return build([Source(source.path, text), spec.sources[""]])


def expected(slo: str, budget: str, pairs: tuple[tuple[str, str, str], ...]) -> str:
    def burns(window: str, factor: str) -> str:
        labels = f'system="duckdb",slo="{slo}",window="{window}"'
        return f"job:slo_events:error_ratio{{{labels}}} > ({factor} * {budget})"

    both = (f"({burns(long, by)} and ignoring (window) {burns(short, by)})" for long, short, by in pairs)
    return " or ignoring (window) ".join(both)


@pytest.mark.parametrize(("slo", "budget"), [("QueriesFast", "0.01"), ("SyncsSucceed", "0.001")])
@pytest.mark.parametrize("alert", DEFAULTS)
def test_the_alerts_are_the_defaults_for_30_days(
    spec: Spec, formatted: Callable[[str], str], slo: str, budget: str, alert: str
) -> None:
    rendered = formatted(rule(spec, "duckdb", f"{slo}{alert}")["expr"])
    assert rendered == formatted(expected(slo, budget, DEFAULTS[alert]))


@pytest.mark.parametrize("slo", ["QueriesFast", "SyncsSucceed"])
def test_the_rules_are_those_that_are_known_from_others(spec: Spec, slo: str) -> None:
    """Events and error ratio by window, burn rate, objective, budget, period, what is left; a page and a ticket."""
    own = [rule for rule in rules(spec, "duckdb") if rule.get("labels", {}).get("slo") == slo]
    by_name: dict[str, list[str]] = {}
    for one in own:
        by_name.setdefault(one["record"], []).append(one["labels"].get("window", ""))
    assert by_name == {
        "job:slo_events:rate": [*WINDOWS, "30d"],
        "job:slo_events:error_ratio": [*WINDOWS, "30d"],
        "job:slo_events:burn_rate": [""],
        "slo:objective:ratio": [""],
        "slo:error_budget:ratio": [""],
        "slo:period:days": [""],
        "job:slo_error_budget:remaining_ratio": ["30d"],
    }
    alerts = {name: one["labels"] for one in rules(spec, "duckdb") if (name := one.get("alert", "")).startswith(slo)}
    assert alerts == {f"{slo}Page": {"severity": "critical"}, f"{slo}Ticket": {"severity": "warning"}}


def test_every_window_is_a_ratio_of_sums_of_the_counters(spec: Spec, formatted: Callable[[str], str]) -> None:
    ratios = [
        one
        for one in rules(spec, "duckdb")
        if one.get("record") == "job:slo_events:error_ratio" and one["labels"]["slo"] == "QueriesFast"
    ]
    for one in ratios:
        window = one["labels"]["window"]
        total = f'job:slo_events:rate{{system="duckdb",slo="QueriesFast",window="{window}"}}'
        fast = f'sum by (job) (rate(duckdb_query_latency_ms_bucket{{le="100.0"}}[{window}]))'
        assert formatted(one["expr"]) == formatted(f"1 - ({fast} / on (job) ({total} > 0))")


@pytest.mark.parametrize(
    ("target", "share", "budget"),
    [
        ("99.9%", "0.999", "0.001"),
        ("99.95%", "0.9995", "0.0005"),
        ("99.7%", "0.997", "0.003"),
        ("0.9999 ratio", "0.9999", "0.0001"),
        ("99.999%", "0.99999", "1e-05"),
        ("93.3%", "0.933", "0.067"),
    ],
)
def test_numbers_are_exact(spec: Spec, target: str, share: str, budget: str) -> None:
    other = changed(spec, "SyncsSucceed", target=target)
    own = [one for one in rules(other, "duckdb") if "SyncsSucceed" in str(one)]
    exprs = {one.get("record", one.get("alert")): one["expr"] for one in own}
    assert exprs["slo:objective:ratio"] == f"vector({share})"
    assert exprs["slo:error_budget:ratio"] == f"vector({budget})"
    assert f"> (3 * {budget})" in exprs["SyncsSucceedTicket"]
    assert f"allows {Decimal(budget) * 100:f}".rstrip("0").rstrip(".") in own[-1]["annotations"]["description"]
    assert not [expr for expr in exprs.values() if re.search(r"\d{7}", expr)]


@pytest.mark.parametrize(
    ("over", "window", "days", "factors"),
    [
        ("7d", "1w", "7", ["3.36", "1.4", "1", "1"]),
        ("28d", "4w", "28", ["13.44", "5.6", "2.8", "1"]),
        ("31d", "31d", "31", ["14.88", "6.2", "3.1", "1.0333"]),
        ("90d", "90d", "90", ["43.2", "18", "9", "3"]),
        ("10d12h", "252h", "10.5", ["5.04", "2.1", "1.05", "1"]),
    ],
)
def test_another_period_has_the_same_windows_and_its_own_factors(
    spec: Spec, over: str, window: str, days: str, factors: list[str]
) -> None:
    other = changed(spec, "QueriesFast", over=over)
    page, ticket = (rule(other, "duckdb", f"QueriesFast{end}")["expr"] for end in DEFAULTS)
    assert re.findall(r"> \(([\d.]+) \* 0.01\)", page) == [factors[0]] * 2 + [factors[1]] * 2
    assert re.findall(r"> \(([\d.]+) \* 0.01\)", ticket) == [factors[2]] * 2 + [factors[3]] * 2
    own = [one for one in rules(other, "duckdb") if one.get("labels", {}).get("slo") == "QueriesFast"]
    assert [one["labels"]["window"] for one in own if one["record"] == "job:slo_events:rate"] == [*WINDOWS, window]
    assert [one["expr"] for one in own if one["record"] == "slo:period:days"] == [f"vector({days})"]


def test_a_pair_that_no_burn_can_reach_is_left_out(aims: Spec) -> None:
    expr = rule(aims, "aims", "MailsArrivePage")["expr"]
    assert re.findall(r'window="(\w+)"\} > \(([\d.]+) \*', expr) == [("6h", "5.6"), ("30m", "5.6")]


def test_a_bucket_is_selected_as_the_exporter_exposes_it() -> None:
    bounds = (0.00001, 0.0001, 0.25, 1.0, 100.0, 5000.0, 1e6, 2.5e7, 1.5e22)
    shown = Instruments([Declared("x", "histogram", "s", "X", (), "app", buckets=bounds)], Settings())
    found = re.findall(r'le="([^"]+)"', Exposition(shown, "s", "d").render().decode())
    assert found == [*map(le, bounds), "+Inf"]


def test_the_runbook_and_the_dashboard_are_linked(spec: Spec) -> None:
    page = rule(spec, "duckdb", "SyncsSucceedPage")["annotations"]
    assert page["runbook_url"].endswith("/duckdb.md#syncssucceed")
    assert "### SyncsSucceed\n\nAt most 0.1% of" in render(spec)["rendered/docs/duckdb.md"]
    assert page["dashboard_url"].endswith("/d/truegauge-duckdb")
