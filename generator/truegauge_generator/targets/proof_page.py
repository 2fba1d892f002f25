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

SHOWS = dict(CASES)


class Section(NamedTuple):
    """An alert: when it fires, how far apart samples are, what is drawn, and its cases."""

    name: str
    sentence: str
    step: str
    drawn: str
    cases: list[Drawing]


def view(spec: Spec, system: System) -> dict[str, Any] | None:
    """Every alert with a condition; None where there is none."""
    sections = [
        _section(system, rule.name, fires_when(alert, when), alert.when, alert.for_, alert.keep_firing_for)
        for (rule, when), alert in zip(alerting_rules(spec, system.system), system.alerts.values(), strict=True)
        if isinstance(alert.when, MetricCondition)
    ]
    return {"system": system.system, "alerts": sections, "width": WIDTH, "height": HEIGHT} if sections else None


def _section(system: System, name: str, sentence: str, when: MetricCondition, wait: int, keep: int) -> Section:
    size = evaluation_step(wait, keep, when)
    found = plan(system, when, wait, keep, size)
    counts = _counts(system, when)
    lines = [[gains(one) if counts else one for one in map(samples, _values(case))] for case in found.cases]
    values = [value for case in lines for one in case for value in one if value is not None]
    steps = max((len(one) for case in lines for one in case), default=1)
    limit = None if counts else _limit(system, when)
    cases = [
        drawing(
            case.codes[0],
            "; ".join(SHOWS[code] for code in case.codes),
            drawn,
            steps,
            max(values, default=1.0),
            limit,
            _marks(found, size, case.codes[0]),
        )
        for case, drawn in zip(found.cases, lines, strict=True)
    ]
    return Section(name, sentence, duration(size), "gained with each sample" if counts else "value", cases)


def _values(case: Case) -> list[str]:
    return [values for _, values in case.series]


def _counts(system: System, when: MetricCondition) -> bool:
    """Whether the series of the condition are counters, or a histogram's buckets."""
    metric = system.metrics.get(when.metric)
    return metric is not None and metric.type != "gauge"


def _limit(system: System, when: MetricCondition) -> float | None:
    """The threshold, where it is one of the series' own values."""
    if when.threshold is None:
        return None
    level = threshold(when, system)
    drivers = compared(when).drivers(when, system, level)
    return float(level) if len(drivers) == 1 and drivers[0].mode == "hold" else None


def _marks(found: Plan, size: int, case: str) -> list[tuple[float, bool]]:
    """When it is looked, in steps: one case fires, the others never do."""
    return [(milliseconds(str(look.at)) / size, case == "beyond" and look.value is not None) for look in found.looks]
