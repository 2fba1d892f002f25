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
    """The number of tests that ran, and what the failed ones said."""
    cases = [case for suite in reports for case in suite.iter("testcase")]
    said = [
        f"{case.get('name')}: {' '.join((failure.text or failure.get('message') or 'failed').split())}"
        for case in cases
        for failure in case.iter("failure")
    ]
    return len(cases), said
