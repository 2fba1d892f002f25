"""What the tests look at, and what none of them touches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from truegauge_generator.proof.hunt import KILLED, SURVIVED, Outcome
from truegauge_generator.proof.suite import Rule, Suite, Test, selectors
from truegauge_spec.promql.syntax import Matcher


class Item(NamedTuple):
    """One thing that a test can touch: what kind of thing, of which rule, and which."""

    kind: str
    rule: Rule
    what: str
    covered: bool


def items(suite: Suite, outcomes: Iterable[Outcome]) -> list[Item]:
    """Rules that are evaluated, alerts that fire and stay silent, thresholds held on both sides, label values."""
    touched = {rule.key for unit in suite.units for rule in unit.rules}
    looks = _looks(suite.tests)
    found = [Item("rule", rule, "evaluated by a test", rule.key in touched) for rule in suite.subjects]
    for rule in suite.subjects:
        if rule.is_alert:
            seen = looks.get(rule.name, set())
            found += [
                Item("alert", rule, "fires in a test", True in seen),
                Item("alert", rule, "is silent in a test", False in seen),
            ]
    found += _thresholds(outcomes)
    found += _values(suite)
    return found


def share(found: Sequence[Item]) -> float | None:
    """The share of items that are covered; None without any."""
    return sum(item.covered for item in found) / len(found) if found else None


def _looks(tests: Iterable[Test]) -> dict[str, set[bool]]:
    """Whether each alert fires, and is silent, in any test."""
    found: dict[str, set[bool]] = {}
    for test in tests:
        for look in test.body.get("alert_rule_test") or ():
            found.setdefault(str(look.get("alertname")), set()).add(bool(look.get("exp_alerts")))
    return found


def _thresholds(outcomes: Iterable[Outcome]) -> Iterator[Item]:
    """A threshold is held where no test is content when it is moved."""
    moved: dict[tuple[Any, str], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.mutant.operator == "threshold moved" and outcome.state in (KILLED, SURVIVED):
            number = outcome.mutant.change.partition(" ")[0]
            moved.setdefault((outcome.mutant.rule.key, number), []).append(outcome)
    for (_, number), found in moved.items():
        held = all(outcome.state == KILLED for outcome in found)
        yield Item("threshold", found[0].mutant.rule, f"{number} is held from both sides", held)


def _values(suite: Suite) -> Iterator[Item]:
    """The values that matchers name, of series that tests bring in."""
    recorded = {rule.name for rule in suite.rules if not rule.is_alert}
    for rule in suite.subjects:
        for selector in selectors(str(rule.body.get("expr", ""))):
            if selector and selector.name and selector.name not in recorded:
                for matcher in selector.matchers:
                    seen = suite.brought.get((selector.name, matcher.label), set())
                    for value in _named(matcher):
                        yield Item("label value", rule, f"{selector.name}{{{matcher.label}={value!r}}}", value in seen)


def _named(matcher: Matcher) -> list[str]:
    """The values that a matcher names, where it does."""
    if matcher.op in ("=", "!="):
        return [matcher.value] if matcher.value else []
    alternatives = matcher.value.split("|")
    return alternatives if all(re.fullmatch(r"[\w -]+", one) for one in alternatives) else []
