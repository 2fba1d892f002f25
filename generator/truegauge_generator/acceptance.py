"""Whether Prometheus' and Alertmanager's own tools accept the rendered files, and did look at all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from glob import glob
from pathlib import Path
from typing import NamedTuple

from truegauge_generator.promtool import ran, tested
from truegauge_generator.tools import AMTOOL, PROMTOOL, Tool, find, run
from truegauge_spec.problem import Position, Problem, SpecError
from truegauge_spec.yaml_source import read

PROMETHEUS = "rendered/prometheus/prometheus.yml"
ALERTMANAGER = "rendered/alertmanager/alertmanager.yml"
RULES = "rendered/prometheus/rules/"
TESTS = "rendered/prometheus/tests/"


class Step(NamedTuple):
    """One tool's look at files: how many things it must have seen, what it says, and its problems."""

    name: str
    tool: Tool
    check: Callable[[str, Path, Mapping[str, str]], tuple[int, list[Problem]]]
    what: str
    after: str = ""
    """The step without whose success it is not worth a look."""


def accept(
    files: Mapping[str, str], output: str, show: Callable[[str], object]
) -> Iterator[tuple[Step, int, list[Problem]]]:
    """Run every step on the files on disk; `show` is told the name of each before it runs."""
    found: dict[str, str | Problem] = {}
    refused: set[str] = set()
    for step in STEPS:
        if step.after in refused:
            continue  # what rests on a refused file fails with it, again and again
        show(step.name)
        tool = found.setdefault(step.tool.name, "") or find(step.tool, output)
        missing = found[step.tool.name] == "" and isinstance(tool, Problem)
        found[step.tool.name] = tool
        if isinstance(tool, Problem):
            yield step, 0, [tool] if missing else []
        else:
            count, complaints = step.check(tool, Path(output), files)
            refused |= {step.name} if complaints else set()
            yield step, count, complaints


def check_config(promtool: str, output: Path, files: Mapping[str, str]) -> tuple[int, list[Problem]]:
    """The scrape and alerting configuration. Secrets are not on this machine, so their files are not asked for."""
    if PROMETHEUS not in files:
        return 0, []
    place = output / PROMETHEUS
    done = run([promtool, "check", "config", "--syntax-only", "--lint=all", "--lint-fatal", str(place)])
    return 1, [place_of(place, line, "promtool_config") for line in done.complaints] if done.failed else []


def check_rules(promtool: str, output: Path, files: Mapping[str, str]) -> tuple[int, list[Problem]]:
    """Every rule file; promtool is content with an empty one, so the rules are counted."""
    rules = {path: _rules(text) for path, text in files.items() if path.startswith(RULES)}
    problems = []
    for path, expected in rules.items():
        place = output / path
        done = run([promtool, "check", "rules", "--lint=all", "--lint-fatal", str(place)])
        seen = sum(map(int, re.findall(r"(\d+) rules? found", done.output)))
        if done.failed:
            problems += [place_of(place, line, "promtool_rules") for line in done.complaints]
        elif seen != expected:
            problems.append(place_of(place, f"promtool found {seen} rules, not {expected}", "promtool_rules"))
    return sum(rules.values()), problems


def test_rules(promtool: str, output: Path, files: Mapping[str, str]) -> tuple[int, list[Problem]]:
    """Every test; promtool is content with a file that it did not find and with no test, so the tests are counted."""
    tests = {path: _tests(text) for path, text in files.items() if path.startswith(TESTS)}
    problems = []
    for path, expected in tests.items():
        place = output / path
        done, reports = tested(promtool, [str(place)], beside_others=False)
        seen, failures = ran(reports.values())
        if done.failed:
            said = failures or done.complaints
            problems += [place_of(place, line, "promtool_tests") for line in said]
        elif seen != expected:
            problems.append(place_of(place, f"promtool ran {seen} tests, not {expected}", "promtool_tests"))
    return sum(tests.values()), problems


def check_alertmanager(amtool: str, output: Path, files: Mapping[str, str]) -> tuple[int, list[Problem]]:
    """Receivers, routes, inhibition and templates; amtool is content with a template file that is not there."""
    if ALERTMANAGER not in files:
        return 0, []
    place = output / ALERTMANAGER
    done = run([amtool, "check-config", str(place)])
    if done.failed:
        return 1, [place_of(place, line, "amtool_config") for line in done.complaints]
    try:
        templates = read(place.read_text(encoding="utf-8"), str(place)).get("templates") or []
    except SpecError as error:  # amtool reads no further than the first of two documents
        return 1, [problem._replace(code="amtool_config") for problem in error.problems]
    # A pattern may be absolute, which pathlib's glob is not for.
    absent = [pattern for pattern in templates if not glob(str(place.parent / pattern))]  # noqa: PTH207
    return 1, [place_of(place, f"the template file {pattern} is not there", "amtool_config") for pattern in absent]


STEPS = (
    Step("promtool check config", PROMTOOL, check_config, "configuration"),
    Step("promtool check rules", PROMTOOL, check_rules, "rule"),
    Step("promtool test rules", PROMTOOL, test_rules, "test case", "promtool check rules"),
    Step("amtool check-config", AMTOOL, check_alertmanager, "configuration"),
)


def _rules(text: str) -> int:
    return sum(len(group["rules"]) for group in read(text, "")["groups"])


def _tests(text: str) -> int:
    return len(read(text, "")["tests"])


_PLACE = re.compile(r"^(?P<file>\S+?): (?:(?P<line>\d+):(?P<column>\d+): )*(?P<message>.*)$")


def place_of(place: Path, line: str, code: str) -> Problem:
    """A tool's complaint about a file as a problem, at the line and column that it names."""
    match = _PLACE.match(line)
    if match and match["line"] and match["file"].endswith(place.name):
        return Problem(Position(str(place), int(match["line"]) or 1, int(match["column"]) or 1), match["message"], code)
    return Problem(Position(str(place)), line, code)
