"""The part of YAML that a web configuration is written in, compared with a YAML reader."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from duckdb_exporter import web_yaml

FILES = [
    "a: b",
    "---\n# comment\na:   b   # comment\n\nc:\n  d: 'it''s'\n  \"e \\u00e9\": \"f\\n\"\ng: h:i#j k",
    "tls_server_config:\n   cert_file: a b.pem\n   key_file: /x\nbasic_auth_users:\n a.b@c-d_e: $s$n=1,r=8+/\n b: $2b$",
    "",
]


def plain(mapping: web_yaml.Mapping) -> dict[str, object]:
    return {key: plain(node.value) if isinstance(node.value, dict) else node.value for key, node in mapping.items()}


def as_words(text: str) -> object:
    """What a YAML reader makes of it, with every word left a word."""
    return yaml.load(text, yaml.BaseLoader) or {}  # noqa: S506 - it makes nothing but texts, lists and mappings


@pytest.mark.parametrize("text", FILES)
def test_it_reads_a_file_as_a_yaml_reader_does(text: str) -> None:
    assert plain(web_yaml.read(text)) == as_words(text)


WORDS = st.text(st.characters(codec="ascii", exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e"), min_size=1, max_size=12)


@given(st.lists(st.tuples(st.integers(0, 3), WORDS, WORDS), max_size=5))
def test_what_it_reads_at_all_it_reads_as_a_yaml_reader_does(lines: list[tuple[int, str, str]]) -> None:
    text = "\n".join(f"{' ' * indent}{key}: {value}" for indent, key, value in lines)
    try:
        found = plain(web_yaml.read(text))
    except web_yaml.YamlError:
        return
    assert found == as_words(text)
