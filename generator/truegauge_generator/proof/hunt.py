"""Which wrong rules the tests notice. The cheapest tests come first; only who survives them meets the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from truegauge_generator.proof.jobs import Press
from truegauge_generator.proof.mutants import Mutant, mutants
from truegauge_generator.proof.run import Verdict
from truegauge_generator.proof.suite import Rule, Suite, Unit

KILLED, SURVIVED, EQUIVALENT, REFUSED = "killed", "survived", "equivalent", "refused"


class Outcome(NamedTuple):
    """What became of a mutant; `why` is the test that noticed it, the reason that none can, or promtool's refusal."""

    mutant: Mutant
    state: str
    why: str


def hunt(
    suite: Suite,
    units: Sequence[Unit],
    run: Callable[[Sequence[Press], Sequence[Rule]], Sequence[Verdict]],
) -> list[Outcome]:
    """Run every mutant of every rule against those of the `units` that depend on the rule, which all pass.

    A rule all of whose tests fail has no mutants: nothing can be said of them.
    """
    tested = {rule.key for unit in suite.units for rule in unit.rules}
    labels = series_labels(suite)
    records = {rule.name: str(rule.body.get("expr")) for rule in suite.rules if not rule.is_alert}
    hunted: list[tuple[Mutant, list[Press]]] = []
    for rule in suite.subjects:
        presses = _presses(suite, units, rule)
        if not presses and rule.key in tested:
            continue
        hunted += [(one, [_widened(press, suite, one) for press in presses]) for one in mutants(rule, labels, records)]
    found: dict[int, Outcome] = {}
    stage = 0
    while alive := [
        (number, mutant, presses[stage])
        for number, (mutant, presses) in enumerate(hunted)
        if number not in found and len(presses) > stage
    ]:
        answers = run([press for _, _, press in alive], [mutant.rule for _, mutant, _ in alive])
        for (number, mutant, _), verdict in zip(alive, answers, strict=True):
            if verdict.failed:
                found[number] = Outcome(mutant, KILLED, verdict.failed[0][0])
            elif verdict.error:
                found[number] = Outcome(mutant, REFUSED, verdict.error)
        stage += 1
    return [found.get(number) or _survivor(mutant) for number, (mutant, _) in enumerate(hunted)]


def _survivor(mutant: Mutant) -> Outcome:
    return Outcome(mutant, EQUIVALENT, mutant.excuse) if mutant.excuse else Outcome(mutant, SURVIVED, "")


def _presses(suite: Suite, units: Iterable[Unit], rule: Rule) -> list[Press]:
    """Each test that depends on a rule, cut down to that: first those that look at it, the cheapest first."""
    mine = (unit for unit in units if any(one.key == rule.key for one in unit.rules))
    alone = (unit._replace(tests=(test,)) for unit in mine for test in unit.tests)
    presses = (Press(part, suite) for unit in alone if (part := suite.narrowed(unit, rule)) is not None)
    return sorted(presses, key=lambda press: (rule.key not in suite.looked_at(press.unit.tests[0]), press.cost))


def _widened(press: Press, suite: Suite, mutant: Mutant) -> Press:
    """The same with the rules whose series the mutant selects, and the right rule does not."""
    had = {rule.key for rule in press.unit.rules}
    more = suite.closed(suite.selected(str(mutant.rule.body.get("expr", "")))) - had
    if not more:
        return press
    return Press(suite.unit(press.unit.path, press.unit.tests, had | more), suite)


def series_labels(suite: Suite) -> dict[str, frozenset[str]]:
    """The labels that the tests give to the series of each metric."""
    found: dict[str, set[str]] = {}
    for name, label in suite.brought:
        found.setdefault(name, set()).add(label)
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
