"""Mutants of a configuration of Alertmanager: one thing in its routes or inhibition rules is wrong in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import Any, NamedTuple

from truegauge_generator.promql import matcher
from truegauge_generator.proof.alerts import SEVERITIES
from truegauge_generator.proof.routing import Matcher, parsed
from truegauge_generator.proof.trial import TIMED, Configuration
from truegauge_spec.positions import Path


class Change(NamedTuple):
    """A configuration with one change, and what that is, in words."""

    what: str
    configuration: Configuration


Edit = Callable[[Any], object]
"""Changes a part of a configuration in place."""


def changes(configuration: Configuration) -> Iterator[Change]:
    """Every change of the kinds that people make by mistake."""
    receivers = [one["name"] for one in configuration["receivers"]]
    for path in _routes(configuration["route"], ("route",)):
        route = _at(configuration, path)
        for what, edit in (*_route(route, receivers), *_children(route)):
            yield _changed(configuration, path, what, edit)
    for index, rule in enumerate(configuration.get("inhibit_rules", ())):
        for what, edit in _inhibition(rule):
            yield _changed(configuration, ("inhibit_rules", index), what, edit)
        yield _changed(configuration, (), "inhibition removed", partial(_pop, "inhibit_rules", index))


def _routes(route: Configuration, path: Path) -> Iterator[Path]:
    yield path
    for index, child in enumerate(route.get("routes", ())):
        yield from _routes(child, (*path, "routes", index))


def _at(configuration: Any, path: Path) -> Any:
    for step in path:
        configuration = configuration[step]
    return configuration


def _changed(configuration: Configuration, path: Path, what: str, edit: Edit) -> Change:
    copy = deepcopy(configuration)
    edit(_at(copy, path))
    return Change(what, copy)


def _route(route: Configuration, receivers: list[str]) -> Iterator[tuple[str, Edit]]:
    for index, text in enumerate(route.get("matchers", ())):
        for what, other in _matchers(parsed(text)):
            yield what, partial(_put, "matchers", index, other)
    if "receiver" in route and len(receivers) > 1:
        other = receivers[(receivers.index(route["receiver"]) + 1) % len(receivers)]
        yield "receiver swapped", partial(_set, {"receiver": other})
    for index, _ in enumerate(route.get("group_by", ())):
        yield "group_by label dropped", partial(_pop, "group_by", index)
    for name in TIMED:
        for index, _ in enumerate(route.get(name, ())):
            yield "time interval removed", partial(_pop, name, index)
    if route.get("continue"):
        yield "continue dropped", partial(_set, {"continue": False})


def _children(route: Configuration) -> Iterator[tuple[str, Edit]]:
    children = route.get("routes", ())
    for index in range(len(children)):
        yield "route removed", partial(_pop, "routes", index)
    for index in range(len(children) - 1):
        yield "route order changed", partial(_swap, "routes", index)


def _inhibition(rule: Configuration) -> Iterator[tuple[str, Edit]]:
    for side in ("source", "target"):
        for index, text in enumerate(rule[f"{side}_matchers"]):
            for what, other in _matchers(parsed(text)):
                yield f"{side} of inhibition: {what}", partial(_put, f"{side}_matchers", index, other)
    for index, _ in enumerate(rule.get("equal", ())):
        yield "equal label dropped", partial(_pop, "equal", index)
    swapped = {"source_matchers": rule["target_matchers"], "target_matchers": rule["source_matchers"]}
    yield "source and target swapped", partial(_set, swapped)


def _matchers(one: Matcher) -> Iterator[tuple[str, str]]:
    """What a matcher could be by mistake."""
    yield "matcher negated", _written(one._replace(negated=not one.negated))
    if len(one.values) > 1:
        for index in range(len(one.values)):
            yield "value dropped", _written(one._replace(values=one.values[:index] + one.values[index + 1 :]))
    elif one.label == "severity":
        for severity in SEVERITIES:
            if severity not in one.values:
                yield "severity changed", _written(one._replace(values=(severity,)))
    else:
        yield "matcher changed", _written(one._replace(values=(f"{one.values[0]}x",)))


def _written(one: Matcher) -> str:
    text = matcher(one.label, one.values)
    if not one.negated:
        return text
    return text.replace("=~", "!~", 1) if len(one.values) > 1 else text.replace("=", "!=", 1)


def _put(key: str, at: int, new: str, part: Any) -> None:
    part[key][at] = new


def _pop(key: str, at: int, part: Any) -> None:
    del part[key][at]


def _set(new: dict[str, object], part: Any) -> None:
    part.update(new)


def _swap(key: str, at: int, part: Any) -> None:
    part[key][at : at + 2] = reversed(part[key][at : at + 2])
