"""Selectors: that the series, its labels and their values can be there."""

from __future__ import annotations

from collections.abc import Iterator

from truegauge_spec.names import nearest
from truegauge_spec.promql.bounds import bound_value
from truegauge_spec.promql.catalogue import Series
from truegauge_spec.promql.names import offered
from truegauge_spec.promql.part import Part, Scope
from truegauge_spec.promql.regexps import is_plain, matches_all
from truegauge_spec.promql.scan import Span
from truegauge_spec.promql.selectors import left_by, selected, selected_names
from truegauge_spec.promql.syntax import Matcher, Selector

Found = Iterator[tuple[Span, str]]


def bare_histogram(part: Part, scope: Scope) -> Found:
    """The histogram's name alone selects nothing."""
    name, span = _name(part)
    if name in scope.catalogue.histograms and name not in scope.catalogue.series:
        yield (
            span,
            (
                f"{name} is a histogram, which has only {name}_bucket, {name}_sum and {name}_count; "
                f"write histogram_quantile(0.95, sum by (le) (rate({name}_bucket[5m])))"
            ),
        )


def unknown_series(part: Part, scope: Scope) -> Found:
    """No series has the name, or the names that a regexp asks for."""
    name, span = _name(part)
    assert isinstance(part.node, Selector)
    known = scope.catalogue
    if name is not None:
        if name not in known.series and name not in known.histograms:
            yield span, f"there is no series {name!r}{offered(name, known)}"
    elif (names := selected_names(part.node, known)) is not None and not names:
        yield part.node.span, "no series has a name that matches"


def unknown_series_label(part: Part, scope: Scope) -> Found:
    """The series does not have the label; `=""` says just that, and is left alone."""
    for matcher, series in _checked(part, scope):
        labels = series.type.labels
        if labels.can is None or labels.has(matcher.label) or (matcher.op, matcher.value) == ("=", ""):
            continue
        if matcher.label in scope.catalogue.external:
            why = "; it is an external label, which Prometheus adds only to what leaves it"
        else:
            why = nearest(matcher.label, labels.can - {"__name__"})
        yield matcher.span, f"{_shown(part)} has no label {matcher.label!r}{why}"


def impossible_value(part: Part, scope: Scope) -> Found:
    """The label never has the value, or none that the regexp matches: it selects, or excludes, nothing."""
    for matcher, series in _checked(part, scope):
        allowed = series.type.labels.allowed(matcher.label)
        if matcher.label not in series.type.labels.must or _is_variable(matcher):
            continue
        if (matcher.op, matcher.value) in (("=", ""), ("=~", "")):
            yield matcher.span, f"{matcher.label} of {_shown(part)} is never empty"
        if allowed is None or not matcher.value:
            continue
        positive = matcher._replace(op="=" if matcher.op in ("=", "!=") else "=~")
        if left_by(positive, allowed) == frozenset():
            verb = "is never" if positive.op == "=" else "never matches"
            yield matcher.span, f"{matcher.label} of {_shown(part)} {verb} {matcher.value!r}{_hint(matcher, allowed)}"


def _hint(matcher: Matcher, allowed: frozenset[str]) -> str:
    if matcher.label == "le":
        try:
            stored = bound_value(float(matcher.value))
        except ValueError:
            stored = ""
        if stored in allowed:
            return f"; Prometheus 3 stores this bound as {stored!r}"
    return nearest(matcher.value, allowed)


def always_empty(part: Part, scope: Scope) -> Found:
    """Matchers of one label that exclude each other."""
    assert isinstance(part.node, Selector)
    by_label: dict[str, list[Matcher]] = {}
    for matcher in part.node.matchers:
        by_label.setdefault(matcher.label, []).append(matcher)
    series = selected(part.node, scope.catalogue)
    for label, found in by_label.items():
        if any(matcher.op == "!~" and matches_all(matcher.value) for matcher in found):
            yield part.node.span, f"the matcher of {label!r} excludes every value: nothing is ever selected"
        elif not any(_is_variable(matcher) for matcher in found) and _exclude(label, found, series):
            yield part.node.span, f"the matchers of {label!r} leave none of its values: nothing is ever selected"


def _exclude(label: str, matchers: list[Matcher], series: Series | None) -> bool:
    """Whether nothing fits all matchers. One that fits nothing by itself is for `impossible_value` to say."""
    known = series.type.labels.allowed(label) if series and label in series.type.labels.must else None
    values = frozenset(matcher.value for matcher in matchers if matcher.op == "=") if known is None else known
    if not values:
        return False
    common = values
    for matcher in matchers:
        left = left_by(matcher, values)
        if left is None or (known is not None and not left and matcher.op in ("=", "=~")):
            return False
        common &= left
    return not common


def _is_variable(matcher: Matcher) -> bool:
    """Whether a dashboard's variable may stand in the value."""
    return "$" in matcher.value.rstrip("$")


def plain_regexp(part: Part, scope: Scope) -> Found:
    """A regexp that is one value, or all of them, or anchored once more."""
    assert isinstance(part.node, Selector)
    for matcher in part.node.matchers:
        if matcher.op not in ("=~", "!~"):
            continue
        if is_plain(matcher.value):
            op = "=" if matcher.op == "=~" else "!="
            yield matcher.span, f'this is one value; write {matcher.label}{op}"{matcher.value}"'
        elif matches_all(matcher.value) and matcher.op == "=~":
            yield matcher.span, f"this matches everything; leave out {matcher.label}"
        elif matcher.value.startswith("^") or (matcher.value.endswith("$") and not matcher.value.endswith("\\$")):
            yield matcher.span, "a matcher's regexp is anchored at both ends already; leave out ^ and $"


def _name(part: Part) -> tuple[str | None, Span]:
    assert isinstance(part.node, Selector)
    return part.node.name, part.node.name_span


def _shown(part: Part) -> str:
    return _name(part)[0] or "what is selected"


def _checked(part: Part, scope: Scope) -> Iterator[tuple[Matcher, Series]]:
    """Each matcher of a label, with the series, where that is known."""
    assert isinstance(part.node, Selector)
    if part.node.matchers and (series := selected(part.node, scope.catalogue)) is not None:
        yield from ((matcher, series) for matcher in part.node.matchers if matcher.label != "__name__")


CHECKS = (bare_histogram, unknown_series, unknown_series_label, impossible_value, always_empty, plain_regexp)
