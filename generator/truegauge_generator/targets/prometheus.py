"""Prometheus' configuration: one scrape configuration for each system, its rules, its Alertmanagers."""

from __future__ import annotations

from typing import Any

from truegauge_generator import digests
from truegauge_generator.targets import spec_drift
from truegauge_spec import Spec
from truegauge_spec.names import DRILL
from truegauge_spec.quantities import duration
from truegauge_spec.system import System


def view(spec: Spec) -> dict[str, Any]:
    """Intervals, rule files and scrape configurations."""
    prometheus = spec.prometheus
    return {
        "digest": digests.of_scraping(spec),
        "scrape_interval": duration(prometheus.scrape_interval),
        "evaluation_interval": duration(prometheus.evaluation_interval),
        "external_labels": prometheus.external_labels,
        "drill": f"{DRILL}-[0-9]+" if prometheus.drill else "",
        "alertmanagers": prometheus.alertmanagers,
        "rules": [file for system in spec.systems.values() for file in _rules(system)],
        "systems": [_scrape(system) for system in spec.systems.values()],
    }


def _rules(system: System) -> list[str]:
    """The system's rule files; no system's name has a hyphen."""
    parts = {
        system.system: bool(system.alerts),
        f"{system.system}-objectives": bool(system.objectives),
        f"{system.system}-spec": spec_drift.watched(system),
    }
    return [file for file, declared in parts.items() if declared]


def _scrape(system: System) -> dict[str, Any]:
    scrape = system.scrape
    return {
        "name": system.system,
        "interval": duration(scrape.interval) if scrape.interval else "",
        "timeout": duration(scrape.timeout) if scrape.timeout else "",
        "scheme": scrape.scheme if scrape.scheme != "http" else "",
        "path": scrape.path if scrape.path != "/metrics" else "",
        "targets": scrape.targets,
        "file_sd": scrape.file_sd,
        "labels": scrape.labels,
        "bearer_token_file": scrape.bearer_token_file,
        "ca_file": scrape.ca_file,
    }
