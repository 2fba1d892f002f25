"""promtool unit tests of the alerts of objectives: each pair of windows, just short of its limit and beyond it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from truegauge_generator.burns import Burn, burns, edges, job, quarter, sampling, streams, values
from truegauge_generator.literals import Literal, single, word
from truegauge_generator.objectives import ERROR_RATIO, identity, windowed
from truegauge_generator.promql import selector
from truegauge_generator.targets.objectives import alerting_rules, groups
from truegauge_generator.targets.rules import Rule
from truegauge_spec import Spec
from truegauge_spec.objectives import PAIRS, Objective, Pair, pairs
from truegauge_spec.quantities import duration, numeral
from truegauge_spec.system import System
from truegauge_spec.template import expand

Firing = tuple[dict[str, str], dict[str, str]]


Look = tuple[Literal, Literal, Firing | None]


class Test(NamedTuple):
    """One promtool test. At each of the `looks` an alert is silent, or fires with labels and annotations."""

    name: str
    interval: str
    series: list[tuple[Literal, str]]
    looks: list[Look]


def view(spec: Spec, system: System) -> dict[str, dict[str, Any]] | None:
    """A file for each pair of windows, named by its pace but for the first; promtool has one pace for a whole file."""
    order = [group for name in system.objectives for group, _ in groups(spec, system, name)]
    files: dict[str, dict[str, Any]] = {}
    for pair in PAIRS:
        if tests := list(_tests(spec, system, pair)):
            pace = duration(quarter(pair))
            part = f"-{pace}" if files else ""
            files[part] = {"system": system.system, "interval": pace, "groups": order, "tests": tests}
    return files or None


def _tests(spec: Spec, system: System, pair: Pair) -> Iterator[Test]:
    """Tests of all objectives whose series are apart: promtool evaluates every rule of the file for each test."""
    for names in _apart({name: one for name, one in system.objectives.items() if pair in pairs(one, pair.alert)}):
        cases = [burns(system.objectives[name], pair) for name in names]
        for burn in zip(*cases, strict=True):
            series: list[tuple[Literal, str]] = []
            looks: list[Look] = []
            for name, case in zip(names, burn, strict=True):
                found = streams(system, system.objectives[name])
                series += [(single(stream.series), values(stream, case.phases, pair)) for stream in found]
                looks += _looks(spec, system, name, case, pair)
            yield Test(_title(pair, names, burn[0].codes), duration(sampling(pair)), series, looks)
        yield _edges(spec, system, names, pair)


def _title(pair: Pair, names: list[str], codes: Iterable[str]) -> str:
    windows = f"{duration(pair.long)} and {duration(pair.short)}"
    return f"{pair.alert} over {windows}, {', '.join(names)}: {', '.join(codes)}"


def _edges(spec: Spec, system: System, names: list[str], pair: Pair) -> Test:
    """Each case in a job that is named like it, at one moment."""
    series: list[tuple[Literal, str]] = []
    looks: list[Look] = []
    codes: dict[str, None] = {}
    for name in names:
        rule, firing = alerting_rules(spec, system.system, name)[pair.alert == "ticket"], None
        for edge in edges(system.objectives[name], pair):
            own = {"job": edge.code, **identity(system, name)}
            series += [
                (single(selector(ERROR_RATIO, {**own, **windowed(window)})), numeral(ratio))
                for window, ratio in edge.ratios.items()
            ]
            if edge.window:
                firing = _firing(rule, {**own, **windowed(edge.window)}, float(edge.ratios[edge.window]))
            codes[edge.code] = None
        looks.append((word(rule.name), word("0m"), firing))
    return Test(_title(pair, names, codes), duration(sampling(pair)), series, looks)


def _apart(objectives: dict[str, Objective]) -> list[list[str]]:
    """The objectives in groups within which no two name the same metric."""
    found: list[tuple[list[str], set[str]]] = []
    for name, objective in objectives.items():
        free = next((group for group in found if not group[1] & set(objective.metrics)), None)
        if free is None:
            free = ([], set())
            found.append(free)
        free[0].append(name)
        free[1].update(objective.metrics)
    return [names for names, _ in found]


def _looks(spec: Spec, system: System, name: str, burn: Burn, pair: Pair) -> Iterator[Look]:
    rule = alerting_rules(spec, system.system, name)[pair.alert == "ticket"]
    for after, window in burn.looks:
        at = word(duration(after * quarter(pair)))
        firing = None
        if window is not None:
            labels = {"job": job(system, system.objectives[name]), **identity(system, name), **windowed(window)}
            firing = _firing(rule, labels, float(burn.share))
        yield word(rule.name), at, firing


def _firing(rule: Rule, labels: dict[str, str], share: float) -> Firing:
    own = {label: expand(text, labels, share) for label, text in rule.labels.items()}
    return {**labels, **own}, {key: expand(text, labels, share) for key, text in rule.annotations.items()}
