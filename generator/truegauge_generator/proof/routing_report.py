"""The proof of routes as a table, as JSON objects and as problems; and what is kept of it for the next run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from truegauge_generator.acceptance import ALERTMANAGER, RULES
from truegauge_generator.proof.route_trials import Mutant
from truegauge_generator.proof.routes import RouteProof, Row
from truegauge_generator.stamp import FOLDER
from truegauge_spec.problem import Position, Problem

COLUMNS = ("alert", "severity", "goes to", "grouped by", "muted", "inhibited by")


def table(proof: RouteProof) -> Iterator[str]:
    """What goes where."""
    cells = [COLUMNS, *(_cells(row) for row in proof.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells if proof.rows else ():
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield from (f"routes: {fact}" for fact in proof.facts if not proof.rows)


def _cells(row: Row) -> tuple[str, ...]:
    groups = (", ".join(labels) for labels in row.grouped_by)
    lists = (row.receivers, tuple(groups), row.muted, row.inhibited_by)
    return (row.alert, row.severity, *("; ".join(filter(None, dict.fromkeys(one))) for one in lists))


def problems(proof: RouteProof) -> Iterator[Problem]:
    """What is wrong, and as warnings the mutants that nothing told from the right configuration."""
    yield from proof.problems
    for mutant in proof.mutants:
        if mutant.outcome == "survived":
            message = f"nothing notices a mutant of the routes: {mutant.what} ({mutant.reason})\n{mutant.diff}"
            yield Problem(Position(ALERTMANAGER), message, "mutant_survived", "warning")


def counted(proof: RouteProof) -> dict[str, int]:
    """How many mutants ended how."""
    counts = dict.fromkeys(("killed", "survived", "equivalent"), 0)
    for mutant in proof.mutants:
        counts[mutant.outcome] += 1
    return counts


def facts(proof: RouteProof) -> dict[str, Any]:
    """All that machines may want to know."""
    return {
        "rows": [row._asdict() for row in proof.rows],
        "cases": proof.cases,
        "mutants": [mutant._asdict() for mutant in proof.mutants],
        "facts": list(proof.facts),
    }


def key(files: Mapping[str, str], versions: str) -> str:
    """The same for the same configuration, rules and tools."""
    texts = [text for path, text in files.items() if path == ALERTMANAGER or path.startswith(RULES)]
    return sha256("\0".join((versions, *texts)).encode()).hexdigest()


def recall(output: str, wanted: str) -> RouteProof | None:
    """The proof of the last run, if that was of the same and found nothing wrong."""
    try:
        kept = json.loads(_place(output).read_text(encoding="utf-8"))
        if kept["key"] != wanted:
            return None
        return RouteProof(
            tuple(Row(**{name: _tuples(value) for name, value in row.items()}) for row in kept["rows"]),
            kept["cases"],
            (),
            tuple(Mutant(**mutant) for mutant in kept["mutants"]),
            tuple(kept["facts"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(output: str, wanted: str, proof: RouteProof) -> None:
    """Keep a proof that found nothing wrong. Raises OSError."""
    if not proof.problems:
        place = _place(output)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps({"key": wanted, **facts(proof)}), encoding="utf-8")


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _place(output: str) -> Path:
    return Path(output) / FOLDER / "routes.json"
