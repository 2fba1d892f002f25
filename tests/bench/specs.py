"""The spec that is measured: as many metrics as alerts, the kinds of condition in the proportions of spec/duckdb.yaml.

`python specs.py NUMBER FOLDER [json]` writes FOLDER/spec/*.yaml, and the same system as FOLDER/system.json for jsonnet.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import yaml

STACK = """\
stack: bench
docs_url: https://git.example.com/monitoring/blob/main/rendered/docs
prometheus: {scrape_interval: 1s, evaluation_interval: 1s, alertmanagers: [127.0.0.1:9093]}
alertmanager:
  receivers: {notify: {webhook: {url: http://127.0.0.1:9095/notify}}}
  route: {receiver: notify}
grafana: {url: http://127.0.0.1:3000}
"""

# Nine metrics about one stage of a service: a histogram, five gauges by query, three counters.
METRICS = """\
  {stage}_request_latency_seconds:
    type: histogram
    unit: s
    help: Time from a request's arrival at {stage} to the last byte of its answer
    labels: {{method: [read, write]}}
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]
    measure: app
  {stage}_memory_used_bytes:
    type: gauge
    unit: bytes
    help: Memory that {stage} holds, its caches included
    labels: {{pool: [heap, cache]}}
    measure: {{sql: "SELECT pool, sum(bytes) FROM {stage}_memory GROUP BY pool"}}
  {stage}_memory_cached_bytes:
    type: gauge
    unit: bytes
    help: Memory of {stage} that could be given back
    labels: {{pool: [heap, cache]}}
    measure: {{sql: "SELECT pool, sum(cached) FROM {stage}_memory GROUP BY pool"}}
  {stage}_memory_limit_bytes:
    type: gauge
    unit: bytes
    help: Memory that {stage} may hold
    labels: {{pool: [heap, cache]}}
    measure: {{sql: "SELECT pool, max(bytes) FROM {stage}_limits GROUP BY pool"}}
  {stage}_done_total:
    type: counter
    unit: jobs
    help: Jobs that {stage} finished
    labels: {{queue: [fast, bulk]}}
    measure: app
  {stage}_failed_total:
    type: counter
    unit: jobs
    help: Jobs that {stage} gave up
    labels: {{queue: [fast, bulk]}}
    measure: app
  {stage}_retried_total:
    type: counter
    unit: jobs
    help: Jobs that {stage} put back into their queue
    labels: {{queue: [fast, bulk]}}
    measure: app
  {stage}_queue_length:
    type: gauge
    unit: jobs
    help: Jobs that wait for {stage}
    labels: {{queue: [fast, bulk]}}
    measure: {{sql: "SELECT queue, count(*) FROM {stage}_jobs GROUP BY queue"}}
  {stage}_oldest_job_seconds:
    type: gauge
    unit: s
    help: Age of the job that waits longest for {stage}
    labels: {{queue: [fast, bulk]}}
    measure: {{sql: "SELECT queue, max(age) FROM {stage}_jobs GROUP BY queue"}}
"""

# Name, condition, severity, summary, runbook; {n} and {p} make every threshold another one.
ALERTS = (
    (
        "SlowRequests",
        "{{metric: {stage}_request_latency_seconds, quantile: 0.95, over: 1m, above: {n}ms}}",
        "warning",
        "Requests to {stage} on {{{{ $labels.instance }}}} are slow",
        "1. See on the dashboard which method became slow.\n      2. Compare with the load before you add workers.",
    ),
    (
        "MemoryUsed",
        "{{metric: {stage}_memory_used_bytes, limit: {stage}_memory_limit_bytes, above: {p}%}}",
        "critical",
        "{stage} on {{{{ $labels.instance }}}} is near its memory limit",
        "1. Find the pool that grew, and end its largest job.",
    ),
    (
        "MemoryCached",
        "{{metric: {stage}_memory_cached_bytes, limit: {stage}_memory_limit_bytes, above: {p}%}}",
        "info",
        "{stage} on {{{{ $labels.instance }}}} caches more than it uses",
        "1. Make the cache of this pool smaller.",
    ),
    (
        "JobsFailed",
        "{{metric: {stage}_failed_total, increase_over: 10m, above: {n}}}",
        "critical",
        "Jobs of {stage} keep failing in the queue {{{{ $labels.queue }}}}",
        "1. Read the log of the last job that failed.\n      2. Put the jobs back when their cause is gone.",
    ),
    (
        "JobsRetried",
        "{{metric: {stage}_retried_total, increase_over: 5m, above: {n}}}",
        "warning",
        "Jobs of {stage} are tried again and again",
        "1. See whether the service behind {stage} answers.",
    ),
    (
        "FailureRate",
        "{{metric: {stage}_failed_total, share_of: [{stage}_done_total, {stage}_failed_total], over: 5m, above: {p}%}}",
        "critical",
        "Too many jobs of {stage} on {{{{ $labels.instance }}}} fail",
        "1. Stop the queue.\n      2. Undo the last release of {stage}, then start it again.",
    ),
    (
        "QueueLong",
        "{{metric: {stage}_queue_length, above: {n}}}",
        "warning",
        "{{{{ $value }}}} jobs wait for {stage}",
        "1. Add a worker to the queue, or take the bulk jobs out of it.",
    ),
    (
        "QueueEmpty",
        "{{metric: {stage}_queue_length, below: {n}}}",
        "info",
        "{stage} on {{{{ $labels.instance }}}} has too little to do",
        "1. Check that the stage before it still sends jobs.",
    ),
    (
        "JobsWait",
        "{{metric: {stage}_oldest_job_seconds, above: {n}s}}",
        "critical",
        "A job waits too long for {stage}",
        "1. Look for a worker that hangs.\n      2. End it; its job goes back into the queue.",
    ),
)
ALERT = """\
  {stage}_{name}:
    when: {when}
    for: 30s
    severity: {severity}
    group: {stage}
    summary: "{summary}"
    runbook: |
      {runbook}
    labels: {{team: storage}}
"""
PANELS = 20
ENTRY = re.compile(r"^(?=  \S)", re.MULTILINE)
"""Where an entry of a mapping begins."""


def system(number: int) -> str:
    """One system with `number` metrics and as many alerts, whose dashboard is of the same size for any number."""
    assert number % 9 < 2, "only the first alert of a stage can do with its first metric alone, as in 100 and 10,000"
    stages = [f"stage{index:05}" for index in range(-(-number // 9))]
    metrics = [entry for stage in stages for entry in ENTRY.split(METRICS.format(stage=stage))[1:]][:number]
    alerts = [alert for index, stage in enumerate(stages) for alert in _alerts(index, stage)][:number]
    panels = [f"        - {{metric: {entry.split(':')[0].strip()}}}\n" for entry in metrics[:PANELS]]
    head = "system: bench\nsummary: A pipeline of many stages\nowner: bench\nscrape: {targets: [127.0.0.1:9187]}\n"
    board = "dashboard:\n  rows:\n    - title: First stages\n      panels:\n" + "".join(panels)
    return f"{head}metrics:\n{''.join(metrics)}alerts:\n{''.join(alerts)}{board}"


def _alerts(index: int, stage: str) -> list[str]:
    words = {"stage": stage, "n": 10 + index % 4000, "p": f"{10 + index % 800 / 10:g}"}
    return [
        ALERT.format(
            stage=stage,
            name=name,
            when=when.format(**words),
            severity=severity,
            summary=summary.format(**words),
            runbook=runbook.format(**words),
        )
        for name, when, severity, summary, runbook in ALERTS
    ]


def write(number: int, folder: Path, json_too: bool) -> None:
    """Write the spec of `number` metrics and alerts as YAML, and its system as JSON."""
    (folder / "spec").mkdir(parents=True)
    text = system(number)
    (folder / "spec" / "bench.yaml").write_text(text, encoding="utf-8")
    (folder / "spec" / "stack.yaml").write_text(STACK, encoding="utf-8")
    if json_too:
        value = yaml.load(text, Loader=yaml.CSafeLoader)
        (folder / "system.json").write_text(json.dumps(value), encoding="utf-8")


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]), json_too="json" in sys.argv)
