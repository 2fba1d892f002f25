"""What a tree of routes and inhibition rules mean: Alertmanager's rules of matching, in Python.

The same tree is read from a spec and from a configuration, and the two readings share no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from json import loads
from typing import Any, NamedTuple

from truegauge_generator.promql import matcher_parts
from truegauge_generator.targets.remedies import receiver
from truegauge_spec.model import Matchers
from truegauge_spec.positions import Path
from truegauge_spec.stack import Alertmanager, RemediesPost, RootRoute, Route

Labels = Mapping[str, str]
WAITS = ("group_wait", "group_interval", "repeat_interval")


class Matcher(NamedTuple):
    """The label has one of the values, or with `negated` none of them; a label that is not there is empty."""

    label: str
    values: tuple[str, ...]
    negated: bool = False

    def matches(self, labels: Labels) -> bool:
        """Whether it holds for an alert's labels."""
        return (labels.get(self.label, "") in self.values) != self.negated

    @property
    def fitting(self) -> tuple[str, ...]:
        """Values for which it holds: all of them, or one of them where it is negated."""
        return (f"{''.join(self.values)}x",) if self.negated else self.values


class Node(NamedTuple):
    """One route with what it inherits; mute and active time intervals are not inherited."""

    path: Path
    matchers: tuple[Matcher, ...]
    receiver: str
    group_by: tuple[str, ...]
    waits: tuple[object, ...]
    mute: tuple[str, ...]
    active: tuple[str, ...]
    continues: bool
    children: tuple[Node, ...]

    def group(self, labels: Labels) -> dict[str, str]:
        """The labels of the group that an alert belongs to on this route."""
        return {label: value for label, value in labels.items() if label in self.group_by or "..." in self.group_by}


class Inhibition(NamedTuple):
    """While an alert of the source is there, alerts of the target with the same `equal` labels are not notified."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]


class Meaning(NamedTuple):
    """The whole of it."""

    root: Node
    inhibitions: tuple[Inhibition, ...]

    @property
    def matchers(self) -> Iterator[Matcher]:
        """Every matcher of a route."""
        return (matcher for node in nodes(self.root) for matcher in node.matchers)

    @property
    def labels(self) -> frozenset[str]:
        """The labels that decide where an alert goes."""
        return frozenset(matcher.label for matcher in self.matchers)


def of_spec(alertmanager: Alertmanager) -> Meaning:
    """What the spec means."""
    rules = [Inhibition(_matchers(rule.source), _matchers(rule.target), rule.equal) for rule in alertmanager.inhibit]
    root = _node(alertmanager.route, ("alertmanager", "route"), None)
    posts = [_post(root, name, post) for name, post in alertmanager.remedies.items()]
    return Meaning(root._replace(children=(*posts, *root.children)), tuple(rules))


def _post(root: Node, name: str, post: RemediesPost) -> Node:
    """The route of an entry of `remedies:`. It comes before all others, does not wait, and continues."""
    return root._replace(
        path=("alertmanager", "remedies", name),
        matchers=(Matcher("remedy", ("",), negated=True), *_matchers(post.match)),
        receiver=receiver(name),
        waits=(0, *root.waits[1:]),
        continues=True,
        children=(),
    )


def _node(route: RootRoute | Route, path: Path, parent: Node | None) -> Node:
    own = route if isinstance(route, Route) else None
    waits = tuple(getattr(route, name) for name in WAITS)
    node = Node(
        path,
        _matchers(own.match) if own else (),
        route.receiver or (parent.receiver if parent else ""),
        (parent.group_by if parent else ()) if route.group_by is None else route.group_by,
        tuple(parent.waits[i] if wait is None and parent else wait for i, wait in enumerate(waits)),
        own.mute if own else (),
        own.active if own else (),
        own.continue_ if own else False,
        (),
    )
    return node._replace(
        children=tuple(_node(child, (*path, "routes", i), node) for i, child in enumerate(route.routes))
    )


def _matchers(match: Matchers) -> tuple[Matcher, ...]:
    return tuple(Matcher(label, (values,) if isinstance(values, str) else values) for label, values in match.items())


def of_configuration(data: Mapping[str, Any]) -> Meaning:
    """What a configuration means, whose matchers are of the forms that are rendered."""
    rules = [
        Inhibition(
            tuple(map(parsed, rule["source_matchers"])),
            tuple(map(parsed, rule["target_matchers"])),
            tuple(rule.get("equal", ())),
        )
        for rule in data.get("inhibit_rules", ())
    ]
    return Meaning(_configured(data["route"], ("route",), None), tuple(rules))


def _configured(route: Mapping[str, Any], path: Path, parent: Node | None) -> Node:
    inherited = (parent.receiver, parent.group_by, parent.waits) if parent else ("", (), (None, None, None))
    node = Node(
        path,
        tuple(map(parsed, route.get("matchers", ()))),
        route.get("receiver", inherited[0]),
        tuple(route.get("group_by", inherited[1])),
        tuple(route.get(name, inherited[2][i]) for i, name in enumerate(WAITS)),
        tuple(route.get("mute_time_intervals", ())),
        tuple(route.get("active_time_intervals", ())),
        route.get("continue", False),
        (),
    )
    children = route.get("routes", ())
    return node._replace(
        children=tuple(_configured(child, (*path, "routes", i), node) for i, child in enumerate(children))
    )


_CHOICE = re.compile(r"((?:\\.|[^|\\])+)", re.DOTALL)


def parsed(text: str) -> Matcher:
    """Read `label="value"` and the like. A pattern is a choice of escaped values, as they are rendered."""
    parts = matcher_parts(text)
    assert parts is not None, text
    label, operator, value = parts[0], parts[1], loads(parts[2])
    values = [re.sub(r"\\(.)", r"\1", one) for one in _CHOICE.findall(value)] if "~" in operator else [value]
    return Matcher(label, tuple(values), operator.startswith("!"))


def nodes(root: Node) -> Iterator[Node]:
    """A route and all below it."""
    yield root
    for child in root.children:
        yield from nodes(child)


def taken(node: Node, labels: Labels) -> list[Node]:
    """The routes that an alert takes: the deepest that match, the first of siblings unless it continues."""
    if not fit(node.matchers, labels):
        return []
    found: list[Node] = []
    for child in node.children:
        below = taken(child, labels)
        found += below
        if below and not child.continues:
            break
    return found or [node]


def inhibited(rules: Iterable[Inhibition], alerts: Sequence[Labels]) -> list[bool | None]:
    """Whether each of the alerts is kept from being notified while all of them are there; None where that is chance.

    An alert that is on both sides of a rule is inhibited only by those that are on the source's side alone. But of the
    sources with the same `equal` labels Alertmanager remembers one: inhibit.InhibitRule.updateIndex.
    """
    found: list[bool | None] = [False] * len(alerts)
    for rule in rules:
        sides = [(fit(rule.source, labels), fit(rule.target, labels)) for labels in alerts]
        keys = [tuple(labels.get(label, "") for label in rule.equal) for labels in alerts]
        alone = {key for (source, target), key in zip(sides, keys, strict=True) if source and not target}
        both = {key for (source, target), key in zip(sides, keys, strict=True) if source and target}
        for index, ((source, target), key) in enumerate(zip(sides, keys, strict=True)):
            if target and source and key in alone:  # it is a source of these labels itself
                found[index] = found[index] or None
            elif target and not source and key in alone | both:
                found[index] = True
    return found


def fit(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether all of them hold."""
    return all(matcher.matches(labels) for matcher in matchers)
