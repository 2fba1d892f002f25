"""What things may be called, and which series a metric gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

METRIC_NAME = r"^[a-zA-Z_:][a-zA-Z0-9_:]*$"
LABEL_NAME = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
ALERT_NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
SYSTEM_NAME = r"^[a-z][a-z0-9_]*$"

# Labels that Prometheus itself puts on every sample of a target.
TARGET_LABELS = ("job", "instance")

DRILL = "drill"
"""The label that tells receivers of a fire drill; the instance that a drill lends an alert is `drill-` and its time."""

# Metrics that Prometheus makes for every target, whatever it exposes.
SCRAPE_METRICS = {
    "up": "1 when the last scrape of the target succeeded, else 0",
    "scrape_duration_seconds": "Time that the last scrape took",
    "scrape_samples_scraped": "Samples that the target exposed",
}

BURN_RATE: Literal["job:slo_events:burn_rate"] = "job:slo_events:burn_rate"
"""What the rules of objectives record of each, by window."""

SPEC_DRIFT = "SpecDrift"
"""The alert that every system with rules has: an exporter runs another spec than they were made from."""

# Labels a metric may not have: they are given by the target, the histogram or the alert itself.
RESERVED_LABELS = {
    "job": "Prometheus sets it from the scrape configuration",
    "instance": "Prometheus sets it from the target's address",
    "le": "it is the bucket label of histograms",
    "quantile": "it is the quantile label of summaries",
    "alertname": "Prometheus sets it to the alert's name",
    "severity": "it is the alert's own label",
}


def series_names(name: str, metric_type: str) -> tuple[str, ...]:
    """The names of the series that a metric exposes: a histogram's three, otherwise its own, verbatim."""
    if metric_type == "histogram":
        return (f"{name}_bucket", f"{name}_sum", f"{name}_count")
    return (name,)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint with the known name nearest to `name`, or the known names when there are few, else nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    names = sorted(known)
    if close := get_close_matches(name, names, n=1):
        return f"; did you mean {close[0]!r}?"
    if 0 < len(names) <= 12:
        return f"; known: {', '.join(names)}"
    return ""
