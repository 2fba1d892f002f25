"""Which wrong rules the tests notice. The cheapest tests come first; only who survives them meets the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from truegauge_generator.proof.jobs import Press
from truegauge_generator.proof.mutants import Mutant, mutants
from truegauge_generator.proof.run import Verdict
from truegauge_generator.proof.suite import Rule, Suite, Unit, narrowed
from truegauge_spec.promql.parse import parse
from truegauge_spec.promql.syntax import Selector

KILLED, SURVIVED, EQUIVALENT, REFUSED = "killed", "survived", "equivalent", "refused"


class Outcome(NamedTuple):
    """What became of a mutant; `why` is the test that noticed it, the reason that none can, or promtool's refusal."""

    mutant: Mutant
    state: str
    why: str


class _Hunted(NamedTuple):
    mutant: Mutant
    presses: tuple[Press, ...]


def hunt(
    suite: Suite,
    units: Sequence[Unit],
    run: Callable[[Sequence[Press], Sequence[Rule]], Sequence[Verdict]],
) -> list[Outcome]:
    """Run every mutant of every rule against those of the `units` that depend on the rule, which all pass."""
    labels = series_labels(suite)
    records = {rule.name: str(rule.body.get("expr")) for rule in suite.rules if not rule.is_alert}
    hunted = []
    for rule in suite.rules:
        presses = _presses(suite, units, rule)
        hunted += [_Hunted(mutant, presses) for mutant in mutants(rule, labels, records)]
    found: dict[int, Outcome] = {}
    stage = 0
    while alive := [
        (number, one) for number, one in enumerate(hunted) if number not in found and len(one.presses) > stage
    ]:
        answers = run([one.presses[stage] for _, one in alive], [one.mutant.rule for _, one in alive])
        for (number, one), verdict in zip(alive, answers, strict=True):
            if verdict.failed:
                found[number] = Outcome(one.mutant, KILLED, verdict.failed[0][0])
            elif verdict.error:
                found[number] = Outcome(one.mutant, REFUSED, verdict.error)
        stage += 1
    return [found.get(number) or _survivor(one.mutant) for number, one in enumerate(hunted)]


def _survivor(mutant: Mutant) -> Outcome:
    return Outcome(mutant, EQUIVALENT, mutant.excuse) if mutant.excuse else Outcome(mutant, SURVIVED, "")


def _presses(suite: Suite, units: Iterable[Unit], rule: Rule) -> tuple[Press, ...]:
    mine = (unit for unit in units if any(one.key == rule.key for one in unit.rules))
    presses = (Press(part, suite) for unit in mine if (part := narrowed(unit, suite, rule)) is not None)
    return tuple(sorted(presses, key=lambda press: press.cost))


def series_labels(suite: Suite) -> dict[str, frozenset[str]]:
    """The labels that the tests give to the series of each metric."""
    found: dict[str, set[str]] = {}
    for series in {str(one.get("series")) for test in suite.tests for one in test.body.get("input_series") or ()}:
        node = parse(series)
        if isinstance(node, Selector) and node.name:
            found.setdefault(node.name, set()).update(matcher.label for matcher in node.matchers)
    return {name: frozenset(labels) for name, labels in found.items()}


def counted(outcomes: Iterable[Outcome]) -> Mapping[str, int]:
    """How many mutants ended how."""
    counts = dict.fromkeys((KILLED, SURVIVED, EQUIVALENT, REFUSED), 0)
    for outcome in outcomes:
        counts[outcome.state] += 1
    return counts


def score(outcomes: Iterable[Outcome]) -> float | None:
    """The share of mutants that the tests notice, of those that they can notice; None without any."""
    counts = counted(outcomes)
    able = counts[KILLED] + counts[SURVIVED]
    return counts[KILLED] / able if able else None
