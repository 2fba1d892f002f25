"""`make demo`: make each alert of the design true in a real DuckDB, and see it fire, arrive, be remedied and resolve.

Everything runs on loopback and ends with the demo. Thresholds are those of the spec; only waiting times are shorter.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from application import FAULTS, Application
from shortened import NOTE, shortened
from stack import Stack
from timeline import Timeline

from truegauge_generator.disk import write
from truegauge_generator.render import render
from truegauge_spec import load

ROOT = Path(__file__).parents[2]
LAST = list(FAULTS)[-1]
UNDONE = ("raise_memory_limit", "undone")
LIMIT = 280
"""Seconds after which the demo gives up."""


class Scene(NamedTuple):
    """What takes part; `remedies` has that of each alert."""

    stack: Stack
    application: Application
    timeline: Timeline
    remedies: dict[str, str | None]
    started: float


def main() -> int:
    """0 when every alert arrived, was remedied and resolved."""
    started = time.monotonic()
    with TemporaryDirectory(prefix="truegauge-demo-") as folder:
        place = Path(folder)
        with Stack(place) as stack:
            spec = shortened(load(ROOT / "spec"), stack.ports)
            files = render(spec)
            write(files, files, folder)
            print(f"demo: {NOTE}")
            with Application(place, stack.ports, stack.remedies_token) as application:
                print(f"demo: {application.rows:,} flights in {application.database.name}, working on them")
                stack.start()
                _until(stack.scraped, started, "Prometheus has scraped the exporter")
                remedies = {name: alert.remedy for name, alert in spec.systems["duckdb"].alerts.items()}
                return _watch(Scene(stack, application, Timeline(started), remedies, started))


def _watch(scene: Scene) -> int:
    """Cause one fault after the other, and follow each to its remedy; nothing else cures it."""
    timeline = scene.timeline
    for alert, fault in FAULTS.items():
        if alert == LAST:
            _follow(scene, lambda: set(timeline.open(FAULTS)) == {LAST})
        timeline.note(alert, "cause", fault.cause)
        scene.application.send("cause", alert)
        _follow(scene, partial(timeline.has, alert, "webhook", "remedy"))
    _follow(scene, lambda: not timeline.open(FAULTS) and UNDONE in scene.stack.outcomes())
    timeline.end()
    missing = [f"{alert} did not get to {step!r}" for alert, step in timeline.open(FAULTS).items()]
    if UNDONE not in scene.stack.outcomes():
        missing.append("the memory limit was not set back when its alert resolved")
    for what in missing:
        print(f"demo: {what}", file=sys.stderr)
    if missing:
        print(scene.stack.logs(), file=sys.stderr)
        return 1
    timeline.table(FAULTS)
    seconds = time.monotonic() - scene.started
    print(f"demo: {len(FAULTS)} alerts received by the webhook, remedied and resolved, in {seconds:.0f} s")
    return 0


def _follow(scene: Scene, until: Callable[[], bool]) -> None:
    """Note what happens until something has happened, or time is up."""
    timeline = scene.timeline
    while not until() and time.monotonic() - scene.started < LIMIT:
        for alert, state in scene.stack.alerts().items():
            timeline.note(alert, state)
        outcomes = scene.stack.outcomes()
        for alert, fault in FAULTS.items():
            remedy = str(scene.remedies[alert])
            if timeline.has(alert, "cause") and (remedy, "done") in outcomes:
                timeline.note(alert, "remedy", f"{remedy}: {fault.remedy}")
        for alert, status, receiver in scene.stack.received():
            timeline.note(alert, "webhook" if status == "firing" else "resolved", f"at {receiver!r}")
            if status == "resolved" and timeline.has(alert, "cause", "resolved"):
                scene.application.send("end", alert)
        timeline.show()
        time.sleep(0.1)


def _until(ready: Callable[[], bool], started: float, what: str) -> None:
    while not ready():
        if time.monotonic() - started > LIMIT / 4:
            raise SystemExit(f"demo: gave up waiting until {what}")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
