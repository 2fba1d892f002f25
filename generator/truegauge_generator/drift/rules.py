"""Loaded rule groups compared with the rendered rule files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from truegauge_generator.drift.expression import canonical
from truegauge_generator.drift.findings import Found
from truegauge_generator.drift.matching import Key, matched
from truegauge_generator.drift.structure import Difference, told
from truegauge_spec.quantities import duration, milliseconds

Group = dict[str, Any]
Rule = dict[str, Any]


# What makes two rules the same one, from the most to the least; what they differ in else was changed.
SAME: tuple[Key, ...] = (
    lambda rule: (rule["type"], rule["name"], sorted(rule["labels"].items()), canonical(rule["expr"])),
    lambda rule: (rule["type"], rule["name"], sorted(rule["labels"].items())),
    lambda rule: (rule["type"], rule["name"], canonical(rule["expr"])),
    lambda rule: (rule["type"], rule["name"]),
    lambda rule: (rule["type"], canonical(rule["expr"])),
)


class Loaded(NamedTuple):
    """A group as Prometheus has it, its rules in the keys of `declared`, and those that it cannot evaluate."""

    path: str
    name: str
    settings: Rule
    rules: list[Rule]
    unhealthy: dict[str, str]

    @property
    def file(self) -> str:
        """The name of its file, wherever that is."""
        return PurePosixPath(self.path).name


def loaded(group: dict[str, Any]) -> Loaded:
    """A group of `/api/v1/rules`."""
    rules = [
        {
            "type": str(rule["type"]),
            "name": str(rule["name"]),
            "expr": str(rule["query"]),
            "for": _seconds(rule.get("duration", 0)),
            "keep_firing_for": _seconds(rule.get("keepFiringFor", 0)),
            "labels": dict(rule.get("labels") or {}),
            "annotations": dict(rule.get("annotations") or {}),
        }
        for rule in group["rules"]
    ]
    unhealthy = {rule["name"]: rule.get("lastError", "") for rule in group["rules"] if rule["health"] == "err"}
    settings = {"interval": _seconds(group["interval"]), "limit": str(group.get("limit", 0))}
    return Loaded(group["file"], group["name"], settings, rules, unhealthy)


def declared_rule(rule: dict[str, Any]) -> Rule:
    """A rule of a rendered file, in the same keys."""
    return {
        "type": "alerting" if "alert" in rule else "recording",
        "name": rule.get("alert") or rule.get("record"),
        "expr": rule["expr"],
        "for": rule.get("for", "0s"),
        "keep_firing_for": rule.get("keep_firing_for", "0s"),
        "labels": rule.get("labels") or {},
        "annotations": rule.get("annotations") or {},
    }


def _seconds(number: float) -> str:
    return duration(round(number * 1000))


def compare(
    declared: dict[str, list[Group]], running: list[Loaded], interval: str, rule_files: list[str]
) -> Iterator[Found]:
    """Files, their groups and their rules, both ways; `interval` is that of groups that have none of their own."""
    there: dict[str, dict[str, Loaded]] = {}
    for group in running:
        there.setdefault(group.file, {})[group.name] = group
    if declared and not running:
        rules = sum(len(group["rules"]) for groups in declared.values() for group in groups)
        yield "nothing_observed", "rules", f"{rules} rules", "none"
        return
    for file in {**declared, **there}:
        if file not in there:
            names = ", ".join(sorted(PurePosixPath(name).name for name in rule_files))
            yield "rule_file_missing", file, file, names
        elif file not in declared:
            first = next(iter(there[file].values()))
            yield "rule_file_extra", file, "", f"{', '.join(there[file])} from {first.path}"
        else:
            yield from _groups(file, {group["name"]: group for group in declared[file]}, there[file], interval)


def _groups(file: str, declared: dict[str, Group], running: dict[str, Loaded], interval: str) -> Iterator[Found]:
    for name in {**declared, **running}:
        subject = f"{file}/{name}"
        if name not in running:
            yield "group_missing", subject, f"{len(declared[name]['rules'])} rules", ""
        elif name not in declared:
            yield "group_extra", subject, "", ", ".join(rule["name"] for rule in running[name].rules)
        else:
            yield from _group(subject, declared[name], running[name], interval)


def _group(subject: str, declared: Group, running: Loaded, interval: str) -> Iterator[Found]:
    changed = _changed({"interval": declared.get("interval", interval), "limit": "0"}, running.settings)
    here, there = list(map(declared_rule, declared["rules"])), running.rules
    found = matched(here, there, SAME)
    if found.reordered:
        changed.append(Difference(("order",), *(", ".join(rule["name"] for rule in rules) for rules in (here, there))))
    if changed:
        yield "group_changed", subject, *told(changed)
    for one, other in found.pairs:
        if edits := _changed(one, other):
            yield "rule_changed", f"{subject}/{one['name']}", *told(edits)
    for one in found.missing:
        yield "rule_missing", f"{subject}/{one['name']}", one["expr"], ""
    for other in found.extra:
        yield "rule_extra", f"{subject}/{other['name']}", "", other["expr"]
    for name, error in running.unhealthy.items():
        yield "rule_unhealthy", f"{subject}/{name}", "evaluates", error


def _changed(declared: Rule, running: Rule) -> list[Difference]:
    found = []
    for key, is_ in declared.items():
        runs = running[key]
        if isinstance(is_, dict):
            names = sorted({*is_, *runs})
            found += [Difference((key, n), is_.get(n), runs.get(n)) for n in names if is_.get(n) != runs.get(n)]
        elif not _same(key, is_, runs):
            found.append(Difference((key,), is_, runs))
    return found


def _same(key: str, declared: str, running: str) -> bool:
    if key == "expr":
        return bool(canonical(declared) == canonical(running))
    if key in ("for", "keep_firing_for", "interval"):
        return milliseconds(declared) == milliseconds(running)
    return declared == running
