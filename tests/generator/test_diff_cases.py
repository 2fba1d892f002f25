"""Paired specs in tests/diffs: each says which class every change from `before` to `after` has."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from truegauge_generator.drift.changes import Change, changes
from truegauge_generator.drift.classes import CLASSES, GRAVITY
from truegauge_spec import Source, Spec, assemble
from truegauge_spec.check import check

CASES = sorted((Path(__file__).parents[1] / "diffs").iterdir())
SYSTEM = "system: shop\nsummary: A shop\nowner: web\nscrape: {targets: [127.0.0.1:9]}\n"
METRICS = "metrics: {shop_up: {type: gauge, help: Up, measure: app}}\n"


def spec_of(parts: dict[str, str], side: str) -> Spec:
    """The spec of one side: its fragment in place of the base's keys of the same name, its stack, another system."""
    text = parts.get(side, "")
    base = "".join(
        line + "\n" for line in (SYSTEM + METRICS).splitlines() if f"\n{line.split(':')[0]}:" not in f"\n{text}"
    )
    files = [Source("shop.yaml", base + text)]
    files += [Source(f"{one}.yaml", parts[f"{one}_{side}"]) for one in ("stack", "other") if f"{one}_{side}" in parts]
    spec = assemble(files)
    wrong = [one for one in check(spec) if one.severity == "error" and one.code != "no_alert"]
    assert wrong == []
    return spec


def found(case: Path) -> list[Change]:
    parts = yaml.safe_load(case.read_text())
    return changes(spec_of(parts, "before"), spec_of(parts, "after"))


def said(change: Change) -> dict[str, object]:
    line: dict[str, object] = {"change": f"{change.gravity}: {change}"}
    if change.depends:
        line["depends"] = change.depends
    if change.blind:
        line["blind"] = change.blind
    return line


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_each_change_has_its_class_and_what_depends_on_it(case: Path) -> None:
    assert [said(change) for change in found(case)] == yaml.safe_load(case.read_text())["expect"]


def test_there_are_thirty_pairs_and_each_class_and_each_kind_of_change_has_one() -> None:
    assert len(CASES) >= 30
    all_ = [change for case in CASES for change in found(case)]
    assert {change.gravity for change in all_} == set(CLASSES)
    happened = {(change.kind, change.aspect.split()[0].partition(".")[0]) for change in all_}
    declared = {(kind, aspect) for kind, aspects in GRAVITY.items() for aspect in aspects}
    assert declared - happened == set()
