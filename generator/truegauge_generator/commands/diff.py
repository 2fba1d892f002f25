"""`truegauge diff`: what changes from another version of the spec, how grave that is, and what depends on it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from truegauge_generator.cli import Result
from truegauge_generator.drift import report
from truegauge_generator.drift.changes import changes
from truegauge_generator.drift.classes import BEHAVIOURAL, BREAKING, at_least
from truegauge_generator.drift.versions import version
from truegauge_spec import load

FORMATS = ("markdown",)
NOTHING: dict[str, Any] = {"changes": []}


def arguments(parser: ArgumentParser) -> None:
    """What it is compared with, and which changes fail."""
    told = "the version to compare with: a revision of git, a folder or a file (HEAD)"
    parser.add_argument("against", nargs="?", default="HEAD", metavar="REV|DIR|FILE", help=told)
    fail = "end with 1 for a change of this class or a graver one"
    parser.add_argument("--fail-on", choices=(BREAKING, BEHAVIOURAL), help=fail)


def run(options: Namespace) -> Result:
    """Compare the spec with another version of it, which may have problems that only newer checks find."""
    new = load(options.spec)
    old = version(options.against, options.spec)
    found = changes(old, new)
    failing = at_least(options.fail_on) if options.fail_on else ()
    problems = list(report.as_problems(found, failing))
    if options.format not in ("github", "sarif"):  # elsewhere a change has its own line already
        problems = [problem for problem in problems if problem.severity == "error"]
    if options.format == "markdown":
        lines = list(report.as_markdown_comment(found, options.against))
    else:
        lines = [*report.as_lines(found), report.summary(found, options.against)]
    return Result(lines, problems, {"against": options.against, "changes": report.as_objects(found)})
