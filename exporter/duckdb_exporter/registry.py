"""Between the exporter and `prometheus_client`: our metrics in the application's registry, or its metrics on our page.

The only file that needs `prometheus_client`, of which it uses what is public. It is loaded when it is asked for: the
package takes 70 ms to load.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import accumulate
from weakref import WeakMethod

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    UnknownMetricFamily,
)

from .exposition import Exposition, Family, bound
from .instruments import Instrument

Fresh = Callable[[], AbstractContextManager[None]]

_NAME = "([a-zA-Z_:][a-zA-Z0-9_:]*)"
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*"'
_LINE = re.compile(rf"# (?:HELP|TYPE) {_NAME} .*|{_NAME}(?:{{{_LABEL}(?:,{_LABEL})*}})? \S+(?: -?\d+)?")
_LOG = logging.getLogger(__name__)


class Collector:
    """What a scrape of the exporter shows, for a registry of `prometheus_client`.

    Series have the spec's names. The package prints the type of a counter under a name that ends with `_total`,
    whatever its samples are called: a counter of another name is given to it as unknown, so that only the type is lost.
    A histogram with a bound below 0 comes without sum and count.
    """

    def __init__(self, exposition: Exposition, fresh: WeakMethod[Fresh] | None = None) -> None:
        self._exposition = exposition
        # Within it all is up to date. Weak: what the thread of a server that does not end refers to is never freed, and
        # DuckDB complains of that when the process ends.
        self._fresh = fresh

    def describe(self) -> list[Metric]:
        """The families without samples."""
        shown = self._exposition
        ours = [Family(one.metric.name, one.metric.type, one.metric.help) for one in shown.instruments]
        return [_empty(family, ()) for family in (shown.info, *ours, shown.dropped())]

    def collect(self) -> list[Metric]:
        """The families as they are now. Calls no engine."""
        fresh = None if self._fresh is None else self._fresh()
        with nullcontext() if fresh is None else fresh():
            shown = self._exposition
            return [_own(shown.info), *(_filled(one) for one in shown.instruments), _own(shown.dropped())]


class Guest:
    """The application's registry, as text below ours.

    A family that has a name of ours, or that Prometheus could not read, is left out, and what comes after a collector
    that fails is too: our own page is whole whatever the application does. Each is logged, once.
    """

    def __init__(self, registry: CollectorRegistry, taken: frozenset[str]) -> None:
        self._registry = registry
        self._taken = taken
        self._told: set[str] = set()

    def render(self) -> bytes:
        """Text of version 0.0.4."""
        texts = []
        try:
            for family in self._registry.collect():
                text = generate_latest(_Only(family))
                if self._fits(family.name, text.decode()):
                    texts.append(text)
        except Exception as error:  # noqa: BLE001 - a collector of the application's, which can raise anything
            _LOG.debug("the application's registry failed", exc_info=error)
            self._tell(f"the application's registry failed, /metrics is without the rest of it: {type(error).__name__}")
        return b"".join(texts)

    def _fits(self, name: str, text: str) -> bool:
        for line in text.removesuffix("\n").split("\n"):
            found = _LINE.fullmatch(line)
            if found is None:
                self._tell(f"{name}: left out of /metrics, Prometheus could not read its lines")
                return False
            if (clashing := found[1] or found[2]) in self._taken:
                self._tell(f"{name}: left out of /metrics, the spec has {clashing}")
                return False
        return True

    def _tell(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            _LOG.warning("%s", message)


class _Only:
    """One family, as a registry."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        return (self._family,)


def _empty(family: Family, labels: Sequence[str]) -> Metric:
    if family.type == "histogram":
        return HistogramMetricFamily(family.name, family.help, labels=labels)
    return _plain(family, labels)


def _plain(family: Family, labels: Sequence[str]) -> CounterMetricFamily | GaugeMetricFamily | UnknownMetricFamily:
    if family.type == "gauge":
        return GaugeMetricFamily(family.name, family.help, labels=labels)
    if family.name.endswith("_total"):
        return CounterMetricFamily(family.name, family.help, labels=labels)
    return UnknownMetricFamily(family.name, family.help, labels=labels)


def _own(family: Family) -> Metric:
    samples = list(family.samples)
    made = _plain(family, [name for name, _ in samples[0][0]] if samples else ())
    for labels, value in samples:
        made.add_metric([text for _, text in labels], value)
    return made


def _filled(instrument: Instrument) -> Metric:
    metric = instrument.metric
    labels = [label.name for label in metric.labels]
    children = list(instrument.children.values())
    if metric.type == "histogram":
        made = HistogramMetricFamily(metric.name, metric.help, labels=labels)
        bounds = [bound(each) for each in (*instrument.bounds, math.inf)]
        for child in children:
            made.add_metric(child.labels, list(zip(bounds, accumulate(child.counts), strict=True)), child.sum)
        return made
    plain = _plain(Family(metric.name, metric.type, metric.help), labels)
    for child in children:
        if child.value is not None:
            plain.add_metric(child.labels, child.value)
    return plain
