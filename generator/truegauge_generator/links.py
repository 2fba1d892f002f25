"""Where a reader is sent: the runbook, the dashboard and its panels. One place, so that every link agrees."""

from __future__ import annotations

from hashlib import sha256

from truegauge_spec import Spec


def dashboard_uid(system: str) -> str:
    """The dashboard's uid; Grafana allows 40 characters."""
    return f"truegauge-{system.replace('_', '-')}"[:40]


def panel_id(row: str, panel: str) -> int:
    """A panel's id from its place by name, so that it outlives a change of order; Grafana's ids are positive."""
    return int(sha256(f"{row}\0{panel}".encode()).hexdigest()[:7], 16) + 1


def runbook_url(spec: Spec, system: str, alert: str) -> str | None:
    """The alert's section in the rendered docs; GitHub's and GitLab's anchors are in lower case."""
    base = spec.stack.docs_url
    return f"{base.rstrip('/')}/{system}.md#{alert.lower()}" if base else None


def dashboard_page(spec: Spec, system: str) -> str | None:
    """The system's dashboard, for all instances."""
    grafana = spec.stack.grafana
    return f"{grafana.url.rstrip('/')}/d/{dashboard_uid(system)}" if grafana else None


def dashboard_url(spec: Spec, system: str) -> str | None:
    """The system's dashboard, for the instance that an alert is about."""
    page = dashboard_page(spec, system)
    return f"{page}?var-instance={{{{ $labels.instance }}}}" if page else None
