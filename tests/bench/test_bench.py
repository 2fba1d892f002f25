from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROWS = (
    "19 metrics and alerts: YAML to all files",
    "promtool check rules",
    "render / promtool",
    "yaml.safe_load and Jinja2",
    "CSafeLoader and Jinja2",
    "from JSON, rjsonnet",
    "from JSON, gojsonnet",
    "19 expressions typed",
    "37 / 19",
    "10 metrics and alerts: YAML to all files",
    "render with nothing changed",
    "truegauge --help",
    "mutants, wall",
    "a mutant in a batch",
    "10 alerts: their cases",
    "a measured connection adds",
    "measured / OpenTelemetry",
    "to each fetchone",
    "text of 200 lines, CPU time",
    "lines scraped 4 times a second",
    "bare / measured, polled and scraped",
    "a poll of an idle database",
    "to its first good scrape",
)


def test_every_figure_is_measured_and_printed() -> None:
    run = Path(__file__).with_name("run.py")
    done = subprocess.run([sys.executable, run, "--quick"], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    missing = [row for row in ROWS if row not in done.stdout]
    assert not missing, done.stdout
