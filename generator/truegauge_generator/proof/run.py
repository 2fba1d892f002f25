"""Units in promtool: many in each process, a process on each core, and each unit once for the same content."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from xml.etree import ElementTree

from truegauge_generator.promtool import tested
from truegauge_generator.proof.jobs import Job
from truegauge_generator.tools import Run

BATCH = 50
"""Units in one process: enough to forget the start of promtool, few enough to show progress and fill all cores."""


class Verdict(NamedTuple):
    """What promtool made of a unit: how many of its tests ran, which failed and why, or why it could not say."""

    ran: int
    failed: tuple[tuple[str, str], ...]
    error: str = ""


def verdicts(
    promtool: str, jobs: Sequence[Job], known: dict[str, Verdict], done: Callable[[int], object]
) -> list[Verdict]:
    """A verdict for each job, from what is known of its content or from promtool; `done` is told how many came in."""
    fresh = list({one.key: one for one in jobs if one.key not in known}.values())
    done(len(jobs) - len(fresh))
    size = max(1, min(BATCH, -(-len(fresh) // cores())))
    batches = [fresh[start : start + size] for start in range(0, len(fresh), size)]
    with ThreadPoolExecutor(cores()) as pool:
        for batch, found in zip(batches, pool.map(lambda batch: _run(promtool, batch), batches), strict=True):
            known.update(zip((one.key for one in batch), found, strict=True))
            done(len(batch))
    return [known[one.key] for one in jobs]


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _run(promtool: str, batch: Sequence[Job]) -> list[Verdict]:
    with TemporaryDirectory(prefix="truegauge-") as place:
        folder = Path(place)
        for number, one in enumerate(batch):
            names = [f"r{number}-{part}.yml" for part in range(len(one.rules))]
            for name, text in zip(names, one.rules, strict=True):
                (folder / name).write_text(text, encoding="utf-8")
            (folder / f"t{number}.yml").write_text(one.head(names), encoding="utf-8")
        tests = [str(folder / f"t{number}.yml") for number in range(len(batch))]
        said, reports = tested(promtool, tests, beside_others=True)
    return [_verdict(one, number, reports.get(f"t{number}.yml"), said) for number, one in enumerate(batch)]


def _verdict(one: Job, number: int, suite: ElementTree.Element | None, said: Run) -> Verdict:
    if suite is None:
        why = said.complaints[-1] if said.complaints else f"exit code {said.code}"
        return Verdict(0, (), f"promtool did not run it: {why}")
    cases = list(suite.iter("testcase"))
    for fault in suite.iter("error"):
        return Verdict(0, (), _line(fault.text or "an error without a word"))
    failed = [(case.get("name", ""), _line(failure.text or "")) for case in cases for failure in case.iter("failure")]
    refused = re.compile(rf"\S*\br{number}-\d+\.yml: ")
    for _, text in failed:
        if match := refused.match(text):
            return Verdict(0, (), f"promtool refuses the rule: {text[match.end() :]}")
    if len(cases) != one.tests:
        return Verdict(len(cases), (), f"promtool ran {len(cases)} of {one.tests} tests")
    return Verdict(len(cases), tuple(failed))


def _line(text: str) -> str:
    return " ".join(text.split())
