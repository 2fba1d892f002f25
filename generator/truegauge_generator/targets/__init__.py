"""Every file that a spec is rendered to. A view shapes the data, a template prints it; `render` does the rest.

A target without a template has a view that gives whole files: `{name: text}` for the folder `path`. One with a `{part}`
in its path has a view that gives the data of each part. A view that gives None has nothing to print, and no empty file
is written for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from truegauge_generator.targets import (
    alertmanager,
    dashboard,
    deploy,
    docs,
    metrics,
    objective_tests,
    objectives,
    prometheus,
    proof_page,
    provisioning,
    rules,
    runtime,
    spec_drift,
    unit_tests,
)


class Target(NamedTuple):
    """One kind of output. `scope` is `system`, for a file each, or the part of the stack that needs it."""

    path: str
    scope: str
    view: Callable[..., dict[str, Any] | None]
    template: str | None = None


TARGETS = (
    Target("rendered/prometheus/prometheus.yml", "prometheus", prometheus.view, "prometheus.yml.j2"),
    Target("rendered/prometheus/rules/{system}.yml", "system", rules.view, "rules.yml.j2"),
    Target("rendered/prometheus/tests/{system}{part}.yml", "system", unit_tests.view, "tests.yml.j2"),
    Target("rendered/prometheus/rules/{system}-objectives.yml", "system", objectives.view, "rules.yml.j2"),
    Target(
        "rendered/prometheus/tests/{system}-objectives{part}.yml",
        "system",
        objective_tests.view,
        "objective_tests.yml.j2",
    ),
    Target("rendered/prometheus/rules/{system}-spec.yml", "system", spec_drift.view, "rules.yml.j2"),
    Target("rendered/prometheus/tests/{system}-spec.yml", "system", spec_drift.tests_view, "tests.yml.j2"),
    Target("rendered/alertmanager/alertmanager.yml", "alertmanager", alertmanager.view, "alertmanager.yml.j2"),
    Target("rendered/alertmanager/templates/truegauge.tmpl", "alertmanager", alertmanager.view, "truegauge.tmpl.j2"),
    Target("rendered/deploy/{system}", "system", deploy.requirements),
    Target("rendered/deploy/{system}/Dockerfile", "system", deploy.view, "Dockerfile.j2"),
    Target("rendered/deploy/{system}/{system}-exporter.service", "system", deploy.view, "exporter.service.j2"),
    Target("rendered/deploy/{system}/kubernetes.yaml", "system", deploy.view, "kubernetes.yml.j2"),
    Target("rendered/grafana/dashboards", "system", dashboard.view),
    Target(
        "rendered/grafana/provisioning/datasources/truegauge.yml",
        "grafana",
        provisioning.view,
        "datasources.yml.j2",
    ),
    Target(
        "rendered/grafana/provisioning/dashboards/truegauge.yml",
        "grafana",
        provisioning.view,
        "dashboards.yml.j2",
    ),
    Target("rendered/docs/{system}.md", "system", docs.view, "docs.md.j2"),
    Target("rendered/docs/{system}-proof.html", "system", proof_page.view, "proof.html.j2"),
    Target("exporter/{system}_exporter/metrics.py", "system", metrics.view, "metrics.py.j2"),
    Target("exporter/{system}_exporter", "system", runtime.view),
)
