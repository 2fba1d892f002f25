"""What changes between two specs: each change with its class, what depends on it, and what would go blind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import product
from typing import NamedTuple

from truegauge_generator.drift.classes import ADDITIVE, BEHAVIOURAL, BREAKING, CLASSES, COSMETIC, gravity
from truegauge_generator.drift.depends import depends, lost, unwatched
from truegauge_generator.drift.meaning import excerpts
from truegauge_generator.drift.things import ROOT, Aspect, Thing, Things, position, things
from truegauge_spec import Position, Spec


class Change(NamedTuple):
    """One change; `aspect` is what of `thing` changed, or `added`, `removed`, `renamed`, `order`."""

    gravity: str
    kind: str
    name: str
    aspect: str
    old: str | None
    new: str | None
    where: Position
    depends: list[str]
    blind: list[str]

    def __str__(self) -> str:
        if self.aspect in ("added", "removed"):
            return f"{self.kind} {self.name} {self.aspect}"
        if self.aspect == "renamed":
            return f"{self.kind} {self.old} renamed to {self.new}"
        old, new = excerpts(self.old, self.new)
        return f"{self.kind} {self.name}: {self.aspect} {old} -> {new}"


# What two things of different names must have in common to be one that was renamed.
ALIKE = {
    "metric": ("type", "measure", "label"),
    "alert": None,
    "objective": None,
    "panel": None,
    "receiver": None,
    "stack": (),
}
"""The aspects; None for all that are not cosmetic."""


class _Both(NamedTuple):
    old: Spec
    new: Spec
    renamed: dict[str, str]
    lost: dict[str, list[str]]


def changes(old: Spec, new: Spec) -> list[Change]:
    """Every change, the gravest first."""
    before, after = things(old), things(new)
    pairs = dict(_renamed(before, after))
    names = {one.name: other.name for one, other in pairs.values() if one.kind != "panel"}
    both = _Both(old, new, names, lost(old, new))
    found = [*_of_pairs(both, before, after, pairs), *_order(both, before, after)]
    return sorted(found, key=lambda change: CLASSES.index(change.gravity))


Pairs = dict[tuple[str, str, str], tuple[Thing, Thing]]


def _of_pairs(both: _Both, before: Things, after: Things, pairs: Pairs) -> Iterator[Change]:
    known = {*before, *(new.key for _, new in pairs.values())}
    for key, one in before.items():
        if key in pairs:
            _, other = pairs[key]
            yield _change(both, one, other, "renamed", one.name, other.name)
            yield from _aspects(both, one, other)
        elif key in after:
            yield from _aspects(both, one, after[key])
        else:
            yield _change(both, one, None, "removed")
    yield from (_change(both, None, one, "added") for key, one in after.items() if key not in known)


def _aspects(both: _Both, one: Thing, other: Thing) -> Iterator[Change]:
    for aspect in {**one.said, **other.said}:
        was, is_ = one.said.get(aspect), other.said.get(aspect)
        if was is None or is_ is None or was.text != is_.text or was.value != is_.value:
            yield _change(both, one, other, aspect, was.text if was else None, is_.text if is_ else None)


def _change(
    both: _Both, one: Thing | None, other: Thing | None, aspect: str, old: str | None = None, new: str | None = None
) -> Change:
    """One change of a thing that is `one` in the old spec and `other` in the new one."""
    thing = other or one
    assert thing is not None
    needed = depends(both.old, one) if one else []
    needed += [name for name in (depends(both.new, other) if other else ()) if name not in needed]
    grave, blind = _judged(both, one, other, aspect, needed)
    if old and new and one and other and old != new and _follows(both, old, new):
        grave = COSMETIC if aspect != "renamed" else grave
    where = position(both.new, other, aspect) if other else position(both.old, thing)
    return Change(grave, thing.kind, thing.name, aspect, old, new, where, needed, blind)


def _follows(both: _Both, old: str, new: str) -> bool:
    """Whether a text only follows what was renamed."""
    return re.sub(r"[\w:]+", lambda word: both.renamed.get(word[0], word[0]), old) == new


def _judged(
    both: _Both, one: Thing | None, other: Thing | None, aspect: str, needed: list[str]
) -> tuple[str, list[str]]:
    """The class of a change and what goes blind by it."""
    thing = one or other
    assert thing is not None
    was, is_ = (each.said.get(aspect) if each else None for each in (one, other))
    grave = gravity(thing.kind, aspect, was, is_)
    if thing.kind == "route" and grave != COSMETIC and aspect in ("added", "removed", "receiver", "order", "continue"):
        return _of_route(both, aspect, grave, needed)
    if one is None or aspect not in ("removed", "renamed"):
        return grave, []
    if one.kind == "metric":
        return grave, [name for name in needed if not name.startswith(("history", "recording"))]
    if aspect == "removed" and one.kind in ("alert", "objective", "panel"):
        return grave, list(unwatched(both.old, both.new, one))
    return grave, []


def _of_route(both: _Both, aspect: str, grave: str, needed: list[str]) -> tuple[str, list[str]]:
    """A route is lost where a receiver does not get an alert any more, however the tree was changed for that."""
    alerts = {name.removeprefix("alert ") for name in needed}
    blind = [
        f"receiver {name} does not get {', '.join(gone)}"
        for name, all_ in both.lost.items()
        if (gone := [alert for alert in all_ if alert in alerts])
    ]
    if blind:
        return BREAKING, blind
    if aspect == "added":
        return BEHAVIOURAL if needed else ADDITIVE, []
    return grave, []


def _renamed(before: Things, after: Things) -> Iterator[tuple[tuple[str, str, str], tuple[Thing, Thing]]]:
    """Things that are gone with those that came in their place, the most alike names first."""
    gone = [one for key, one in before.items() if key not in after and one.kind in ALIKE]
    come = [one for key, one in after.items() if key not in before and one.kind in ALIKE]
    alike = [(one, other) for one, other in product(gone, come) if _alike(one, other)]
    alike.sort(key=lambda pair: -SequenceMatcher(None, pair[0].name, pair[1].name).ratio())
    taken: set[tuple[str, str, str]] = set()
    for one, other in alike:
        if not taken & {one.key, other.key}:
            taken |= {one.key, other.key}
            yield one.key, (one, other)


def _alike(one: Thing, other: Thing) -> bool:
    if (one.kind, one.system) != (other.kind, other.system):
        return False
    return _signature(one) == _signature(other)


def _signature(thing: Thing) -> dict[str, Aspect]:
    return {aspect: one._replace(path=()) for aspect, one in thing.said.items() if _tells(thing.kind, aspect)}


def _tells(kind: str, aspect: str) -> bool:
    wanted = ALIKE[kind]
    if wanted is None:
        return gravity(kind, aspect) != COSMETIC
    return aspect.split(maxsplit=1)[0].partition(".")[0] in wanted


def _order(both: _Both, before: Things, after: Things) -> Iterator[Change]:
    """Where the same things stand in another order and that matters: of routes the first that fits wins."""
    for kind in ("route", "panel"):
        was = [key for key in before if key[0] == kind and key in after]
        is_ = [key for key in after if key[0] == kind and key in before]
        moved = next((two for one, two in zip(was, is_, strict=True) if one != two), None)
        if moved is not None:
            old, new = _behind(was, moved), _behind(is_, moved)
            yield _change(both, before[moved], after[moved], "order", old, new)


def _behind(keys: list[tuple[str, str, str]], key: tuple[str, str, str]) -> str:
    place = keys.index(key)
    before = keys[place - 1][2] if place else ROOT
    return "first" if before == ROOT else f"after {before}"
