"""Waivers: findings that do not count, where the spec says so and why. One that waives nothing is a problem itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from truegauge_spec.names import nearest
from truegauge_spec.positions import Path
from truegauge_spec.spec import Spec


class Finding(NamedTuple):
    """What a check found: in the system of that name, or for `""` in the stack, at a path."""

    system: str
    path: Path
    message: str
    code: str
    severity: str
    text: str = ""
    span: tuple[int, int] = (0, 0)
    """The characters of the value `text` that it is about, where that is an expression."""


Places = Mapping[Path, Mapping[str, str]]


def places(spec: Spec, system: str) -> Places:
    """Where waivers stand in a system, or in the stack, with their reasons by code."""
    if not system:
        return {(): spec.stack.waive}
    found = spec.systems[system]
    parts = [("metrics", name, metric.waive) for name, metric in found.metrics.items() if metric.waive]
    parts += [("alerts", name, alert.waive) for name, alert in found.alerts.items() if alert.waive]
    return {(): found.waive} | {(kind, name): waive for kind, name, waive in parts}


def apply(spec: Spec, findings: Iterable[Finding], codes: Iterable[str]) -> Iterator[Finding]:
    """The findings that are not waived, and one for each waiver that waives nothing or has an unknown code."""
    waivers = {system: places(spec, system) for system in (*spec.systems, "")}
    used: set[tuple[str, Path, str]] = set()
    for finding in findings:
        place = _waived(finding, waivers[finding.system])
        if place is None:
            yield finding
        else:
            used.add((finding.system, place, finding.code))
    known = set(codes)
    for system, parts in waivers.items():
        for place, reasons in parts.items():
            for code in reasons:
                path = (*place, "waive", code)
                if code not in known:
                    yield Finding(
                        system, path, f"no check is called {code!r}{nearest(code, known)}", "unknown_code", "error"
                    )
                elif (system, place, code) not in used:
                    yield Finding(
                        system, path, f"there is nothing that {code} finds here; remove it", "unused_waiver", "error"
                    )


def _waived(finding: Finding, parts: Places) -> Path | None:
    """The place of the waiver that covers the finding, the nearest first."""
    for place in (finding.path[:2], ()):
        if finding.code in parts.get(place, {}):
            return place
    return None
