"""faults.txt has expressions with what is found in them, clean.txt such with nothing to find."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from truegauge_spec.promql import check as checking
from truegauge_spec.promql.catalogue import Catalogue
from truegauge_spec.promql.checks import whole
from truegauge_spec.promql.codes import CODES, Finding
from truegauge_spec.promql.infer import infer
from truegauge_spec.promql.syntax import Node

HERE = Path(__file__).parent


def faults() -> Iterator[tuple[str, str, list[str]]]:
    """Section, expression, and `code: text` of each finding."""
    section = ""
    for line in (HERE / "faults.txt").read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            text, _, expected = line.rpartition(" => ")
            yield section, text, [] if expected == "clean" else sorted(expected.split(" ;; "))


def clean() -> Iterator[tuple[str, bool]]:
    alert = True
    for line in (HERE / "clean.txt").read_text().splitlines():
        if line.startswith("#"):
            alert = "Alerts" in line
        else:
            yield line, alert


FAULTS = list(faults())
CLEAN = list(clean())


def found(text: str, world: Catalogue) -> list[str]:
    return sorted(f"{one.code}: {text[slice(*one.span)]}" for one in infer(text, world).findings)


@pytest.mark.parametrize(
    ("section", "text", "expected"), FAULTS, ids=lambda case: case if isinstance(case, str) else ""
)
def test_a_fault_is_found_where_it_is(world: Catalogue, section: str, text: str, expected: list[str]) -> None:
    assert found(text, world) == expected


@pytest.mark.parametrize(("text", "alert"), CLEAN)
def test_a_clean_expression_has_no_finding(world: Catalogue, text: str, alert: bool) -> None:
    assert infer(text, world, alert).findings == ()


def test_there_are_enough_cases() -> None:
    assert len(FAULTS) >= 150
    assert len(CLEAN) >= 150


def test_every_code_has_a_fault_and_a_clean_neighbour() -> None:
    wrong = {section for section, _, expected in FAULTS if any(one.startswith(f"{section}: ") for one in expected)}
    right = {section for section, _, expected in FAULTS if not expected}
    assert wrong == set(CODES)
    assert right == set(CODES)


CHECKS = [(node, check) for node, checks in checking.CHECKS.items() for check in checks]


@pytest.mark.parametrize(("node", "check"), CHECKS, ids=lambda one: one.__name__)
def test_without_a_check_a_case_fails(
    world: Catalogue, monkeypatch: pytest.MonkeyPatch, node: type[Node], check: checking.Check
) -> None:
    assert check.__name__ in CODES
    monkeypatch.setitem(checking.CHECKS, node, tuple(one for one in checking.CHECKS[node] if one is not check))
    world.inferred.clear()
    try:
        assert any(found(text, world) != expected for _, text, expected in FAULTS)
    finally:
        world.inferred.clear()


@pytest.mark.parametrize("check", whole.ALERT_CHECKS, ids=lambda check: check.__name__)
def test_without_a_check_of_the_whole_a_case_fails(
    world: Catalogue, monkeypatch: pytest.MonkeyPatch, check: checking.Check
) -> None:
    monkeypatch.setattr(whole, "ALERT_CHECKS", tuple(one for one in whole.ALERT_CHECKS if one is not check))
    world.inferred.clear()
    try:
        assert any(found(text, world) != expected for _, text, expected in FAULTS)
    finally:
        world.inferred.clear()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("upp == 0", "there is no series 'upp'; did you mean 'up'?"),
        ("rate(http_requests[5m]) > 1", "there is no series 'http_requests'; it is exposed as 'http_requests_total'"),
        (
            "rate(mysql_global_status_slow_queries_total[5m]) > 1",
            (
                "there is no series 'mysql_global_status_slow_queries_total'; "
                "it is exposed as 'mysql_global_status_slow_queries'"
            ),
        ),
        (
            "http_request_duration_seconds > 1",
            (
                "http_request_duration_seconds is a histogram, which has only http_request_duration_seconds_bucket, "
                "http_request_duration_seconds_sum and http_request_duration_seconds_count; "
                "write histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))"
            ),
        ),
        ("up{zome='a'} == 0", "up has no label 'zome'; did you mean 'zone'?"),
        (
            "up{cluster='one'} == 0",
            "up has no label 'cluster'; it is an external label, which Prometheus adds only to what leaves it",
        ),
        (
            "rate(http_request_duration_seconds_bucket{le='1'}[5m]) > 1",
            "le of http_request_duration_seconds_bucket is never '1'; Prometheus 3 stores this bound as '1.0'",
        ),
        ("batch_latency_ms > 100ms", "100ms is the number 0.1, its seconds, but the other side is in ms; write 100"),
        ("quantile(95, node_load1) > 1", "a quantile lies between 0 and 1, but this is 95; write 0.95"),
        (
            "http_requests_in_flight / sum(rate(http_requests_total[5m])) > 1",
            (
                "the left side always has the label 'instance', the right side never, so this is always empty; "
                "use on (…), or ignoring (…) with group_left where one side has more labels"
            ),
        ),
        (
            "rate(node_vmstat_oom_kill[30s]) > 1",
            "rate needs at least 4 samples, and one comes every 15s; write [1m] or more",
        ),
        (
            "count(up == 0) == 0",
            (
                "this is always empty: count(up == 0) is 1 to inf; "
                "count of nothing is nothing, and not 0: use absent(…), or … or vector(0)"
            ),
        ),
        ("node_load1 == NaN", "this is always empty: nothing compares with NaN; to find NaN write x != x"),
        ("up > 1", "this is always empty: up is 0 or 1"),
        ("up{job=~'node'} == 0", 'this is one value; write job="node"'),
        ("foo(up) > 1", "Prometheus 3.5 has no function 'foo'; did you mean 'floor'?"),
        ("rate(up) > 1", "this call takes a range vector, as x[5m]"),
    ],
)
def test_a_message_says_what_would_be_right(world: Catalogue, text: str, message: str) -> None:
    assert [one.message for one in infer(text, world).findings] == [message]


def test_a_finding_is_an_error_or_a_warning(world: Catalogue) -> None:
    assert infer("up{job=~'node'} == 0", world).findings == (
        Finding("plain_regexp", "warning", 'this is one value; write job="node"', (3, 14)),
    )
    assert {code.severity for code in CODES.values()} == {"error", "warning"}
    assert all(re.fullmatch(r"[A-Z].*\.|[a-z]\w*.*\.", code.doc) for code in CODES.values())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("rate(up[5m] > 0", "("),
        ("sum(up))", ")"),
        ("up + * up", "*"),
        ("up up", "up"),
        ("(up + )", "+"),
        ("100 + abs(rate(up[5m] > 1))", "up[5m] > 1"),
        ("rate(up[5m]) / rate(redis_up)", "rate(redis_up)"),
        ("up + é", "é"),
        ("sum by up", ""),
        ("", ""),
    ],
)
def test_a_syntax_error_has_its_place(world: Catalogue, text: str, wrong: str) -> None:
    (one,) = infer(text, world).findings
    assert one.code == "promql_syntax"
    assert text[slice(*one.span)] == wrong


def test_a_panel_may_show_the_past_and_use_variables(world: Catalogue) -> None:
    assert infer("node_load1 offset 1d", world, alert=False).findings == ()
    assert infer("rate(http_requests_total[$__rate_interval])", world, alert=False).findings == ()
    assert [one.code for one in infer("up[5m]", world, alert=False).findings] == ["not_a_vector"]
