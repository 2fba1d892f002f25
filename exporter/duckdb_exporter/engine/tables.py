"""Which tables the words of one statement name."""

from __future__ import annotations

from collections.abc import Container, Iterable

from ..declare import Metric
from ..instruments import OTHER

_BEFORE_TARGET = frozenset("into from or replace ignore table only".split())
_OPENS = frozenset("from join table describe desc summarize show pivot unpivot update into".split())
_CLOSES = frozenset(
    "select where group having order limit offset qualify window on using set values union intersect except"
    " returning sample when".split()
)
_BEFORE_TABLE = _OPENS | {",", "(", ".", "only", "lateral"}


def declared(metrics: Iterable[Metric]) -> set[str]:
    """The tables that the spec's metrics tell apart."""
    found = {OTHER}
    for metric in metrics:
        found.update(value for name, value in metric.where if name == "table_name")
        for label in metric.labels:
            found.update(label.values or () if label.name == "table_name" else ())
    return found - {OTHER}


def target(text: list[str], start: int) -> str:
    """The table that the INSERT, UPDATE, DELETE, TRUNCATE or MERGE at `start` changes, without its schema."""
    index = start + 1
    while index < len(text) and text[index] in _BEFORE_TARGET:
        index += 1
    while index + 2 < len(text) and text[index + 1] == ".":
        index += 2
    return text[index] if index < len(text) else ""


def mentioned(text: list[str], declared: Container[str]) -> list[str]:
    """The declared tables that stand where a table can stand, each once, in order."""
    found: dict[str, None] = {}
    place = [False]  # for each open parenthesis: are we where a table can stand?
    previous = ""
    for index, word in enumerate(text):
        if word == "(":
            place.append(place[-1])
        elif word == ")":
            if len(place) > 1:
                place.pop()
        elif word in _OPENS and previous not in ("distinct", "."):  # a IS DISTINCT FROM b
            place[-1] = True
        elif word in _CLOSES and previous != ".":
            place[-1] = False
        elif place[-1] and word in declared and previous in _BEFORE_TABLE and text[index + 1 : index + 2] != ["."]:
            found[word] = None
        previous = word
    return list(found)
