"""Where each key and value of a YAML file stands. Read only when there is something to report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from truegauge_spec.problem import Position

Path = tuple[str | int, ...]


class Positions:
    """The positions of one file, by path: `("metrics", "up", "labels", 0)`."""

    def __init__(self, source: str, path: str) -> None:
        self.path = path
        self._source = source
        self.keys: dict[Path, Position] = {}
        self.values: dict[Path, Position] = {}
        events = iter(CParser(source).get_event, None)
        for event in events:
            if isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent | AliasEvent):
                self._walk(event, events, ())
                break

    def key(self, path: Path) -> Position:
        """The position of the key at `path`, or of the nearest thing around it."""
        return self._nearest(self.keys, path)

    def value(self, path: Path) -> Position:
        """The position of the value at `path`, of its key where it begins on a later line, or of what is around it."""
        value, key = self._nearest(self.values, path), self.keys.get(path)
        return key if key is not None and key.line != value.line else value

    def inside(self, path: Path, text: str, start: int, end: int) -> Position:
        """The position of `text[start:end]`, where `text` is the value at `path`, however its scalar is written."""
        value = self.value(path)
        snippet = text[start:end].split("\n", maxsplit=1)[0]
        before = text[:start].count(snippet) if snippet else 0
        lines = self._source.split("\n")
        at = sum(len(line) + 1 for line in lines[: value.line - 1]) + value.column - 1
        for _ in range(before + 1):
            at = self._source.find(snippet, at + 1)
            if at < 0 or not snippet:
                return value
        return Position(self.path, self._source.count("\n", 0, at) + 1, at - self._source.rfind("\n", 0, at))

    def _nearest(self, places: dict[Path, Position], path: Path) -> Position:
        if path in places:
            return places[path]
        while path:
            if position := self.keys.get(path) or self.values.get(path):
                return position
            path = path[:-1]
        return self.values.get((), Position(self.path))

    def _walk(self, event: Any, events: Iterator[Any], path: Path) -> None:
        mark = event.start_mark
        self.values[path] = Position(self.path, mark.line + 1, mark.column + 1)
        if isinstance(event, SequenceStartEvent):
            for index, item in enumerate(iter(lambda: next(events), None)):
                if isinstance(item, SequenceEndEvent):
                    return
                self._walk(item, events, (*path, index))
        elif isinstance(event, MappingStartEvent):
            while not isinstance(key := next(events), MappingEndEvent):
                name = key.value if isinstance(key, ScalarEvent) else ""
                mark = key.start_mark
                self.keys[(*path, name)] = Position(self.path, mark.line + 1, mark.column + 1)
                self._walk(next(events), events, (*path, name))
