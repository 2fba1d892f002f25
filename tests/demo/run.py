"""`make demo`: make each alert of the design true in a real DuckDB, and see it fire, arrive and resolve.

Everything runs on loopback and ends with the demo. Thresholds are those of the spec; only waiting times are shorter.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from application import FAULTS, Application
from shortened import NOTE, shortened
from stack import Stack
from timeline import Timeline

from truegauge_generator.disk import write
from truegauge_generator.render import render
from truegauge_spec import load

ROOT = Path(__file__).parents[2]
LIMIT = 280
"""Seconds after which the demo gives up."""


def main() -> int:
    """0 when every alert arrived and resolved."""
    started = time.monotonic()
    with TemporaryDirectory(prefix="truegauge-demo-") as folder:
        place = Path(folder)
        with Stack(place) as stack:
            files = render(shortened(load(ROOT / "spec"), stack.ports))
            write(files, files, folder)
            print(f"demo: {NOTE}")
            with Application(place, stack.ports) as application:
                print(f"demo: {application.rows:,} flights in {application.database.name}, working on them")
                stack.start()
                timeline = Timeline(started)
                _until(stack.scraped, started, "Prometheus has scraped the exporter")
                return _watch(stack, application, timeline, started)


def _watch(stack: Stack, application: Application, timeline: Timeline, started: float) -> int:
    """Cause one fault after the other, cure each when its alert has arrived, and wait until all have resolved."""
    for alert, fault in FAULTS.items():
        timeline.note(alert, "cause", fault.cause)
        application.send("cause", alert)
        while not timeline.has(alert, "webhook") and time.monotonic() - started < LIMIT:
            _follow(stack, timeline)
        timeline.note(alert, "cure", fault.cure)
        application.send("cure", alert)
    while timeline.open(FAULTS) and time.monotonic() - started < LIMIT:
        _follow(stack, timeline)
    timeline.end()
    missing = timeline.open(FAULTS)
    for alert, step in missing.items():
        print(f"demo: {alert} did not get to {step!r}", file=sys.stderr)
    if missing:
        print(stack.logs(), file=sys.stderr)
        return 1
    timeline.table(FAULTS)
    print(f"demo: {len(FAULTS)} alerts received by the webhook and resolved, in {time.monotonic() - started:.0f} s")
    return 0


def _follow(stack: Stack, timeline: Timeline) -> None:
    for alert, state in stack.alerts().items():
        timeline.note(alert, state)
    for alert, status, receiver in stack.received():
        timeline.note(alert, "webhook" if status == "firing" else "resolved", f"at {receiver!r}")
    timeline.show()
    time.sleep(0.1)


def _until(ready: Callable[[], bool], started: float, what: str) -> None:
    while not ready():
        if time.monotonic() - started > LIMIT / 4:
            raise SystemExit(f"demo: gave up waiting until {what}")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
