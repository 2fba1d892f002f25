"""How a real Alertmanager sorts alerts: receivers, groups and inhibition, seen as soon as it has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from truegauge_generator.proof.alertmanager import Group
from truegauge_generator.proof.alerts import World
from truegauge_generator.proof.deliveries import Finding, Key, key
from truegauge_generator.proof.routing import Meaning, inhibited, taken


class Share(NamedTuple):
    """The group of a receiver that an alert is in: the labels of the group, and how many alerts it has."""

    receiver: str
    labels: Key
    size: int


class Place(NamedTuple):
    """Where an alert is, and whether it is inhibited; None where that is chance."""

    groups: tuple[Share, ...]
    inhibited: bool | None


NOWHERE = Place((), inhibited=False)


def meant(meaning: Meaning, world: World) -> dict[Key, Place]:
    """Where the spec means each alert to be."""
    suppressed = inhibited(meaning.inhibitions, [sent.labels for sent in world])
    groups = [
        [(node.path, node.receiver, key(node.group(sent.labels))) for node in taken(meaning.root, sent.labels)]
        for sent in world
    ]
    sizes = Counter(group for some in groups for group in some)
    return {
        key(sent.labels): Place(tuple(sorted(Share(*group[1:], sizes[group]) for group in some)), inhibits)
        for sent, some, inhibits in zip(world, groups, suppressed, strict=True)
    }


def seen(groups: Iterable[Group]) -> dict[Key, Place]:
    """Where Alertmanager has them."""
    found: dict[Key, Place] = {}
    for group in groups:
        share = Share(group.receiver, key(group.labels), len(group.alerts))
        for labels, state in group.alerts:
            before = found.get(key(labels), NOWHERE).groups
            found[key(labels)] = Place(tuple(sorted((*before, share))), bool(state["inhibitedBy"]))
    return found


def findings(world: World, expected: dict[Key, Place], found: dict[Key, Place]) -> Iterator[tuple[Finding, str]]:
    """What is wrong with each alert that is elsewhere, with its code."""
    for sent in world:
        wanted, got = expected[key(sent.labels)], found.get(key(sent.labels), NOWHERE)
        ours, theirs = ([share.receiver for share in place.groups] for place in (wanted, got))
        if ours != theirs:
            message = f"Alertmanager sends it to {_list(theirs)}, the spec to {_list(ours)}"
            yield Finding(sent, message), "wrong_route"
        elif wanted.groups != got.groups:
            message = f"Alertmanager groups it by {_labels(got, wanted)}, the spec by {_labels(wanted, got)}"
            yield Finding(sent, message), "wrong_group"
        elif wanted.inhibited not in (got.inhibited, None):
            message = "the spec means it to be inhibited" if wanted.inhibited else "the spec does not"
            is_ = "Alertmanager notifies it" if wanted.inhibited else "Alertmanager inhibits it"
            yield Finding(sent, f"{is_}, {message}"), "wrong_inhibition"


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "no receiver"


def _labels(place: Place, other: Place) -> str:
    """How the groups of one place differ from those of another."""
    return "; ".join(
        f"{', '.join(label for label, _ in share.labels) or 'no label'} with {share.size - 1} others"
        for share in place.groups
        if share not in other.groups
    )
