"""Vector matching: that the two sides of an operator can meet."""

from __future__ import annotations

from collections.abc import Iterator

from truegauge_spec.promql.checks.aggregations import repeated
from truegauge_spec.promql.labels import METRIC_NAME, Labels, parted, signature
from truegauge_spec.promql.part import Part, Scope
from truegauge_spec.promql.scan import Span
from truegauge_spec.promql.syntax import SET_OPERATORS, Binary, Grouping
from truegauge_spec.promql.types import Kind

Found = Iterator[tuple[Span, str]]


def no_common_labels(part: Part, scope: Scope) -> Found:
    """A label that one side always has and the other never, or with other values, parts them for good."""
    node, left, right = _sides(part)
    if not _is_matched(part) or node.op == "or":
        return
    if why := parted(signature(left, node.matching), signature(right, node.matching)):
        result = "so it removes nothing" if node.op == "unless" else "so this is always empty"
        yield node.op_span, f"{why}, {result}; use on (…), or ignoring (…){_advice(node)}"


def _advice(node: Binary) -> str:
    return "" if node.op in SET_OPERATORS else " with group_left where one side has more labels"


def many_to_one(part: Part, scope: Scope) -> Found:
    """Labels with several values that are not matched make several series of one side meet one of the other."""
    node, left, right = _sides(part)
    if not _is_matched(part) or node.op in SET_OPERATORS or node.group is not None or node.matching is None:
        return
    several = {
        side: sorted(label for label, values in _unmatched(labels, node.matching).values if len(values) > 1)
        for side, labels, one in (("left", left, part.inner[0]), ("right", right, part.inner[1]))
        if not one.type.is_condition
    }
    several = {side: [n for n in names if n not in scope.catalogue.target_labels] for side, names in several.items()}
    found = [f"the {side} side has a series for each {', '.join(names)}" for side, names in several.items() if names]
    if len(found) == 1:
        side = next(side for side, names in several.items() if names)
        yield node.op_span, f"{found[0]}: aggregate it, or write group_{side}"
    elif found:
        yield node.op_span, f"{', and '.join(found)}: aggregate one of them"


def _unmatched(labels: Labels, matching: Grouping) -> Labels:
    if matching.keeps:
        return labels.without(matching.names | METRIC_NAME)
    return labels.kept(matching.names)


def label_removed(part: Part, scope: Scope) -> Found:
    """`on` or `group_left` with a label that cannot be there."""
    node, left, right = _sides(part)
    if not _is_matched(part):
        return
    if node.matching is not None and node.matching.keeps:
        certain = parted(signature(left, node.matching), signature(right, node.matching))
        for label in node.matching.labels if not certain or node.op == "or" else ():
            if missing := [side for side, labels in (("left", left), ("right", right)) if not labels.has(label.text)]:
                yield label.span, f"the {' and the '.join(missing)} side has no label {label.text!r}"
    if node.group is not None:
        one, other = (right, "right") if node.group.many == "left" else (left, "left")
        for label in node.group.labels:
            if not one.has(label.text):
                yield (
                    label.span,
                    f"group_{node.group.many} takes {label.text!r} from the {other} side, which has no such label",
                )


def useless_grouping(part: Part, scope: Scope) -> Found:
    """A label named twice, or `ignoring` one that neither side has."""
    node, left, right = _sides(part)
    if node.matching is None:
        return
    yield from repeated(node.matching)
    for label in node.matching.labels if not node.matching.keeps else ():
        if not left.has(label.text) and not right.has(label.text):
            yield label.span, f"neither side has the label {label.text!r}; leave it out"


def _is_matched(part: Part) -> bool:
    return all(one.type.kind is Kind.INSTANT for one in part.inner)


def _sides(part: Part) -> tuple[Binary, Labels, Labels]:
    assert isinstance(part.node, Binary)
    left, right = part.inner
    return part.node, left.type.labels, right.type.labels


CHECKS = (no_common_labels, many_to_one, label_removed, useless_grouping)
