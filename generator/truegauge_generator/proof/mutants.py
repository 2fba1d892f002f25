"""Rules with one thing wrong: in the expression, in how long it waits, in what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import NamedTuple

from truegauge_generator.proof import excuses
from truegauge_generator.proof.operators import changes
from truegauge_generator.proof.scene import Scene
from truegauge_generator.proof.suite import Rule
from truegauge_spec.promql.parse import parse
from truegauge_spec.promql.syntax import Node, Unread
from truegauge_spec.quantities import duration, milliseconds

SEVERITIES = ("critical", "warning", "info")
TIMES = ("for", "keep_firing_for")


class Mutant(NamedTuple):
    """A wrong rule: which operator made it, the difference in words, and why it may do the same."""

    operator: str
    rule: Rule
    change: str
    excuse: str = ""

    @property
    def name(self) -> str:
        """The name of the rule that it is made from."""
        return self.rule.name

    def diff(self, right: Rule) -> str:
        """The lines in which the two rules differ."""
        return "\n".join(list(unified_diff(lines(right), lines(self.rule), lineterm="", n=0))[2:])


def mutants(rule: Rule, labels: Mapping[str, frozenset[str]], records: Mapping[str, str]) -> Iterator[Mutant]:
    """Every mutant of a rule, none twice. `labels` are those of each metric's series, `records` what is recorded."""
    seen = {str(rule.body.get("expr"))}
    expr = str(rule.body.get("expr", ""))
    node = parse(expr)
    if isinstance(node, Node) and not isinstance(node, Unread):
        for operator, change in changes(node, Scene(expr, labels, records)):
            start, end = change.span
            text = expr[:start] + change.text + expr[end:]
            if text not in seen:
                seen.add(text)
                words = f"{_short(expr[start:end])} becomes {_short(change.text)}" if change.text else ""
                words = words or f"{_short(expr[start:end])} is gone"
                yield _mutant(rule, operator, words, {"expr": text})._replace(excuse=change.excuse)
    yield from _timed(rule)
    yield from _labelled(rule)


def _timed(rule: Rule) -> Iterator[Mutant]:
    for key in TIMES:
        written = rule.body.get(key)
        length = milliseconds(str(written)) if written else 0
        if length:
            yield _mutant(rule, f"`{key}` removed", f"{key}: {written} is gone", {key: None})
            for other in (length // 2, length * 2):
                new = duration(other)
                yield _mutant(rule, f"`{key}` changed", f"{key}: {written} becomes {new}", {key: new})


def _labelled(rule: Rule) -> Iterator[Mutant]:
    labels = rule.body.get("labels") or {}
    for label, value in labels.items():
        if label == "severity":
            other = next(one for one in SEVERITIES if one != value)
            changed = {"labels": {**labels, label: other}}
            yield _mutant(rule, "severity changed", f"severity: {value} becomes {other}", changed)
        rest = {"labels": {name: text for name, text in labels.items() if name != label}}
        excuse = excuses.brought(label, str(value), str(rule.body.get("expr", "")))
        yield _mutant(rule, "label dropped", f"{label}: {value} is gone", rest)._replace(excuse=excuse)


def _mutant(rule: Rule, operator: str, change: str, body: Mapping[str, object]) -> Mutant:
    merged = {key: value for key, value in {**rule.body, **body}.items() if value is not None}
    return Mutant(operator, rule._replace(body=merged), change)


def _short(text: str) -> str:
    return " ".join(text.split())


def lines(rule: Rule) -> list[str]:
    """A rule as a reader writes it, a line for each thing."""
    found = []
    for key, value in rule.body.items():
        if isinstance(value, dict):
            found += [f"{key}.{name}: {text}" for name, text in value.items()]
        else:
            found += [
                f"{key}: {line}" if place == 0 else f"  {line}" for place, line in enumerate(str(value).splitlines())
            ]
    return found
