"""The application of the demo, a process of its own (`worker.py`): how it is started and told what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from shortened import Ports


class Fault(NamedTuple):
    """What makes an alert's condition true, and what its remedy does about it."""

    cause: str
    remedy: str


# The last one has the machine for itself: it is a matter of speed.
FAULTS = {
    "FailedSync": Fault("syncs to a server that is down", "the rows that wait go to the other server"),
    "TransactionFailureRate": Fault("a forgotten transaction that others conflict with", "it is rolled back"),
    "ConnectionFailure": Fault("connections with other settings than the open ones", "connect with the same settings"),
    "HighDiskUsage": Fault("copies of flights until the quota is near", "the copies are dropped; checkpoint"),
    "HighMemoryUsage": Fault(
        "an in-memory cache until the limit is near", "the cache is dropped, and pages given back"
    ),
    "HighQueryLatency": Fault("reads of more than the memory limit holds", "the limit is raised until it is over"),
}


class Application:
    """The worker process; its first line tells how many rows it loaded."""

    def __init__(self, place: Path, ports: Ports, remedies_token: Path) -> None:
        self.database = place / "app.duckdb"
        arguments = [str(self.database), str(ports.exporter), str(ports.sink), str(remedies_token)]
        worker = Path(__file__).with_name("worker.py")
        self._process = subprocess.Popen(
            [sys.executable, str(worker), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(place / "exporter")},  # the exporter that was rendered here
        )
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        if not first.strip().isdigit():
            raise SystemExit("demo: the application did not start")
        self.rows = int(first)

    def send(self, order: str, alert: str) -> None:
        """`cause` an alert's fault, or `end` it when it was remedied."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order} {alert}\n")
        self._process.stdin.flush()

    def __enter__(self) -> Application:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
