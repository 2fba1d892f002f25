"""Two nested values compared: what is declared must be there, and what is more must be a default of the server.

Prometheus and Alertmanager print their loaded configuration with every default, secrets masked, durations in their own
spelling and files with their whole path; Grafana adds its own fields to a saved dashboard.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from truegauge_spec.quantities import milliseconds

MASK = "<secret>"
Path = tuple[str, ...]
Defaults = Mapping[str, Collection[Any]]
"""Values that a server gives a key itself, by the key or by `parent.key`. Any key may have an empty value besides."""

FILES = ("_file", "files", "templates")
"""How keys end whose values are files."""

OWN_KEYS = ("external_labels", "labels")
"""Mappings whose keys people choose, so that none of them is a default."""

NAMES = ("job_name", "name", "uid", "refId")
"""The keys that tell the items of a list from each other."""


class Difference(NamedTuple):
    """A place where two values differ; None where one has nothing."""

    path: Path
    declared: Any
    running: Any


def differences(declared: Any, running: Any, defaults: Defaults, path: Path = ()) -> Iterator[Difference]:
    """Every place in which `running` is not what `declared` says with the server's defaults around it."""
    if isinstance(declared, dict) and isinstance(running, dict):
        for key in {**declared, **running}:
            inner = (*path, str(key))
            if key not in declared:
                if _is_default(running[key], defaults, inner):
                    continue
                if isinstance(running[key], dict):
                    yield from differences({}, running[key], defaults, inner)
                else:
                    yield Difference(inner, next(iter(_defaults(defaults, inner)), None), running[key])
            elif key not in running:
                if not _is_empty(declared[key]) and not _is_default(declared[key], defaults, inner):
                    yield Difference(inner, declared[key], None)
            else:
                yield from differences(declared[key], running[key], defaults, inner)
    elif isinstance(declared, list) and isinstance(running, list):
        yield from _of_lists(declared, running, defaults, path)
    elif not same(declared, running, path):
        yield Difference(path, declared, running)


def _of_lists(declared: list[Any], running: list[Any], defaults: Defaults, path: Path) -> Iterator[Difference]:
    if not any(isinstance(item, dict) for item in (*declared, *running)):
        pairs = zip(declared, running, strict=False)
        if len(declared) != len(running) or not all(same(one, other, path) for one, other in pairs):
            yield Difference(path, declared, running)
        return
    here, there = _named(declared), _named(running)
    for name in {**here, **there}:
        if name not in here or name not in there:
            yield Difference((*path, name), here.get(name), there.get(name))
        else:
            yield from differences(here[name], there[name], defaults, (*path, name))


def _named(items: list[Any]) -> dict[str, Any]:
    """The items by their name, or by their number where they have none or share it."""
    names = [next((str(item[key]) for key in NAMES if isinstance(item, dict) and key in item), "") for item in items]
    told = "" not in names and len(set(names)) == len(names)
    return {name if told else str(number): item for number, (name, item) in enumerate(zip(names, items, strict=True))}


def same(declared: Any, running: Any, path: Path = ()) -> bool:
    """Whether two single values mean the same: masked, spelled another way, or a file with its whole path."""
    if running in (declared, MASK) or (_is_empty(declared) and _is_empty(running)):
        return True
    if not isinstance(declared, str) or not isinstance(running, str):
        return False
    if path and path[-1].endswith(FILES):
        return is_file(declared, running)
    return _time(declared) == _time(running) is not None


def is_file(declared: str, running: str) -> bool:
    """Whether a path is the declared one, resolved against the folder that the server's file is in."""
    tail = [part for part in os.path.normpath(declared).split("/") if part not in ("", "..")]
    return running.startswith("/") and os.path.normpath(running).split("/")[-len(tail) :] == tail


def _time(text: str) -> int | None:
    try:
        return milliseconds(text)
    except ValueError:
        return None


def _defaults(defaults: Defaults, path: Path) -> Collection[Any]:
    """What a server may give a key itself, beside an empty value."""
    return defaults.get(".".join(path[-2:]), defaults.get(path[-1], ()))


def _is_default(value: Any, defaults: Defaults, path: Path) -> bool:
    if path[-2:-1] and path[-2] in OWN_KEYS:
        return False
    if known := _defaults(defaults, path):
        return value in known
    return _is_empty(value) or (
        isinstance(value, dict) and all(_is_default(part, defaults, (*path, str(key))) for key, part in value.items())
    )


def _is_empty(value: Any) -> bool:
    if isinstance(value, dict | list):
        return all(map(_is_empty, value.values() if isinstance(value, dict) else value))
    return value in (None, "", 0, "0", "0s", "false")


def shown(value: Any) -> str:
    """A value in a message."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    return str(value)


def told(found: Collection[Difference]) -> tuple[str, str]:
    """Differences of one thing as what is declared and what runs: `for: 30s, labels.severity: warning`."""
    declared = ", ".join(f"{'.'.join(one.path)}: {shown(one.declared) or 'nothing'}" for one in found)
    return declared, ", ".join(f"{'.'.join(one.path)}: {shown(one.running) or 'nothing'}" for one in found)
