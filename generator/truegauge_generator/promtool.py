"""promtool's tests of rules, and its report of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

from truegauge_generator.tools import Run, run

Reports = dict[str, ElementTree.Element]
"""What JUnit's XML has of each test file, by the file's name."""


def tested(promtool: str, tests: Sequence[str], beside_others: bool) -> tuple[Run, Reports]:
    """Run test files, as `tools.run` does; what promtool said, and what it reports of those that it got to."""
    with TemporaryDirectory(prefix="truegauge-") as folder:
        report = Path(folder) / "junit.xml"
        said = run([promtool, "test", "rules", f"--junit={report}", *tests], beside_others)
        return said, _reports(report)


def _reports(report: Path) -> Reports:
    try:
        root = ElementTree.parse(report).getroot()  # noqa: S314 - promtool's own file
    except (FileNotFoundError, ElementTree.ParseError):
        return {}  # it ended before, or amid it
    return {Path(suite.get("name", "")).name: suite for suite in root.iter("testsuite")}


def ran(reports: Iterable[ElementTree.Element]) -> tuple[int, list[str]]:
    """The number of tests that ran, and what each failed one said of its first look that failed."""
    cases = [case for suite in reports for case in suite.iter("testcase")]
    return len(cases), [_said(case, failures) for case in cases if (failures := list(case.iter("failure")))]


def _said(case: ElementTree.Element, failures: Sequence[ElementTree.Element]) -> str:
    name = case.get("name") or ""
    first = " ".join((failures[0].text or failures[0].get("message") or "failed").split())
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return f"{name}: {first.removeprefix(f'name: {name}, ')}{more}"
