"""A page with a drawing of each case that proves an alert."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from truegauge_generator.burns import Phase, burns, edges
from truegauge_generator.cases import CASES, Plan, plans
from truegauge_generator.conditions import compared, threshold
from truegauge_generator.drawing import HEIGHT, WIDTH, Drawing, Line, drawing, gains, rings
from truegauge_generator.notation import Run, runs
from truegauge_generator.targets import spec_drift, unit_tests
from truegauge_generator.targets.docs import fires_when
from truegauge_generator.targets.rules import alerting_rules
from truegauge_generator.targets.unit_tests import Test
from truegauge_spec import Spec
from truegauge_spec.condition import MetricCondition
from truegauge_spec.expr import Expr
from truegauge_spec.names import SPEC_DRIFT
from truegauge_spec.objectives import ALERTS, Objective, Pair, pairs
from truegauge_spec.quantities import duration, milliseconds
from truegauge_spec.system import System


class Section(NamedTuple):
    """An alert: when it fires, what is drawn, all looks at it where none fires, and its cases.

    One that is tested `like` an earlier one, but for metrics and numbers, has no drawings of its own.
    """

    name: str
    sentence: str
    drawn: str = ""
    quiet: str = ""
    cases: Sequence[Drawing] = ()
    like: str = ""


def view(spec: Spec, system: System) -> dict[str, Any] | None:
    """Every alert that has tests: those with a condition, with PromQL of their own, of objectives, and SpecDrift."""
    sections = [*_alerts(spec, system), *_objectives(system), *_drift(spec, system)]
    if not sections:
        return None
    shown = {code for section in sections for case in section.cases for code in case.codes}
    meanings = [(code, meaning.replace("`", "")) for code, meaning in CASES if code in shown]
    return {
        "system": system.system,
        "alerts": sections,
        "meanings": meanings,
        "known": dict(meanings),
        "width": WIDTH,
        "height": HEIGHT,
    }


def _alerts(spec: Spec, system: System) -> Iterator[Section]:
    # Conditions are drawn from their plan; only what is written by hand needs the tests once more.
    by_hand = any(isinstance(alert.when, Expr) for alert in system.alerts.values())
    parts = (unit_tests.view(spec, system) if by_hand else {}).values()
    written = [test for part in parts for test in part["tests"]]
    planned, first = plans(spec, system.system), dict[Hashable, str]()
    for (rule, when), alert in zip(alerting_rules(spec, system.system), system.alerts.values(), strict=True):
        sentence = fires_when(alert, when).replace("`", "")
        if isinstance(alert.when, MetricCondition):
            like = first.setdefault(_form(alert.when, *planned[rule.name]), rule.name)
            if like == rule.name:
                yield _section(system, rule.name, sentence, alert.when, *planned[rule.name])
            else:
                yield Section(rule.name, sentence, like=like)
        elif tests := [test for test in written if test.name.startswith(f"{rule.name}: ")]:
            yield _tested(system, rule.name, sentence, tests)


def _form(when: MetricCondition, found: Plan, size: int) -> Hashable:
    """What two tests have in common that differ in their metrics and numbers alone."""
    limit = when.threshold.number if when.threshold else Decimal(0)
    cases = tuple([(case.codes, len(case.series)) for case in found.cases])
    looks = tuple([(look.at, look.value is None) for look in found.looks])
    return type(when), when.upwards, limit.compare(Decimal(0)), size, cases, looks


def _drift(spec: Spec, system: System) -> Iterator[Section]:
    found = spec_drift.tests_view(spec, system)
    if found:
        sentence = f"Fires when {spec_drift.sentence(system)}."
        yield _tested(system, SPEC_DRIFT, sentence, found["tests"])


def _tested(system: System, name: str, sentence: str, tests: Sequence[Test]) -> Section:
    """An alert whose tests are promtool's own: a drawing of each."""
    cases = []
    for test in tests:
        size = milliseconds(test.interval)
        lines = [_sampled(system, str(series), values) for series, values in test.series]
        lines.sort(key=lambda line: len(line) == 1)  # what changes first
        steps = max(map(_steps, lines), default=1)
        looks = [(milliseconds(str(at)) / size, bool(firing or same)) for at, firing, _, same in test.looks]
        cases.append(drawing([test.name.removeprefix(f"{name}: ")], lines, steps, None, *_both(looks, steps)))
    return Section(name, sentence, "series of each test, of counters what is gained", "", cases)


def _sampled(system: System, series: str, values: str) -> Line:
    name = series.strip("'\"").partition("{")[0]
    metric = system.metrics.get(name)
    return list(gains(runs(values)) if metric and metric.type == "counter" else runs(values))


def _steps(line: Line) -> int:
    return sum([run.steps for run in line])


def _objectives(system: System) -> Iterator[Section]:
    """An objective's alerts, by the share of bad events in each quarter of the long window."""
    for name, objective in system.objectives.items():
        for alert, suffix in ALERTS.items():
            cases = [case for pair in pairs(objective, alert) for case in _burns(objective, pair)]
            sentence, drawn = f"Fires when the error budget of {name} burns too fast.", "the share of bad events"
            if cases:
                yield Section(f"{name}{suffix}", sentence, f"{drawn}, by quarters of the long window", "", cases)


def _burns(objective: Objective, pair: Pair) -> Iterator[Drawing]:
    limit = float(pair.factor(objective.over) * objective.budget)
    windows = f"{duration(pair.long)} and {duration(pair.short)}"
    for burn in burns(objective, pair):
        line = [Run(_share(phase), 0.0, phase.quarters) for phase in burn.phases]
        steps = _steps(line)
        looks = [(look.after, look.window is not None) for look in burn.looks]
        yield drawing([windows, *burn.codes], [line], steps, limit, *_both(looks, steps))
    for edge in edges(objective, pair):
        ratios = [[Run(float(ratio), 0.0, 2)] for ratio in edge.ratios.values()]
        yield drawing([windows, edge.code], ratios, 1, limit, *_both([(0, edge.window is not None)], 1))


def _both(looks: Sequence[tuple[float, bool]], steps: int) -> tuple[str, str]:
    """Rings for the looks at which the alert is silent, and for those at which it fires."""
    silent, fires = (rings([at for at, true in looks if true == wanted], steps) for wanted in (False, True))
    return silent, fires


def _share(phase: Phase) -> float | None:
    return phase.bad / phase.total if phase.total else None


def _section(system: System, name: str, sentence: str, when: MetricCondition, found: Plan, size: int) -> Section:
    counts = _counts(system, when)
    lines = [
        [list(gains(runs(values)) if counts else runs(values)) for _, values in case.series] for case in found.cases
    ]
    steps = max([_steps(one) for case in lines for one in case], default=1)
    limit = _limit(system, when, size)
    looks = [(milliseconds(str(look.at)) / size, look.value is not None) for look in found.looks]
    quiet = rings([at for at, _ in looks], steps)
    beyond = _both(looks, steps)
    cases = [
        drawing(case.codes, drawn, steps, limit, *(beyond if case.codes[0] == "beyond" else (quiet, "")))
        for case, drawn in zip(found.cases, lines, strict=True)
    ]
    each = f"one {'' if counts else 'sample '}every {duration(size)}"
    drawn = f"what is gained with each sample, {each}" if counts else each
    return Section(name, sentence, drawn, quiet, cases)


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
