"""Expressions are the same when they mean the same to Prometheus, and only then."""

from __future__ import annotations

import promql_parser
import pytest

from truegauge_generator.drift.expression import canonical, experimental, longest_window
from truegauge_generator.expressions import rendered
from truegauge_spec import Spec

SAME = [
    ('sum by (b, a) (x{c="1",b="2"})', 'sum(x{b="2", c="1"}) by (a, b)'),
    ("sum(x)", "sum by () (x)"),
    ("x > 100ms", "(x) > 0.1"),
    ('{__name__="x"}', "x{}"),
    ("rate(x[90s])", "rate(x[1m30s])"),
    ("a / ignoring () b", "a/b"),
    ("a + (b * c)", "a + b * c"),
    ("x > 1e2", "x > 100.0"),
]
OTHER = [
    ("(a + b) * c", "a + b * c"),
    ("sum(x)", "sum without () (x)"),
    ("a / on () b", "a / b"),
    ("x offset 5m", "x"),
    ("a > b", "b > a"),
    ("a - b", "b - a"),
    ("a > bool b", "a > b"),
    ('x{a="b"}', 'x{a=~"b"}'),
    ("rate(x[5m])", "increase(x[5m])"),
    ("a * on (x) group_left (y) b", "a * on (x) group_left () b"),
    ("x and y", "x or y"),
    ("max_over_time(x[5m:1m])", "max_over_time(x[5m:])"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_in_another_spelling(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_meaning(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_every_rendered_expression_is_itself_as_it_is_printed(spec: Spec) -> None:
    for one in rendered(spec):
        if "$__" not in one.text:
            assert canonical(promql_parser.parse(one.text).prettify()) == canonical(one.text)


def test_windows_within_each_other_add_up() -> None:
    assert longest_window("max_over_time(rate(x[5m])[1h:] offset 1d)") == (5 + 60 + 24 * 60) * 60_000
    assert longest_window("x > 1") == 0


def test_functions_behind_a_feature_flag_are_known() -> None:
    assert experimental("limitk(1, info(x)) + rate(x[5m])") == {"limitk", "info"}
