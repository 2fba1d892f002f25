"""The rules and tests to prove: those that a spec is rendered to, or any others, as files on disk."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from truegauge_generator.acceptance import RULES, TESTS, place_of
from truegauge_generator.promtool import ran, tested
from truegauge_generator.proof import documents, records
from truegauge_generator.proof import panels as panel_tests
from truegauge_generator.proof.suite import Suite
from truegauge_generator.tools import run
from truegauge_spec import Spec
from truegauge_spec.problem import Position, Problem, SpecError


def rendered(spec: Spec, files: Mapping[str, str]) -> Suite:
    """The rules and tests among rendered files; and tests of every record, and of every query of a dashboard."""
    rules, tests = ({path: documents.load(text, path) for path, text in _below(files, top)} for top in (RULES, TESTS))
    panels: dict[str, object] = {}
    for name in spec.systems:
        tests |= _made(f"records of {name}", records.tests(spec, name), rules)
        panels |= _made(f"panels of {name}", panel_tests.tests(spec, name), rules)
    return Suite(rules, {**tests, **panels}, idle=panels)


def _made(path: str, document: Mapping[str, object], rules: Iterable[str]) -> dict[str, object]:
    """A test document that is in no file, as if it were; none without a test."""
    if not document["tests"]:
        return {}
    return {path: documents.load(json.dumps({"rule_files": list(rules), **document}), path)}


def _below(files: Mapping[str, str], top: str) -> Iterator[tuple[str, str]]:
    return ((path, text) for path, text in files.items() if path.startswith(top))


def foreign(promtool: str, rules: Sequence[str], tests: Sequence[str]) -> Suite:
    """Files that somebody wrote, after promtool ran them as they are; the rule files that tests name come along.

    Raises SpecError for what promtool refuses, and for files that it would pass over in silence; OSError.
    """
    rules, tests = [os.path.relpath(path) for path in rules], [os.path.relpath(path) for path in tests]
    try:
        read = {path: documents.read(path) for path in (*rules, *tests)}
        if problems := list(_refused(promtool, rules, tests)):
            raise SpecError(problems)
        named = dict.fromkeys([*rules, *_named({path: read[path] for path in tests})])
        read |= {path: documents.read(path) for path in named if path not in read}
    except documents.Unreadable as error:
        raise SpecError([error.problem]) from error
    return Suite({path: read[path] for path in named}, {path: read[path] for path in tests}, rules or named)


def _refused(promtool: str, rules: Sequence[str], tests: Sequence[str]) -> Iterator[Problem]:
    """What promtool says against the files as they are."""
    for path in rules:
        done = run([promtool, "check", "rules", "--lint=none", path])
        if done.failed:
            yield from (place_of(Path(path), line, "promtool_rules") for line in done.complaints)
    for path in tests:
        done, reports = tested(promtool, [path], beside_others=False)
        count, failures = ran(reports.values())
        if done.failed:
            yield from (place_of(Path(path), line, "case_failed") for line in failures or done.complaints)
        elif not count:
            yield Problem(Position(path), "it holds no test, which promtool takes for success", "nothing_proven")


def _named(tests: Mapping[str, object]) -> Iterator[str]:
    """The rule files that test files name, below their own folders."""
    for path, document in tests.items():
        assert isinstance(document, dict)  # promtool has read it
        for pattern in document.get("rule_files") or ():
            found = glob.glob(str(Path(path).parent / pattern))  # noqa: PTH207 - a pattern may be absolute
            yield from sorted(map(os.path.relpath, found))


def faults(suite: Suite) -> Iterator[Problem]:
    """What promtool passes over in silence: nothing to test, and looks at alerts that no rule has."""
    if not suite.subjects:
        yield Problem(Position("."), "there is no rule to prove", "nothing_proven")
    if not suite.tests:
        yield Problem(Position("."), "there is no test to run", "nothing_proven")
    alerts = {rule.name for rule in suite.rules if rule.is_alert}
    for test in suite.tests:
        for look in test.body.get("alert_rule_test") or ():
            if (name := str(look.get("alertname"))) not in alerts:
                message = f"{test.name!r} looks at {name!r}, an alert that its rule files do not have"
                yield Problem(Position(test.path), message, "unknown_alert")
