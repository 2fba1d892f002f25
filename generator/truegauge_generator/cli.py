"""The command line. COMMANDS is all that it offers; what a command needs is imported when it runs."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple


class Command(NamedTuple):
    """A command: its module in `commands` has `run(options) -> Result`."""

    name: str
    summary: str


COMMANDS = (
    Command("render", "write every file that the spec describes"),
    Command("check", "find problems in the spec, and files and tools that do not agree with it"),
)

EXIT_CODES = """exit codes: 0 all is well; 1 problems were found, nothing was written; 2 the command line is wrong"""


class Result(NamedTuple):
    """What a command found. `facts` are for machines, `lines` for people."""

    lines: Sequence[str]
    problems: Sequence[Any] = ()
    facts: dict[str, Any] = {}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 for problems, 2 for a wrong command line."""
    # The process is short and makes hundreds of thousands of objects that it keeps: collecting cycles only costs.
    gc.disable()
    options = _parser().parse_args(arguments)
    command = import_module(f"truegauge_generator.commands.{options.command}")
    try:
        result = command.run(options)
    except OSError as error:
        result = Result((), [_os_problem(error)])
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    _print(options, result)
    return 1 if result.problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="truegauge",
        description="One spec of a system's metrics and alerts, rendered into everything that monitors it.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action=_Version, help="print the version and end")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        sub = commands.add_parser(command.name, help=command.summary, description=command.summary, epilog=EXIT_CODES)
        sub.add_argument("spec", nargs="?", default="spec", metavar="SPEC", help="folder of YAML files, or one (spec)")
        sub.add_argument("--output", default=".", metavar="DIR", help="the folder with rendered/ and exporter/ (.)")
        sub.add_argument("--format", choices=("text", "json"), default="text", help="for people, or for machines")
        if command.name == "render":
            sub.add_argument("--prune", action="store_true", help="remove files that the spec does not describe")
    return parser


class _Version(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, **kwargs: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **kwargs)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - slow, and only needed here

        print(f"truegauge {version('truegauge')}")
        parser.exit()


def _os_problem(error: OSError) -> Any:
    from truegauge_spec.problem import Position, Problem  # noqa: PLC0415

    return Problem(Position(str(error.filename or "")), (error.strerror or str(error)).lower(), "file_access")


def _print(options: argparse.Namespace, result: Result) -> None:
    if options.format == "json":
        problems = [
            {**problem.position._asdict(), "message": problem.message, "code": problem.code}
            for problem in result.problems
        ]
        facts = {"command": options.command, "ok": not problems, "problems": problems, **result.facts}
        print(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    for line in result.lines:
        print(line)
    for problem in result.problems:
        print(_coloured(str(problem)), file=sys.stderr)
    if count := len(result.problems):
        what = "1 problem" if count == 1 else f"{count} problems"
        print(f"{options.command}: {what}", file=sys.stderr)


def _coloured(text: str) -> str:
    if not sys.stderr.isatty() or os.environ.get("NO_COLOR"):
        return text
    place, _, rest = text.partition(": ")
    return f"\x1b[1m{place}\x1b[0m: \x1b[31m{rest}\x1b[0m"
