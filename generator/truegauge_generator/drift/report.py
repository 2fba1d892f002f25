"""Changes as people and machines read them: lines, a comment in Markdown, objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from truegauge_generator.drift.changes import Change
from truegauge_generator.drift.classes import CLASSES
from truegauge_generator.drift.meaning import excerpts
from truegauge_generator.literals import as_markdown, code
from truegauge_spec import Problem

MOST = 8
"""Dependants that one line or cell names; machines get all of them."""
SEVERITIES = {"breaking": "warning", "behavioural": "warning"}


def summary(changes: Sequence[Change], against: str) -> str:
    """How many changes there are of each class."""
    if not changes:
        return f"diff: nothing changed since {against}"
    counts = Counter(change.gravity for change in changes)
    return f"diff: since {against}, " + ", ".join(f"{counts[one]} {one}" for one in CLASSES if counts[one])


def as_lines(changes: Sequence[Change]) -> Iterator[str]:
    """Each change on a line, below it what depends on it and what goes blind."""
    for change in changes:
        yield f"{change.gravity:<12}{change} ({change.where.path}:{change.where.line})"
        if change.blind:
            yield f"{'':12}  blind: {_listed(change.blind)}"
        if change.depends and change.gravity in SEVERITIES:
            yield f"{'':12}  depends: {_listed(change.depends)}"


def as_markdown_comment(changes: Sequence[Change], against: str) -> Iterator[str]:
    """A comment for a pull request: a table of each class, what is only cosmetic folded away."""
    yield f"### What this changes since {code(against)}"
    if not changes:
        yield "\nNothing."
    for gravity in CLASSES:
        found = [change for change in changes if change.gravity == gravity]
        if not found:
            continue
        title = f"{gravity.capitalize()} ({len(found)})"
        folded = gravity == "cosmetic"
        yield f"\n<details><summary>{title}</summary>\n" if folded else f"\n#### {title}\n"
        yield "| Change | From | To | Where | Depends on it | Goes blind |"
        yield "|---|---|---|---|---|---|"
        yield from map(_row, found)
        if folded:
            yield "\n</details>"


def _row(change: Change) -> str:
    what = f"{change.kind} {code(change.name)} {as_markdown(change.aspect)}"
    shown = excerpts(change.old, change.new)
    old, new = ("" if text is None else code(cut) for text, cut in zip((change.old, change.new), shown, strict=True))
    where = code(f"{change.where.path}:{change.where.line}")
    cells = [what, old, new, where, as_markdown(_listed(change.depends)), as_markdown(_listed(change.blind))]
    return f"| {' | '.join(cells)} |"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more


def as_objects(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Changes as JSON has them."""
    return [
        {
            "class": one.gravity,
            "what": f"{one.kind} {one.name}",
            "change": one.aspect,
            "from": one.old,
            "to": one.new,
            "where": f"{one.where.path}:{one.where.line}",
            "depends": one.depends,
            "blind": one.blind,
        }
        for one in changes
    ]


def as_problems(changes: Sequence[Change], failing: Sequence[str]) -> Iterator[Problem]:
    """Changes as findings at their lines; an error where its class fails."""
    for one in changes:
        severity = "error" if one.gravity in failing else SEVERITIES.get(one.gravity, "information")
        blind = f"; {_listed(one.blind)}" if one.blind else ""
        yield Problem(one.where, f"{one}{blind}", f"{one.gravity}_change", severity)
