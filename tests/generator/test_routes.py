"""Routes: amtool and a real Alertmanager do what the spec means, and what is wrong in a configuration is seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from truegauge_generator.acceptance import ALERTMANAGER
from truegauge_generator.proof import routes
from truegauge_generator.proof.routes import RouteProof
from truegauge_generator.proof.trial import (
    SOON,
    allowed,
    differences,
    hurried,
    on_loopback,
    read,
    timed,
    uninhibited,
    untimed,
)
from truegauge_generator.render import render
from truegauge_spec import Source, Spec, build

SYSTEMS = Path(__file__).parents[1] / "systems"


def with_stack(stack: str) -> Spec:
    """The shop, and a stack."""
    return build([Source("shop.yaml", (SYSTEMS / "shop.yaml").read_text()), Source("stack.yaml", stack)])


@pytest.fixture(scope="module")
def paging() -> Spec:
    """Routes that use all that routes can say."""
    return with_stack((SYSTEMS / "paging.yaml").read_text())


@pytest.fixture(scope="module")
def proof(paging: Spec, amtool: str, alertmanager: str) -> RouteProof:
    """All that is proven of them."""
    return routes.prove(paging, render(paging), amtool, alertmanager)


def test_the_project_s_own_routes_do_what_its_spec_means(spec: Spec, amtool: str, alertmanager: str) -> None:
    found = routes.prove(spec, render(spec), amtool, alertmanager)
    assert found.problems == ()
    assert found.cases > 100
    assert "survived" not in {mutant.outcome for mutant in found.mutants}
    (row,) = (row for row in found.rows if row.alert == "StalePoll")
    assert row.receivers == ("notify",)
    assert row.inhibited_by[1] == "alertname EngineNotAnswering of the same job, instance"


def test_the_table_says_what_goes_where(proof: RouteProof) -> None:
    assert [(row.alert, row.receivers, row.grouped_by, row.muted) for row in proof.rows] == [
        ("SlowPages", ("nobody",), (("alertname", "job", "instance"),), ("",)),
        ("OrdersPileUp", ("log", "page"), (("...",), ("alertname", "job")), ("", "in nights")),
        ("SpecDrift", ("office",), (("job",),), ("outside workdays",)),
    ]
    assert proof.rows[1].labels == {"alertname": "OrdersPileUp", "environment": "test", "severity": "critical"}
    assert proof.rows[1].inhibited_by == ("alertname ShopDown of the same job",)


def test_routes_that_use_everything_have_no_problem_and_no_mutant_survives(proof: RouteProof) -> None:
    assert proof.problems == ()
    assert [mutant for mutant in proof.mutants if mutant.outcome == "survived"] == []


def test_each_kind_of_mutant_is_there_and_is_killed(proof: RouteProof) -> None:
    assert {mutant.what for mutant in proof.mutants if mutant.outcome == "killed"} >= {
        "severity changed",
        "matcher changed",
        "matcher negated",
        "value dropped",
        "receiver swapped",
        "continue dropped",
        "route removed",
        "route order changed",
        "group_by label dropped",
        "time interval removed",
        "inhibition removed",
        "equal label dropped",
        "source and target swapped",
    }
    assert all(mutant.diff and mutant.reason for mutant in proof.mutants)


def test_a_mutant_that_changes_nothing_for_any_alert_is_equivalent(amtool: str, alertmanager: str) -> None:
    spec = with_stack(
        "stack: test\nalertmanager:\n  receivers: {a: {}, b: {}}\n"
        "  route: {receiver: a, routes: [{match: {severity: critical}, receiver: b},"
        " {match: {severity: info}, receiver: b}]}\n"
    )
    found = routes.prove(spec, render(spec), amtool, alertmanager)
    (mutant,) = (mutant for mutant in found.mutants if mutant.what == "route order changed")
    assert mutant.outcome == "equivalent"


def test_a_stack_without_alertmanager_has_nothing_to_prove_and_says_so(amtool: str, alertmanager: str) -> None:
    found = routes.prove(with_stack("stack: test\n"), {}, amtool, alertmanager)
    assert found == RouteProof(facts=("the stack has no alertmanager, so there are no routes to prove",))


# What can be wrong in the rendered file, and the code and the line of the spec that the problem has.
FAULTS = {
    "the severity of a route is another": (
        "page\n      matchers:\n        - 'severity=\"critical\"'",
        "page\n      matchers:\n        - 'severity=\"warning\"'",
        "wrong_route",
    ),
    "the receiver of a route is another": ("- receiver: nobody", "- receiver: log", "wrong_route"),
    "a route is missing": (
        "    - receiver: nobody\n      matchers:\n        - 'alertname=\"SlowPages\"'\n",
        "",
        "wrong_route",
    ),
    "continue is missing": ("      continue: true\n", "", "wrong_route"),
    "a matcher is negated": ('alertname="SlowPages"', 'alertname!="SlowPages"', "wrong_route"),
    "a value of a matcher is missing": ('severity=~"warning|info"', 'severity=~"warning"', "wrong_group"),
    "a label of a group is missing": ("  group_by:\n    - alertname\n", "  group_by:\n", "wrong_group"),
    "an inhibition is missing": (
        """\
  - source_matchers:
      - 'alertname="ShopDown"'
    target_matchers:
      - 'job="shop"'
    equal:
      - job
