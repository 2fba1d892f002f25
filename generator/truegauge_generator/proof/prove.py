"""Rule files against their tests, and then every wrong rule against the tests that it ought to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from truegauge_generator.proof import coverage
from truegauge_generator.proof.hunt import Outcome, hunt
from truegauge_generator.proof.jobs import Press
from truegauge_generator.proof.run import Verdict, verdicts
from truegauge_generator.proof.suite import Rule, Suite, Test, Unit


class Case(NamedTuple):
    """A test that ran; `said` is what promtool said against it, and empty where it passed."""

    test: Test
    said: str


class Proof(NamedTuple):
    """What was shown of a suite."""

    cases: tuple[Case, ...]
    outcomes: tuple[Outcome, ...]
    items: tuple[coverage.Item, ...]
    used: frozenset[str]
    """The content of every unit that was run, or known from before."""


Progress = Callable[[str, int, int], object]
"""Told what goes on, how much of it is done, and of how much."""


def prove(suite: Suite, promtool: str, known: dict[str, Verdict], show: Progress) -> Proof:
    """Run all tests, then all mutants against those that passed. `known` is what promtool said before, and grows."""
    used: set[str] = set()
    run = partial(_run, promtool, known, used, show)
    presses = [Press(unit, suite) for unit in suite.units]
    answers = run("tests", presses, [None] * len(presses))
    cases = tuple(case for unit, verdict in zip(suite.units, answers, strict=True) for case in _cases(unit, verdict))
    sound = [
        unit
        for unit, verdict in zip(suite.units, answers, strict=True)
        if not verdict.failed and not verdict.error and unit.path not in suite.idle
    ]
    outcomes = hunt(suite, sound, partial(run, "mutants"))
    return Proof(cases, tuple(outcomes), tuple(coverage.items(suite, outcomes)), frozenset(used))


def _run(
    promtool: str,
    known: dict[str, Verdict],
    used: set[str],
    show: Progress,
    what: str,
    presses: Sequence[Press],
    replaced: Sequence[Rule | None],
) -> list[Verdict]:
    jobs = [press.job(rule) for press, rule in zip(presses, replaced, strict=True)]
    used.update(one.key for one in jobs)
    finished = 0

    def done(count: int) -> None:
        nonlocal finished
        finished += count
        show(what, finished, len(jobs))

    return verdicts(promtool, jobs, known, done)


def _cases(unit: Unit, verdict: Verdict) -> Iterator[Case]:
    said: dict[str, str] = {}
    for name, text in verdict.failed:
        said.setdefault(name, text)
    for test in unit.tests:
        yield Case(test, verdict.error or said.get(test.name, ""))
