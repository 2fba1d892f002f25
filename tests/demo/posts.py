"""An exporter with remedies, and posts to it as Alertmanager sends them."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from duckdb_exporter.declare import Remedies

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab

TOKEN = "0123456789abcdef-remedies"
MIB = 1024**2
ALERTS = {
    "HighQueryLatency": "raise_memory_limit",
    "HighMemoryUsage": "flush_allocator",
    "LargeWriteAheadLog": "checkpoint",
    "FailedSync": "retry_sync",
}
DECLARED = Remedies(tuple(ALERTS.items()), cooldown=60.0, largest_memory_limit=512 * MIB, free_disk=0)
NEVER = "0001-01-01T00:00:00Z"


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


class Site:
    """A database that is measured under the name mt5-1, and a way to post to its exporter."""

    def __init__(self, make_lab: Callable[..., Lab], place: Path, declared: Remedies = DECLARED) -> None:
        self.token_file = place / "token"
        self.token_file.write_text(TOKEN)
        self.lab = make_lab(remedies=declared)
        self.database = place / "x.duckdb"
        self.con = self.lab.connect(self.database, instance_id="mt5-1", listen=False, memory_limit="256MiB")
        self.server = self.lab.exporter.serve(remedies_token_file=self.token_file, scraped_as="db:9187")
        self.lab.until(lambda scrape: scrape("duckdb_memory_limit_bytes", instance_id="mt5-1") == 256 * MIB)

    def send(self, body: bytes, authorization: str = f"Bearer {TOKEN}") -> tuple[int, bytes]:
        client = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        client.request("POST", "/remedies", body, {"Authorization": authorization} if authorization else {})
        answer = client.getresponse()
        status, content = answer.status, answer.read()
        client.close()
        return status, content

    def post(self, *alerts: dict[str, Any]) -> list[dict[str, Any]]:
        status, content = self.send(json.dumps({"version": "4", "status": "firing", "alerts": alerts}).encode())
        assert status == 200, content
        entries: list[dict[str, Any]] = json.loads(content)
        return entries

    def limit(self) -> str:
        return str(self.con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0])

    def count(self, remedy: str, outcome: str) -> float | None:
        return self.lab.value("duckdb_remedy_count", remedy=remedy, outcome=outcome)

    def refused(self, reason: str) -> float | None:
        return self.lab.value("duckdb_remedy_refused_count", reason=reason)


def alert(
    name: str = "HighQueryLatency", *, status: str = "firing", started: str = "", ended: str = NEVER, **labels: str
) -> dict[str, Any]:
    usual = {"alertname": name, "instance": "db:9187", "severity": "critical", "remedy": ALERTS.get(name, "none")}
    return {
        "status": status,
        "labels": {**usual, **({"instance_id": "mt5-1"} if name != "HighQueryLatency" else {}), **labels},
        "annotations": {},
        "startsAt": started or ago(5),
        "endsAt": ended,
        "generatorURL": "",
        "fingerprint": "0",
    }


@contextmanager
def stalled(site: Site) -> Iterator[None]:
    """A FORCE CHECKPOINT behind an older reader lets no new statement start."""
    site.con.execute("CREATE TABLE t AS FROM range(1000)")
    reader, checkpointer = site.con.cursor(), site.con.cursor()
    reader.begin().execute("SELECT range FROM t LIMIT 1").fetchall()
    site.con.execute("DROP TABLE t")
    stall = threading.Thread(target=checkpointer.execute, args=("FORCE CHECKPOINT",))
    stall.start()
    try:
        site.lab.until(lambda scrape: scrape("duckdb_up", instance_id="mt5-1") == 0)
        yield
    finally:
        reader.commit()
        stall.join(10)
