"""Grafana's provisioning: the data source and the provider of the dashboards."""

from __future__ import annotations

from typing import Any

from truegauge_spec import Spec
from truegauge_spec.quantities import duration


def view(spec: Spec) -> dict[str, Any]:
    """The Prometheus data source, and the folder that dashboards are read from."""
    grafana, prometheus = spec.stack.grafana, spec.prometheus
    assert grafana is not None
    return {
        "name": grafana.datasource,
        "uid": grafana.datasource_uid,
        "url": prometheus.url,
        # Grafana takes 15s for granted, and would make $__rate_interval a minute at least.
        "interval": duration(prometheus.scrape_interval),
        "folder": grafana.folder,
    }
