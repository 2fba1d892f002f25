"""Rule and test files, split into units: tests that look at the same rules, with these rules and no others.

promtool evaluates every rule of a file for every test of it. In units, a hundred alerts cost a hundred times what one
does, not ten thousand times; and a wrong rule is run against those tests only that can notice it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatch
from functools import cached_property, lru_cache
from posixpath import dirname, join, normpath
from typing import Any, NamedTuple

from truegauge_spec.promql.parse import parse
from truegauge_spec.promql.syntax import Matcher, Node, Selector, Shift, Unread, walk

ALERTS = ("ALERTS", "ALERTS_FOR_STATE")
LOOKS = ("alert_rule_test", "promql_expr_test")
Key = tuple[str, int, int]
"""A rule's file, the place of its group in it, and its own in the group."""


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
    def key(self) -> Key:
        """What tells it from any other rule."""
        return self.path, self.group, self.place


class Test(NamedTuple):
    """A test where it stands, and the rule files that it is run with."""

    path: str
    place: int
    body: dict[str, Any]
    rules: frozenset[str]

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
    """Rule files and test files by their paths, as `documents.load` reads them.

    `subjects` are the rules of the files to be proven. `idle` test files run, but no mutant is judged by them.
    """

    def __init__(
        self,
        rules: Mapping[str, Any],
        tests: Mapping[str, Any],
        proven: Collection[str] | None = None,
        idle: Collection[str] = (),
    ) -> None:
        self.documents = {**rules, **tests}
        self.rules = [rule for path, document in rules.items() for rule in _rules(path, document)]
        self.subjects = [rule for rule in self.rules if proven is None or rule.path in proven]
        self.tests = [test for path, document in tests.items() for test in _tests(path, document, rules)]
        self.idle = idle
        self._sources: dict[Key, frozenset[Key]] = {}

    @cached_property
    def brought(self) -> dict[tuple[str, str], set[str]]:
        """The values that the tests' series have, of each metric and label."""
        found: dict[tuple[str, str], set[str]] = {}
        for series in {str(one.get("series")) for test in self.tests for one in test.body.get("input_series") or ()}:
            selector = series_of(series)
            for matcher in selector.matchers:
                found.setdefault((selector.name or "", matcher.label), set()).add(matcher.value)
        return found

    @cached_property
    def units(self) -> list[Unit]:
        """Every test in one unit, in the order of the files."""
        groups: dict[tuple[str, frozenset[Key]], list[Test]] = {}
        for test in self.tests:
            groups.setdefault((test.path, self.looked_at(test)), []).append(test)
        return [self.unit(path, tuple(tests), self.closed(seen)) for (path, seen), tests in groups.items()]

    def looked_at(self, test: Test) -> frozenset[Key]:
        """The rules whose outcome a test compares with what it expects."""
        return frozenset(rule.key for look in looks(test.body) for rule in self._seen(look, test.rules))

    def unit(self, path: str, tests: tuple[Test, ...], keys: Collection[Key]) -> Unit:
        """Tests with those of the rules that their files name, in the rules' order."""
        mine = (rule for rule in self.rules if rule.key in keys and rule.path in tests[0].rules)
        return Unit(path, tests, tuple(mine))

    def narrowed(self, unit: Unit, rule: Rule) -> Unit | None:
        """What is left of a unit when only those looks remain that the rule can alter; None for nothing."""
        tests, seen = [], set[Key]()
        for test in unit.tests:
            mine: dict[str, list[dict[str, Any]]] = {kind: [] for kind in LOOKS}
            for kind in LOOKS:
                for look in test.body.get(kind) or ():
                    keys = {one.key for one in self._seen(look, test.rules)}
                    if rule.key in self.closed(keys):
                        mine[kind].append(look)
                        seen |= keys
            if any(mine.values()):
                tests.append(test._replace(body={**test.body, **mine}))
        return self._with_their_series(self.unit(unit.path, tuple(tests), self.closed(seen))) if tests else None

    def _with_their_series(self, unit: Unit) -> Unit:
        """The unit without series that nothing in it selects, which promtool would read for nothing."""
        looked = (str(look.get("expr", "")) for test in unit.tests for look in looks(test.body))
        exprs = [*looked, *(str(rule.body.get("expr", "")) for rule in unit.rules)]
        selected = {one.name if one else None for expr in exprs for one in selectors(expr)}
        if None in selected or any(_queries(rule) for rule in unit.rules):
            return unit  # which series matter cannot be told
        tests = []
        for test in unit.tests:
            given = test.body.get("input_series") or ()
            kept = [one for one in given if series_of(str(one.get("series"))).name in (*selected, None)]
            tests.append(test._replace(body={**test.body, "input_series": kept}))
        return unit._replace(tests=tuple(tests))

    def closed(self, keys: Collection[Key]) -> frozenset[Key]:
        """The rules, and all that they are made from."""
        found, waiting = set[Key](), list(keys)
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting += self.sources(key)
        return frozenset(found)

    def sources(self, key: Key) -> frozenset[Key]:
        """The rules whose series a rule selects."""
        if key not in self._sources:
            self._sources[key] = self.selected(str(self._by_key[key].body.get("expr", "")))
        return self._sources[key]

    def selected(self, expr: str) -> frozenset[Key]:
        """The rules whose series an expression selects."""
        return frozenset(rule.key for selector in selectors(expr) for rule in self._named(selector))

    def alerts_of(self, rule: Rule) -> list[Rule]:
        """The alerts that a rule decides, itself among them."""
        return [one for one in self.rules if one.is_alert and rule.key in self.closed([one.key])]

    @cached_property
    def _by_key(self) -> dict[Key, Rule]:
        return {rule.key: rule for rule in self.rules}

    @cached_property
    def _by_name(self) -> dict[str, list[Rule]]:
        """The rules that bring series of each name; all of them for an empty one, which may select anything."""
        found: dict[str, list[Rule]] = {"": self.rules, **{name: [] for name in ALERTS}}
        for rule in self.rules:
            for name in ALERTS if rule.is_alert else (rule.name,):
                found.setdefault(name, []).append(rule)
        return found

    def _named(self, selector: Selector | None) -> Iterator[Rule]:
        name = selector.name or "" if selector else ""
        matchers = selector.matchers if selector and name else ()
        for rule in self._by_name.get(name, ()):
            own = {**(rule.body.get("labels") or {}), **({"alertname": rule.name} if rule.is_alert else {})}
            if all(_allows(matcher, own.get(matcher.label)) for matcher in matchers):
                yield rule

    def _seen(self, look: Mapping[str, Any], paths: Collection[str]) -> Iterator[Rule]:
        """The rules that a look is at."""
        if (alert := look.get("alertname")) is not None:
            found = [rule for rule in self.rules if rule.is_alert and rule.name == str(alert)]
        else:
            found = [rule for one in selectors(str(look.get("expr", ""))) for rule in self._named(one)]
        return (rule for rule in found if rule.path in paths)


