"""What must hold of any text and any expression."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from truegauge_spec.promql.catalogue import Catalogue
from truegauge_spec.promql.codes import CODES
from truegauge_spec.promql.infer import infer
from truegauge_spec.promql.parse import parse
from truegauge_spec.promql.syntax import Unread

WORDS = (
    "sum rate by without on ignoring group_left group_right bool and or unless offset start end up node_load1 le job "
    "( ) [ ] { } , : @ + - * / % ^ == != > < >= <= = =~ !~ 5m 1 0x1 1e3 Inf NaN \"a\" 'b' `c` $x # \n"
).split(" ")


def check(text: str, world: Catalogue) -> None:
    for alert in (True, False):
        found = infer(text, world, alert)
        assert all(one.code in CODES and one.message for one in found.findings)
        for start, end in [*(one.span for one in found.findings), *(part.span for part in found.parts)]:
            assert 0 <= start <= end <= len(text)
        assert found.type.labels.can is None or found.type.labels.must <= found.type.labels.can
        str(found.type)


@given(st.text())
@example("\ud800")
@example("x{a='\ud800'}")
@example("x[999999999999y]")
@example("x @ 1e300")
@example("{}")
def test_no_text_breaks_it(world: Catalogue, text: str) -> None:
    check(text, world)


@given(st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_no_sequence_of_tokens_breaks_it(world: Catalogue, text: str) -> None:
    check(text, world)


@settings(max_examples=500)
@given(st.randoms(use_true_random=False))
def test_no_expression_breaks_it(world: Catalogue, expression: Callable[[Random], str], random: Random) -> None:
    check(expression(random), world)


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), st.data())
def test_no_damaged_expression_breaks_it(
    world: Catalogue, expression: Callable[[Random], str], random: Random, data: st.DataObject
) -> None:
    text = expression(random)
    place = data.draw(st.integers(0, len(text)))
    check(text[:place] + data.draw(st.text(max_size=3)) + text[place + data.draw(st.integers(0, 3)) :], world)


def test_each_part_of_an_expression_is_one_itself(world: Catalogue, expression: Callable[[Random], str]) -> None:
    random = Random(1)
    for _ in range(300):
        text = expression(random)
        assert not isinstance(parse(text), Unread)
        for part in infer(text, world, alert=False).parts:
            alone = infer(part.text, world, alert=False)
            assert alone.parts[0].text == part.text, text
            assert repr(alone.type) == repr(part.type), text  # NaN is not itself
