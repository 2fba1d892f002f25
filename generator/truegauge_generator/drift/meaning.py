"""What a rendered document means: its things by name - rules, routes, panels - each with what is said of it.

Every reader is total: whatever a document says is in its meaning, so two that differ only in layout have the same one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from truegauge_generator.drift.queries import read_rule_expression, spelled

Meaning = dict[str, dict[str, str]]
"""Things by name, as `alert HighQueryLatency`; of each its aspects, as `for`, in words."""
_WORDS = re.compile(r"[^\s,\[\]\"]+")


class Difference(NamedTuple):
    """One aspect of a thing that two meanings have otherwise; None where one of them does not have it.

    `aspect` is empty where the whole thing is in one of them only.
    """

    thing: str
    aspect: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        if not self.aspect:
            return f"{self.thing}: {'added' if self.old is None else 'removed'}"
        old, new = excerpts(self.old, self.new)
        return f"{self.thing}: {self.aspect} {old} -> {new}"


def differences(old: Meaning, new: Meaning) -> Iterator[Difference]:
    """How the meaning changes from `old` to `new`."""
    for thing, said in old.items():
        if thing not in new:
            yield Difference(thing, "", "", None)
            continue
        for aspect in {**said, **new[thing]}:
            if said.get(aspect) != new[thing].get(aspect):
                yield Difference(thing, aspect, said.get(aspect), new[thing].get(aspect))
    yield from (Difference(thing, "", None, "") for thing in new if thing not in old)
    yield from _moved(old, new)


def _moved(old: Meaning, new: Meaning) -> Iterator[Difference]:
    """The first thing of each kind that stands behind another one than before."""
    for kind in dict.fromkeys(thing.partition(" ")[0] for thing in old):
        before, after = (
            ["", *(thing for thing in one if thing in other and thing.partition(" ")[0] == kind)]
            for one, other in ((old, new), (new, old))
        )
        for place, (was, is_) in enumerate(zip(before, after, strict=True)):
            if was != is_:
                behind = before[before.index(is_) - 1]
                yield Difference(
                    is_, "place", *(f"after {one}" if one else "first" for one in (behind, after[place - 1]))
                )
                break


SHOWN = 60
"""Characters of a text that are shown; a longer one is cut around what differs."""


def excerpts(old: str | None, new: str | None) -> tuple[str, str]:
    """Both texts as one line, each cut to where they differ."""
    if old is None or new is None:
        old, new = (None if text is None else " ".join(text.split()) for text in (old, new))
        return _excerpt(old, 0), _excerpt(new, 0)
    lines = [" ".join(text.split()) or '""' for text in (old, new)]
    old, new = lines if lines[0] != lines[1] else (repr(old), repr(new))  # spaces or line ends are others
    same = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = 0 if max(len(old), len(new)) <= SHOWN else max(0, same - SHOWN // 3)
    return _excerpt(old, start), _excerpt(new, start)


def _excerpt(line: str | None, start: int) -> str:
    if line is None:
        return "nothing"
    end = start + SHOWN
    return f"{'…' if start else ''}{line[start:end]}{'…' if len(line) > end else ''}"


def flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """A nested value as aspects: `static_configs.0.labels.env` and its text."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(inner, Mapping | list) for inner in value):
        for index, inner in enumerate(value):
            yield from flat(inner, f"{name}.{index}" if name else str(index))
    else:
        yield name, text_of(value)


def text_of(value: Any) -> str:
    """A scalar, or a list of them, as it is read; text that another type would be read from is in quotes."""
    if isinstance(value, list | tuple) and all(isinstance(one, str) and _WORDS.fullmatch(one) for one in value):
        return f"[{', '.join(value)}]"
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, default=str)
    try:
        json.loads(value)
    except ValueError:
        return json.dumps(value, ensure_ascii=False) if value[:1] in '["{' else value
    return json.dumps(value)


def add(meaning: Meaning, thing: str, said: dict[str, str]) -> None:
    """Put in a thing, with a number behind its name where another one has that."""
    name, number = thing, 1
    while name in meaning:
        number += 1
        name = f"{thing} ({number})"
    meaning[name] = said


def _rest(document: Mapping[str, Any], *read: str) -> dict[str, str]:
    rest = {key: value for key, value in document.items() if key not in read}
    return dict(flat(rest, "")) if rest else {}


def rules(document: Mapping[str, Any]) -> Meaning:
    """A file of recording and alerting rules: what is compared with which threshold, how long, with which labels."""
    meaning: Meaning = {}
    for group in document.get("groups") or ():
        for rule in group.get("rules") or ():
            kind = "alert" if "alert" in rule else "record"
            said = {**read_rule_expression(str(rule.get("expr", ""))), **_rest(rule, kind, "expr")}
            add(meaning, f"{kind} {rule.get(kind)}", {**said, "group": text_of(group.get("name"))})
        if own := _rest(group, "name", "rules"):
            add(meaning, f"group {group.get('name')}", own)
    return meaning | _whole("rules", _rest(document, "groups"))


