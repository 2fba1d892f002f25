"""Labels of series that a selector selects, and of some that it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from truegauge_generator.proof.evaluate import NotWorkedOut, matches
from truegauge_spec.names import TARGET_LABELS
from truegauge_spec.promql.catalogue import Catalogue
from truegauge_spec.promql.selectors import narrowed
from truegauge_spec.promql.syntax import Matcher, Selector


def picked(node: Selector, known: Catalogue, wanted: Mapping[str, str]) -> dict[str, str]:
    """A value that the matchers take for each label of the series; the `wanted` one where they do."""
    if node.name is None or node.name not in known.series:
        raise NotWorkedOut(f"{node.name or 'what it selects'} is no series that the spec has")
    labels = narrowed(known.series[node.name].type.labels, ())
    if labels.can is None:
        raise NotWorkedOut(f"the labels of {node.name} are not known")
    for one in node.matchers:
        if not labels.has(one.label) and not matches(one, ""):
            raise NotWorkedOut(f"{node.name} has no label {one.label!r}")
    found = {}
    for label in sorted(labels.can - {"__name__"}):
        mine = [one for one in node.matchers if one.label == label]
        allowed = labels.allowed(label)
        value = next(
            (one for one in _candidates(label, mine, allowed, wanted) if all(matches(m, one) for m in mine)), None
        )
        if value is None:
            raise NotWorkedOut(f"no value of {label!r} is known to match")
        found[label] = value
    return found


def refused(node: Selector, known: Catalogue, labels: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The labels with one changed to a value that a matcher does not take, for each matcher where there is one."""
    assert node.name is not None
    exposed = known.series[node.name].type.labels
    for one in node.matchers:
        if one.label in labels:
            values = [*_candidates(one.label, [one], exposed.allowed(one.label), {})]
            # Another system may have a job of any name.
            values += ["other"] if one.label in TARGET_LABELS else []
            value = next((value for value in values if value and not matches(one, value)), None)
            if value is not None:
                yield {**labels, one.label: value}


def alternatives(name: str, label: str, known: Catalogue, labels: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The labels with another value of one of them."""
    for value in _candidates(label, [], known.series[name].type.labels.allowed(label), {}):
        if value and value != labels[label]:
            yield {**labels, label: value}


def _candidates(
    label: str, matchers: list[Matcher], allowed: frozenset[str] | None, wanted: Mapping[str, str]
) -> Iterator[str]:
    if label in wanted and (allowed is None or wanted[label] in allowed):
        yield wanted[label]
    if allowed is not None:
        yield from sorted(allowed)
        return
    for one in matchers:
        yield from (one.value,) if one.op in ("=", "!=") else one.value.strip("^$").strip("()").split("|")
    for one in matchers:
        # What most patterns mean: anything, any digit.
        yield one.value.replace(".*", "1").replace(".+", "1").replace(".", "0").replace("\\d", "1")
    yield from (f"{label}-1", f"{label}-2", "1", "a", "")
