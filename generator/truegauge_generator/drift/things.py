"""A spec as things to compare with those of another: metrics, alerts, panels, routes, each with its aspects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, get_args, get_type_hints

from truegauge_generator.drift.expression import canonical
from truegauge_spec import Position, Spec
from truegauge_spec.condition import MetricCondition
from truegauge_spec.model import Duration, Model, PositiveDuration
from truegauge_spec.positions import Path
from truegauge_spec.quantities import UNITS, Quantity, duration
from truegauge_spec.stack import Alertmanager, RootRoute, Route
from truegauge_spec.system import System


class Aspect(NamedTuple):
    """What is said of a thing: as people read it, as it is compared, and where."""

    text: str
    value: Any
    path: Path


class Thing(NamedTuple):
    """One thing of a spec; `system` is empty for what is of the stack."""

    kind: str
    name: str
    system: str
    path: Path
    said: dict[str, Aspect]

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same thing in another spec."""
        return self.kind, self.system, self.name


ROOT = "(root)"
"""The route of what no other one takes."""
Things = dict[tuple[str, str, str], Thing]


def things(spec: Spec) -> Things:
    """Everything in a spec, in its order."""
    found: Things = {}
    for name, system in spec.systems.items():
        for thing in _of_system(name, system):
            _put(found, thing)
    for thing in _of_stack(spec):
        _put(found, thing)
    return found


def position(spec: Spec, thing: Thing, aspect: str = "") -> Position:
    """Where a thing stands, or one of its aspects."""
    return spec.position(thing.system, thing.said[aspect].path if aspect in thing.said else thing.path)


def _put(found: Things, thing: Thing) -> None:
    one, number = thing, 1
    while one.key in found:
        number += 1
        one = thing._replace(name=f"{thing.name} ({number})")
    found[one.key] = one


def _of_system(name: str, system: System) -> Iterator[Thing]:
    yield Thing("system", name, name, ("system",), dict(aspects(system, ("metrics", "alerts", "objectives"))))
    for metric, declared in system.metrics.items():
        said = {_singular(aspect): one for aspect, one in aspects(declared, (), ("metrics", metric))}
        yield Thing("metric", metric, name, ("metrics", metric), said)
    for alert, watched in system.alerts.items():
        path: Path = ("alerts", alert)
        said = dict(aspects(watched, ("when",), path)) | _condition(watched.when, (*path, "when"))
        yield Thing("alert", alert, name, path, said)
    for objective, aim in system.objectives.items():
        path = ("objectives", objective)
        yield Thing("objective", objective, name, path, dict(aspects(aim, (), path)))
    for row, section in enumerate(system.dashboard.rows if system.dashboard else ()):
        for index, panel in enumerate(section.panels):
            path = ("dashboard", "rows", row, "panels", index)
            shows = panel.title or panel.alert or panel.objective or panel.metric
            yield Thing("panel", f'"{shows}" in "{section.title}"', name, path, dict(aspects(panel, ("title",), path)))


def _singular(aspect: str) -> str:
    return aspect.replace("labels ", "label ")


def _condition(when: Any, path: Path) -> dict[str, Aspect]:
    """A condition's keys; the threshold and the window are called so in every kind."""
    said = {"condition": Aspect(when.kind, when.kind, path)}
    names = {"above": "threshold", "below": "threshold", "older_than": "threshold"}
    if isinstance(when, MetricCondition):
        names |= {when.window_key: "window"} if when.window else {}
        if when.threshold is not None:
            side = "above" if when.upwards else "below"
            said["side"] = Aspect(side, side, (*path, side))
    return said | {names.get(aspect, aspect): one for aspect, one in aspects(when, (), path)}


