"""What a comparison found, and which finding explains which, so that one edit gives one finding."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
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


class Link(NamedTuple):
    """What a cause and its effect have in common: a key of the cause, and the keys that the effect looks for."""

    of_cause: Callable[[Finding], Hashable]
    of_effect: Callable[[Finding], Iterable[Hashable]]


def _job(finding: Finding) -> tuple[str, str]:
    return finding.source, finding.subject.partition("/")[0]


def _around(finding: Finding) -> Iterator[tuple[str, str]]:
    """The finding's subject and what it is a part of."""
    yield finding.source, finding.subject
    yield from ((finding.source, finding.subject[:at]) for at, sign in enumerate(finding.subject) if sign == "/")


SAME_SERVER = Link(lambda cause: cause.source, lambda effect: [effect.source])
INSIDE = Link(lambda cause: (cause.source, cause.subject), _around)
SAME_JOB = Link(_job, lambda effect: [_job(effect)])
SAME_ADDRESS = Link(
    lambda cause: cause.source.partition("://")[2].partition("/")[0],
    lambda effect: [effect.subject.rpartition("/")[2]] if "/" in effect.subject else [],
)


class Explanation(NamedTuple):
    """A finding of the kind `cause` makes one of the kind `effect` superfluous, where they have the link's key."""

    cause: str
    effect: str
    link: Link


EXPLANATIONS = (
    Explanation("nothing_observed", "exposition", SAME_SERVER),
    Explanation("metric_type", "metric_labels", INSIDE),
    Explanation("metric_type", "buckets", INSIDE),
    Explanation("metric_type", "series_missing", INSIDE),
    Explanation("metric_labels", "label_value", INSIDE),
    Explanation("metric_labels", "series_missing", INSIDE),
    Explanation("metric_missing", "other_spec", SAME_SERVER),
    Explanation("metric_undeclared", "other_spec", SAME_SERVER),
    Explanation("metric_type", "other_spec", SAME_SERVER),
    Explanation("metric_labels", "other_spec", SAME_SERVER),
    Explanation("label_value", "other_spec", SAME_SERVER),
    Explanation("series_missing", "other_spec", SAME_SERVER),
    Explanation("buckets", "other_spec", SAME_SERVER),
    Explanation("rule_changed", "rule_unhealthy", INSIDE),
    Explanation("rule_extra", "rule_unhealthy", INSIDE),
    Explanation("job_missing", "target_missing", INSIDE),
    Explanation("target_extra", "target_down", INSIDE),
    Explanation("scraped_otherwise", "target_down", SAME_JOB),
    Explanation("prometheus_config", "target_down", SAME_JOB),
    Explanation("unreachable", "target_down", SAME_ADDRESS),
)


def unexplained(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that no other one explains, sorted."""
    found = sorted(set(findings))
    causes = {(one, one.link.of_cause(cause)) for cause in found for one in EXPLANATIONS if one.cause == cause.kind}
    return [effect for effect in found if not any(key in causes for key in _keys(effect))]


def _keys(effect: Finding) -> Iterator[tuple[Explanation, Hashable]]:
    """The keys of what would explain a finding."""
    return ((one, key) for one in EXPLANATIONS if one.effect == effect.kind for key in one.link.of_effect(effect))
