"""YAML documents as data in which plain scalars stay what they were, so that a part of one can be printed again.

Prometheus and Python do not read the same out of `yes`, `1e3` or `0x10`. Nobody has to, where nothing is changed.
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring as quoted
from pathlib import Path
from typing import Any

import yaml

from truegauge_spec.problem import Position, Problem


class Plain(str):
    """A scalar without quotes; it is printed without them, too."""

    __slots__ = ()


class Printed(str):
    """A part of a document that is printed already."""

    __slots__ = ()


class Unreadable(Exception):
    """A file that is not YAML; `problem` says where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Loader(yaml.CSafeLoader):
    """Only merge keys are resolved; every other scalar is text."""

    yaml_implicit_resolvers = {
        "<": [pair for pair in yaml.CSafeLoader.yaml_implicit_resolvers["<"] if pair[0].endswith("merge")]
    }


def _text(_: _Loader, node: yaml.ScalarNode) -> str:
    return node.value if node.style else Plain(node.value)


_Loader.add_constructor("tag:yaml.org,2002:str", _text)


def read(path: str) -> Any:
    """The only document of a file. Raises Unreadable; OSError."""
    try:
        return load(Path(path).read_text(encoding="utf-8"), path)
    except UnicodeDecodeError as error:
        raise Unreadable(Problem(Position(path), f"not UTF-8: {error}", "yaml")) from error


def load(text: str, path: str) -> Any:
    """The only document of a text, where nothing is an empty mapping, as for Prometheus. Raises Unreadable."""
    try:
        found = yaml.load(text, _Loader)  # noqa: S506 - it makes strings, lists and dictionaries
        return {} if found is None else found
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = Position(path, mark.line + 1, mark.column + 1) if mark else Position(path)
        raise Unreadable(Problem(place, f"not YAML: {error.problem}", "yaml")) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable(Problem(Position(path), f"not YAML: {error}", "yaml")) from error


_SAFE = re.compile(r"[\w.+-]+")


def dump(value: Any) -> str:
    """A document in YAML's flow style, which is JSON but for the plain scalars."""
    if value.__class__ is dict:
        return "{" + ", ".join([f"{dump(key)}: {dump(one)}" for key, one in value.items()]) + "}"
    if value.__class__ is list:
        return "[" + ", ".join(map(dump, value)) + "]"
    if isinstance(value, Printed) or (isinstance(value, Plain) and _SAFE.fullmatch(value)):
        return str(value)
    return '""' if value is None else quoted(value)
