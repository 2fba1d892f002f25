"""A page with a drawing of each case that proves an alert."""

from __future__ import annotations

from typing import Any, NamedTuple

from truegauge_generator.cases import CASES, Case, Plan, evaluation_step, plan
from truegauge_generator.conditions import compared, threshold
from truegauge_generator.drawing import HEIGHT, WIDTH, Drawing, drawing, gains
from truegauge_generator.notation import samples
from truegauge_generator.targets.docs import fires_when
from truegauge_generator.targets.rules import alerting_rules
from truegauge_spec import Spec
from truegauge_spec.condition import MetricCondition
from truegauge_spec.quantities import duration, milliseconds
from truegauge_spec.system import System


class Section(NamedTuple):
    """An alert: when it fires, what is drawn, and its cases."""

    name: str
    sentence: str
    drawn: str
    cases: list[Drawing]


def view(spec: Spec, system: System) -> dict[str, Any] | None:
    """Every alert with a condition; None where there is none."""
    sections = [
        _section(system, rule.name, fires_when(alert, when), alert.when, alert.for_, alert.keep_firing_for)
        for (rule, when), alert in zip(alerting_rules(spec, system.system), system.alerts.values(), strict=True)
        if isinstance(alert.when, MetricCondition)
    ]
    if not sections:
        return None
    shown = {code for section in sections for case in section.cases for code in case.codes}
    meanings = [(code, meaning.replace("`", "")) for code, meaning in CASES if code in shown]
    return {"system": system.system, "alerts": sections, "meanings": meanings, "width": WIDTH, "height": HEIGHT}


def _section(system: System, name: str, sentence: str, when: MetricCondition, wait: int, keep: int) -> Section:
    size = evaluation_step(wait, keep, when)
    found = plan(system, when, wait, keep, size)
    counts = _counts(system, when)
    lines = [[gains(one) if counts else one for one in map(samples, _values(case))] for case in found.cases]
    steps = max((len(one) for case in lines for one in case), default=1)
    limit = _limit(system, when, size)
    cases = [
        drawing(case.codes, drawn, steps, limit, _marks(found, size, case.codes[0]))
        for case, drawn in zip(found.cases, lines, strict=True)
    ]
    drawn = (
        f"what is gained with each sample, one every {duration(size)}"
        if counts
        else f"one sample every {duration(size)}"
    )
    return Section(name, sentence.replace("`", ""), drawn, cases)


def _values(case: Case) -> list[str]:
    return [values for _, values in case.series]


def _counts(system: System, when: MetricCondition) -> bool:
    """Whether the series of the condition are counters, or a histogram's buckets."""
    metric = system.metrics.get(when.metric)
    return metric is not None and metric.type != "gauge"


def _limit(system: System, when: MetricCondition, size: int) -> float | None:
    """Where the first series is when the condition is at its threshold, if that alone decides."""
    if when.threshold is None:
        return None
    driver, *others = compared(when).drivers(when, system, threshold(when, system))
    if driver.mode == "hold":
        return float(driver.amount)
    return float(driver.amount) * size / 1000 if driver.mode == "flow" and not others else None


def _marks(found: Plan, size: int, case: str) -> list[tuple[float, bool]]:
    """When it is looked, in steps: one case fires, the others never do."""
    return [(milliseconds(str(look.at)) / size, case == "beyond" and look.value is not None) for look in found.looks]
