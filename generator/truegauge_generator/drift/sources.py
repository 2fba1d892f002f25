"""The kinds of places that are compared with the spec; each is asked in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from truegauge_generator.drift import alertmanager, exporter, grafana, prometheus
from truegauge_generator.drift.findings import Finding, Seen, unexplained
from truegauge_generator.drift.http import Access, Unreachable
from truegauge_spec import Spec


class Source(NamedTuple):
    """A kind of place: its flag, what is said there, where it is by default, and how it is compared."""

    name: str
    metavar: str
    help: str
    default: Callable[[Spec], Iterable[str]]
    observe: Callable[[Spec, Mapping[str, str], str, Access], Seen]


def _exporters(spec: Spec) -> Iterable[str]:
    for system in spec.systems.values():
        for address in system.scrape.targets:
            yield f"{system.scrape.scheme}://{address}{system.scrape.path}"


SOURCES = (
    Source(
        "exporter",
        "URL",
        "an exporter's /metrics",
        _exporters,
        lambda spec, files, url, access: exporter.observe(spec, url, access),
    ),
    Source(
        "prometheus",
        "URL",
        "a Prometheus",
        lambda spec: [spec.stack.prometheus.url] if spec.stack.prometheus else [],
        prometheus.observe,
    ),
    Source(
        "alertmanager",
        "URL",
        "an Alertmanager",
        lambda spec: [spec.stack.alertmanager.url] if spec.stack.alertmanager else [],
        lambda spec, files, url, access: alertmanager.observe(files, url, access),
    ),
    Source(
        "grafana",
        "URL",
        "a Grafana",
        lambda spec: [spec.stack.grafana.url] if spec.stack.grafana else [],
        grafana.observe,
    ),
)


class Asked(NamedTuple):
    """A place to ask: what it is, where, and with which credentials."""

    source: Source
    url: str
    access: Access


class Observed(NamedTuple):
    """What was seen everywhere: by place, and the findings that none of the others explains."""

    seen: list[tuple[Asked, Seen]]
    findings: list[Finding]


def unnamed(spec: Spec) -> list[Finding]:
    """The systems whose exporters the spec does not name, so that nothing of them is seen without a flag."""
    return [
        Finding(
            str(spec.position(name, ("scrape",))), "nothing_observed", name, "`scrape.targets`, or --exporter URL", ""
        )
        for name, system in spec.systems.items()
        if not system.scrape.targets
    ]


def observe(spec: Spec, files: Mapping[str, str], places: Iterable[Asked], also: Iterable[Finding] = ()) -> Observed:
    """Ask every place. A server that cannot be asked, or has nothing to compare, is a finding."""
    seen = [(asked, _ask(spec, files, asked)) for asked in places]
    return Observed(seen, unexplained([*also, *(finding for _, one in seen for finding in one.findings)]))


def _ask(spec: Spec, files: Mapping[str, str], asked: Asked) -> Seen:
    try:
        seen = asked.source.observe(spec, files, asked.url, asked.access)
    except Unreachable as reason:
        return Seen({}, [Finding(asked.url, "unreachable", asked.source.name, "answers", str(reason))], False)
    if not seen.findings and not any(seen.counts.values()):
        return seen._replace(findings=[Finding(asked.url, "nothing_observed", asked.source.name, "something", "")])
    return seen
