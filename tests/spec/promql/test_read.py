"""Reading: tokens, spans, and the parser's traps."""

from __future__ import annotations

import pytest

from truegauge_spec.promql.parse import DEEPEST, Fault, parse
from truegauge_spec.promql.scan import duration_milliseconds, number_value, scan
from truegauge_spec.promql.syntax import Binary, Call, Node, Number, Range, Selector, Subquery, Unread


def read(text: str) -> Node:
    node = parse(text)
    assert not isinstance(node, Fault | Unread), node
    return node


@pytest.mark.parametrize(
    "text",
    [
        "+x + +y",
        "x ^ -2 ^ 3",
        "- 1",
        "x / on(a) group_left() (y)",
        "x + on(a) group_left (b) (c)",
        "time() - on() group_left(fill) fill",
        "SUM(x) BY (a)",
        'sum by ("a.b") (x)',
        "a:b:c[5m:] @ end() offset -1d",
        "topk without (a,) (3, x)",
        "x # a comment\n + y",
        r"x{a=~`\d+`, b='c\'d', c=\"é\"}".replace('\\"', '"'),
        "x{a='b',} @ -5",
        "1_000 + 0x1F + .5 + 1e-3 + Inf + NaN",
        "Inf atan2 x",
    ],
)
def test_what_the_parser_reads_has_spans(text: str) -> None:
    read(text)


def test_a_name_in_quotes_is_the_series_name() -> None:
    for text in ('{"a.b", c="d"}', '{c="d", "a.b"}', '{__name__="a.b", c="d"}'):
        node = read(text)
        assert isinstance(node, Selector)
        assert node.name == "a.b"
        assert [(one.label, one.value) for one in node.matchers] == [("c", "d")]


def test_spans_are_in_characters_whatever_these_are() -> None:
    text = 'x{a="é💥"} > 5'
    node = read(text)
    assert isinstance(node, Binary)
    assert text[slice(*node.right.span)] == "5"
    assert text[slice(*node.op_span)] == ">"


def test_a_window_is_read_to_the_millisecond() -> None:
    call = read("rate(x[1m30s500ms])")
    assert isinstance(call, Call)
    window = call.arguments[0]
    assert isinstance(window, Range)
    assert window.window.length == 90_500
    subquery = read("x[1h:5m] offset 1d")
    assert isinstance(subquery, Subquery)
    assert (subquery.window.length, subquery.window.step, subquery.shift.offset) == (3_600_000, 300_000, 86_400_000)


def test_a_duration_among_numbers_is_told_from_a_number() -> None:
    for text, is_duration in (("100ms", True), ("0.1", False), ("-5m", True)):
        node = read(text)
        assert isinstance(node, Number)
        assert node.is_duration is is_duration


def test_what_is_too_deep_for_the_parser_is_refused_before_it() -> None:
    for text in ("(" * 100_000 + "x" + ")" * 100_000, "-" * 100_000 + "x", "+".join(["x"] * 100_000)):
        node = parse(text)
        assert isinstance(node, Fault)
        assert "nested" in node.message
    assert not isinstance(parse("(" * (DEEPEST - 1) + "x" + ")" * (DEEPEST - 1)), Fault | Unread)
    assert not isinstance(parse("+".join(["x"] * DEEPEST)), Fault | Unread)


def test_numbers_and_durations_have_their_worth() -> None:
    assert [number_value(text) for text in ("1_000", "0x1F", "1e3", "5m", "Inf")] == [1000, 31, 1000, 300, float("inf")]
    assert [duration_milliseconds(text) for text in ("1y", "2w", "1d2h", "15", "1.5")] == [
        31_536_000_000,
        1_209_600_000,
        93_600_000,
        15_000,
        1500,
    ]
    assert [token.text for token in scan("a:b[5m:1m]")] == ["a:b", "[", "5m", ":", "1m", "]", ""]
