"""Panels are proven by promtool, and it finds those that show nothing or something else than they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from truegauge_generator.proof import panels
from truegauge_generator.render import render
from truegauge_generator.targets.dashboard import document
from truegauge_generator.tools import run
from truegauge_spec import Source, Spec, build
from truegauge_spec.system import System

RULES = "rendered/prometheus/rules/"


def system(root: Path, name: str) -> tuple[Spec, System]:
    spec = build([Source(f"{name}.yaml", (root / "tests" / "systems" / f"{name}.yaml").read_text())])
    return spec, next(iter(spec.systems.values()))


def proven(spec: Spec, tests: dict[str, Any], promtool: str, folder: Path) -> str:
    """What promtool says of the tests with the spec's rules; nothing where all is well."""
    rules = {path.removeprefix(RULES): text for path, text in render(spec).items() if path.startswith(RULES)}
    for path, text in rules.items():
        (folder / path).write_text(text)
    (folder / "tests.yml").write_text(json.dumps({"rule_files": list(rules), **tests}))
    done = run([promtool, "test", "rules", str(folder / "tests.yml")])
    return done.output if done.failed else ""


@pytest.mark.parametrize("name", ["kinds", "objectives", "handmade", "shop"])
def test_every_panel_has_data_and_its_labels(name: str, root: Path, promtool: str, tmp_path: Path) -> None:
    spec, one = system(root, name)
    assert proven(spec, panels.tests(spec, one.system), promtool, tmp_path) == ""
    assert {panel for panel, _ in panels.rows(spec, one.system)} >= {
        panel["title"] for panel in document(spec, one)["panels"] if "targets" in panel
    }


def _target(dashboard: dict[str, Any], title: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in dashboard["panels"] if one["title"] == title and "targets" in one)
    target: dict[str, Any] = found["targets"][0]
    return target


WRONG: dict[str, tuple[str, Callable[[dict[str, Any]], object], str]] = {
    "a metric that is none": ("Long queue", lambda t: t.update(expr="kinds_queu"), "has data"),
    "a record that is none": ("Slow pages", lambda t: t.update(expr="instance:kinds:p95"), "has data"),
    "another label": (
        "Long queue",
        lambda t: t.update(legendFormat="{{tray}}"),
        "has the label 'tray' on every series",
    ),
    "a label summed away": ("Long queue", lambda t: t.update(expr=f"sum({t['expr']})"), "has the label 'channel'"),
    "no job": ("Much sent", lambda t: t.update(expr=t["expr"].replace('job="kinds",', "")), "no data of another job"),
    "all instances": (
        "Much sent",
        lambda t: t.update(expr=t["expr"].replace(',instance=~"$instance"', "")),
        "has no data of an instance that is not chosen",
    ),
    "a stand-in for no data": ("Disk full", lambda t: t.update(expr="kinds_nothing or vector(0)"), "has data"),
    "a value that is none": (
        "Long queue",
        lambda t: t.update(expr=t["expr"].replace('"web"', '"fax"')),
        "has data",
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_panel_is_found(fault: str, root: Path, promtool: str, tmp_path: Path) -> None:
    spec, one = system(root, "kinds")
    title, change, says = WRONG[fault]
    shown = document(spec, one)
    change(_target(shown, title))
    output = proven(spec, panels.document_tests(shown, spec, one), promtool, tmp_path)
    found = [f"{check.panel} {check.says}" for check in panels.checks(shown, one) if panels.failed(check, output)]
    assert any(text.startswith(title) and says in text for text in found), output


def test_an_unknown_variable_is_a_problem_and_nothing_is_proven_of_it(root: Path) -> None:
    text = (root / "tests" / "systems" / "shop.yaml").read_text()
    expr = "rate(shop_orders_total{channel='$chanel'}[5m])"
    panel = f'dashboard: {{rows: [{{title: A, panels: [{{title: Q, expr: "{expr}"}}]}}]}}'
    spec = build([Source("shop.yaml", f"{text}{panel}\n")])
    (problem,) = panels.problems(spec, "shop")
    assert (problem.code, problem.message) == ("panel_variable", "the panel 'Q' has the unknown variable $chanel")
    with pytest.raises(ValueError, match="unknown variable"):
        panels.tests(spec, "shop")


@pytest.mark.parametrize(
    ("expr", "shown"),
    [
        ("sum(x) or vector(0)", "sum(x)"),
        ("(rate(x[5m]) > 3)", "rate(x[5m])"),
        ("3 < x", "x"),
        ("x > 1 and y < 2", "x"),
        ("absent(x{a='b'})", "x{a='b'}"),
        ("absent_over_time(x[5m])", "x"),
        ("x > bool 3", "x > bool 3"),
        ("x or y", "x or y"),
        ("x + 1", "x + 1"),
    ],
)
def test_of_a_query_that_may_be_empty_the_part_with_data_is_asked_for(expr: str, shown: str) -> None:
    assert panels.with_data(expr) == shown
