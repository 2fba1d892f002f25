from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from scraper import Scraped, State
from workload import series

from soak import Soak, judged

ONE = series("duckdb_sync_success_count", instance_id="soak")
CALM = State(memory=90 * 2**20, threads=4, files=12)


def ran(**changes: object) -> Soak:
    scrapes = [Scraped(0.01, CALM)] * 10
    return Soak(100, 10.0, scrapes, Counter({ONE: 3}), {ONE: 3.0}, CALM, CALM, [])._replace(**changes)  # type: ignore[arg-type]


def test_50_000_queries_are_counted_leak_nothing_and_miss_no_scrape() -> None:
    run = Path(__file__).with_name("soak.py")
    command = [sys.executable, str(run), "--queries", "50000", "--seconds", "240", "--interval", "0.5"]
    command += ["--prompt", "0.5"]  # beside other tests
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    queries = int(done.stdout.split()[1].replace(",", ""))
    assert queries >= 50_000
    print(done.stdout)


def test_a_calm_run_has_nothing_wrong() -> None:
    assert judged(ran(), 1.0)[1] == []


def test_what_is_wrong_is_told() -> None:
    late = [Scraped(0.01, CALM)] * 9 + [Scraped(float("nan"), CALM)]
    grown = [Scraped(0.01, CALM._replace(memory=CALM.memory + number * 2**22)) for number in range(10)]
    for changes, said in (
        ({"scrapes": late}, "1 scrapes were missed"),
        ({"scrapes": [Scraped(1.5, CALM)] * 10}, "10 scrapes were missed"),
        (
            {"scrapes": [Scraped(0.01, CALM)] * 98 + [Scraped(0.06, CALM)] * 2},
            "only 98.0% of the scrapes took at most 50",
        ),
        ({"scrapes": grown}, "resident memory grew by 24.0 MiB"),
        ({"found": {ONE: 2.0}}, "the workload counted 3, the scrape 2.0"),
        ({"found": {ONE: 3.0, series("duckdb_failed_connections"): 1.0}}, "the workload has not done it"),
        ({"after": CALM._replace(threads=5)}, "threads or files are left"),
        ({"after": CALM._replace(files=13)}, "threads or files are left"),
        ({"wrong": ["RuntimeError: x"]}, "RuntimeError: x"),
    ):
        (line,) = judged(ran(**changes), 1.0)[1]
        assert said in line