def _of_stack(spec: Spec) -> Iterator[Thing]:
    stack = spec.stack
    yield Thing("stack", stack.stack, "", ("stack",), dict(aspects(stack, ("stack",))))
    if (alertmanager := stack.alertmanager) is None:
        return
    path: Path = ("alertmanager",)
    for name, receiver in alertmanager.receivers.items():
        place = (*path, "receivers", name)
        yield Thing("receiver", name, "", place, dict(aspects(receiver, (), place)))
    yield from _routes(alertmanager, alertmanager.route, ROOT, (*path, "route"))
    for index, rule in enumerate(alertmanager.inhibit):
        place = (*path, "inhibit", index)
        name = f"{matched(rule.source)} -> {matched(rule.target)}"
        yield Thing("inhibition", name, "", place, dict(aspects(rule, ("source", "target"), place)))


def _routes(alertmanager: Alertmanager, route: RootRoute | Route, name: str, path: Path) -> Iterator[Thing]:
    said = dict(aspects(route, ("match", "routes"), path))
    if "receiver" in said:  # one that is only called otherwise is the same one
        receiver = said["receiver"]
        said["receiver"] = receiver._replace(value=alertmanager.receivers.get(receiver.text, receiver.text))
    yield Thing("route", name, "", path, said)
    for index, child in enumerate(route.routes):
        place = matched(child.match) if name == ROOT else f"{name} / {matched(child.match)}"
        yield from _routes(alertmanager, child, place, (*path, "routes", index))


def matched(matchers: Mapping[str, str | tuple[str, ...]]) -> str:
    """Matchers in one word: `severity=critical,team=a|b`."""
    return ",".join(f"{k}={v if isinstance(v, str) else '|'.join(v)}" for k, v in matchers.items()) or "(all)"


# What is compared as things of its own.
APART = {
    "System": ("dashboard.rows",),
    "Stack": ("alertmanager.receivers", "alertmanager.route", "alertmanager.inhibit"),
}


def aspects(model: Model, without: tuple[str, ...], path: Path = ()) -> Iterator[tuple[str, Aspect]]:
    """Every field of a model, nested ones as `scrape.interval` and `labels kind`; what is not given is left out."""
    apart = (*without, *APART.get(type(model).__name__, ()))
    yield from _fields(model, "", path, apart)


def _fields(model: Model, prefix: str, path: Path, apart: tuple[str, ...]) -> Iterator[tuple[str, Aspect]]:
    for field, info in type(model).model_fields.items():
        key = info.alias or field
        if (name := f"{prefix}{key}") not in apart:
            yield from _values(getattr(model, field), name, (*path, key), apart, field in _durations(type(model)))


def _values(
    value: Any, name: str, path: Path, apart: tuple[str, ...], is_duration: bool
) -> Iterator[tuple[str, Aspect]]:
    if value is None or value in ((), {}, ""):
        return
    if isinstance(value, Quantity):
        yield name, Aspect(str(value), _worth(value), path)
    elif isinstance(value, Model):
        yield from _fields(value, f"{name}.", path, apart)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, Model) and name != "labels":
                yield from _fields(inner, f"{name} {key}.", (*path, key), apart)
            else:
                yield f"{name} {key}", Aspect(_shown(inner), inner, (*path, key))
    elif isinstance(value, tuple) and isinstance(value[0], Model):
        for index, inner in enumerate(value):
            yield from _fields(inner, f"{name}.{index}.", (*path, index), apart)
    else:
        text = duration(value) if is_duration else _shown(value)
        yield name, Aspect(text, canonical(text) if name == "expr" else value, path)


def _worth(amount: Quantity) -> tuple[str, Any]:
    """The same for 100ms and 0.1s."""
    known, worth = UNITS.get(amount.unit, (amount.unit, 1))
    return known, amount.number * worth


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Model):
        return ", ".join(f"{name} {one.text}" for name, one in aspects(value, ()))
    return ", ".join(map(_shown, value)) if isinstance(value, tuple) else str(value)


_MARKS = (get_args(Duration)[1], get_args(PositiveDuration)[1])


@cache
def _durations(model: type[Model]) -> frozenset[str]:
    """The fields that hold milliseconds."""
    hints = get_type_hints(model, include_extras=True)
    return frozenset(name for name in model.model_fields if _marked(hints[name]))


def _marked(hint: Any) -> bool:
    return any(hint is mark for mark in _MARKS) or any(_marked(one) for one in get_args(hint))
