"""An exporter's /metrics compared with the metrics of its system; any exporter's, in either text format."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from truegauge_generator.drift.exposition import ACCEPT, Family, Page, Sample, read, series_text
from truegauge_generator.drift.findings import Finding, Found, Seen
from truegauge_generator.drift.http import Access, Unreachable, ask
from truegauge_generator.targets import metrics
from truegauge_spec import Spec
from truegauge_spec.metric import Metric, SqlMeasure
from truegauge_spec.system import System

LIBRARIES = ("process_", "python_gc_", "python_info", "go_", "promhttp_", "target_info")
"""What client libraries expose of themselves: nobody declares it, though one may."""

OTHER = "other"
"""Where our runtime counts values beyond a label's limit."""


def observe(spec: Spec, url: str, access: Access) -> Seen:
    """Ask an exporter and compare its page with its system. Raises Unreachable."""
    answer = ask(url, access, ACCEPT)
    if answer.status != 200:
        raise Unreachable(f"it answered {answer.status}")
    page = read(answer.body, answer.content_type)
    system = owner(spec, url, page)
    found = [Finding(url, *one) for one in compare(spec, system, page)]
    samples = sum(len(family.samples) for family in page.families.values())
    return Seen({"metrics": len(page.families), "series": samples}, found)


def owner(spec: Spec, url: str, page: Page) -> System:
    """The system that an exporter is of: by its address, else the one that it has most metrics of."""
    address = urlsplit(url).netloc
    by_address = [system for system in spec.systems.values() if address in system.scrape.targets]
    if len(by_address) == 1:
        return by_address[0]
    return max(by_address or spec.systems.values(), key=lambda system: len(_exposed(system, page)))


def _exposed(system: System, page: Page) -> dict[str, Family]:
    """The families of the metrics that are declared, by the declared name."""
    found = {name: _family(page, name) for name in system.metrics}
    return {name: family for name, family in found.items() if family is not None}


def _family(page: Page, name: str) -> Family | None:
    """The family whose series has this name: OpenMetrics calls the family of a counter `x_total` just `x`."""
    short = page.families.get(name.removesuffix("_total"))
    if page.is_openmetrics and short is not None and short.type == "counter":
        return short if name.endswith("_total") else None
    return page.families.get(name)


def compare(spec: Spec, system: System, page: Page) -> Iterator[Found]:
    """Every difference between a page and a system's metrics."""
    for fault in page.faults:
        yield "exposition", f"line {fault.line}", "", fault.message
    exposed = _exposed(system, page)
    if not exposed:
        yield "nothing_observed", system.system, f"{len(system.metrics)} metrics", "none of them"
        return
    digest = _digest(page, system)
    for name, metric in system.metrics.items():
        if name not in exposed:
            other = f"{name}_total" if _renamed(page, name) else ""
            yield "metric_missing", name, f"{metric.type} {name}", other
        else:
            yield from _metric(name, metric, exposed[name], digest is not None)
    yield from _undeclared(system, page, exposed)
    wanted = str(metrics.view(spec, system)["digest"])
    if digest not in (None, wanted):
        yield "other_spec", system.system, wanted, str(digest)


def _renamed(page: Page, name: str) -> bool:
    """Whether the client library has appended `_total` to the declared name."""
    return f"{name}_total" in page.families or (page.is_openmetrics and name in page.families)


def _digest(page: Page, system: System) -> str | None:
    """The spec that our own runtime says it was rendered from."""
    info = page.families.get(f"{system.system}_exporter_spec_info")
    return info.samples[0].labels.get("digest") if info and info.samples else None


def _undeclared(system: System, page: Page, exposed: Mapping[str, Family]) -> Iterator[Found]:
    known = {family.name for family in exposed.values()}
    for name in system.metrics:
        known.add(f"{name.removesuffix('_total')}_created")
        if name not in exposed and _renamed(page, name):
            known |= {name, f"{name}_total"}
    for name, family in page.families.items():
        if name not in known and not name.startswith((*LIBRARIES, f"{system.system}_exporter_")):
            yield "metric_undeclared", name, "", f"{family.type} {name}, line {family.line}"


def _metric(name: str, metric: Metric, family: Family, is_ours: bool) -> Iterator[Found]:
    if family.type != metric.type:
        yield "metric_type", name, metric.type, family.type
    if family.help != metric.help:
        yield "metric_help", name, metric.help, family.help
    samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
    yield from _labels(name, metric, samples)
    for label, known in metric.labels.items():
        values = {sample.labels[label]: sample for sample in reversed(samples) if label in sample.labels}
        if isinstance(known, tuple):
            if stray := [value for value in values if value not in known]:
                where = values[stray[-1]].line
                yield "label_value", f"{name}/{label}", ", ".join(known), f"{', '.join(sorted(stray))}, line {where}"
        elif len(values.keys() - {OTHER}) > known.limit:
            yield "too_many_values", f"{name}/{label}", f"at most {known.limit}", str(len(values.keys() - {OTHER}))
    if metric.type == "histogram":
        yield from _histogram(name, metric, samples)
    if is_ours:
        yield from _closed(name, metric, samples)


def _labels(name: str, metric: Metric, samples: list[Sample]) -> Iterator[Found]:
    """The first series with other labels; the others of its metric have them too, as a rule."""
    for sample in samples:
        extra = {"le"} if metric.type == "histogram" and sample.name == f"{name}_bucket" else set()
        labels = sorted(sample.labels.keys() - extra)
        if labels != sorted(metric.labels):
            running = f"{', '.join(labels) or 'none'}, line {sample.line}"
            yield "metric_labels", name, ", ".join(metric.labels) or "none", running
            return


def _child(sample: Sample) -> tuple[tuple[str, str], ...]:
    """The label values that the series of one histogram share."""
    return tuple(sorted((label, value) for label, value in sample.labels.items() if label != "le"))


def _histogram(name: str, metric: Metric, samples: list[Sample]) -> Iterator[Found]:
    children: dict[tuple[tuple[str, str], ...], dict[str, list[Sample]]] = {}
    for sample in samples:
        children.setdefault(_child(sample), {}).setdefault(sample.name, []).append(sample)
    wanted = {*metric.buckets, float("inf")}
    told = False
    for parts in children.values():
        for series in metric.series(name):
            if series not in parts and not told:
                line = min(sample.line for part in parts.values() for sample in part)
                yield "series_missing", name, series, f"only {', '.join(parts)}, line {line}"
                told = True
        bounds = {_bound(sample) for sample in parts.get(f"{name}_bucket", ())}
        if bounds and bounds != wanted and not told:
            yield "buckets", name, _numbers(wanted), _numbers(bounds)
            told = True


def _bound(sample: Sample) -> float:
    try:
        return float(sample.labels.get("le", "nan"))
    except ValueError:
        return float("nan")


def _numbers(bounds: Iterable[float]) -> str:
    return ", ".join("+Inf" if bound == float("inf") else f"{bound:g}" for bound in sorted(bounds))


def _closed(name: str, metric: Metric, samples: list[Sample]) -> Iterator[Found]:
    """Our runtime has each counter and histogram of closed labels from the start, but for what a query gives."""
    sets = [known for known in metric.labels.values() if isinstance(known, tuple)]
    if metric.type == "gauge" or len(sets) < len(metric.labels) or isinstance(metric.measure, SqlMeasure):
        return
    there = {_child(sample) for sample in samples}
    for values in itertools.product(*sets):
        labels = dict(zip(metric.labels, values, strict=True))
        if tuple(sorted(labels.items())) not in there:
            yield "series_missing", name, series_text(Sample(metric.series(name)[0], labels, 0)), ""
            return
