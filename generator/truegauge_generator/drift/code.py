"""Metrics that Python code defines by hand, compared with those that the spec declares."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from truegauge_generator.drift.definitions import Definition, definitions
from truegauge_spec import Position, Problem, Spec
from truegauge_spec.metric import Metric
from truegauge_spec.names import nearest

SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})
"""Folders of what others wrote, or what is made anew; so are those whose name begins with a dot, and virtual envs."""


class Seen(NamedTuple):
    """What was looked at: how many files, and how many definitions in them; and the problems."""

    files: int
    definitions: int
    problems: list[Problem]


def findings(spec: Spec, directory: str) -> Seen:
    """Compare the Python code below a folder with the spec. No Python file at all is a problem."""
    declared = {name: metric for system in spec.systems.values() for name, metric in system.metrics.items()}
    count, found, problems = 0, 0, []
    for path in python_files(directory):
        count += 1
        tree = _parsed(path)
        if isinstance(tree, Problem):
            problems.append(tree)
            continue
        for definition in definitions(tree):
            found += 1
            problems += _compared(definition, path, declared)
    if not count:
        message = "there is no Python file here, so nothing was compared; name the folder of the application's code"
        problems.append(Problem(Position(directory), message, "no_code"))
    return Seen(count, found, problems)


def python_files(directory: str) -> Iterator[str]:
    """The Python files below a folder, or the one file, in the order of their paths."""
    if Path(directory).is_file():
        yield directory
        return
    for folder, folders, files in os.walk(directory):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not _skipped(here / name))
        yield from (str(here / name) for name in sorted(files) if name.endswith((".py", ".pyw")))


def _skipped(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in SKIPPED or (folder / "pyvenv.cfg").exists()


def _parsed(path: str) -> ast.Module | Problem:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the code's own strings and comparisons
            return ast.parse(Path(path).read_bytes(), path)
    except SyntaxError as error:
        line, column, reason = error.lineno or 1, error.offset or 1, error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        line, column, reason = 1, 1, str(error) or "nested too deeply"
    except OSError as error:
        return Problem(Position(path), (error.strerror or str(error)).lower(), "file_access")
    message = f"this is not Python that can be read: {reason}"
    return Problem(Position(path, line, max(column, 1)), message, "code_syntax")


def _compared(definition: Definition, path: str, declared: dict[str, Metric]) -> Iterator[Problem]:
    place = Position(path, definition.line, definition.column)
    name = definition.name
    if name is None:
        message = f"the name of this {definition.called} cannot be read from the code; write it as a literal"
        yield Problem(place, message, "code_unreadable", "warning")
        return
    metric = declared.get(name)
    if metric is None:
        known = definition.written in declared and definition.written
        hint = f"; prometheus_client does not expose {known} under its own name" if known else nearest(name, declared)
        message = f"the spec has no metric {name}{hint}; declare it, and call the function that is rendered for it"
        yield Problem(place, message, "code_undeclared")
    elif differences := [*_differences(definition, metric)]:
        yield Problem(place, f"{name} is declared with {'; '.join(differences)}", "code_differs")


def _differences(definition: Definition, metric: Metric) -> Iterator[str]:
    if definition.type != metric.type:
        yield f"the type {metric.type}, and is a {definition.type} here"
    labels = definition.labels
    if labels is not None and set(labels) != set(metric.labels):
        yield f"{_named(metric.labels)}, and has {_named(labels)} here"
    if definition.help is not None and definition.help != metric.help:
        yield f"the help {metric.help!r}, and has {definition.help!r} here"
    if definition.buckets is not None and metric.buckets and definition.buckets != metric.buckets:
        here, there = (", ".join(f"{bound:g}" for bound in bounds) for bounds in (definition.buckets, metric.buckets))
        yield f"the buckets {there}, and has {here} here"


def _named(labels: Iterable[str]) -> str:
    named = ", ".join(labels)
    return f"the labels {named}" if named else "no label"
