"""Units as the files that promtool reads, printed once and put together for each wrong rule."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

from truegauge_generator.proof.documents import Plain, Printed, dump
from truegauge_generator.proof.suite import Rule, Suite, Unit, looks
from truegauge_spec.quantities import milliseconds

START, STEP = 6_000, 73
"""Microseconds that promtool takes for a test, and for each evaluation of a rule."""


class Job(NamedTuple):
    """A unit's files as text: `test` is a flow mapping without its rule files, which are named by their place."""

    test: str
    rules: tuple[str, ...]
    tests: int

    @property
    def key(self) -> str:
        """The same for the same content."""
        return sha256("\0".join((self.test, *self.rules)).encode()).hexdigest()[:24]

    def head(self, names: list[str]) -> str:
        """The test file's text."""
        return f"{dump({'rule_files': [Plain(name) for name in names]})[:-1]}, {self.test[1:]}"


class Press:
    """A unit, printed."""

    def __init__(self, unit: Unit, suite: Suite) -> None:
        self.unit = unit
        self._suite = suite
        self._bodies = {rule.key: Printed(dump(rule.body)) for rule in unit.rules}

    @cached_property
    def _test(self) -> str:
        whole = self._suite.documents[self.unit.path]
        head = {key: value for key, value in whole.items() if key not in ("rule_files", "tests")}
        if "group_eval_order" in head:
            mine = {self._group(rule.path, rule.group).get("name") for rule in self.unit.rules}
            head["group_eval_order"] = [name for name in head["group_eval_order"] if name in mine]
        return dump({**head, "tests": [test.body for test in self.unit.tests]})

    def job(self, replaced: Rule | None = None) -> Job:
        """Its files, with `replaced` in place of the rule that it was made from."""
        bodies = {**self._bodies, replaced.key: Printed(dump(replaced.body))} if replaced else self._bodies
        files = []
        for path in dict.fromkeys(rule.path for rule in self.unit.rules):
            groups: dict[int, list[Printed]] = {}
            for rule in self.unit.rules:
                if rule.path == path:
                    groups.setdefault(rule.group, []).append(bodies[rule.key])
            printed = [{**self._group(path, number), "rules": rules} for number, rules in groups.items()]
            files.append(dump({**self._suite.documents[path], "groups": printed}))
        return Job(self._test, tuple(files), len(self.unit.tests))

    def _group(self, path: str, number: int) -> dict[str, Any]:
        group: dict[str, Any] = self._suite.documents[path]["groups"][number]
        return group

    @cached_property
    def cost(self) -> float:
        """About how many microseconds promtool takes."""
        every = _milliseconds(self._suite.documents[self.unit.path].get("evaluation_interval"), 60_000)
        last = sum(max(map(_end, looks(test.body)), default=0) for test in self.unit.tests)
        return len(self.unit.tests) * START + len(self.unit.rules) * last / every * STEP


def _end(look: dict[str, Any]) -> int:
    return _milliseconds(look.get("eval_time"), 0)


def _milliseconds(written: Any, default: int) -> int:
    try:
        return milliseconds(str(written)) or default
    except ValueError:
        return default
