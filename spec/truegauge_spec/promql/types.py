"""What is known of an expression's result: its kind, metric type, unit, labels and values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from truegauge_spec.promql.labels import NONE, OPEN, Labels
from truegauge_spec.promql.units import Unit
from truegauge_spec.promql.values import ANY, Values


class Kind(Enum):
    """What PromQL itself tells apart."""

    SCALAR = "scalar"
    STRING = "string"
    INSTANT = "instant vector"
    RANGE = "range vector"


COUNTERS = frozenset({"counter", "bucket", "sum", "count"})
"""The metric types that only grow: they need a rate."""


class Observed(NamedTuple):
    """What a histogram's buckets are of: the unit, and the bounds of a quantile."""

    unit: Unit | None
    values: Values


@dataclass(frozen=True, slots=True)
class Type:
    """The type of an expression's result."""

    kind: Kind
    metric: str = "unknown"
    """counter, gauge, bucket, sum, count or unknown."""
    unit: Unit | None = None
    labels: Labels = OPEN
    values: Values = ANY
    constant: float | None = None
    """The number that it is, whatever the series."""
    is_duration: bool = False
    """Whether that number was written as a duration, and so is in seconds."""
    never_absent: bool = False
    """Whether it has a result even where no series is there."""
    is_condition: bool = False
    """Whether it has a result only while something holds, as a comparison."""
    observed: Observed | None = None
    """Of what it is a histogram, where it is one."""

    def __str__(self) -> str:
        if self.kind is Kind.STRING:
            return "string"
        words = [self.kind.value]
        if self.metric != "unknown":
            words.append(f"of {self.metric}")
        if self.unit is not None:
            words.append(f"in {self.unit}")
        if self.kind is not Kind.SCALAR and self.labels.can is not None:
            shown = sorted(self.labels.can - {"__name__"})
            words.append(f"by {', '.join(shown)}" if shown else "without labels")
        return " ".join(words)


UNKNOWN = Type(Kind.INSTANT)
STRING = Type(Kind.STRING, labels=NONE)


def template_labels(result: Type) -> frozenset[str] | None:
    """The labels that `$labels` has in a template of an alert with this result; None where any may be there."""
    return result.labels.can