def tests(document: Mapping[str, Any]) -> Meaning:
    """A file of promtool tests: the series of each, and what fires when."""
    meaning: Meaning = {}
    for test in document.get("tests") or ():
        series = {f"series {one.get('series')}": text_of(one.get("values")) for one in test.get("input_series") or ()}
        looks = {
            f"{look.get('alertname')} at {look.get('eval_time')}": json.dumps(look.get("exp_alerts"), sort_keys=True)
            for look in test.get("alert_rule_test") or ()
        }
        said = {**series, **looks, **_rest(test, "name", "input_series", "alert_rule_test")}
        add(meaning, f"test {test.get('name')}", said)
    return meaning | _whole("tests", _rest(document, "tests"))


def prometheus(document: Mapping[str, Any]) -> Meaning:
    """Prometheus' configuration: its own settings, and its jobs with their targets, intervals and flags."""
    meaning = _whole("Prometheus", _rest(document, "scrape_configs"))
    for job in document.get("scrape_configs") or ():
        add(meaning, f"job {job.get('job_name')}", _rest(job, "job_name"))
    return meaning


def alertmanager(document: Mapping[str, Any]) -> Meaning:
    """Alertmanager's configuration: the tree of routes, receivers, inhibition, time intervals."""
    meaning: Meaning = {}
    _routes(meaning, document.get("route") or {}, "route")
    for rule in document.get("inhibit_rules") or ():
        source, target = (", ".join(rule.get(f"{side}_matchers") or ()) for side in ("source", "target"))
        add(meaning, f"inhibition {source} -> {target}", _rest(rule, "source_matchers", "target_matchers"))
    named = {"receivers": "receiver", "time_intervals": "time interval", "mute_time_intervals": "time interval"}
    for key, kind in named.items():
        for one in document.get(key) or ():
            add(meaning, f"{kind} {one.get('name')}", _rest(one, "name"))
    return meaning | _whole("Alertmanager", _rest(document, "route", "inhibit_rules", *named))


def _routes(meaning: Meaning, route: Mapping[str, Any], place: str) -> None:
    """The route, under the matchers that lead to it, and those below it."""
    add(meaning, place, _rest(route, "matchers", "routes"))
    for child in route.get("routes") or ():
        _routes(meaning, child, f"{place} {{{', '.join(child.get('matchers') or ())}}}")


def dashboard(document: Mapping[str, Any]) -> Meaning:
    """A dashboard: its settings, and the queries, unit, threshold line and looks of each panel."""
    meaning = _whole("dashboard", _rest(document, "panels"))
    row = ""
    for panel in document.get("panels") or ():
        kind, title = ("row", panel.get("title")) if panel.get("type") == "row" else ("panel", panel.get("title"))
        row = title if kind == "row" else row
        name = f'{kind} "{title}"' if kind == "row" or not row else f'panel "{title}" in "{row}"'
        add(meaning, name, _panel(panel))
    return meaning


def _panel(panel: Mapping[str, Any]) -> dict[str, str]:
    defaults = (panel.get("fieldConfig") or {}).get("defaults") or {}
    steps = (defaults.get("thresholds") or {}).get("steps") or ()
    said: dict[str, str] = {}
    for target in panel.get("targets") or ():
        ref = target.get("refId")
        said[f"query {ref}"] = spelled(str(target.get("expr", "")))
        said[f"legend {ref}"] = text_of(target.get("legendFormat"))
        said |= {f"query {ref}.{key}": text for key, text in _rest(target, "refId", "expr", "legendFormat").items()}
    if "unit" in defaults:
        said["unit"] = text_of(defaults["unit"])
    if steps:
        said["threshold line"] = ", ".join(_step(step) for step in steps)
    drawn = {key: value for key, value in defaults.items() if key not in ("unit", "thresholds")}
    drawn |= {f"thresholds {key}": value for key, value in (defaults.get("thresholds") or {}).items() if key != "steps"}
    config = {**(panel.get("fieldConfig") or {}), "defaults": drawn}
    return {**said, **_rest({**panel, "fieldConfig": config}, "title", "targets")}


def _step(step: Mapping[str, Any]) -> str:
    start = step.get("value")
    own = "".join(f" {key} {text}" for key, text in _rest(step, "value", "color").items())
    return f"{step.get('color')}{'' if start is None else f' from {start:.12g}'}{own}"


def settings(document: Any) -> Meaning:
    """Any other document, value by value."""
    return _whole("settings", dict(flat(document, "")))


def _whole(name: str, said: dict[str, str]) -> Meaning:
    return {name: said} if said else {}