""",
        "",
        "wrong_inhibition",
    ),
    "an equal label of an inhibition is missing": (
        "      - job\n      - instance\n",
        "      - job\n",
        "wrong_inhibition",
    ),
    "a route is not muted": ("          mute_time_intervals:\n            - nights\n", "", "wrong_interval"),
    "a route is muted where it should be active": ("active_time_intervals", "mute_time_intervals", "wrong_interval"),
    "a time interval begins later": ('"22:00"', '"23:00"', "wrong_interval"),
    "a time interval is of another place": ("Europe/Berlin", "Europe/London", "wrong_interval"),
    "a time interval has a day less": ('"1:23"', '"1:22"', "wrong_interval"),
    "the end of an alert is not told": (
        "send_resolved: true\n        title",
        "send_resolved: false\n        title",
        "not_delivered",
    ),
    "it is refused": ("- receiver: nobody", "- receiver: noone", "alertmanager_config"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_rendered_file_is_caught(fault: str, paging: Spec, amtool: str, alertmanager: str) -> None:
    right, wrong, code = FAULTS[fault]
    files = render(paging)
    assert files[ALERTMANAGER].count(right) >= 1, "there is nothing to make wrong"
    files[ALERTMANAGER] = files[ALERTMANAGER].replace(right, wrong, 1)
    found = routes.prove(paging, files, amtool, alertmanager)
    assert code in {problem.code for problem in found.problems}
    assert found.mutants == ()
    assert all(problem.position.line > 1 for problem in found.problems if code != "alertmanager_config")


def test_a_route_in_another_order_is_caught(paging: Spec, amtool: str, alertmanager: str) -> None:
    files = render(paging)
    first, second = re.findall(r"    - receiver: (?:log|page)\n(?:      .*\n)*", files[ALERTMANAGER])
    files[ALERTMANAGER] = files[ALERTMANAGER].replace(first + second, second + first)
    found = routes.prove(paging, files, amtool, alertmanager)
    assert "wrong_route" in {problem.code for problem in found.problems}


def test_a_trial_differs_from_the_rendered_file_only_in_what_is_said(spec: Spec, paging: Spec) -> None:
    for one in (spec, paging):
        rendered = read(render(one)[ALERTMANAGER])
        tried = timed(uninhibited(untimed(hurried(on_loopback(rendered, "http://127.0.0.1:1"), SOON))), frozenset())
        changed = list(differences(rendered, tried))
        assert changed
        assert [path for path in changed if not allowed(path)] == []
    assert not allowed(("route", "routes", 0, "matchers", 0))
    assert not allowed(("receivers", 0, "name"))
    assert not allowed(("templates", 0))
