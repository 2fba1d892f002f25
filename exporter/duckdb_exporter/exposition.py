"""Text format 0.0.4 with metric names verbatim.

The only file that reads `prometheus_client`'s private attributes (`_value`, `_sum`, `_buckets`, `_upper_bounds`).
`prometheus_client.generate_latest` appends `_total` to every counter, so the declared name would never be a series,
and takes 7 to 10 us a line where this takes under 1 us. Format:
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from prometheus_client.utils import floatToGoString

from .declare import Metric
from .instruments import Child, Instrument, Instruments

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Exposition:
    """Prints instruments; what comes before a sample's value is put together once for each child."""

    def __init__(self, instruments: Instruments, system: str, digest: str) -> None:
        self._instance_label = instruments.settings.instance_label
        self._families = [_Family(instrument) for instrument in instruments]
        self._info = family(
            f"{system}_exporter_spec_info",
            "gauge",
            "The spec that this exporter was rendered from",
            [((("system", system), ("digest", digest)), 1)],
        )
        self._dropped_name = f"{system}_exporter_dropped_label_values_total"

    def render(self) -> bytes:
        """The whole scrape, UTF-8."""
        out: list[str] = [self._info]
        for shown in self._families:
            shown.render(out)
        out.append(self._dropped())
        return "".join(out).encode()

    def _dropped(self) -> str:
        samples = [
            ((("metric", shown.instrument.metric.name), ("label", label)), count)
            for shown in self._families
            for label, count in shown.instrument.dropped.items()
            if count or label != self._instance_label
        ]
        return family(self._dropped_name, "counter", "Label values folded into other or left out", samples)


class _Family:
    """One instrument with its head and the prefixes of its samples."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        metric = instrument.metric
        self._head = family(metric.name, metric.type, metric.help, ())
        self._show = _histogram if metric.type == "histogram" else _single
        self._prefixes: dict[tuple[str, ...], list[str]] = {}

    def render(self, out: list[str]) -> None:
        out.append(self._head)
        children = list(self.instrument.children.items())
        for values, child in children:
            prefixes = self._prefixes.get(values)
            if prefixes is None:
                prefixes = self._prefixes[values] = _prefixes(self.instrument.metric, values, child)
            self._show(child, prefixes, out)
        if len(self._prefixes) > len(children):
            self._prefixes = {values: self._prefixes[values] for values, _ in children}


def family(name: str, type_: str, help_: str, samples: Iterable[tuple[tuple[tuple[str, str], ...], float]]) -> str:
    """A metric family with its samples, each given as its labels and its value."""
    lines = [f"# HELP {name} {_escape_help(help_)}\n# TYPE {name} {type_}\n"]
    lines += [f"{name}{_labels(labels)} {number(value)}\n" for labels, value in samples]
    return "".join(lines)


def number(value: float) -> str:
    """A sample value as Go parses it: whole numbers without a fraction, +Inf, -Inf, NaN."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(float(value))


def _single(child: Child, prefixes: list[str], out: list[str]) -> None:
    value = child._value.get()
    if value == value:  # noqa: PLR0124 - NaN, the absent gauge, differs from itself
        out.append(f"{prefixes[0]}{number(value)}\n")


def _histogram(child: Child, prefixes: list[str], out: list[str]) -> None:
    total = 0.0
    for prefix, bucket in zip(prefixes, child._buckets, strict=False):
        total += bucket.get()
        out.append(f"{prefix}{int(total)}\n")
    out.append(f"{prefixes[-2]}{number(child._sum.get())}\n{prefixes[-1]}{int(total)}\n")


def _prefixes(metric: Metric, values: tuple[str, ...], child: Child) -> list[str]:
    labels = tuple(zip((label.name for label in metric.labels), values, strict=True))
    if metric.type != "histogram":
        return [f"{metric.name}{_labels(labels)} "]
    go_bounds = [str(floatToGoString(bound)) for bound in child._upper_bounds]  # type: ignore[no-untyped-call]
    bounds = [_labels((*labels, ("le", bound))) for bound in go_bounds]
    buckets = [f"{metric.name}_bucket{bound} " for bound in bounds]
    return [*buckets, f"{metric.name}_sum{_labels(labels)} ", f"{metric.name}_count{_labels(labels)} "]


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    inner = ",".join(f'{name}="{_escape_value(value)}"' for name, value in labels)
    return f"{{{inner}}}" if inner else ""


def _escape_help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _escape_value(text: str) -> str:
    return _escape_help(text).replace('"', r"\"")
