"""A page of /metrics, line by line: the text format 0.0.4 and OpenMetrics. Names stay as they are written.

`prometheus_client`'s parser renames counters, which would hide the mistake that is looked for.
Formats: https://prometheus.io/docs/instrumenting/exposition_formats/ and the OpenMetrics specification 1.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
"""As Prometheus asks, so that the same names are seen."""

SUFFIXES = {
    "counter": ("_total", "_created"),
    "histogram": ("_bucket", "_sum", "_count", "_created"),
    "gaugehistogram": ("_bucket", "_gsum", "_gcount"),
    "summary": ("_sum", "_count", "_created"),
    "info": ("_info",),
}
"""The series that belong to a family beside one of its own name."""

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\["\\n])*)"\s*(,|(?=\}))')
_REST = re.compile(r"\s+(?P<value>\S+)(?:\s+(?P<time>-?[0-9.]+))?(?P<exemplar>\s+#\s+\{.*\}\s+\S+(?:\s+\S+)?)?\s*$")
_HEAD = re.compile(r"# (HELP|TYPE|UNIT) (\S+) ?(.*)")
_ESCAPED = re.compile(r"\\(.)")


class Sample(NamedTuple):
    """A series on its line of the page."""

    name: str
    labels: dict[str, str]
    line: int


class Fault(NamedTuple):
    """What the format does not allow, and where."""

    line: int
    message: str


@dataclass
class Family:
    """A metric as the page describes it."""

    name: str
    type: str = "untyped"
    help: str = ""
    line: int = 0
    samples: list[Sample] = field(default_factory=list)


@dataclass
class Page:
    """All families in their order, and the faults."""

    families: dict[str, Family]
    faults: list[Fault]
    is_openmetrics: bool


def read(text: str, content_type: str) -> Page:
    """Read a page; a line that is wrong is a fault, and the rest is read on."""
    page = Page({}, [], content_type.startswith("application/openmetrics-text"))
    seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    owners: dict[str, Family] = {}
    ended = False
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if ended:
            page.faults.append(Fault(number, "it stands after `# EOF`"))
            break
        if line.startswith("#"):
            ended = page.is_openmetrics and line == "# EOF"
            if (head := _HEAD.match(line)) is not None:
                _describe(page, owners, number, *head.groups())
            continue
        sample = _sample(line, number)
        if isinstance(sample, Fault):
            page.faults.append(sample)
            continue
        series = sample.name, frozenset(sample.labels.items())
        if series in seen:
            page.faults.append(Fault(number, f"the series {series_text(sample)} stands there twice"))
        seen.add(series)
        family = owners.get(sample.name) or _family(page, owners, sample.name, number)
        family.samples.append(sample)
    if page.is_openmetrics and not ended:
        page.faults.append(Fault(text.count("\n") + 1, "`# EOF` is missing at the end: Prometheus refuses the page"))
    return page


def _describe(page: Page, owners: dict[str, Family], number: int, word: str, name: str, rest: str) -> None:
    family = page.families.get(name) or _family(page, owners, name, number)
    if word == "HELP":
        family.help = _unescaped(rest)
    elif word == "TYPE":
        if family.type != "untyped":
            page.faults.append(Fault(number, f"the type of {name} is given twice"))
        family.type = rest.strip()
        for suffix in SUFFIXES.get(family.type, ()):
            # In the text format a counter's own name is its series; `x_total` may be another metric.
            if page.is_openmetrics or family.type != "counter":
                owners.setdefault(name + suffix, family)


def _family(page: Page, owners: dict[str, Family], name: str, line: int) -> Family:
    family = page.families.setdefault(name, Family(name, line=line))
    owners.setdefault(name, family)
    return family


def _sample(line: str, number: int) -> Sample | Fault:
    name = _NAME.match(line)
    if name is None:
        return Fault(number, "no metric name stands at its beginning")
    place, labels = name.end(), {}
    if line[place : place + 1] == "{":
        place += 1
        while line[place : place + 1] != "}":
            label = _LABEL.match(line, place)
            if label is None:
                return Fault(number, f"its labels are not readable at character {place + 1}")
            if label[1] in labels:
                return Fault(number, f"the label {label[1]} is given twice: Prometheus refuses the page")
            labels[label[1]] = _unescaped(label[2])
            place = label.end()
        place += 1
    rest = _REST.match(line, place)
    if rest is None or not _is_number(rest["value"]):
        return Fault(number, "no value stands at its end")
    return Sample(name[0], labels, number)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], text)


def series_text(sample: Sample) -> str:
    """A series as people write it."""
    inside = ", ".join(f'{name}="{value}"' for name, value in sample.labels.items())
    return f"{sample.name}{{{inside}}}" if inside else sample.name
