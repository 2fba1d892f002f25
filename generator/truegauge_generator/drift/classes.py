"""How grave each kind of change is. What the table does not name, as a new key, is behavioural."""

from __future__ import annotations

from truegauge_generator.drift.things import Aspect
from truegauge_spec.metric import OpenLabel

BREAKING, BEHAVIOURAL, ADDITIVE, COSMETIC = CLASSES = ("breaking", "behavioural", "additive", "cosmetic")

GRAVITY: dict[str, dict[str, str]] = {
    "system": {"added": ADDITIVE, "removed": BREAKING, "summary": COSMETIC, "owner": COSMETIC}
    | {"dashboard": COSMETIC, "waive": COSMETIC},
    "metric": {"added": ADDITIVE, "removed": BREAKING, "renamed": BREAKING, "type": BREAKING, "unit": BREAKING}
    | {"label": BREAKING, "buckets": BEHAVIOURAL, "measure": BEHAVIOURAL}
    | {"help": COSMETIC, "deprecated": ADDITIVE, "waive": COSMETIC},
    "alert": {"added": ADDITIVE, "removed": BREAKING, "renamed": BREAKING}
    | {"threshold": BEHAVIOURAL, "window": BEHAVIOURAL, "for": BEHAVIOURAL, "severity": BEHAVIOURAL}
    | {"group": COSMETIC, "summary": COSMETIC, "description": COSMETIC, "runbook": COSMETIC}
    | {"annotations": COSMETIC, "examples": COSMETIC, "waive": COSMETIC},
    "objective": {"added": ADDITIVE, "removed": BREAKING, "renamed": BREAKING, "target": BEHAVIOURAL}
    | {"summary": COSMETIC, "owner": COSMETIC, "runbook": COSMETIC},
    "panel": {"added": ADDITIVE, "removed": BEHAVIOURAL, "renamed": COSMETIC, "order": COSMETIC}
    | {"description": COSMETIC, "unit": COSMETIC, "kind": COSMETIC, "width": COSMETIC},
    "receiver": {"added": ADDITIVE, "removed": BREAKING, "renamed": COSMETIC},
    "route": {"added": ADDITIVE, "removed": BREAKING, "receiver": BREAKING, "order": BEHAVIOURAL},
    "inhibition": {"added": BEHAVIOURAL, "removed": BEHAVIOURAL},
    "stack": {"renamed": COSMETIC, "docs_url": COSMETIC, "grafana": COSMETIC, "keep": COSMETIC, "waive": COSMETIC},
}
"""By the kind of thing, what happened to it or to which of its aspects."""


def gravity(kind: str, aspect: str, old: Aspect | None = None, new: Aspect | None = None) -> str:
    """The class of a change."""
    word = aspect.split(maxsplit=1)[0]
    if old and new and old.value == new.value:
        return COSMETIC  # the same, written otherwise
    if word == "label" and old and new:
        return _of_values(old.value, new.value)
    known = GRAVITY[kind]
    return known.get(word) or known.get(word.partition(".")[0], BEHAVIOURAL)


def _of_values(old: tuple[str, ...] | OpenLabel, new: tuple[str, ...] | OpenLabel) -> str:
    """The class of a change of a label's values: those who select one that is gone find nothing."""
    if isinstance(new, OpenLabel):
        return BEHAVIOURAL if isinstance(old, OpenLabel) else ADDITIVE
    if isinstance(old, OpenLabel) or set(old) - set(new):
        return BREAKING
    return ADDITIVE if set(new) - set(old) else COSMETIC


def at_least(least: str) -> tuple[str, ...]:
    """The classes that are as grave as this one, or graver."""
    return CLASSES[: CLASSES.index(least) + 1]
