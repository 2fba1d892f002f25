"""Problems as people and machines read them: text with the line and a caret, JSON, GitHub annotations, SARIF."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from truegauge_generator.codes import GUIDES
from truegauge_spec.problem import Problem

_WORD = r"(?:[^\s,\[\]{}#:]|:(?=\S))+"
_VALUE = re.compile(rf"{_WORD}(?: {_WORD})*")
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "information": "note"}


def as_text(problems: Sequence[Problem], colour: bool) -> Iterator[str]:
    """Each problem on a line, below it the line of the file and a caret under what it is about."""
    lines = {path: _lines(path) for path in {problem.position.path for problem in problems}}
    for problem in problems:
        place, _, rest = str(problem).partition(": ")
        yield f"\x1b[1m{place}\x1b[0m: \x1b[31m{rest}\x1b[0m" if colour else f"{place}: {rest}"
        if (line := _line(problem, lines[problem.position.path])) is not None:
            number = f"{problem.position.line:>6}"
            yield f"{number} | {line}"
            yield f"{' ' * len(number)} | {_caret(problem, line)}"
    for code in sorted({problem.code for problem in problems}):
        yield f"  = {code}: {docs(code)}, or `truegauge explain {code}`"


def docs(code: str) -> str:
    """Where the documents speak of the code: in a guide, or in its own section of the reference."""
    guides = (guide for guide, codes in GUIDES.items() if code in codes)
    return next(guides, f"docs/reference.md#{code}")


def _line(problem: Problem, lines: list[str]) -> str | None:
    number = problem.position.line
    return lines[number - 1] if 0 < number <= len(lines) else None


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []


def _caret(problem: Problem, line: str) -> str:
    start = problem.position.column - 1
    match = _VALUE.match(line, start)
    width = problem.width or (len(match[0]) if match else 1)
    # Tabs keep their width, so that the caret stands where the eye looks.
    margin = "".join("\t" if character == "\t" else " " for character in line[:start])
    return margin + "^" * max(min(width, len(line) - start), 1)


def as_objects(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Problems as JSON has them."""
    return [
        {
            **one.position._asdict(),
            "message": one.message,
            "code": one.code,
            "severity": one.severity,
            "docs": docs(one.code),
        }
        for one in problems
    ]


def as_github(problems: Sequence[Problem]) -> Iterator[str]:
    """Workflow commands that GitHub Actions shows beside the lines of a pull request."""
    for one in problems:
        path, line, column = one.position
        level = "notice" if one.severity == "information" else one.severity
        place = f"file={_property(path)},line={line},col={column},title={_property(one.code)}"
        yield f"::{level} {place}::{_data(one.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _uri(path: str) -> str:
    """A file's path, or the address of a server as it is."""
    return path if "://" in path else Path(path).as_posix()


def as_sarif(problems: Sequence[Problem]) -> str:
    """A SARIF 2.1.0 log."""
    results = [
        {
            "ruleId": one.code,
            "level": _LEVELS[one.severity],
            "message": {"text": one.message},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": _uri(one.position.path)},
                        "region": {"startLine": one.position.line, "startColumn": one.position.column},
                    }
                }
            ],
        }
        for one in problems
    ]
    rules = [{"id": code, "helpUri": docs(code)} for code in sorted({one.code for one in problems})]
    run = {"tool": {"driver": {"name": "truegauge", "rules": rules}}, "results": results}
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2)
