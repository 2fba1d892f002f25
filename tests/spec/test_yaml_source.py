"""YAML: read as PyYAML's safe_load reads it, but for the scalars, which stay text."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yaml.events import ScalarEvent
from yaml.nodes import ScalarNode

from truegauge_spec.positions import Positions
from truegauge_spec.problem import Position, SpecError
from truegauge_spec.yaml_source import read

DOCUMENTS = {
    "aliases": "a: &x [1, {b: 2}]\nc: *x\nd: [*x, *x]\n",
    "an anchor on a scalar": "a: &x text\nb: *x\n",
    "an anchor on a key": "&k name: 1\nother: *k\n",
    "a merge": "base: &b {x: 1, y: 2}\nc: {<<: *b, y: 3}\n",
    "a merge after the keys it may not replace": "base: &b {x: 1, y: 2}\nc:\n  y: 3\n  <<: *b\n",
    "a merge of several": "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b]}\n",
    "a merge of a merge": "a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, x: 9}\n",
    "a quoted <<": "a: {'<<': 1}\n",
    "null in all its forms": "[~, null, Null, NULL, , '', 'null']\n".replace(", ,", ","),
    "booleans of YAML 1.1": "[yes, no, on, off, true, False, y, n]\n",
    "numbers": "[1, -1, 0x1F, 0o17, 017, 0b101, 1_000, 1.5, 1e3, 1.0e+3, .inf, -.INF, 12:30:45, 1:30]\n",
    "dates": "[2026-11-24, 2026-11-24T10:00:00Z]\n",
    "quoted strings": "- plain words\n- 'single ''quoted'''\n- \"double \\u00e9 \\n\"\n",
    "block strings": "- |\n  literal\n   text\n- >\n  folded\n  text\n- |-\n  kept\n",
    "long plain text": "a: one\n  two\n  three\nb: x\n",
    "flow and block": "a: {b: [1, {c: d}], e: }\nf:\n- - 1\n  - 2\n- g: h\n",
    "comments": "# one\na: 1 # two\n\n# three\n",
    "an explicit document": "---\na: 1\n...\n",
    "an empty document": "",
    "a bare scalar": "text\n",
    "an explicit string tag": "a: !!str 5\n",
    "a directive": "%YAML 1.1\n---\na: 1\n",
}


def as_safe_load(event: ScalarEvent) -> Any:
    """A scalar as PyYAML's SafeLoader has it."""
    loader = yaml.SafeLoader("")
    tag = event.tag or loader.resolve(ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
    if tag == "tag:yaml.org,2002:merge":
        return event.value
    return loader.construct_object(ScalarNode(tag, event.value))


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_is_read_as_safe_load_reads_it(document: str) -> None:
    assert read(document, "a.yaml", as_safe_load) == yaml.safe_load(document)


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_without_a_schema_scalars_stay_text(document: str) -> None:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    def texts(value: Any) -> set[type]:
        if isinstance(value, dict | list):
            items = [*value, *value.values()] if isinstance(value, dict) else value
            return set().union(*(texts(item) for item in items))
        return {type(value)}

    assert texts(plain(read(document, "a.yaml"))) <= {str, type(None)}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


@given(values, st.sampled_from([None, True, False]), st.booleans())
def test_whatever_pyyaml_dumps_is_read_as_it_reads_it(value: Any, flow: bool | None, unicode: bool) -> None:
    document = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=unicode)
    assert read(document, "a.yaml", as_safe_load) == yaml.load(document, yaml.CSafeLoader)


@pytest.mark.parametrize(
    "surprise", ["no", "yes", "on", "1:30", "017", "0o17", "1e3", "2026-11-24", "0x1F", ".5", "1_000"]
)
def test_what_yaml_would_turn_into_something_else_stays_the_text_that_was_written(surprise: str) -> None:
    assert read(f"help: {surprise}", "a.yaml") == {"help": surprise}


@pytest.mark.parametrize(
    ("document", "position", "code"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1), "duplicate_key"),
        ("a: {b: 1, c: 2, b: 3}\n", (1, 17), "duplicate_key"),
        ("a: &x [*x]\n", (1, 8), "yaml_alias"),
        ("a: *unknown\n", (1, 4), "yaml_alias"),
        ("a: !!python/name:os.system x\n", (1, 4), "yaml_tag"),
        ("a: 1\n---\nb: 2\n", (2, 1), "yaml_document"),
        ("? [1, 2]\n: 3\n", (1, 8), "yaml_key"),
        ("a: {<<: 5}\n", (1, 9), "yaml_merge"),
        ("a: [1, 2\n", (2, 1), "yaml_syntax"),
        ("a:\n\t- 1\n", (2, 1), "yaml_syntax"),
        ("a: 'open\n", (2, 1), "yaml_syntax"),
        ("é: 1\nb: \x07\n", (2, 4), "yaml_syntax"),
    ],
)
def test_a_mistake_has_its_position(document: str, position: tuple[int, int], code: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(document, "a.yaml")
    (problem,) = caught.value.problems
    assert (problem.position, problem.code) == (Position("a.yaml", *position), code)


@given(st.text())
def test_no_text_makes_it_crash(text: str) -> None:
    with suppress(SpecError):
        read(text, "a.yaml")


def test_positions_are_of_keys_and_values() -> None:
    positions = Positions("a: 1\nb:\n  c: [x, {d: y}]\n", "s.yaml")
    assert positions.key(("b", "c")) == Position("s.yaml", 3, 3)
    assert positions.value(("b", "c", 1, "d")) == Position("s.yaml", 3, 14)
    assert positions.value(("b", "c", 1, "absent")) == Position("s.yaml", 3, 10)


def test_a_value_on_a_later_line_is_found_at_its_key() -> None:
    assert Positions("a:\n  b: 1\n", "s.yaml").value(("a",)) == Position("s.yaml", 1, 1)
