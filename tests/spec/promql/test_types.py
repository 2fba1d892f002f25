"""Each line of types.txt is an expression with the type that it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from truegauge_spec.promql.catalogue import Catalogue
from truegauge_spec.promql.infer import infer
from truegauge_spec.promql.types import Kind, Type, template_labels

CASES = [
    line.rpartition(" => ")[::2]
    for line in Path(__file__).with_name("types.txt").read_text().splitlines()
    if not line.startswith("#")
]
KINDS = {Kind.SCALAR: "scalar", Kind.STRING: "string", Kind.INSTANT: "instant", Kind.RANGE: "range"}


def shown(found: Type) -> str:
    labels = found.labels
    names = ["*", *labels.must] if labels.can is None else [n if n in labels.must else f"{n}?" for n in labels.can]
    return f"{KINDS[found.kind]} | {found.metric} | {found.unit or '-'} | {' '.join(sorted(names))}".rstrip()


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_an_expression_has_its_type(world: Catalogue, text: str, expected: str) -> None:
    assert shown(infer(text, world, alert=False).type) == expected


def test_a_type_says_itself_in_words(world: Catalogue) -> None:
    text = "histogram_quantile(0.9, sum by (job, le) (rate(http_request_duration_seconds_bucket[5m])))"
    assert str(infer(text, world).type) == "instant vector of gauge in s by job"
    assert str(infer("sum(redis_memory_used_bytes)", world).type) == "instant vector of gauge in bytes without labels"
    assert str(infer("time()", world).type) == "scalar of gauge in s"
    assert str(infer('"text"', world).type) == "string"


def test_each_part_has_its_text_and_type(world: Catalogue) -> None:
    found = infer("sum by (job) (rate(http_requests_total{code=~'5..'}[5m])) > 10", world)
    assert [(part.text, str(part.type).partition(" by ")[0]) for part in found.parts] == [
        ("sum by (job) (rate(http_requests_total{code=~'5..'}[5m])) > 10", "instant vector of gauge in requests/s"),
        ("sum by (job) (rate(http_requests_total{code=~'5..'}[5m]))", "instant vector of gauge in requests/s"),
        ("rate(http_requests_total{code=~'5..'}[5m])", "instant vector of gauge in requests/s"),
        ("http_requests_total{code=~'5..'}[5m]", "range vector of counter in requests"),
        ("http_requests_total{code=~'5..'}", "instant vector of counter in requests"),
        ("10", "scalar"),
    ]


def test_a_template_may_use_the_labels_of_the_result(world: Catalogue) -> None:
    text = "sum by (job, handler) (rate(http_requests_total[5m])) > 1"
    assert template_labels(infer(text, world).type) == frozenset({"job", "handler"})
    assert template_labels(infer("somewhere_else > 1", world).type) is None
