"""`truegauge drift`: whether what runs is what the spec says."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from truegauge_generator.cli import Misuse, Result, say
from truegauge_generator.commands.options import address, given, some_seconds, url
from truegauge_generator.drift import code
from truegauge_generator.drift.findings import Server, short
from truegauge_generator.drift.http import Access
from truegauge_generator.drift.sources import SOURCES, Asked, Observed, observe, unnamed
from truegauge_generator.drift.watch import NotListening, watch
from truegauge_generator.drift.watch import url as page_url
from truegauge_generator.render import render
from truegauge_spec import Problem, Spec, load

LISTEN = "127.0.0.1:9188"
TIMEOUT = 10.0
"""Seconds."""


def arguments(parser: ArgumentParser) -> None:
    """Which servers are asked, how, and how often."""
    for source in SOURCES:
        parser.add_argument(
            f"--{source.name}",
            action="append",
            default=[],
            type=url,
            metavar=source.metavar,
            help=f"{source.help}; may be repeated. Without any such flag, those that the spec names",
        )
    parser.add_argument(
        "--code",
        action="append",
        default=[],
        metavar="DIR",
        help="Python code that may define metrics by hand; may be repeated. With it alone no server is asked",
    )
    parser.add_argument("--timeout", type=some_seconds, metavar="TIME", help="for each answer (10s)")
    parser.add_argument("--bearer-token-file", metavar="FILE", help="sent to every server")
    parser.add_argument("--grafana-token-file", metavar="FILE", help="sent to Grafana instead")
    parser.add_argument("--basic-auth-user", metavar="NAME", help="sent to every server")
    parser.add_argument("--basic-auth-password-file", metavar="FILE", help="the user's password")
    parser.add_argument("--ca-file", metavar="FILE", help="who has signed the servers' certificates")
    parser.add_argument("--cert-file", metavar="FILE", help="our certificate, where a server wants one")
    parser.add_argument("--key-file", metavar="FILE", help="its key, where that is not in the same file")
    parser.add_argument(
        "--watch", type=some_seconds, metavar="TIME", help="repeat, as 60s, and serve findings as metrics"
    )
    parser.add_argument("--listen", type=address, metavar="HOST:PORT", help=f"where --watch serves them ({LISTEN})")


NEEDS = {"--listen": "--watch", "--basic-auth-password-file": "--basic-auth-user", "--key-file": "--cert-file"}
"""Flags that do nothing without another."""
APART = (
    ("--watch", "--code", "code is read once"),
    ("--bearer-token-file", "--basic-auth-user", "a server is told one of them"),
)
"""Flags of which one would be passed over, and why."""
ASKING = ("--timeout", "--bearer-token-file", "--basic-auth-user", "--ca-file", "--cert-file")
"""Flags that do nothing where no server is asked."""


def _misuse(options: Namespace) -> Iterator[str]:
    """Why flags do not go together."""
    for flag, needed in NEEDS.items():
        if given(options, flag) and not given(options, needed):
            yield f"{flag} does nothing without {needed}"
    for one, other, why in APART:
        if given(options, one) and given(options, other):
            yield f"{one} and {other} do not go together: {why}"
    if options.watch and options.format in ("github", "sarif"):
        yield f"--watch and --format {options.format} do not go together: findings are metrics then"
    if options.code and not any(getattr(options, source.name) for source in SOURCES):
        alone = "does nothing beside --code alone, with which no server is asked"
        yield from (f"{flag} {alone}" for flag in ASKING if given(options, flag))


def run(options: Namespace) -> Result:
    """Ask every server once, or again and again, and read code."""
    for reason in _misuse(options):
        raise Misuse(reason)
    spec = load(options.spec)
    files = render(spec)
    named = bool(options.code) or any(getattr(options, source.name) for source in SOURCES)
    places = list(_places(options, spec, named))
    if options.grafana_token_file and not any(place.source.name == "grafana" for place in places):
        raise Misuse("--grafana-token-file does nothing here, since no Grafana is asked; name one with --grafana")
    also = [] if named else unnamed(spec)
    if options.watch is not None:
        listen = options.listen or address(LISTEN)
        try:
            count = watch(lambda: observe(spec, files, places, also), options.watch, listen, say)
        except NotListening as error:
            return Result((), [Problem(Server(page_url(listen)), f"cannot be served: {error}", "not_listening")])
        return Result([f"drift: ended after {count} check{'' if count == 1 else 's'}"], (), {"checks": count})
    observed = observe(spec, files, places, also)
    read = {folder: code.findings(spec, folder) for folder in options.code}
    facts = {
        "sources": [
            {"source": asked.url, "kind": asked.source.name, "reachable": seen.reachable, **seen.counts}
            for asked, seen in observed.seen
        ],
        "findings": [{**finding._asdict(), "message": finding.message} for finding in observed.findings],
        "code": [{"folder": folder, "files": one.files, "metrics": one.definitions} for folder, one in read.items()],
    }
    lines = [*_lines(observed), *(_read(folder, one) for folder, one in read.items())]
    problems = [finding.problem for finding in observed.findings]
    return Result(lines, [*problems, *(problem for one in read.values() for problem in one.problems)], facts)


def _read(folder: str, seen: code.Seen) -> str:
    """What was seen of a folder of code."""
    told = f"{len(seen.problems)} differ" if seen.problems else "as the spec says"
    return f"code {folder}: {seen.files} files, {seen.definitions} metrics defined by hand, {told}"


def _places(options: Namespace, spec: Spec, named: bool) -> Iterator[Asked]:
    """The servers that flags name, or else those that the spec names."""
    access = Access(
        options.timeout or TIMEOUT,
        options.bearer_token_file,
        options.basic_auth_user,
        options.basic_auth_password_file,
        options.ca_file,
        options.cert_file,
        options.key_file,
    )
    for source in SOURCES:
        own = source.name == "grafana" and options.grafana_token_file
        credentials = access._replace(bearer_token_file=options.grafana_token_file) if own else access
        for place in getattr(options, source.name) if named else source.default(spec):
            yield Asked(source, place, credentials)


COLUMNS = ("kind", "subject", "declared", "running")
WIDEST = 48


def _lines(observed: Observed) -> Iterator[str]:
    """What was asked, each with a table of what differs there."""
    rows = {one: tuple(short(str(getattr(one, column)), WIDEST) for column in COLUMNS) for one in observed.findings}
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows.values(), strict=True)]
    for asked, seen in observed.seen:
        counts = ", ".join(f"{count} {what}" for what, count in seen.counts.items()) or "nothing seen"
        there = [row for finding, row in rows.items() if finding.source == asked.url]
        yield f"{asked.source.name} {asked.url}: {counts}, " + (f"{len(there)} differ" if there else "as the spec says")
        for row in (COLUMNS, *there) if there else ():
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            yield f"  {'  '.join(cells)}".rstrip()
