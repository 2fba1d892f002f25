"""Scrapes an exporter from outside, as Prometheus does, and looks at its process: `scraper.py URL PID INTERVAL`.

Prints a line for each scrape, and ends with its standard input.
"""

from __future__ import annotations

import http.client
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

PAGE = os.sysconf("SC_PAGE_SIZE")


class State(NamedTuple):
    """What a process has in use; `memory` is resident, in bytes."""

    memory: int
    threads: int
    files: int


class Scraped(NamedTuple):
    """One scrape: how long it took, NaN when it failed, and the process after it."""

    seconds: float
    state: State


def state(process: int | str = "self") -> State:
    """What a process has in use now."""
    place = Path("/proc") / str(process)
    threads = re.search(r"^Threads:\s*(\d+)", (place / "status").read_text(), re.MULTILINE)
    assert threads is not None
    memory = int((place / "statm").read_text().split()[1]) * PAGE
    return State(memory, int(threads[1]), len(list((place / "fd").iterdir())))


def scrape(client: http.client.HTTPConnection) -> str:
    """The text of one scrape, over a connection that is kept."""
    client.request("GET", "/metrics", headers={"Accept-Encoding": "identity"})
    answer = client.getresponse()
    text = answer.read().decode()
    if answer.status != 200:
        raise http.client.HTTPException(text)
    return text


def printed(one: Scraped) -> str:
    """As a line; `read` reads it."""
    return " ".join(map(str, (one.seconds, *one.state)))


def read(line: str) -> Scraped:
    """From a line."""
    seconds, *state = line.split()
    return Scraped(float(seconds), State(*map(int, state)))


def client_of(url: str) -> http.client.HTTPConnection:
    """A connection to the server of a URL."""
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)


def _when_told(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def main(url: str, process: str, interval: float) -> None:
    """Scrape in each interval until standard input ends."""
    client, ended, due = client_of(url), threading.Event(), time.monotonic()
    threading.Thread(target=_when_told, args=(ended,), daemon=True).start()
    while not ended.wait(max(0.0, due - time.monotonic())):
        due += interval
        started = time.perf_counter()
        try:
            scrape(client)
            took = time.perf_counter() - started
        except (OSError, http.client.HTTPException):
            client.close()
            took = float("nan")
        print(printed(Scraped(took, state(process))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
