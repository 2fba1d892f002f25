"""YAML text to values: from PyYAML's C event stream, with duplicate keys refused and positions on demand.

Every scalar stays the text that was written; the model decides what it means. So `no`, `1:30` and `017`
are strings where a string is meant, and only the null forms become None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from yaml import YAMLError
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from truegauge_spec.problem import Position, Problem, SpecError

Scalar = Callable[[ScalarEvent], Any]

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
MERGE = "<<"
STRING_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str"})


def text(event: ScalarEvent) -> str | None:
    """A scalar as it was written; None for a plain null."""
    value: str = event.value
    if value in NULLS and event.implicit[0]:
        return None
    if event.tag not in STRING_TAGS:
        raise _refusal(event, f"the tag {event.tag!r} is not used in a spec; write the plain value", "yaml_tag")
    return value


class _Refused(Exception):
    """A problem at an event, still without its path."""

    def __init__(self, mark: Any, message: str, code: str) -> None:
        self.problem = Problem(Position("", mark.line + 1, mark.column + 1), message, code)


def _refusal(event: Any, message: str, code: str) -> _Refused:
    return _Refused(event.start_mark, message, code)


def read(source: str, path: str, scalar: Scalar = text) -> Any:
    """Return the value of the one document in `source`.

    Aliases, merge keys and all scalar styles of YAML 1.1 are read as `yaml.safe_load` reads them;
    `scalar` says what a scalar becomes. Raises SpecError with the position of a syntax error,
    a duplicate key, a second document or a recursive alias.
    """
    try:
        return _read(source, scalar)
    except _Refused as error:
        problem = error.problem
        raise SpecError([problem._replace(position=problem.position._replace(path=path))]) from None
    except YAMLError as error:
        raise SpecError([_syntax(error, source, path)]) from None


def _syntax(error: YAMLError, source: str, path: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:  # libyaml's reader knows only the offset of the byte
        before = source.encode()[: getattr(error, "position", 0)].decode(errors="ignore")
        position = Position(path, before.count("\n") + 1, len(before) - before.rfind("\n"))
        return Problem(position, f"not YAML: {getattr(error, 'reason', error)}", "yaml_syntax")
    context, problem = getattr(error, "context", None), getattr(error, "problem", None)
    message = ", ".join(part for part in (context, problem) if part)
    return Problem(Position(path, mark.line + 1, mark.column + 1), f"not YAML: {message}", "yaml_syntax")


_ABSENT: Any = object()


def _read(source: str, scalar: Scalar) -> Any:  # noqa: C901 - one loop over all kinds of event
    # One flat loop over locals: this is where nearly all the time of a large spec goes.
    next_event: Callable[[], Any] = CParser(source).get_event
    root = _ABSENT
    container: Any = None
    key = _ABSENT
    stack: list[tuple[Any, Any, dict[str, Any] | None, str | None]] = []
    anchors: dict[str, Any] = {}
    merged: dict[str, Any] | None = None  # what `<<` brings to the mapping at hand
    plain_text = scalar is text
    nulls = NULLS
    while (event := next_event()) is not None:
        kind = event.__class__
        if kind is ScalarEvent:
            value = event.value
            if not plain_text or value in nulls or event.tag is not None:
                value = scalar(event)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            value = {} if kind is MappingStartEvent else []
            stack.append((container, key, merged, event.anchor))
            if event.anchor is not None:
                anchors[event.anchor] = _ABSENT
            container, key, merged = value, _ABSENT, None
            continue
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            value = container
            if merged:
                for name, inherited in merged.items():
                    value.setdefault(name, inherited)
            container, key, merged, anchor = stack.pop()
            if anchor is not None:
                anchors[anchor] = value
        elif kind is AliasEvent:
            value = anchors.get(event.anchor, _ABSENT)
            if value is _ABSENT:
                raise _refusal(event, f"the alias *{event.anchor} has no finished anchor before it", "yaml_alias")
        elif kind is DocumentStartEvent:
            if root is not _ABSENT:
                raise _refusal(
                    event, "a spec file holds one document; put the second one in its own file", "yaml_document"
                )
            continue
        else:
            continue
        if kind is ScalarEvent and event.anchor is not None:
            anchors[event.anchor] = value
        if container is None:
            root = value
        elif container.__class__ is list:
            container.append(value)
        elif key is _ABSENT:
            if value.__class__ is not str:
                value = _key(event, value)
            elif value == MERGE and event.implicit[0]:
                merged = merged or {}
            elif value in container:
                raise _refusal(event, f"the key {value!r} is given twice; keep one", "duplicate_key")
            key = value
        elif key == MERGE and merged is not None:
            _merge(event, merged, value)
            key = _ABSENT
        else:
            container[key] = value
            key = _ABSENT
    return None if root is _ABSENT else root


def _key(event: Any, value: Any) -> Any:
    if isinstance(value, dict | list):
        raise _refusal(event, "a key must be a plain name", "yaml_key")
    return value


def _merge(event: Any, merged: dict[str, Any], value: Any) -> None:
    for source in value if isinstance(value, list) else [value]:
        if not isinstance(source, dict):
            raise _refusal(event, "<< takes a mapping or a list of mappings", "yaml_merge")
        for name, inherited in source.items():
            merged.setdefault(name, inherited)
