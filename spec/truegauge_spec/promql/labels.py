"""Label sets: which labels a series can have, must have, and with which values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from truegauge_spec.promql.syntax import Grouping

Pairs = tuple[tuple[str, frozenset[str]], ...]
METRIC_NAME = frozenset({"__name__"})


class Labels(NamedTuple):
    """`can` is None where any label may be there; `must` are never empty; `values` are those that a label can have."""

    can: frozenset[str] | None
    must: frozenset[str] = frozenset()
    values: Pairs = ()

    def has(self, label: str) -> bool:
        """Whether the label can be there."""
        return self.can is None or label in self.can

    def allowed(self, label: str) -> frozenset[str] | None:
        """The values that the label can have; None where they are not known."""
        return next((values for name, values in self.values if name == label), None)

    def kept(self, names: Iterable[str]) -> Labels:
        """Only these labels."""
        kept = frozenset(names)
        return Labels(
            kept if self.can is None else self.can & kept,
            self.must & kept,
            tuple(pair for pair in self.values if pair[0] in kept),
        )

    def without(self, names: frozenset[str]) -> Labels:
        """All but these labels."""
        if self.can is not None and not self.can & names:
            return self
        return Labels(
            None if self.can is None else self.can - names,
            self.must - names,
            tuple(pair for pair in self.values if pair[0] not in names),
        )

    def given(self, label: str, values: frozenset[str] | None, certain: bool) -> Labels:
        """With the label set, to one of `values` where they are known."""
        rest = tuple(pair for pair in self.values if pair[0] != label)
        return Labels(
            None if self.can is None else self.can | {label},
            self.must | {label} if certain else self.must - {label},
            tuple(sorted((*rest, (label, values)))) if values is not None else rest,
        )


NONE = Labels(frozenset())
OPEN = Labels(None)


def labels_of(declared: Mapping[str, frozenset[str] | None]) -> Labels:
    """Labels that are all there, with their values."""
    names = frozenset(declared)
    return Labels(names, names, tuple(sorted((name, v) for name, v in declared.items() if v is not None)))


def union(one: Labels, other: Labels) -> Labels:
    """Of series from either."""
    values = {name: found | more for name, found in one.values if (more := other.allowed(name)) is not None}
    return Labels(
        None if one.can is None or other.can is None else one.can | other.can,
        one.must & other.must,
        tuple(sorted(values.items())),
    )


def grouped(labels: Labels, grouping: Grouping | None) -> Labels:
    """Of an aggregation's result."""
    if grouping is None:
        return NONE
    return labels.kept(grouping.names) if grouping.keeps else labels.without(grouping.names | METRIC_NAME)


def signature(labels: Labels, matching: Grouping | None) -> Labels:
    """The labels by which a vector matching compares."""
    if matching is not None and matching.keeps:
        return labels.kept(matching.names)
    return labels.without((matching.names if matching else frozenset()) | METRIC_NAME)


def parted(left: Labels, right: Labels) -> str:
    """Why two signatures are never equal; empty where they can be."""
    for ours, theirs, side, other in ((left, right, "left", "right"), (right, left, "right", "left")):
        for label in sorted(ours.must):
            if not theirs.has(label):
                return f"the {side} side always has the label {label!r}, the {other} side never"
    for label, values in left.values:
        more = right.allowed(label)
        if label in left.must and label in right.must and more is not None and not values & more:
            return f"{label!r} is {_shown(values)} on the left side and {_shown(more)} on the right"
    return ""


def _shown(values: frozenset[str]) -> str:
    return " or ".join(repr(value) for value in sorted(values)[:4])


def matched(left: Labels, right: Labels) -> Labels:
    """What two equal signatures have in common: a label that one side never has is empty on both."""
    can = right.can if left.can is None else left.can if right.can is None else left.can & right.can
    values = dict(right.values)
    values.update({name: found & values.get(name, found) for name, found in left.values})
    must, pairs = left.must | right.must, sorted(values.items())
    if can is None:
        return Labels(None, must, tuple(pairs))
    return Labels(can, must & can, tuple(pair for pair in pairs if pair[0] in can))
