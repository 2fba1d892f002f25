"""Remedies: that what an exporter may do has bounds that it can keep, and is asked for safely."""

from __future__ import annotations

import re
from collections.abc import Iterator

from truegauge_spec.positions import Path
from truegauge_spec.spec import Spec
from truegauge_spec.system import System

PLACE: Path = ("exporter", "remedies")
_IN_CLEAR = re.compile(r"http://(?!(?:127\.[0-9.]+|localhost)[:/])")


def remedies(_: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """An exporter has remedies where an alert asks for one, within bounds that leave it something to do."""
    settings = system.exporter.remedies
    if settings is None:
        return
    asked = {alert.remedy for alert in system.alerts.values() if alert.remedy}
    if not asked:
        yield PLACE, "no alert has a `remedy`"
    if not system.measures_duckdb:
        yield PLACE, "nothing of this system is measured in DuckDB; only an exporter of DuckDB has remedies"
    if "raise_memory_limit" in asked and settings.largest_memory_limit is None:
        yield PLACE, "an alert has the remedy raise_memory_limit: say how far, `largest_memory_limit: 4GiB`"
    usual, largest = system.exporter.memory_limit, settings.largest_memory_limit
    if usual is not None and largest is not None and largest <= usual:
        yield (*PLACE, "largest_memory_limit"), f"it is not above the memory_limit, {usual} bytes"


def token_in_clear(spec: Spec) -> Iterator[tuple[Path, str]]:
    """The token that lets remedies be asked for crosses no network in clear."""
    if spec.stack.alertmanager is None:
        return
    for name, post in spec.stack.alertmanager.remedies.items():
        if _IN_CLEAR.match(post.url):
            yield ("alertmanager", "remedies", name, "url"), "the token would cross the network in clear; use https"


SYSTEM_CHECKS = (remedies,)
STACK_CHECKS = (token_in_clear,)
