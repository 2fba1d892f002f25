"""Scraping: that Prometheus finds the exporters, often enough for the windows that look at them."""

from __future__ import annotations

from collections.abc import Iterator

from truegauge_spec.positions import Path
from truegauge_spec.quantities import duration
from truegauge_spec.spec import Spec
from truegauge_spec.system import System


def scrape_address(spec: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A system that Prometheus shall scrape says where."""
    if spec.stack.prometheus and not system.scrape.targets and not system.scrape.file_sd:
        yield ("scrape",), "Prometheus has nothing to scrape: give `targets: [host:port]` or `file_sd: [file]`"


def scrape_interval(spec: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A scrape ends before the next one, and a window holds at least four of them."""
    interval = system.scrape.interval or spec.prometheus.scrape_interval
    timeout = system.scrape.timeout
    if timeout is not None and timeout > interval:
        yield ("scrape", "timeout"), f"{duration(timeout)} is longer than the scrape interval, {duration(interval)}"
    for name, when in system.conditions:
        if 0 < when.window < 4 * interval:
            at_least = f"it needs at least four, {duration(4 * interval)}"
            path = ("alerts", name, "when", when.window_key)
            yield path, f"{duration(when.window)} holds too few scrapes: {at_least}"


def short_wait(spec: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A `for` shorter than the interval between evaluations waits for that interval all the same."""
    interval = spec.prometheus.evaluation_interval
    for name, alert in system.alerts.items():
        if 0 < alert.for_ < interval and spec.stack.prometheus:
            message = f"{duration(alert.for_)} is shorter than the evaluation interval, {duration(interval)}"
            yield ("alerts", name, "for"), message


CHECKS = (short_wait, scrape_address, scrape_interval)
