"""Rule and test files, split into units: tests that look at the same rules, with these rules and no others.

promtool evaluates every rule of a file for every test of it. In units, a hundred alerts cost a hundred times what one
does, not ten thousand times; and a wrong rule is run against those tests only that can notice it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from truegauge_spec.promql.parse import parse
from truegauge_spec.promql.syntax import Node, Selector, Unread, walk

ALERTS = frozenset({"ALERTS", "ALERTS_FOR_STATE"})


class Rule(NamedTuple):
    """A rule where it stands: its file, the place of its group in the file, and its own in the group."""

    path: str
    group: int
    place: int
    body: dict[str, Any]

    @property
    def is_alert(self) -> bool:
        """Whether it is an alerting rule; else it records."""
        return "alert" in self.body

    @property
    def name(self) -> str:
        """The alert's name, or that of the recorded series."""
        return str(self.body.get("alert") or self.body.get("record") or "")

    @property
    def key(self) -> tuple[str, int, int]:
        """What tells it from any other rule."""
        return self.path, self.group, self.place


class Test(NamedTuple):
    """A test where it stands, the rule files that it is run with, and what it looks at."""

    path: str
    place: int
    body: dict[str, Any]
    rules: tuple[str, ...]
    looks: frozenset[str]

    @property
    def name(self) -> str:
        """What promtool calls it."""
        return str(self.body.get("name") or f"test {self.place + 1}")


class Unit(NamedTuple):
    """Tests of one file that look at the same, and the rules that decide what they see."""

    path: str
    tests: tuple[Test, ...]
    rules: tuple[Rule, ...]


class Suite:
    """Rule files and test files by their paths, as `documents.load` reads them."""

    def __init__(self, rules: Mapping[str, Any], tests: Mapping[str, Any]) -> None:
        self.documents = {**rules, **tests}
        self.rules = [rule for path, document in rules.items() for rule in _rules(path, document)]
        self.tests = [test for path, document in tests.items() for test in _tests(path, document, rules)]

    @cached_property
    def by_name(self) -> dict[str, list[Rule]]:
        """The rules of each name."""
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            found.setdefault(rule.name, []).append(rule)
        return found

    @cached_property
    def units(self) -> list[Unit]:
        """Every test in one unit, in the order of the files."""
        groups: dict[tuple[str, frozenset[str]], list[Test]] = {}
        for test in self.tests:
            groups.setdefault((test.path, test.looks), []).append(test)
        return [
            Unit(path, tuple(tests), tuple(self.needed(looks, tests[0].rules)))
            for (path, looks), tests in groups.items()
        ]

    @cached_property
    def _users(self) -> dict[str, set[str]]:
        """For each name that an expression selects, the names of the rules that do."""
        found: dict[str, set[str]] = {}
        for rule in self.rules:
            for name in names(str(rule.body.get("expr", ""))):
                found.setdefault(name, set()).add(rule.name)
        return found

    def dependants(self, name: str) -> frozenset[str]:
        """The rules of that name and all that come from them; looks that may select anything, too."""
        found, waiting = {"", *ALERTS}, [name]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self._users.get(one, ())
        return frozenset(found | self._users.get("", set()))

    def needed(self, looks: Iterable[str], paths: tuple[str, ...]) -> list[Rule]:
        """The rules of the files that what is looked at comes from, in their order."""
        found: set[tuple[str, int, int]] = set()
        waiting = list(looks)
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            if name == "":  # an expression that may select anything
                return [rule for rule in self.rules if rule.path in paths]
            if name in ALERTS:
                waiting += [rule.name for rule in self.rules if rule.is_alert]
            for rule in self.by_name.get(name, ()):
                if rule.path in paths:
                    found.add(rule.key)
                    waiting += names(str(rule.body.get("expr", "")))
        return [rule for rule in self.rules if rule.key in found]


def _rules(path: str, document: Any) -> Iterator[Rule]:
    for number, group in enumerate(document.get("groups") or ()):
        for place, body in enumerate(group.get("rules") or ()):
            yield Rule(path, number, place, body)


def _tests(path: str, document: Any, rules: Mapping[str, Any]) -> Iterator[Test]:
    patterns = [str(PurePosixPath(path).parent / pattern) for pattern in document.get("rule_files") or ()]
    wanted = tuple(known for known in rules if any(matches(known, pattern) for pattern in patterns))
    for place, body in enumerate(document.get("tests") or ()):
        yield Test(path, place, body, wanted, frozenset(_looks(body)))


def matches(path: str, pattern: str) -> bool:
    """Whether a path is the one that a pattern of a test file means; both may hold `..`."""
    return PurePosixPath(_straight(path)).match(_straight(pattern))


def _straight(path: str) -> str:
    parts: list[str] = []
    for part in PurePosixPath(path).parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return str(PurePosixPath(*parts))


def _looks(body: dict[str, Any]) -> Iterator[str]:
    for look in body.get("alert_rule_test") or ():
        yield str(look.get("alertname", ""))
    for look in body.get("promql_expr_test") or ():
        yield from names(str(look.get("expr", "")))


@lru_cache(maxsize=16_384)
def names(expr: str) -> frozenset[str]:
    """The metrics that an expression selects; an empty name stands for any of them."""
    node = parse(expr)
    if not isinstance(node, Node) or isinstance(node, Unread):
        return frozenset({""})
    return frozenset(part.name or "" for part in walk(node) if isinstance(part, Selector))


def narrowed(unit: Unit, suite: Suite, rule: Rule) -> Unit | None:
    """What is left of a unit when only those looks remain that a change of the rule can alter; None for nothing."""
    affected = suite.dependants(rule.name)
    tests = []
    for test in unit.tests:
        alerts = [look for look in test.body.get("alert_rule_test") or () if str(look.get("alertname")) in affected]
        values = [look for look in test.body.get("promql_expr_test") or () if names(str(look.get("expr"))) & affected]
        if alerts or values:
            body = {**test.body, "alert_rule_test": alerts, "promql_expr_test": values}
            tests.append(test._replace(body=body, looks=frozenset(_looks(body))))
    if not tests:
        return None
    looks = frozenset[str]().union(*(test.looks for test in tests))
    return Unit(unit.path, tuple(tests), tuple(suite.needed(looks, tests[0].rules)))
