"""Which mutants of a configuration a real Alertmanager shows to be wrong, and why others cannot be told apart."""

from __future__ import annotations

from collections import Counter
from difflib import unified_diff
from itertools import product
from math import prod
from typing import NamedTuple

from truegauge_generator.literals import tree
from truegauge_generator.proof import muting, sorting
from truegauge_generator.proof.alertmanager import Hook, Refused, running
from truegauge_generator.proof.alerts import SEVERITIES
from truegauge_generator.proof.route_mutants import Change, changes
from truegauge_generator.proof.routing import Labels, Meaning, of_configuration, taken
from truegauge_generator.proof.trial import LATE, Configuration, Subject, hurried, on_loopback

MOST = 4096
"""Sets of labels that are looked at to see whether two trees of routes are one."""
SAME = "every alert goes the same way, in the same group, at the same time"
OTHER = ""
"""The value of a label that stands for every value that no route names."""

Ways = tuple[tuple[object, ...], ...]
"""The routes that an alert takes: where each stands, and what it says."""


class Mutant(NamedTuple):
    """A change of the configuration, and what came of it.

    `outcome` is `killed`, `equivalent` or `survived`; `reason` says what killed it, or why nothing did.
    """

    what: str
    diff: str
    outcome: str
    reason: str


def judged(subject: Subject) -> list[Mutant]:
    """Every mutant of the configuration, in order."""
    found = list(changes(subject.configuration))
    killed = _by_sorting(subject, found)
    for index, change in enumerate(found):
        if index not in killed and subject.intervals:
            killed.update({index: reason} if (reason := _by_muting(subject, change)) else {})
    return [_mutant(subject, change, killed.get(index)) for index, change in enumerate(found)]


def _mutant(subject: Subject, change: Change, killed: str | None) -> Mutant:
    diff = difference(subject.configuration, change.configuration)
    if killed is not None:
        return Mutant(change.what, diff, "killed", killed)
    apart = told_apart(of_configuration(subject.configuration), of_configuration(change.configuration))
    if apart is None:
        return Mutant(change.what, diff, "equivalent", SAME)
    return Mutant(change.what, diff, "survived", apart)


def _by_sorting(subject: Subject, found: list[Change]) -> dict[int, str]:
    """The changes that put an alert elsewhere than the spec means, with what is seen of it."""
    killed: dict[int, str] = {}
    hook = Hook()
    try:
        original = hurried(on_loopback(subject.configuration, hook.url), LATE)
        with running(subject.alertmanager, subject.files, original, hook) as server:
            for world in subject.worlds:
                expected = sorting.meant(subject.meaning, world)
                server.post([sent.labels for sent in world])
                for index, change in enumerate(found):
                    if index in killed:
                        continue
                    try:
                        server.load(hurried(on_loopback(change.configuration, hook.url), LATE))
                    except Refused as refusal:
                        killed[index] = f"Alertmanager refuses it: {refusal}"
                        continue
                    wrong = next(sorting.findings(world, expected, sorting.seen(server.groups())), None)
                    if wrong is not None:
                        killed[index] = f"{wrong[0].sent.labels['alertname']}: {wrong[0].message}"
                server.load(original)
                server.post([sent.labels for sent in world], resolved=True)
    finally:
        hook.close()
    return killed


def _by_muting(subject: Subject, change: Change) -> str | None:
    """The setting of time intervals in which a change notifies what shall be muted, or the other way round."""
    alerts = muting.witnesses(subject)
    mutant = subject._replace(configuration=change.configuration)
    for setting in muting.settings(subject.intervals):
        expected = muting.meant(subject, alerts, setting)
        if setting.always is not None and muting.happens(mutant, setting, alerts, expected) != expected:
            return f"while {setting.name}, an alert is notified or muted against the spec"
    return None


def difference(one: Configuration, other: Configuration) -> str:
    """The lines that differ, with one line around them."""
    before, after = (tree(configuration, 0).splitlines() for configuration in (one, other))
    return "\n".join(list(unified_diff(before, after, lineterm="", n=1))[2:])


def told_apart(one: Meaning, other: Meaning) -> str | None:
    """An example of labels for which two configurations differ, or a reason why there may be one; None without one."""
    if one.inhibitions != other.inhibitions:
        return "no scenario of the inhibition rules shows it"
    values: dict[str, set[str]] = {}
    for matcher in (*one.matchers, *other.matchers):
        values.setdefault(matcher.label, {OTHER}).update(matcher.values, matcher.fitting)
    if "severity" in values:  # an alert always has one of these
        values["severity"] = set(SEVERITIES)
    if prod(map(len, values.values())) > MOST:
        return f"more than {MOST} sets of labels decide where an alert goes, too many to look at each"
    ours, theirs = dict[Ways, Ways](), dict[Ways, Ways]()
    for chosen in product(*(sorted(some) for some in values.values())):
        labels = dict(zip(values, chosen, strict=True))
        left, right = _ways(one, labels), _ways(other, labels)
        shown = ", ".join(f"{name}={value}" for name, value in labels.items() if value) or "no labels"
        if Counter(way[1:] for way in left) != Counter(way[1:] for way in right):
            return f"no alert of the spec shows it, one of {shown} would"
        # Alerts share a group only on the same route, so the routes of one have to stand for those of the other.
        if ours.setdefault(left, right) != right or theirs.setdefault(right, left) != left:
            return f"no alerts of the spec show that those of {shown} share groups with others"
    return None


def _ways(meaning: Meaning, labels: Labels) -> Ways:
    return tuple(
        (node.path, node.receiver, frozenset(node.group_by), node.waits, frozenset(node.mute), frozenset(node.active))
        for node in taken(meaning.root, labels)
    )
