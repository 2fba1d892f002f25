"""`truegauge check`: whether the spec holds, the files on disk are what it says, and the tools accept them."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path

from truegauge_generator import expressions
from truegauge_generator.acceptance import accept
from truegauge_generator.cli import Result
from truegauge_generator.disk import Comparison, compare
from truegauge_generator.progress import progress
from truegauge_generator.render import render
from truegauge_spec import Position, Problem, Spec, SpecError, load


def run(options: Namespace) -> Result:
    """Compare the rendered files with the disk, then let promtool and amtool look at those on disk."""
    try:
        spec = load(options.spec)
        files = render(spec)
    except SpecError as error:
        return Result((), error.problems, {"files": 0})
    found = compare(files, options.output)
    problems = [*spec.warnings, *drifted(files, found, options.output)]
    present = {path: text for path, text in files.items() if path not in found.missing}
    lines = [f"spec: {_count(len(spec.systems), 'system')}, no problem"]
    lines.append(f"files: {found.same} of {len(files)} as the spec says")
    count, untrue = expressions.problems(spec)
    problems += untrue
    lines.append(f"expressions: {count} typed" + (", refused" if untrue else ""))
    seen = {"expressions": count}
    with progress() as show:
        for step, count, complaints in accept(present, options.output, show):
            problems += (traced(spec, complaint) for complaint in complaints)
            seen[step.name] = count
            if count:
                lines.append(f"{step.name}: {_count(count, step.what)}" + (", refused" if complaints else ", accepted"))
    facts = {
        "files": len(files),
        "changed": found.changed,
        "missing": found.missing,
        "stray": found.stray,
        "seen": seen,
    }
    return Result(lines, problems, facts)


def _count(number: int, name: str) -> str:
    return f"1 {name}" if number == 1 else f"{number} {name}s"


def traced(spec: Spec, complaint: Problem) -> Problem:
    """A tool's complaint at the line of the spec that its rule or test comes from, where it names an alert."""
    words = set(re.findall(r"\w+", complaint.message))
    for name, system in spec.systems.items():
        for kind, declared in (("alerts", system.alerts), ("objectives", system.objectives)):
            if named := sorted(words.intersection(declared)):
                message = f"{complaint.message} (in {complaint.position.path})"
                return complaint._replace(position=spec.position(name, (kind, named[0])), message=message)
    return complaint


def drifted(files: Mapping[str, str], found: Comparison, output: str) -> Iterator[Problem]:
    """A problem for each file that is not what the spec says."""
    for path in found.changed:
        line, is_, would_be = _first_difference((Path(output) / path).read_bytes(), files[path])
        message = f"differs from the spec: it has {is_}, the spec says {would_be}; run `truegauge render`"
        yield Problem(Position(_shown(output, path), line), message, "changed")
    for path in found.missing:
        yield Problem(Position(_shown(output, path)), "missing; run `truegauge render`", "missing")
    for path in found.stray:
        message = "stray: nothing in the spec stands for it; remove it, or run `truegauge render --prune`"
        yield Problem(Position(_shown(output, path)), message, "stray")


def _shown(output: str, path: str) -> str:
    return str(Path(output) / path)


def _first_difference(disk: bytes, text: str) -> tuple[int, str, str]:
    there, here = disk.decode(errors="replace").splitlines(), text.splitlines()
    for number in range(max(len(there), len(here))):
        is_ = there[number] if number < len(there) else None
        would_be = here[number] if number < len(here) else None
        if is_ != would_be:
            return number + 1, _line(is_), _line(would_be)
    return max(len(there), 1), "other line ends", "none"


def _line(line: str | None) -> str:
    return "nothing" if line is None else repr(line.strip() or line)
