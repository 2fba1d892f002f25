"""A proof as people and machines read it: a table, JSON's objects, JUnit XML, and the problems that it leaves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from truegauge_generator.proof import coverage, routing_report
from truegauge_generator.proof.hunt import EQUIVALENT, KILLED, REFUSED, SURVIVED, Outcome, counted, score
from truegauge_generator.proof.prove import Case, Proof
from truegauge_generator.proof.routes import RouteProof
from truegauge_generator.proof.suite import Rule, Suite
from truegauge_spec.names import SPEC_DRIFT
from truegauge_spec.problem import Position, Problem

Place = Callable[[Rule], Position]
"""Where a rule is declared."""


def table(suite: Suite, proof: Proof) -> Iterator[str]:
    """A line for each alert and each recorded name: its tests, and what became of its mutants."""
    ordered = sorted(suite.subjects, key=lambda rule: (not rule.is_alert, rule.name == SPEC_DRIFT))
    names = list(dict.fromkeys(rule.name for rule in ordered))
    width = max([len("rule"), *map(len, names)])
    yield f"{'rule':<{width}}  tests  killed  survived  equivalent"
    tests: dict[str, int] = {}
    for unit in suite.units:
        for name in {rule.name for rule in unit.rules}:
            tests[name] = tests.get(name, 0) + len(unit.tests)
    for name in names:
        counts = counted(outcome for outcome in proof.outcomes if outcome.mutant.name == name)
        yield (
            f"{name:<{width}}  {tests.get(name, 0):>5}  {counts[KILLED]:>6}  {counts[SURVIVED]:>8}"
            f"  {counts[EQUIVALENT]:>10}"
        )


def summary(proof: Proof, ways: RouteProof, seconds: float) -> str:
    """All of it in one line."""
    routes = routing_report.counted(ways)
    counts = {state: count + routes.get(state, 0) for state, count in counted(proof.outcomes).items()}
    passed = sum(not case.said for case in proof.cases)
    sent = f", {ways.cases} cases of routes" if ways.cases else ""
    return (
        f"prove: {passed} of {len(proof.cases)} tests passed{sent}; {sum(counts.values())} mutants, "
        f"{counts[KILLED]} killed, "
        f"{counts[SURVIVED]} survived, {counts[EQUIVALENT]} equivalent: score {percent(score(proof.outcomes))}; "
        f"coverage {percent(coverage.share(proof.items))}; {seconds:.1f} s"
    )


def percent(part: float | None) -> str:
    """A share as people write it, rounded down: 99.96 % are not all."""
    return "none" if part is None else f"{int(part * 1000) / 10:g} %"


def problems(proof: Proof, place: Place) -> Iterator[Problem]:
    """Tests that failed; and as warnings the mutants that no test noticed, and what no test touches."""
    for case in proof.cases:
        if case.said:
            yield Problem(Position(case.test.path), f"{case.test.name}: {case.said}", "case_failed")
    for outcome in proof.outcomes:
        mutant = outcome.mutant
        if outcome.state == SURVIVED:
            message = f"no test of {mutant.name} notices a mutant: {mutant.operator}, {mutant.change}"
            yield Problem(place(mutant.rule), message, "mutant_survived", "warning")
        if outcome.state == REFUSED:
            message = f"a mutant of {mutant.name} cannot be judged: {mutant.change}: {outcome.why}"
            yield Problem(place(mutant.rule), message, "mutant_survived", "warning")
    for item in proof.items:
        if not item.covered and item.kind != "threshold":  # of which the surviving mutants tell
            message = f"no test covers it: {item.kind} {item.rule.name} {item.what}"
            yield Problem(place(item.rule), message, "not_covered", "warning")


def facts(proof: Proof, seconds: float) -> dict[str, Any]:
    """All that machines may want to know."""
    return {
        "tests": [{"name": case.test.name, "file": case.test.path, "failure": case.said} for case in proof.cases],
        "mutants": [_fact(outcome) for outcome in proof.outcomes],
        "coverage": [
            {"kind": item.kind, "rule": item.rule.name, "what": item.what, "covered": item.covered}
            for item in proof.items
        ],
        "counts": dict(counted(proof.outcomes)),
        "score": score(proof.outcomes),
        "covered": coverage.share(proof.items),
        "seconds": round(seconds, 3),
    }


def _fact(outcome: Outcome) -> dict[str, str]:
    mutant = outcome.mutant
    return {
        "rule": mutant.name,
        "file": mutant.rule.path,
        "operator": mutant.operator,
        "change": mutant.change,
        "state": outcome.state,
        "why": outcome.why,
    }


def junit(proof: Proof, ways: RouteProof) -> str:
    """Tests, mutants and routes as suites of JUnit; a mutant that survived is a failure."""
    root = ElementTree.Element("testsuites")
    _suite(root, "tests", [(_file(case), case.test.name, case.said) for case in proof.cases])
    mutants = []
    for outcome in proof.outcomes:
        said = {SURVIVED: "no test notices it", REFUSED: outcome.why}.get(outcome.state, "")
        mutants.append((outcome.mutant.name, f"{outcome.mutant.operator}: {outcome.mutant.change}", said))
    mutants += [("routes", one.what, one.reason if one.outcome == SURVIVED else "") for one in ways.mutants]
    _suite(root, "mutants", mutants)
    wrong: dict[str, str] = {}
    for problem in ways.problems:
        wrong.setdefault(problem.code, problem.message)
    _suite(root, "routes", [("routes", f"{row.alert} to {', '.join(row.receivers)}", "") for row in ways.rows])
    _suite(root, "problems of routes", [("routes", code, said) for code, said in wrong.items()])
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: ElementTree.Element, name: str, cases: Sequence[tuple[str, str, str]]) -> None:
    failures = sum(bool(said) for _, _, said in cases)
    suite = ElementTree.SubElement(root, "testsuite", name=name, tests=str(len(cases)), failures=str(failures))
    for group, case, said in cases:
        element = ElementTree.SubElement(suite, "testcase", classname=_printable(group), name=_printable(case))
        if said:
            ElementTree.SubElement(element, "failure", message=_printable(said))


def _file(case: Case) -> str:
    return case.test.path


def _printable(text: str) -> str:
    """Without what XML 1.0 cannot hold."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)
