"""Alertmanager's loaded configuration compared with the rendered one: receivers, routes, inhibition, time intervals.

It masks secrets, so a webhook's URL cannot be compared; everything else can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from truegauge_generator.acceptance import ALERTMANAGER
from truegauge_generator.drift.defaults import ALERTMANAGER as DEFAULTS
from truegauge_generator.drift.defaults import RESOLVED
from truegauge_generator.drift.findings import Finding, Found, Seen
from truegauge_generator.drift.http import Access
from truegauge_generator.drift.json_api import answers_of, document
from truegauge_generator.drift.matching import Key, matched
from truegauge_generator.drift.structure import differences, shown, told
from truegauge_generator.promql import matcher_parts
from truegauge_spec.yaml_source import read

Config = dict[str, Any]


def observe(files: Mapping[str, str], url: str, access: Access) -> Seen:
    """Ask an Alertmanager and compare its configuration with the rendered one. Raises Unreachable."""
    with answers_of("Alertmanager"):
        running = dict(read(document(f"{url.rstrip('/')}/api/v2/status", access)["config"]["original"], url))
        routes = sum(1 for _ in _all_routes(running["route"]))
    if ALERTMANAGER not in files:
        return Seen({}, [Finding(url, "nothing_observed", "alertmanager", "", "the spec has no `alertmanager:`")])
    found = [Finding(url, *one) for one in compare(read(files[ALERTMANAGER], ALERTMANAGER), running)]
    return Seen({"receivers": len(_receivers(running)), "routes": routes}, found)


def compare(declared: Config, running: Config) -> Iterator[Found]:
    """Every difference between two configurations."""
    yield from _named("receiver", _receivers(declared), _receivers(running))
    yield from _named("time_interval", _time_intervals(declared), _time_intervals(running))
    missing = _receivers(declared).keys() - _receivers(running).keys()
    yield from _route("root", declared["route"], running["route"], missing)
    yield from _inhibition(declared.get("inhibit_rules") or [], running.get("inhibit_rules") or [])
    for path, is_, runs in differences(_general(declared), _general(running), DEFAULTS):
        yield "alertmanager_config", "/".join(path), shown(is_), shown(runs)


SECTIONS = ("receivers", "route", "inhibit_rules", "time_intervals", "mute_time_intervals")


def _general(config: Config) -> Config:
    return {key: value for key, value in config.items() if key not in SECTIONS}


def _named(what: str, declared: dict[str, Any], running: dict[str, Any]) -> Iterator[Found]:
    for name in {**declared, **running}:
        if name not in running:
            yield f"{what}_missing", name, shown(declared[name] or name), ", ".join(running)
        elif name not in declared:
            yield f"{what}_extra", name, ", ".join(declared), shown(running[name] or name)
        elif found := list(differences(declared[name], running[name], DEFAULTS)):
            yield f"{what}_changed", name, *told(found)


def _receivers(config: Config) -> dict[str, Config]:
    """Receivers by name; each channel says whether it tells of the end."""
    return {
        one["name"]: {
            key: [{"send_resolved": RESOLVED[key], **_without_addresses(key, channel)} for channel in value]
            if key in RESOLVED
            else value
            for key, value in one.items()
            if key not in ("name", "labels")
        }
        for one in config.get("receivers") or []
    }


def _without_addresses(kind: str, channel: Config) -> Config:
    """Alertmanager repeats `to` and `from` of a mail in its headers."""
    if kind != "email_configs":
        return channel
    headers = {name: value for name, value in (channel.get("headers") or {}).items() if name not in ("To", "From")}
    return {**channel, "headers": headers}


MONTHS = "january february march april may june july august september october november december".split()
SPELLINGS = {name: str(number) for number, name in enumerate(MONTHS, 1)}


def _time_intervals(config: Config) -> dict[str, Any]:
    both = [*(config.get("time_intervals") or []), *(config.get("mute_time_intervals") or [])]
    return {one["name"]: [_respelled(part) for part in one.get("time_intervals") or []] for one in both}


def _respelled(part: Config) -> Config:
    """Ranges as Alertmanager prints them: in small letters, months by number."""
    ranges = {key: [_range(one) for one in part[key]] for key in ("weekdays", "months") if part.get(key)}
    return {**part, **ranges}


def _range(text: str) -> str:
    return ":".join(SPELLINGS.get(end, end) for end in text.lower().split(":"))


INHERITED = ("receiver", "group_by", "group_wait", "group_interval", "repeat_interval")
OF_A_ROUTE = (*INHERITED, "continue", "mute_time_intervals", "active_time_intervals")


def _all_routes(route: Config) -> Iterator[Config]:
    yield route
    for child in route.get("routes") or []:
        yield from _all_routes(child)


def _route(subject: str, declared: Config, running: Config, missing: set[str]) -> Iterator[Found]:
    """A route and those below it; `missing` are receivers that are gone, so that no route can lead to them."""
    found = list(differences(_own(declared), _own(running), {"receiver": ()}))
    if found := [one for one in found if not (one.path == ("receiver",) and one.declared in missing)]:
        yield "route_changed", subject, *told(found)
    here, there = declared.get("routes") or [], running.get("routes") or []
    paired = matched(here, there, SAME)
    for one, other in paired.pairs:
        yield from _route(f"{subject}/{_matchers(one)}", one, other, missing)
    if paired.reordered:
        yield "route_order", subject, "; ".join(map(_matchers, here)), "; ".join(map(_matchers, there))
    for one in paired.missing:
        yield "route_missing", f"{subject}/{_matchers(one)}", shown(_own(one)), ""
    for other in paired.extra:
        yield "route_extra", f"{subject}/{_matchers(other)}", "", shown(_own(other))


def _own(route: Config) -> Config:
    """What a route says itself; where matchers differ, that is what differs."""
    said = {key: route[key] for key in OF_A_ROUTE if route.get(key) not in (None, "false", [])}
    return {"matchers": _matchers(route), **said}


def _matchers(route: Config) -> str:
    """All matchers in one spelling, also those of the older `match` and `match_re`."""
    found = [_spelled(text) for text in route.get("matchers") or []]
    found += [f'{name}="{value}"' for name, value in (route.get("match") or {}).items()]
    found += [f'{name}=~"{value}"' for name, value in (route.get("match_re") or {}).items()]
    return ",".join(sorted(found))


def _spelled(text: str) -> str:
    """`severity = critical` as `severity="critical"`."""
    parts = matcher_parts(text)
    if parts is None:
        return text
    label, operator, value = parts
    quoted = value if value.startswith('"') else f'"{value}"'
    return f"{label}{operator}{quoted}"


# What makes two routes the same one, from the most to the least; what they differ in else was changed.
SAME: tuple[Key, ...] = (
    lambda route: (_matchers(route), route.get("receiver"), shown(route.get("routes"))),
    lambda route: (_matchers(route), route.get("receiver")),
    _matchers,
    lambda route: {key: value for key, value in _own(route).items() if key != "matchers"},
)


def _inhibition(declared: list[Config], running: list[Config]) -> Iterator[Found]:
    here, there = Counter(map(_inhibits, declared)), Counter(map(_inhibits, running))
    for text in (here - there).elements():
        yield "inhibition_missing", text, text, ""
    for text in (there - here).elements():
        yield "inhibition_extra", text, "", text


def _inhibits(rule: Config) -> str:
    source, target = (
        _matchers({kind: rule.get(f"{side}_{kind}") for kind in ("matchers", "match", "match_re")})
        for side in ("source", "target")
    )
    return f"{source} over {target} on {', '.join(sorted(rule.get('equal') or []))}"
