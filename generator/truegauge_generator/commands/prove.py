"""`truegauge prove`: whether the rules do what is said of them, and whether the tests would notice if they did not."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from truegauge_generator.alerts import places
from truegauge_generator.cli import Result
from truegauge_generator.commands.options import percent
from truegauge_generator.disk import compare
from truegauge_generator.drift import on_disk
from truegauge_generator.progress import progress
from truegauge_generator.proof import cache, coverage, gather, panels, report, routing_report, shapes
from truegauge_generator.proof.hunt import score
from truegauge_generator.proof.prove import Proof, prove
from truegauge_generator.proof.routes import RouteProof
from truegauge_generator.proof.routes import prove as prove_routes
from truegauge_generator.proof.suite import Rule, Suite
from truegauge_generator.render import render
from truegauge_generator.tools import ALERTMANAGER, AMTOOL, PROMTOOL, find, version
from truegauge_spec import Position, Problem, Spec, SpecError, load


def arguments(parser: ArgumentParser) -> None:
    """What to prove, and how much of it is enough."""
    parser.add_argument("--rules", nargs="+", metavar="FILE", default=[], help="prove these rule files, not a spec's")
    parser.add_argument("--tests", nargs="+", metavar="FILE", default=[], help="promtool tests of them")
    parser.add_argument("--min-score", type=percent, metavar="PERCENT", help="fail when fewer mutants are noticed")
    parser.add_argument("--min-coverage", type=percent, metavar="PERCENT", help="fail when less is touched by a test")
    parser.add_argument("--junit", metavar="FILE", help="write a report in JUnit's XML")


def run(options: Namespace) -> Result:
    """Run the tests, then the mutants, then the routes; nothing is proven by files that differ from the spec."""
    start = perf_counter()
    found = {tool.name: find(tool, options.output) for tool in TOOLS}
    if missing := [one for name, one in found.items() if isinstance(one, Problem) and _needed(name, options)]:
        return Result((), missing)
    promtool = str(found["promtool"])
    work = _foreign(promtool, options) if options.tests or options.rules else _own(options)
    if faults := list(gather.faults(work.suite)):
        return Result((), faults)
    known = cache.recall(options.output, version(promtool))
    with progress() as show:
        proof = prove(work.suite, promtool, known, lambda what, count, of: show(f"{what}: {count} of {of}"))
        cache.remember(options.output, version(promtool), known, proof.used)
        show("routes")
        ways = _routes(work, options, {name: str(path) for name, path in found.items()})
    seconds = perf_counter() - start
    if options.junit:
        Path(options.junit).write_text(report.junit(proof, ways), encoding="utf-8")
    problems = [*work.unproven, *report.problems(proof, work.place), *routing_report.problems(ways)]
    lines = [*report.table(work.suite, proof), *_paragraph(routing_report.table(ways))]
    facts = {**report.facts(proof, seconds), "routes": routing_report.facts(ways)}
    return Result([*lines, report.summary(proof, ways, seconds)], [*problems, *_short(proof, options)], facts)


TOOLS = (PROMTOOL, AMTOOL, ALERTMANAGER)


def _needed(tool: str, options: Namespace) -> bool:
    return tool == PROMTOOL.name or not (options.tests or options.rules)


def _paragraph(lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return ["", *found, ""] if found else []


class Work(NamedTuple):
    """What to prove, where its rules are declared, what nothing can prove, and the spec and its files, if any."""

    suite: Suite
    place: Callable[[Rule], Position]
    unproven: Sequence[Problem] = ()
    spec: Spec | None = None
    files: Mapping[str, str] = {}


def _own(options: Namespace) -> Work:
    """A spec's rules and tests, if those on disk are what it says."""
    spec = load(options.spec)
    files = render(spec)
    found = compare(files, options.output, spec.stack.keep)
    changed = on_disk.changes(spec, files, found, options.output)
    if problems := list(on_disk.problems(spec, found, changed, options.output)):
        raise SpecError(problems)
    for name in spec.systems:
        if problems := panels.problems(spec, name):
            raise SpecError(problems)
    suite = gather.rendered(spec, files)
    return Work(suite, lambda rule: declared(spec, suite, rule), list(shapes.unproven(spec)), spec, files)


def _routes(work: Work, options: Namespace, tools: Mapping[str, str]) -> RouteProof:
    """The proof of the spec's routes, or that of the last run where nothing has changed."""
    if work.spec is None:
        return RouteProof()
    versions = "".join(map(version, tools.values()))
    wanted = routing_report.key(work.files, versions)
    ways = routing_report.recall(options.output, wanted)
    if ways is None:
        ways = prove_routes(work.spec, work.files, tools["amtool"], tools["alertmanager"])
        routing_report.remember(options.output, wanted, ways)
    return ways


def declared(spec: Spec, suite: Suite, rule: Rule) -> Position:
    """The alert or objective in the spec that a rule is rendered from."""
    known = places(spec)
    slo = str((rule.body.get("labels") or {}).get("slo"))
    for name in (rule.name, slo, *(alert.name for alert in suite.alerts_of(rule))):
        if name in known:
            return spec.position(*known[name])
    return Position(rule.path)


def _foreign(promtool: str, options: Namespace) -> Work:
    if not options.tests:
        message = "there is no test of these rules to run; name promtool test files with --tests"
        raise SpecError([Problem(Position(options.rules[0]), message, "nothing_proven")])
    return Work(gather.foreign(promtool, options.rules, options.tests), written)


def written(rule: Rule) -> Position:
    """The line on which a rule's name stands in its file."""
    pattern = re.compile(rf"^(\s*(?:- )?\s*(?:alert|record):\s*)[\"']?{re.escape(rule.name)}[\"']?\s*(?:#.*)?$")
    for number, line in enumerate(Path(rule.path).read_text(encoding="utf-8").splitlines(), 1):
        if match := pattern.match(line):
            return Position(rule.path, number, match.end(1) + 1)
    return Position(rule.path)


def _short(proof: Proof, options: Namespace) -> Sequence[Problem]:
    """A problem for what is less than was asked for."""
    wanted = (
        ("low_score", "score", score(proof.outcomes), options.min_score),
        ("low_coverage", "coverage", coverage.share(proof.items), options.min_coverage),
    )
    return [
        Problem(Position(options.spec), f"the {what} is {report.percent(found)}, not {report.percent(least)}", code)
        for code, what, found, least in wanted
        if least is not None and (found is None or found < least)
    ]
