"""Whatever text a spec holds is printed as a literal of its language, and reads back as the same text."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from truegauge_generator import literals
from truegauge_generator.render import LANGUAGES, _environment

# Everything but lone surrogates, which no UTF-8 file can hold.
texts = st.text(st.characters(exclude_categories=["Cs"]))
nasty = [
    "",
    " ",
    "a: b",
    "#",
    "- x",
    "'",
    '"',
    "\\",
    "{{ x }}",
    "{% x %}",
    "no",
    "1:30",
    "017",
    "\n",
    "a\n b\n",
    "\x7f",
    "\u2028",
    "\ufeff",
    "é",
    "|",
    "`",
    "yes\n---\n",
]


Test = Callable[[str], None]


def each(*cases: str) -> Callable[[Test], Test]:
    """Hypothesis' `example` for several texts."""

    def decorate(test: Test) -> Test:
        for case in cases:
            test = example(case)(test)
        return test

    return decorate


@each(*nasty)
@given(texts)
def test_a_yaml_string_reads_back(text: str) -> None:
    for printed in (literals.as_json(text), literals.word(text), literals.single(text)):
        assert yaml.safe_load(f"a: {printed}\nb: 1\n") == {"a": text, "b": 1}


@each(*nasty)
@given(texts)
def test_a_yaml_block_reads_back(text: str) -> None:
    assert yaml.safe_load(f"a:\n  b: {literals.block(text, 4)}\n  c: 1\n") == {"a": {"b": text, "c": 1}}


trees = st.recursive(
    texts | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(texts, trees, min_size=1) | st.lists(trees, min_size=1))
def test_a_yaml_tree_reads_back(tree: object) -> None:
    assert yaml.safe_load(f"a:\n{literals.tree(tree, 2)}\nb: 1\n") == {"a": tree, "b": 1}


@each(*nasty)
@given(texts)
def test_a_python_string_reads_back(text: str) -> None:
    assert ast.literal_eval(literals.as_python(text)) == text


@given(st.tuples(texts, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.none(), st.tuples(texts)))
def test_a_python_tuple_reads_back(value: object) -> None:
    assert ast.literal_eval(literals.as_python(value)) == value


@pytest.mark.parametrize("language", ["py", "md"])
def test_what_is_no_plain_value_is_not_printed(language: str) -> None:
    with pytest.raises(TypeError, match="is not printed as"):
        LANGUAGES[language]({}.values)


@each(*nasty)
@given(texts)
def test_markdown_stays_on_its_line_and_in_its_cell(text: str) -> None:
    printed = literals.as_markdown(text)
    assert "\n" not in printed
    assert "|" not in printed.replace("\\|", "")


@each("```", "````", "~~~")
@given(texts)
def test_a_code_block_is_closed_by_its_own_fence_only(text: str) -> None:
    fence, *lines = literals.fenced(text).split("\n")
    assert all(set(line.strip()) != {"`"} or len(line.strip()) < len(fence) for line in lines[:-1])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", ["{{ x }}", "{{ x ~ '' }}", "{% set y = x %}{{ y }}", "{{ 'text' if x else '' }}"])
def test_no_expression_of_a_template_passes_by_the_literal(language: str, template: str) -> None:
    printed = _environment(language).from_string(template).render(x="text")
    assert printed == LANGUAGES[language]("text")


@pytest.mark.parametrize("name", ["class", "def"])
def test_a_python_keyword_gets_an_underscore(name: str) -> None:
    assert literals.identifier(name) == f"{name}_"


def test_what_is_no_identifier_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a Python identifier"):
        literals.identifier("a b")
