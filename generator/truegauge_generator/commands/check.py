"""`truegauge check`: whether the spec holds, the files on disk are what it says, and the tools accept them."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import UTC, date, datetime

from truegauge_generator import expressions, stamp
from truegauge_generator.acceptance import accept
from truegauge_generator.alerts import places
from truegauge_generator.cli import Result
from truegauge_generator.commands.options import day
from truegauge_generator.disk import compare, write
from truegauge_generator.drift import on_disk
from truegauge_generator.progress import progress
from truegauge_generator.render import render
from truegauge_spec import Problem, Spec, load

NOTHING = {"files": 0}


def arguments(parser: ArgumentParser) -> None:
    """What only this command knows."""
    parser.add_argument("--fix", action="store_true", help="render the files that are changed or missing first")
    parser.add_argument("--today", type=day, metavar="DAY", help="check as on that day (2027-03-01)")


def run(options: Namespace) -> Result:
    """Compare the rendered files with the disk, then let promtool and amtool look at those on disk."""
    spec = load(options.spec)
    files = render(spec)
    found, fixed = compare(files, options.output, spec.stack.keep), []
    if options.fix and (fixed := sorted((*found.changed, *found.missing))):
        write(files, fixed, options.output)
        stamp.remember(options.spec, options.output, files, spec.stack.keep)
        found = compare(files, options.output, spec.stack.keep)
    changed = on_disk.changes(spec, files, found, options.output)
    problems = [*spec.warnings, *on_disk.problems(spec, found, changed, options.output)]
    present = {path: text for path, text in files.items() if path not in found.missing}
    lines = [f"spec: {_count(len(spec.systems), 'system')}, no problem"]
    lines += [f"fixed   {path}" for path in fixed]
    lines.append(f"files: {found.same} of {len(files)} as the spec says")
    lines += on_disk.lines(changed)
    problems += overdue(spec, options.today or datetime.now(UTC).date())
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
        "kept": found.kept,
        "fixed": fixed,
        "differences": on_disk.facts(changed),
        "seen": seen,
    }
    return Result(lines, problems, facts)


def overdue(spec: Spec, today: date) -> Iterator[Problem]:
    """The deprecated metrics whose day is over. Not a check of the spec: the same spec is rendered on any day."""
    for name, system in spec.systems.items():
        for metric, declared in system.metrics.items():
            if (deprecated := declared.deprecated) and today > deprecated.until:
                message = (
                    f"{metric} was to end after {deprecated.until}; remove it, {deprecated.replaced_by} replaces it"
                )
                yield spec.problem(name, ("metrics", metric, "deprecated", "until"), message, "overdue_metric")


def _count(number: int, name: str) -> str:
    return f"1 {name}" if number == 1 else f"{number} {name}s"


def traced(spec: Spec, complaint: Problem) -> Problem:
    """A tool's complaint at the line of the spec that its rule or test comes from, where it names an alert."""
    words = set(re.findall(r"\w+", complaint.message))
    for name, place in places(spec).items():
        if name in words:
            message = f"{complaint.message} (in {complaint.position.path})"
            return complaint._replace(position=spec.position(*place), message=message)
    return complaint
