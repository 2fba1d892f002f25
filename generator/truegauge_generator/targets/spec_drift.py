"""The rules and tests of SpecDrift: an exporter runs another spec than the rules of its system were made from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from truegauge_generator import digests
from truegauge_generator.cases import instance_of
from truegauge_generator.links import dashboard_url, runbook_url
from truegauge_generator.literals import single, word
from truegauge_generator.promql import selector
from truegauge_generator.targets.rules import Rule
from truegauge_generator.targets.unit_tests import Test
from truegauge_spec import Spec
from truegauge_spec.names import SPEC_DRIFT
from truegauge_spec.quantities import duration
from truegauge_spec.system import System
from truegauge_spec.template import expand

RECORD = "system:truegauge_spec:info"
"""States the digests of what the exporters and the rules of a system are made from."""
WAIT, SCRAPES = 60_000, 4
"""The alert waits so many milliseconds, and at least so many scrapes: a deployment may roll that long."""
STEP = 15_000
"""Milliseconds between evaluations in the tests."""
SEVERITY = "warning"
NONE, OTHER = "none", "0" * digests.LENGTH
SUMMARY = "The exporter at {{ $labels.instance }} runs another spec than its rules were made from"
RUNBOOK = """\
1. The label `digest` names the spec that the exporter runs; `none` is of an exporter that is too old to say, or of
   another system. The rules name theirs in `system:truegauge_spec:info`.
2. Until both agree, an alert may compare a number with a threshold of another unit, or wait for a series that is not
   there.
3. Render the spec once, and deploy the exporter and the rules of that render.
"""


def view(spec: Spec, system: System) -> dict[str, Any] | None:
    """The record and the alert; None for a system without rules of its own, which there is nothing to compare with."""
    if not watched(system):
        return None
    name = system.system
    record = Rule("record", RECORD, "vector(1)", "", "", stated(spec, system), {})
    return {"system": name, "groups": [(f"{name}-spec", [record, alerting_rule(spec, name)])], "intervals": {}}


def stated(spec: Spec, system: System) -> dict[str, str]:
    """The labels of the record: of which system it speaks, and the digests of what it was made from."""
    name = system.system
    return {"system": name, "metrics": digests.of_metrics(spec, name), "rules": digests.of_rules(spec, name)}


def watched(system: System) -> bool:
    """Whether the system has rules."""
    return bool(system.alerts or system.objectives)


def info(system: str) -> str:
    """The metric with which an exporter says its digest."""
    return f"{system}_exporter_spec_info"


def sentence(system: System) -> str:
    """When the alert fires, in plain words."""
    return f"an exporter of {system.system} that can be scraped says another digest of its spec, or none"


def wait(spec: Spec, system: System) -> int:
    """How long it holds before the alert fires, in milliseconds."""
    return max(WAIT, SCRAPES * (system.scrape.interval or spec.prometheus.scrape_interval))


@lru_cache(maxsize=256)
def alerting_rule(spec: Spec, name: str) -> Rule:
    """The alert of a system."""
    expected = digests.of_metrics(spec, name)
    said, up = selector(info(name), {"job": name}), selector("up", {"job": name})
    expr = (
        f'{said[:-1]},digest!="{expected}"}}\nand on (job, instance) {up} == 1\nor\n'
        f'label_replace(\n  {up} == 1 unless on (job, instance) {said},\n  "digest", "{NONE}", "", ""\n)'
    )
    links = {"runbook_url": runbook_url(spec, name, SPEC_DRIFT), "dashboard_url": dashboard_url(spec, name)}
    return Rule(
        "alert",
        SPEC_DRIFT,
        expr,
        duration(wait(spec, spec.systems[name])),
        "",
        {"severity": SEVERITY},
        {
            "summary": SUMMARY,
            "description": f"It runs the spec {{{{ $labels.digest }}}}; the rules of {name} are for {expected}.",
            **{key: url for key, url in links.items() if url},
        },
    )


def tests_view(spec: Spec, system: System) -> dict[str, Any] | None:
    """promtool tests of the alert."""
    if not watched(system):
        return None
    return {"system": f"{system.system}-spec", "interval": duration(STEP), "tests": list(_tests(spec, system))}


def _tests(spec: Spec, system: System) -> Iterator[Test]:
    """Each way to agree and to differ. Times are in steps, of which the alert waits `held`."""
    rule, expected = alerting_rule(spec, system.system), digests.of_metrics(spec, system.system)
    target = {"job": system.system, "instance": instance_of(system)}
    held = -(-wait(spec, system) // STEP)
    end = held + 3

    always, fires = f"1x{end}", {held - 1: False, held + 1: True}
    fine = {**target, "instance": f"other-{target['instance']}"}
    # A second exporter of the right spec, and another job that has no spec, are none of the alert's business.
    bystanders = [
        (single(selector("up", fine)), always),
        (single(selector(info(system.system), {**fine, "system": system.system, "digest": expected})), always),
        (single(selector("up", {**target, "job": f"not-{system.system}"})), always),
    ]

    def test(name: str, up: int, said: dict[str, str], looks: dict[int, bool], digest: str = "") -> Test:
        series = [*bystanders, (single(selector("up", target)), f"{up}x{end}")]
        for one, values in said.items():
            own = {**target, "system": system.system, "digest": one}
            series.append((single(selector(info(system.system), own)), values))
        labels = {**target, "digest": digest, **({} if digest == NONE else {"system": system.system})}
        texts = {key: expand(text, labels, 1) for key, text in rule.annotations.items()}
        alerts = [({**labels, **rule.labels}, texts)]
        found = [(word(duration(step * STEP)), alerts if fires else [], "", "") for step, fires in looks.items()]
        return Test(f"{SPEC_DRIFT}: {name}", word(SPEC_DRIFT), series, found, duration(STEP))

    yield test("the same digest stays silent", 1, {expected: always}, {end: False})
    yield test("another digest fires", 1, {OTHER: always}, fires, OTHER)
    yield test("no digest fires", 1, {}, fires, NONE)
    yield test("a target that is down stays silent", 0, {}, {end: False})
    yield test("a target that is down stays silent, whatever it said", 0, {OTHER: always}, {end: False})
    yield test("an exporter that is replaced in time stays silent", 1, _replaced(expected, held - 1), {end: False})
    late = {held + 1: True, end: False}
    yield test("an exporter that is replaced late recovers", 1, _replaced(expected, held + 2), late, OTHER)


def _replaced(expected: str, step: int) -> dict[str, str]:
    """Samples of an exporter that says another digest before a step, and the expected one from then on."""
    return {OTHER: f"1x{step - 1} stale", expected: f"_x{step} 1x4"}
