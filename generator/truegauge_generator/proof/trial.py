"""A rendered configuration made fit to be tried on loopback: what is replaced in it, and that nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from yaml import CSafeLoader, load

from truegauge_generator.drift.defaults import RESOLVED
from truegauge_generator.proof.alerts import World
from truegauge_generator.proof.routing import Meaning
from truegauge_spec.interval import Interval
from truegauge_spec.positions import Path

Configuration = Mapping[str, Any]
SOON = {"group_wait": "300ms", "group_interval": "300ms", "repeat_interval": "1h"}
LATE = {"group_wait": "1h", "group_interval": "1h", "repeat_interval": "1h"}
AT_ONCE = {"group_wait": "0s", "group_interval": "100ms", "repeat_interval": "1h"}
ALWAYS: list[dict[str, Any]] = [{}]
TIMED = ("mute_time_intervals", "active_time_intervals")
NEVER: list[dict[str, Any]] = [{"months": ["february"], "days_of_month": ["30"]}]
"""The thirtieth of February."""


class Subject(NamedTuple):
    """What is tried: the rendered files and the configuration in them, beside what the spec means, in which alerts."""

    amtool: str
    alertmanager: str
    """The paths of the two programs."""
    files: Mapping[str, str]
    configuration: Configuration
    meaning: Meaning
    worlds: list[World]
    intervals: Mapping[str, tuple[Interval, ...]]
    """The spec's time intervals."""


def read(text: str) -> Configuration:
    """The rendered configuration."""
    found: Configuration = load(text, CSafeLoader)
    return found


def on_loopback(configuration: Configuration, hook: str) -> Configuration:
    """Each channel of each receiver becomes a webhook at `hook`/RECEIVER/CHANNEL."""
    return {**configuration, "receivers": [_receiver(one, hook) for one in configuration["receivers"]]}


def _receiver(receiver: Configuration, hook: str) -> Configuration:
    webhooks = [
        {
            "url": f"{hook}/{receiver['name']}/{kind}/{index}",
            "send_resolved": one.get("send_resolved", RESOLVED[kind] == "true"),
        }
        for kind, channels in receiver.items()
        if kind != "name"
        for index, one in enumerate(channels)
    ]
    return {"name": receiver["name"], **({"webhook_configs": webhooks} if webhooks else {})}


def hurried(configuration: Configuration, waits: Mapping[str, str]) -> Configuration:
    """Every waiting time of a route is replaced; one that is inherited stays so."""
    return mapped(configuration, lambda route: {key: waits.get(key, value) for key, value in route.items()})


def timed(configuration: Configuration, always: frozenset[str]) -> Configuration:
    """The time intervals of these names hold always, and the others never."""
    intervals = [
        {"name": one["name"], "time_intervals": ALWAYS if one["name"] in always else NEVER}
        for one in configuration.get("time_intervals", ())
    ]
    return {**configuration, "time_intervals": intervals} if intervals else configuration


def untimed(configuration: Configuration) -> Configuration:
    """No route is muted or active in a time interval."""
    return mapped(configuration, lambda route: {key: value for key, value in route.items() if key not in TIMED})


def uninhibited(configuration: Configuration) -> Configuration:
    """No alert keeps another from being notified."""
    return {key: value for key, value in configuration.items() if key != "inhibit_rules"}


def mapped(configuration: Configuration, change: Callable[[Configuration], Configuration]) -> Configuration:
    """Each route is what `change` makes of it."""

    def below(route: Configuration) -> Configuration:
        children = {"routes": [below(child) for child in route["routes"]]} if "routes" in route else {}
        return change({**route, **children})

    return {**configuration, "route": below(configuration["route"])}


def differences(one: object, other: object, path: Path = ()) -> Iterator[Path]:
    """Where two configurations differ: the paths of what is changed, or is in one of them only."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in {**one, **other}:
            if key not in one or key not in other:
                yield (*path, key)
            else:
                yield from differences(one[key], other[key], (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, (*path, index))
    elif one != other:
        yield path


def allowed(path: Path) -> bool:
    """Whether a trial may differ from the rendered configuration there."""
    if path[0] == "route":
        return path[-1] in (*SOON, *TIMED)
    inside = path[0] in ("receivers", "time_intervals") and len(path) > 2 and path[2] != "name"
    return inside or path == ("inhibit_rules",)
