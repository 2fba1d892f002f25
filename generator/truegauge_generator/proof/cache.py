"""What promtool said of which content, kept in the output folder's cache: the same is not asked twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from truegauge_generator.proof.run import Verdict
from truegauge_generator.stamp import FOLDER


def recall(output: str, version: str) -> dict[str, Verdict]:
    """The verdicts of the last run with the same version of the tool; none where there is a doubt."""
    try:
        kept = json.loads(_place(output).read_text(encoding="utf-8"))
        if kept["version"] != version:
            return {}
        return {
            key: Verdict(ran, tuple((name, text) for name, text in failed), error)
            for key, (ran, failed, error) in kept["verdicts"].items()
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def remember(output: str, version: str, verdicts: Mapping[str, Verdict], used: Iterable[str]) -> None:
    """Keep the verdicts that this run has used, and no older ones. Raises OSError."""
    place = _place(output)
    place.parent.mkdir(parents=True, exist_ok=True)
    (place.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    kept = {"version": version, "verdicts": {key: verdicts[key] for key in sorted(set(used)) if key in verdicts}}
    beside = place.with_suffix(".new")
    beside.write_text(json.dumps(kept), encoding="utf-8")
    beside.replace(place)


def _place(output: str) -> Path:
    return Path(output) / FOLDER / "prove.json"