def _allows(matcher: Matcher, value: str | None) -> bool:
    """Whether a series with that label of its rule may match; a template, or none, leaves it open."""
    if value is None or "{{" in value:
        return True
    if matcher.op in ("=", "!="):
        return (matcher.value == value) == (matcher.op == "=")
    try:
        return bool(re.fullmatch(matcher.value, value)) == (matcher.op == "=~")
    except re.error:  # Go knows other regular expressions than Python
        return True


def _rules(path: str, document: Any) -> Iterator[Rule]:
    for number, group in enumerate(document.get("groups") or ()):
        for place, body in enumerate(group.get("rules") or ()):
            yield Rule(path, number, place, body)


def _tests(path: str, document: Any, rules: Mapping[str, Any]) -> Iterator[Test]:
    patterns = [normpath(join(dirname(path), pattern)) for pattern in document.get("rule_files") or ()]
    wanted = frozenset(known for known in rules if any(fnmatch(normpath(known), pattern) for pattern in patterns))
    for place, body in enumerate(document.get("tests") or ()):
        yield Test(path, place, body, wanted)


def looks(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a test looks at, alerts first."""
    return [look for kind in LOOKS for look in body.get(kind) or ()]


@lru_cache(maxsize=16_384)
def selectors(expr: str) -> tuple[Selector | None, ...]:
    """What an expression selects; None where that cannot be told."""
    node = parse(expr)
    if not isinstance(node, Node) or isinstance(node, Unread):
        return (None,)
    return tuple(part for part in walk(node) if isinstance(part, Selector))


NOTHING = Selector((0, 0), None, (0, 0), (), Shift())


@lru_cache(maxsize=16_384)
def series_of(text: str) -> Selector:
    """A test's series, as the selector that it is written like."""
    node = parse(text)
    return node if isinstance(node, Selector) else NOTHING


def _queries(rule: Rule) -> bool:
    """Whether a template of the rule may ask for series by itself."""
    texts = [*(rule.body.get("labels") or {}).values(), *(rule.body.get("annotations") or {}).values()]
    return any("query" in str(text) and "{{" in str(text) for text in texts)
