"""The command line. COMMANDS is all that it offers; what a command needs is imported when it runs."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple, NoReturn


class Command(NamedTuple):
    """A command: its module in `commands` has `run(options) -> Result`, which may raise SpecError, OSError and Misuse.

    It may have `arguments(parser)`, FORMATS of its own, and NOTHING, the facts where the spec has a problem.
    """

    name: str
    summary: str


COMMANDS = (
    Command("render", "write every file that the spec describes"),
    Command("check", "find problems in the spec, and files and tools that do not agree with it"),
    Command("prove", "run the rules' tests, and wrong rules against them"),
    Command("diff", "class what changes from another version of the spec, and what that breaks"),
    Command("drift", "compare what runs - exporters, Prometheus, Alertmanager, Grafana - with the spec"),
    Command("drill", "make an alert true on running servers and follow it to its receiver"),
    Command("explain", "tell what a code means, or what an alert says and what proves it"),
)

FORMATS = ("text", "json", "github", "sarif")
EXIT_CODES = """exit codes: 0 all is well; 1 problems were found, nothing was written; 2 the command line is wrong"""


class Result(NamedTuple):
    """What a command found. `facts` are for machines, `lines` for people."""

    lines: Sequence[str]
    problems: Sequence[Any] = ()
    facts: dict[str, Any] = {}


class Misuse(Exception):
    """Arguments that are right each by itself, and not together; the message says why."""


def program() -> NoReturn:
    """The process `truegauge`."""
    # It is short and makes hundreds of thousands of objects that it keeps: collecting cycles only costs.
    gc.disable()
    # pydantic would look through every installed package for what plugs into its models.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    code = main()
    sys.stderr.flush()
    os._exit(code)  # nor are they taken apart at the end; what is opened is closed, and what is printed is flushed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 for problems, 2 for a wrong command line."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    chosen = next((command.name for command in COMMANDS if command.name in words[:1]), None)
    # Only the chosen command is imported: others would cost `--help` and a render with nothing to do their time.
    command = import_module(f"truegauge_generator.commands.{chosen}") if chosen else None
    parser = _parser(command)
    options = parser.parse_args(words)
    assert command is not None  # argparse has refused any other word
    try:
        result = command.run(options)
    except Misuse as reason:
        parser.error(str(reason))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except _refusals() as error:  # imported only now: it would cost a render with nothing to do its time
        result = Result((), _problems(error), getattr(command, "NOTHING", {}))
    try:
        _print(options, result)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1 if failed(result) else 0


def say(line: str) -> None:
    """Tell what a command does that does not end by itself."""
    print(line, file=sys.stderr, flush=True)


def _parser(chosen: Any) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="truegauge",
        description="One spec of a system's metrics and alerts, rendered into everything that monitors it.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action=_Version, help="print the version and end")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        sub = commands.add_parser(command.name, help=command.summary, description=command.summary, epilog=EXIT_CODES)
        own = vars(chosen) if chosen and chosen.__name__.endswith(f".{command.name}") else {}
        if "arguments" in own:
            own["arguments"](sub)
        sub.add_argument("spec", nargs="?", default="spec", metavar="SPEC", help="folder of YAML files, or one (spec)")
        sub.add_argument("--output", default=".", metavar="DIR", help="the folder with rendered/ and exporter/ (.)")
        formats = (*FORMATS, *own.get("FORMATS", ()))
        sub.add_argument("--format", choices=formats, default="text", help="for people, machines, or a CI")
    return parser


class _Version(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, **kwargs: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **kwargs)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - slow, and only needed here

        print(f"truegauge {version('truegauge')}")
        parser.exit()


def _refusals() -> tuple[type[Exception], ...]:
    """What ends a command that is no bug."""
    from truegauge_spec.problem import SpecError  # noqa: PLC0415

    return SpecError, OSError


def _problems(error: Exception) -> Sequence[Any]:
    from truegauge_spec.problem import Position, Problem, SpecError  # noqa: PLC0415

    if isinstance(error, SpecError):
        return error.problems
    assert isinstance(error, OSError)
    return [Problem(Position(str(error.filename or "")), (error.strerror or str(error)).lower(), "file_access")]


def _print(options: argparse.Namespace, result: Result) -> None:
    if not result.problems and options.format != "sarif":
        _print_result(options, result)
        return
    from truegauge_generator import diagnostics  # noqa: PLC0415 - only where there is something to say

    if options.format == "sarif":
        print(diagnostics.as_sarif(result.problems))
    elif options.format == "json":
        _print_result(options, result, diagnostics.as_objects(result.problems))
    else:
        _print_result(options, result)
        colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        github = options.format == "github"
        for line in diagnostics.as_github(result.problems) if github else diagnostics.as_text(result.problems, colour):
            print(line, file=sys.stdout if github else sys.stderr)
        print(f"{options.command}: {_summary(result)}", file=sys.stderr)


def _print_result(options: argparse.Namespace, result: Result, problems: Sequence[dict[str, Any]] = ()) -> None:
    if options.format == "json":
        import json  # noqa: PLC0415 - not for `--help`

        facts = {"command": options.command, "ok": not failed(result), "problems": problems, **result.facts}
        print(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    for line in result.lines:
        print(line)


def failed(result: Result) -> bool:
    """Whether any problem is an error; warnings alone are none."""
    return any(problem.severity == "error" for problem in result.problems)


def _summary(result: Result) -> str:
    errors = sum(problem.severity == "error" for problem in result.problems)
    counts = ((errors, "problem"), (len(result.problems) - errors, "warning"))
    return ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts if count)
