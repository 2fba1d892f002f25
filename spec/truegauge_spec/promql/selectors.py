"""Selectors: which series they select, and what their matchers leave of each label's values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce

from truegauge_spec.promql.catalogue import Catalogue, Series, merged
from truegauge_spec.promql.labels import Labels
from truegauge_spec.promql.regexps import matching
from truegauge_spec.promql.syntax import Matcher, Selector
from truegauge_spec.promql.types import UNKNOWN, Type


def selected_names(node: Selector, known: Catalogue) -> frozenset[str] | None:
    """The known series names that a selector can select; None where it may select anything."""
    names = frozenset(known.series) if node.name is None else frozenset({node.name})
    limited = node.name is not None
    for matcher in node.matchers:
        if matcher.label == "__name__":
            left = left_by(matcher, names)
            if left is None:
                return None
            names, limited = left, limited or matcher.op in ("=", "=~")
    return names if limited else None


def selected(node: Selector, known: Catalogue) -> Series | None:
    """What a selector selects; None where that is not known."""
    names = selected_names(node, known)
    found = [known.series[name] for name in sorted(names or ()) if name in known.series]
    if not found:
        return None
    if len(found) == 1:
        return found[0]
    return Series(reduce(merged, (one.type for one in found)), max(one.interval for one in found))


def selector_type(node: Selector, known: Catalogue) -> Type:
    """The type of a selector's result."""
    found = selected(node, known)
    if found is None:
        unit = known.histograms.get(node.name) if node.name else None
        return replace(UNKNOWN, unit=unit) if unit else UNKNOWN
    return replace(found.type, labels=narrowed(found.type.labels, node.matchers)) if node.matchers else found.type


def narrowed(labels: Labels, matchers: Iterable[Matcher]) -> Labels:
    """The labels that the matchers leave, with their values."""
    for matcher in matchers:
        label = matcher.label
        if not labels.has(label):
            continue
        allowed = labels.allowed(label)
        if allowed is None:
            allowed = frozenset({matcher.value}) if matcher.op == "=" and matcher.value else None
            left = allowed
        else:
            left = left_by(matcher, allowed) or allowed
        if (matcher.op == "=" and not matcher.value) and label not in labels.must:
            labels = labels.without(frozenset({label}))
            continue
        certain = label in labels.must or (matcher.op == "=" and bool(matcher.value)) or _is_presence(matcher)
        labels = labels.given(label, left, certain)
    return labels


def _is_presence(matcher: Matcher) -> bool:
    return (matcher.op, matcher.value) in (("!=", ""), ("=~", ".+"))


def left_by(matcher: Matcher, values: frozenset[str]) -> frozenset[str] | None:
    """Those of the values that the matcher takes; None where that is not sure."""
    if matcher.op in ("=", "!="):
        same = values & {matcher.value}
        return same if matcher.op == "=" else values - same
    found = matching(matcher.value, values)
    return found if found is None or matcher.op == "=~" else values - found
