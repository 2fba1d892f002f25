"""`truegauge render`: write every file that the spec describes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Collection

from truegauge_generator import stamp
from truegauge_generator.cli import Result

NOTHING: dict[str, list[str]] = {"changed": [], "removed": []}


def arguments(parser: ArgumentParser) -> None:
    """What only this command knows."""
    parser.add_argument("--prune", action="store_true", help="remove files that the spec does not describe")


def run(options: Namespace) -> Result:
    """Write what differs, say what changed; nothing is written when the spec has a problem."""
    if (files := stamp.unchanged(options.spec, options.output)) is not None:
        return _result(files, [], [], [])
    from truegauge_generator.disk import compare, remove, write  # noqa: PLC0415 - as late as possible
    from truegauge_generator.render import render  # noqa: PLC0415
    from truegauge_spec import load  # noqa: PLC0415

    spec = load(options.spec)
    rendered = render(spec)
    found = compare(rendered, options.output, spec.stack.keep)
    written = sorted((*found.changed, *found.missing))
    write(rendered, written, options.output)
    if options.prune:
        remove(found.stray, options.output)
    stamp.remember(options.spec, options.output, rendered, spec.stack.keep)
    removed, stray = (found.stray, []) if options.prune else ([], found.stray)
    return _result(rendered, written, removed, stray)


def _result(files: Collection[str], written: list[str], removed: list[str], stray: list[str]) -> Result:
    lines = [f"wrote   {path}" for path in written]
    lines += [f"removed {path}" for path in removed]
    lines += [f"stray   {path} (not described by the spec; --prune removes it)" for path in stray]
    changes = f"{len(written)} changed" if written or removed else "nothing changed"
    lines.append(f"render: {len(files)} files, {changes}" + (f", {len(removed)} removed" if removed else ""))
    return Result(lines, (), {"files": len(files), "changed": written, "removed": removed, "stray": stray})
