"""What a comparison found, and which finding explains which, so that one edit gives one finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from truegauge_generator.drift.codes import FINDINGS
from truegauge_spec.problem import Position, Problem

NOTHING = "nothing"
WIDTH = 160
"""Characters of a declared or running value in a message; JSON has it whole."""


class Server(Position):
    """A server's address in the place of a file's."""

    __slots__ = ()

    def __str__(self) -> str:
        return self.path


class Finding(NamedTuple):
    """One difference. `subject` is a path from the outer to the inner, as `duckdb.yml/duckdb-disk/HighDiskUsage`."""

    source: str
    kind: str
    subject: str
    declared: str
    running: str

    @property
    def message(self) -> str:
        """One line with the likely fix."""
        declared, running = short(self.declared), short(self.running)
        kind = FINDINGS[self.kind]
        return f"{self.subject}: {kind.meaning}; declared: {declared}; running: {running}; {kind.fix}"

    @property
    def problem(self) -> Problem:
        """The finding as every command reports what is wrong."""
        return Problem(Server(self.source), self.message, self.kind)


Found = tuple[str, str, str, str]
"""A finding of a server whose address goes without saying: kind, subject, declared, running."""


def short(text: str, width: int = WIDTH) -> str:
    """A value on one line, cut where it is long."""
    line = " ".join(text.split()) or NOTHING
    return line if len(line) <= width else f"{line[: width - 1]}…"


class Seen(NamedTuple):
    """What a source was asked about: how much of it there was, and the findings."""

    counts: dict[str, int]
    findings: list[Finding]
    reachable: bool = True


def _on_the_same_server(cause: Finding, effect: Finding) -> bool:
    return cause.source == effect.source


def _inside(cause: Finding, effect: Finding) -> bool:
    """The effect is about the same thing, or about a part of it."""
    return cause.source == effect.source and f"{effect.subject}/".startswith(f"{cause.subject}/")


def _of_the_same_job(cause: Finding, effect: Finding) -> bool:
    return cause.source == effect.source and cause.subject.split("/")[0] == effect.subject.split("/")[0]


def _at_the_same_address(cause: Finding, effect: Finding) -> bool:
    address = cause.source.partition("://")[2].partition("/")[0]
    return effect.subject.endswith(f"/{address}")


class Explanation(NamedTuple):
    """A finding of the kind `cause` makes one of the kind `effect` superfluous, where `when` holds."""

    cause: str
    effect: str
    when: Callable[[Finding, Finding], bool]


EXPLANATIONS = (
    Explanation("nothing_observed", "exposition", _on_the_same_server),
    Explanation("metric_type", "metric_labels", _inside),
    Explanation("metric_type", "buckets", _inside),
    Explanation("metric_type", "series_missing", _inside),
    Explanation("metric_labels", "label_value", _inside),
    Explanation("metric_labels", "series_missing", _inside),
    Explanation("metric_missing", "other_spec", _on_the_same_server),
    Explanation("metric_undeclared", "other_spec", _on_the_same_server),
    Explanation("metric_type", "other_spec", _on_the_same_server),
    Explanation("metric_labels", "other_spec", _on_the_same_server),
    Explanation("label_value", "other_spec", _on_the_same_server),
    Explanation("series_missing", "other_spec", _on_the_same_server),
    Explanation("buckets", "other_spec", _on_the_same_server),
    Explanation("rule_changed", "rule_unhealthy", _inside),
    Explanation("rule_extra", "rule_unhealthy", _inside),
    Explanation("job_missing", "target_missing", _inside),
    Explanation("target_extra", "target_down", _inside),
    Explanation("scraped_otherwise", "target_down", _of_the_same_job),
    Explanation("prometheus_config", "target_down", _of_the_same_job),
    Explanation("unreachable", "target_down", _at_the_same_address),
)


def unexplained(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that no other one explains, sorted."""
    found = sorted(set(findings))
    return [effect for effect in found if not any(_explains(cause, effect) for cause in found)]


def _explains(cause: Finding, effect: Finding) -> bool:
    return cause != effect and any(
        (one.cause, one.effect) == (cause.kind, effect.kind) and one.when(cause, effect) for one in EXPLANATIONS
    )
