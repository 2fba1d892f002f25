"""The part of YAML that a web configuration is written in: mappings and plain or quoted words, nothing else.

A runtime that needs only `duckdb` has no YAML reader. This one reads a file as a YAML reader does that leaves every
word a word - `yes` and `1` are texts - or refuses it with the line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

_QUOTED = r"""(?P<{0}double>"(?:[^"\\]|\\.)*")|'(?P<{0}single>(?:[^']|'')*)'"""
_PLAIN = r"""(?P<{0}plain>[^\s\[\]{{}}#&*!|>%@`,'"?:-](?:[^\s:#]|:(?=\S)|(?<=\S)\#|[ ](?=[^\s#])(?!:(?:\s|$)))*)"""
_LINE = re.compile(
    rf"(?P<indent> *)(?:{_QUOTED.format('key_')}|{_PLAIN.format('key_')})[ ]*:"
    rf"(?:[ ]+(?:{_QUOTED.format('')}|{_PLAIN.format('')}))?[ ]*(?:(?<=[ ])\#.*)?"
)
_MOST_INDENT = 100  # of two levels; deeper ones end Python's stack


class Node(NamedTuple):
    """A value and the line that its key stands on."""

    line: int
    value: str | Mapping


Mapping = dict[str, Node]


class YamlError(ValueError):
    """What cannot be read, as `line: reason`."""


class _Line(NamedTuple):
    number: int
    indent: int
    key: str
    value: str | None


def read(text: str) -> Mapping:
    """The mapping that a text holds. Raises YamlError."""
    lines: list[_Line] = []
    for number, written in enumerate(text.splitlines(), 1):
        if not written.replace("\t", " ").isprintable():
            raise YamlError(f"{number}: it holds a character that cannot be printed")
        stripped = written.strip(" ")  # a tab is no indentation
        if stripped and not stripped.startswith("#") and not (stripped == "---" and not lines):
            lines.append(_line(number, written.rstrip(" ")))
    mapping, _ = _block(lines, 0, 0)
    return mapping


def _line(number: int, written: str) -> _Line:
    match = _LINE.fullmatch(written)
    if match is None or not written.isprintable():
        raise YamlError(
            f"{number}: expected `key: value`; of YAML only mappings and plain or quoted words are read here"
        )
    try:
        key, value = _word(match, "key_"), _word(match, "")
    except ValueError:
        raise YamlError(f"{number}: the text between the quotes is malformed") from None
    return _Line(number, len(match["indent"]), key or "", value)


def _block(lines: Sequence[_Line], index: int, indent: int) -> tuple[Mapping, int]:
    """The mapping whose keys stand at `indent`, and the index of the first line behind it."""
    found: Mapping = {}
    while index < len(lines) and lines[index].indent >= indent:
        line = lines[index]
        if line.indent != indent:
            raise YamlError(f"{line.number}: the indentation fits no key above it")
        if line.key in found:
            raise YamlError(f"{line.number}: {line.key} is there twice")
        index += 1
        value: str | Mapping | None = line.value
        if value is None:
            if index == len(lines) or lines[index].indent <= indent:
                raise YamlError(f"{line.number}: {line.key} has no value")
            if lines[index].indent > _MOST_INDENT:
                raise YamlError(f"{lines[index].number}: it is indented by more than {_MOST_INDENT} spaces")
            value, index = _block(lines, index, lines[index].indent)
        found[line.key] = Node(line.number, value)
    return found, index


def _word(match: re.Match[str], part: str) -> str | None:
    if (double := match[f"{part}double"]) is not None:
        return str(json.loads(double))
    if (single := match[f"{part}single"]) is not None:
        return str(single.replace("''", "'"))
    plain = match[f"{part}plain"]
    return None if plain is None else str(plain)
