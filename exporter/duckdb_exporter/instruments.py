"""Instruments: the children of each declared metric, checked at the border."""

from __future__ import annotations

import itertools
import math
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from .children import Histogram, Value
from .declare import Label, Metric, Settings

Child = Any  # a Value, or a histogram's Histogram

OTHER = "other"
DEFAULT_LIMIT = 100
_REMEMBERED = 10_000  # dropped values of one metric that are counted once; more count each time
_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_TYPES = ("counter", "gauge", "histogram")


class Instrument:
    """One metric and its children, one for each combination of label values.

    Counters and histograms whose labels are all closed have all their children from the start, at 0.
    """

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.children: dict[tuple[str, ...], Child] = {}
        self.dropped: dict[str, int] = {label.name: 0 for label in metric.labels if label.values is None}
        self._dropped: set[tuple[str, str]] = set()
        self._seen: dict[str, Counter[str]] = {name: Counter() for name in self.dropped}  # children with each value
        self._lock = threading.RLock()  # guards them: a child comes and goes with its counts
        self.older: list[Instrument] = []  # the same thing under old names
        self.bounds = tuple(bound for bound in metric.buckets if bound != math.inf)
        # A query gives a counter's whole value, and none before it is asked.
        self._is_gauge = metric.type == "gauge" or metric.measure == "sql"
        if not self._is_gauge and all(label.values is not None for label in metric.labels):
            for values in itertools.product(*(label.values or () for label in metric.labels)):
                self._add(values)

    def child(self, values: tuple[str, ...]) -> Child:
        """The child for label values given in declared order.

        Raises ValueError for a value outside a closed set, one that is no valid Unicode, or a wrong number of values,
        TypeError for one that is no string. A value beyond an open label's limit is counted in `dropped`, and becomes
        "other"; a gauge's child is then shown nowhere, since the last value to be set would stand for all.
        """
        found = self.children.get(values)
        if found is not None:
            return found
        checked = self._checked(values)
        return Value(values, None) if self._is_gauge and checked != values else self._add(checked)

    def remove(self, values: tuple[str, ...]) -> None:
        """Forget a child, so that its series ends; its label values no longer count against the limit."""
        with self._lock:
            if self.children.pop(values, None) is not None:
                for label, value in self._counted(values):
                    self._seen[label][value] -= 1
                    if not self._seen[label][value]:
                        del self._seen[label][value]

    def fits(self, values: tuple[str, ...]) -> bool:
        """Whether `child(values)` would neither raise nor fold a value into "other"."""
        return all(self._accepts(label, value) for label, value in zip(self.metric.labels, values, strict=True))

    def leave_out(self, values: tuple[str, ...]) -> None:
        """Count label values that do not fit, of a sample that is not taken."""
        for label, value in zip(self.metric.labels, values, strict=True):
            if not self._accepts(label, value):
                self._drop(label, value)

    def _drop(self, label: Label, value: str) -> None:
        if (label.name, value) not in self._dropped:
            self.dropped[label.name] = self.dropped.get(label.name, 0) + 1
            if len(self._dropped) < _REMEMBERED:
                self._dropped.add((label.name, value))

    def _accepts(self, label: Label, value: str) -> bool:
        if label.values is not None:
            return value in label.values
        seen = self._seen[label.name]
        return value in seen or value == OTHER or len(seen) < (label.limit or DEFAULT_LIMIT)

    def _checked(self, values: tuple[str, ...]) -> tuple[str, ...]:
        metric = self.metric
        if len(values) != len(metric.labels):
            names = ", ".join(label.name for label in metric.labels)
            raise ValueError(f"{metric.name}: {len(values)} label values for {len(metric.labels)} labels ({names})")
        checked = []
        for label, value in zip(metric.labels, values, strict=True):
            if not isinstance(value, str):
                raise TypeError(f"{metric.name}: label {label.name} takes a str, not {type(value).__name__}")
            if not is_utf8(value):
                raise ValueError(f"{metric.name}: {label.name}={value!r} is no text that UTF-8 has")
            if self._accepts(label, value):
                checked.append(value)
            elif label.values is not None:
                raise ValueError(f"{metric.name}: {label.name}={value!r} is not one of {', '.join(label.values)}")
            else:
                self._drop(label, value)
                checked.append(OTHER)
        return tuple(checked)

    def _add(self, values: tuple[str, ...]) -> Child:
        with self._lock:
            found = self.children.get(values)  # another thread may have come first
            if found is None:
                found = self.children[values] = (
                    Histogram(values, self.bounds)
                    if self.metric.buckets
                    else Value(values, None if self._is_gauge else 0)
                )
                for label, value in self._counted(values):
                    self._seen[label][value] += 1
            return found

    def _counted(self, values: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """The values that count against a limit, by their labels."""
        for label, value in zip(self.metric.labels, values, strict=True):
            if label.values is None and value != OTHER:
                yield label.name, value


class Instruments:
    """The instruments of one exporter, by metric name.

    Raises ValueError when the declared table contradicts itself: a bad or repeated name, an unknown type, buckets
    that do not rise.
    """

    def __init__(self, metrics: Iterable[Metric], settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.RLock()  # threads add to the same children, and a finalizer within a thread
        self._by_name: dict[str, Instrument] = {}
        for metric in metrics:
            check(metric)
            if metric.name in self._by_name:
                raise ValueError(f"{metric.name}: declared twice")
            self._by_name[metric.name] = Instrument(metric)
        for instrument in self:
            if new := instrument.metric.replaced_by:
                self._by_name[new].older.append(instrument)

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._by_name.values())

    def increment(self, name: str, amount: float = 1.0, /, *label_values: str) -> None:
        """Add to a counter. Raises ValueError for a negative or non-finite amount, KeyError for an unknown name."""
        instrument = self._of_type(name, "counter")
        if _number(name, amount) < 0:
            raise ValueError(f"{name}: a counter cannot fall, amount is {amount!r}")
        child = instrument.child(label_values)
        with self._lock:
            child.add(amount)
            for old in instrument.older:
                old.child(label_values).add(amount * old.metric.scale)

    def set_value(self, name: str, value: float, /, *label_values: str) -> None:
        """Set a gauge. Raises ValueError for a non-finite value, KeyError for an unknown name."""
        instrument = self._of_type(name, "gauge")
        instrument.child(label_values).set(_number(name, value))
        for old in instrument.older:
            old.child(label_values).set(value * old.metric.scale)

    def observe(self, name: str, value: float, /, *label_values: str) -> None:
        """Add to a histogram, in the metric's unit. Raises ValueError for a non-finite value."""
        instrument = self._of_type(name, "histogram")
        child = instrument.child(label_values)
        observed = _number(name, value)
        with self._lock:
            child.observe(observed)
            for old in instrument.older:
                old.child(label_values).observe(observed * old.metric.scale)

    def _of_type(self, name: str, type_: str) -> Instrument:
        instrument = self._by_name.get(name)
        if instrument is None:
            raise KeyError(f"the spec has no metric {name}")
        if instrument.metric.type != type_:
            raise TypeError(f"{name} is a {instrument.metric.type}, not a {type_}")
        return instrument


def check(metric: Metric) -> None:
    """Raise ValueError when a declared metric cannot be exposed."""
    if not _METRIC_NAME.fullmatch(metric.name):
        raise ValueError(f"{metric.name!r} is not a metric name ({_METRIC_NAME.pattern})")
    if metric.type not in _TYPES:
        raise ValueError(f"{metric.name}: type {metric.type!r} is not one of {', '.join(_TYPES)}")
    names = [label.name for label in metric.labels]
    for name in names:
        if not _LABEL_NAME.fullmatch(name) or (name == "le" and metric.type == "histogram") or names.count(name) > 1:
            raise ValueError(f"{metric.name}: {name!r} cannot be a label here")
    if (metric.type == "histogram") != bool(metric.buckets) or list(metric.buckets) != sorted(set(metric.buckets)):
        raise ValueError(f"{metric.name}: a histogram, and only a histogram, has buckets, and they rise")
    if (metric.measure == "sql") != (metric.sql is not None) or (metric.sql is not None and metric.buckets):
        raise ValueError(f"{metric.name}: measure 'sql', and only it, has a query; it gives a counter or a gauge")


def is_utf8(text: str) -> bool:
    """Whether a scrape can show it: half of a surrogate pair, as `os.fsdecode` makes it, it cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name}: {value!r} is not a number")
    if not math.isfinite(value):
        raise ValueError(f"{name}: {value!r} is not a finite number")
    return value
