"""The application of the demo, a process of its own (`worker.py`): how it is started and told what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from shortened import Ports


class Fault(NamedTuple):
    """What makes an alert's condition true, and what ends it."""

    cause: str
    cure: str


FAULTS = {
    "HighQueryLatency": Fault("nothing but joins of all flights with themselves", "quick queries again"),
    "HighMemoryUsage": Fault("an in-memory copy of flights until the limit is near", "the copy is dropped"),
    "HighDiskUsage": Fault("copies of flights until the quota is near", "the copies are dropped; checkpoint"),
    "FailedSync": Fault("syncs to a server that is down", "the server is up"),
    "TransactionFailureRate": Fault("transactions with an error in them, committed all the same", "correct ones"),
    "ConnectionFailure": Fault("connections to a file that another process has locked", "that process ends"),
}


class Application:
    """The worker process; its first line tells how many rows it loaded."""

    def __init__(self, place: Path, ports: Ports) -> None:
        self.database = place / "app.duckdb"
        arguments = [str(self.database), str(ports.exporter), str(ports.sink)]
        worker = Path(__file__).with_name("worker.py")
        self._process = subprocess.Popen(
            [sys.executable, str(worker), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        if not first.strip().isdigit():
            raise SystemExit("demo: the application did not start")
        self.rows = int(first)

    def send(self, order: str, alert: str) -> None:
        """`cause` or `cure` an alert's fault."""
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
