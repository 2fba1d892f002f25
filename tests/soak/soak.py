"""Soak: a mixed workload, scraped each second; what was counted, and what memory, threads and files became of it.

Ends with 1 when a scrape is missed, too many are slow, a count differs from the workload's own, or something leaks.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from math import isnan
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple

from scraper import Scraped, State, client_of, read, scrape, state
from workload import THREADS, Series, Worker, prepared, series

import duckdb_exporter

GOAL = 0.05
"""Seconds; how slow a scrape may be. Missed is one that fails, or takes longer than it is to the next."""
PROMPT = 0.99
"""Share of the scrapes that must be no slower: the workload's threads and the scrape share Python's lock."""
GROWTH = 16 * 1024**2
"""Bytes of resident memory that a run may gain after its first fifth: DuckDB's and Python's pools move that much."""
COUNTS = (
    "_latency_ms_count", "_success_count", "_failure_count", "_query_count", "_transaction_count", "_attempts",
    "_rows_returned_total", "_errors_total", "_connections",
)  # fmt: skip
"""How the names of series end that count what the application does."""
SCRAPER = Path(__file__).with_name("scraper.py")


def samples(text: str) -> Iterator[tuple[Series, float]]:
    """Every sample of a scrape."""
    for line in text.splitlines():
        if match := re.fullmatch(r"([^{# ]+)(?:\{(.*)\})? (\S+)", line):
            yield series(match[1], **dict(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))), float(match[3])


class Soak(NamedTuple):
    """What a run found: the process before and after the workload, and what both sides counted."""

    queries: int
    seconds: float
    scrapes: list[Scraped]
    expected: Counter[Series]
    found: dict[Series, float]
    before: State
    after: State
    wrong: list[str]


def soak(folder: Path, seconds: float, queries: int, interval: float) -> Soak:
    """Run the workload and the scraper side by side."""
    con, expected = prepared(folder)
    done, url = threading.Event(), duckdb_exporter.serve().url
    scraped_once(url)
    workers = [Worker(con, number, done, -(-queries // THREADS)) for number in range(THREADS)]
    before = _settled(state())
    with subprocess.Popen(
        [sys.executable, SCRAPER, url, str(os.getpid()), str(interval)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as scraper:
        started = time.monotonic()
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers) and time.monotonic() - started < seconds:
            time.sleep(0.05)
        done.set()
        for worker in workers:
            worker.join()
            expected += worker.counts
        took = time.monotonic() - started
        said, _ = scraper.communicate()
    found = dict(samples(scraped_once(url)))
    after = _settled(before)
    con.close()
    duckdb_exporter.close()
    wrong = [line for worker in workers for line in worker.wrong]
    scrapes = [read(line) for line in said.splitlines()]
    return Soak(sum(worker.queries for worker in workers), took, scrapes, expected, found, before, after, wrong)


def scraped_once(url: str) -> str:
    """The text of a scrape over a connection of its own."""
    client = client_of(url)
    try:
        return scrape(client)
    finally:
        client.close()


def _settled(before: State) -> State:
    """The process once the threads of scrapers' connections have seen their end."""
    for _ in range(50):
        time.sleep(0.1)
        now = state()
        if now.threads <= before.threads and now.files <= before.files:
            return now
    return state()


def judged(result: Soak, interval: float, prompt: float = PROMPT) -> tuple[list[str], list[str]]:
    """The table, and what is wrong."""
    lines, wrong = [], list(result.wrong)
    times = [one.seconds for one in result.scrapes if not isnan(one.seconds)]
    missed = sum(not one.seconds <= interval for one in result.scrapes)  # NaN is none
    early = result.scrapes[len(result.scrapes) // 5 : 2 * len(result.scrapes) // 5] or result.scrapes
    late = result.scrapes[-len(early) :]
    memory = [int(median(one.state.memory for one in some)) for some in (early, late)]
    before, after, most = result.before, result.after, max(one.state.threads for one in result.scrapes)
    within = sum(one <= GOAL for one in times) / len(result.scrapes)
    lines += [
        f"{'queries':<44} {result.queries:>12,} in {result.seconds:.0f} s",
        f"{'scrapes':<44} {len(result.scrapes):>12,} missed {missed}",
        f"{'scrape, median / 99th percentile / slowest':<44} {_times(times)}",
        f"{f'scrapes within {GOAL * 1000:.0f} ms':<44} {within:>12.2%}",
        f"{'resident memory, early and late median':<44} {memory[0] / 2**20:>12.1f} {memory[1] / 2**20:.1f} MiB",
        f"{'threads, before / most / after':<44} {before.threads:>12} {most} {after.threads}",
        f"{'open files, before / after':<44} {before.files:>12} {after.files}",
        "",
        f"{'series':<64} {'workload':>12} {'scraped':>12}",
    ]
    for one, count in sorted(result.expected.items()):
        name = f"{one[0]}{{{','.join(f'{label}={value}' for label, value in one[1])}}}"
        lines.append(f"{name:<64} {count:>12,} {result.found.get(one, float('nan')):>12,.0f}")
        if result.found.get(one) != count:
            wrong.append(f"{name}: the workload counted {count}, the scrape {result.found.get(one)}")
    others = {one for one, value in result.found.items() if _counts(one) and value} - set(result.expected)
    wrong += [f"{one}: the workload has not done it" for one in sorted(others)]
    if missed:
        wrong.append(f"{missed} scrapes were missed")
    if within + missed / len(result.scrapes) < prompt:  # a missed one is told of already
        wrong.append(f"only {within:.1%} of the scrapes took at most {GOAL * 1000:.0f} ms")
    if memory[1] - memory[0] > GROWTH:
        wrong.append(f"resident memory grew by {(memory[1] - memory[0]) / 2**20:.1f} MiB")
    if after.threads > before.threads or after.files > before.files:
        wrong.append(f"threads or files are left: {before} became {after}")
    return lines, wrong


def _counts(one: Series) -> bool:
    return one[0] != "duckdb_active_connections" and one[0].endswith(COUNTS)


def _times(times: list[float]) -> str:
    ninety_ninth = quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0]
    return " / ".join(f"{one * 1000:.1f}" for one in (median(times), ninety_ninth, max(times))) + " ms"


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (%(default)s)")
    parser.add_argument("--queries", type=int, default=10**9, help="end after so many (no limit)")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between two scrapes (%(default)s)")
    parser.add_argument(
        "--prompt", type=float, default=PROMPT, help=f"share of scrapes within {GOAL * 1000:.0f} ms (%(default)s)"
    )
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        result = soak(Path(folder), options.seconds, options.queries, options.interval)
    lines, wrong = judged(result, options.interval, options.prompt)
    print("\n".join(lines))
    for line in wrong:
        print(f"soak: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
