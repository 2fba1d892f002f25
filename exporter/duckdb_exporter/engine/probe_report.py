"""What is said of probes: metric families on `/metrics`, and JSON on `/probes`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from ..exposition import Family, printed
from ..http1 import Answer
from ..server import READ, Page
from .probes import Probe

Known = Iterable[tuple[str, Probe]]  # with the instance_id of each


def families(system: str, instance_label: str, probes: Known) -> bytes:
    """Whether each probe's last run went well, how long it took, and why a disabled one is."""
    up, seconds, disabled = {}, {}, {}
    for instance_id, probe in probes:
        run = probe.last
        if run is None:
            continue
        instance = ((instance_label, instance_id),) if instance_label else ()
        labels = (*instance, ("probe", probe.metric.name))
        up[labels] = 0.0 if run.reason else 1.0
        seconds[labels] = run.seconds
        if probe.disabled:
            disabled[*labels, ("reason", run.reason)] = 1.0
    shown = (
        ("up", "1 when the last run of the probe went well, else 0", up),
        ("seconds", "Time that the last run of the probe took", seconds),
        ("disabled", "1 for a probe that failed too often, with the reason of its last failure", disabled),
    )
    return "".join(
        printed(Family(f"{system}_exporter_probe_{name}", "gauge", help_, samples.items()))
        for name, help_, samples in shown
    ).encode()


def pages(probes: Callable[[], Known]) -> dict[str, Page]:
    """The probes in JSON, without and with their text."""
    return {
        "/probes": Page(READ, lambda _: _page(probes(), with_sql=False)),
        "/probes/sql": Page(READ, lambda _: _page(probes(), with_sql=True)),
    }


def _page(probes: Known, *, with_sql: bool) -> Answer:
    found = [_shown(instance_id, probe, with_sql) for instance_id, probe in probes]
    return Answer(200, json.dumps({"probes": found}, indent=2).encode() + b"\n", "application/json")


def _shown(instance_id: str, probe: Probe, with_sql: bool) -> dict[str, Any]:
    metric, run, now = probe.metric, probe.last, perf_counter()
    sql = metric.sql or ""
    return {
        "probe": metric.name,
        "instance_id": instance_id,
        "state": probe.state,
        "reason": run.reason if run else "",
        "message": run.message if run else "",
        "ran_before": round(now - run.ended, 3) if run else None,
        "seconds": round(run.seconds, 6) if run else None,
        "rows": run.rows if run else None,
        "next_run_in": round(max(0.0, probe.due - now), 3),
        "every": metric.every,
        "timeout": metric.timeout,
        "most_rows": metric.rows,
        "sql_sha256": hashlib.sha256(sql.encode()).hexdigest(),
        **({"sql": sql, "details": run.details if run else ""} if with_sql else {}),
    }
