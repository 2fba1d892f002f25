"""How files on disk differ from what the spec says, by meaning: from the spec's to the file's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from truegauge_generator.conditions import drawn_unit
from truegauge_generator.disk import Comparison, fits
from truegauge_generator.drift.documents import meaning_of
from truegauge_generator.drift.meaning import Difference, differences
from truegauge_spec import Position, Problem, Spec
from truegauge_spec.condition import MetricCondition

ADVICE = "run `truegauge render`"
MOST = 20
"""Differences of one file that people are told; machines get all of them."""


class Changed(NamedTuple):
    """A file that is not as rendered, where it first differs, and in what; None where only its text can be compared."""

    path: str
    line: int
    texts: tuple[str, str]
    differences: list[Difference] | None

    def __str__(self) -> str:
        if self.differences is None:
            says, has = self.texts
            return f"it has {has}, the spec says {says}"
        if not self.differences:
            return "only layout differs"
        more = f" (and {len(self.differences) - 1} more)" if self.differences[1:] else ""
        return f"{self.differences[0]} in the rendered file{more}"


def changes(spec: Spec, files: Mapping[str, str], found: Comparison, output: str) -> list[Changed]:
    """Every changed file. Raises OSError where one cannot be read."""
    units = dict(_units(spec))
    return [_changed(path, files[path], (Path(output) / path).read_bytes(), units) for path in found.changed]


def _changed(path: str, text: str, disk: bytes, units: Mapping[str, str]) -> Changed:
    there = disk.decode(errors="replace")
    line, texts = _first_difference(text, there)
    says, has = meaning_of(path, text), meaning_of(path, there)
    if says is None or has is None:
        return Changed(path, line, texts, None)
    return Changed(path, line, texts, [_measured(one, units) for one in differences(says, has)])


def _first_difference(text: str, there: str) -> tuple[int, tuple[str, str]]:
    says, has = text.splitlines(), there.splitlines()
    for number in range(max(len(says), len(has))):
        one, other = (lines[number] if number < len(lines) else None for lines in (says, has))
        if one != other:
            return number + 1, (_line(one), _line(other))
    return max(len(has), 1), ("none", "other line ends")


def _line(line: str | None) -> str:
    return "nothing" if line is None else repr(line.strip() or line)


def _units(spec: Spec) -> Iterator[tuple[str, str]]:
    """The unit in which each alert's rule compares."""
    for system in spec.systems.values():
        for name, alert in system.alerts.items():
            if isinstance(alert.when, MetricCondition):
                yield f"alert {name}", drawn_unit(alert.when, system)


def _measured(found: Difference, units: Mapping[str, str]) -> Difference:
    """A threshold with its unit, which the rendered rule does not say."""
    unit = units.get(found.thing, "") if found.aspect == "threshold" else ""
    return found._replace(old=_with(found.old, unit), new=_with(found.new, unit)) if unit else found


def _with(number: str | None, unit: str) -> str | None:
    if number is None:
        return None
    return f"{(Decimal(number) * 100).normalize():f}%" if unit == "ratio" else f"{number} {unit}"


def problems(spec: Spec, found: Comparison, changed: list[Changed], output: str) -> Iterator[Problem]:
    """A problem for each file that is not what the spec says, and for each kept one that is not there."""
    for one in changed:
        position = Position(_shown(output, one.path), one.line)
        yield Problem(position, f"differs from the spec: {one}; {ADVICE}", "changed")
    for path in found.missing:
        yield Problem(Position(_shown(output, path)), f"missing; {ADVICE}", "missing")
    for path in found.stray:
        held = holds(path, (Path(output) / path).read_bytes())
        message = f"stray: nothing in the spec stands for it{held}; remove it with `truegauge render --prune`, or list "
        yield Problem(Position(_shown(output, path)), f"{message}it under `keep:` in the file with `stack:`", "stray")
    for index, pattern in enumerate(spec.stack.keep):
        if not any(fits(path, [pattern]) for path in found.kept):
            message = f"no file that the spec does not describe is called {pattern!r}; remove it"
            yield spec.problem("", ("keep", index), message, "unused_keep")


def holds(path: str, disk: bytes) -> str:
    """What a stray file would bring to whoever loads it: `, but holds 2 alerts`."""
    meaning = meaning_of(path, disk.decode(errors="replace")) or {}
    counts = Counter(thing.split()[0] for thing in meaning if " " in thing)
    listed = ", ".join(f"{number} {kind}{'' if number == 1 else 's'}" for kind, number in counts.items())
    return f", but it holds {listed}" if listed else ""


def _shown(output: str, path: str) -> str:
    return str(Path(output) / path)


def lines(changed: list[Changed]) -> Iterator[str]:
    """The differences of each file, for people."""
    for one in changed:
        if one.differences:
            yield f"{one.path}, from the spec to the file:"
            yield from (f"  {difference}" for difference in one.differences[:MOST])
            if (hidden := len(one.differences) - MOST) > 0:
                yield f"  and {hidden} more; --format json has all of them"


def facts(changed: list[Changed]) -> dict[str, list[dict[str, str | None]] | None]:
    """The same for machines: none where only layout differs, null where only text can be compared."""
    return {
        one.path: None
        if one.differences is None
        else [{"thing": d.thing, "aspect": d.aspect, "spec": d.old, "file": d.new} for d in one.differences]
        for one in changed
    }
