"""Routes: that every notification has somewhere to go."""

from __future__ import annotations

from collections.abc import Iterator

from truegauge_spec.names import nearest
from truegauge_spec.positions import Path
from truegauge_spec.spec import Spec
from truegauge_spec.stack import Alertmanager, Route


def routes(alertmanager: Alertmanager) -> Iterator[tuple[Path, Route]]:
    """Every route below the root, with where it stands."""

    def below(path: Path, children: tuple[Route, ...]) -> Iterator[tuple[Path, Route]]:
        for index, route in enumerate(children):
            place = (*path, "routes", index)
            yield place, route
            yield from below(place, route.routes)

    yield from below(("alertmanager", "route"), alertmanager.route.routes)


def _named(alertmanager: Alertmanager) -> Iterator[tuple[Path, str]]:
    yield ("alertmanager", "route", "receiver"), alertmanager.route.receiver
    yield from (((*path, "receiver"), route.receiver) for path, route in routes(alertmanager) if route.receiver)


def unknown_receiver(spec: Spec) -> Iterator[tuple[Path, str]]:
    """A route sends to a receiver that is declared."""
    if (alertmanager := spec.stack.alertmanager) is None:
        return
    for path, receiver in _named(alertmanager):
        if receiver not in alertmanager.receivers:
            yield path, f"there is no receiver {receiver!r}{nearest(receiver, alertmanager.receivers)}"


def unused_receiver(spec: Spec) -> Iterator[tuple[Path, str]]:
    """A receiver that no route names never gets anything."""
    if (alertmanager := spec.stack.alertmanager) is None:
        return
    used = {receiver for _, receiver in _named(alertmanager)}
    for receiver in alertmanager.receivers:
        if receiver not in used:
            yield ("alertmanager", "receivers", receiver), f"no route sends to the receiver {receiver!r}"


def _timed(alertmanager: Alertmanager) -> Iterator[tuple[Path, str]]:
    for path, route in routes(alertmanager):
        for key, names in (("mute", route.mute), ("active", route.active)):
            yield from (((*path, key, index), name) for index, name in enumerate(names))


def unknown_interval(spec: Spec) -> Iterator[tuple[Path, str]]:
    """A route is muted or active in a time interval that is declared."""
    if (alertmanager := spec.stack.alertmanager) is None:
        return
    for path, interval in _timed(alertmanager):
        if interval not in alertmanager.time_intervals:
            yield path, f"there is no time interval {interval!r}{nearest(interval, alertmanager.time_intervals)}"


def unused_interval(spec: Spec) -> Iterator[tuple[Path, str]]:
    """A time interval that no route names mutes nothing."""
    if (alertmanager := spec.stack.alertmanager) is None:
        return
    used = {interval for _, interval in _timed(alertmanager)}
    for interval in alertmanager.time_intervals:
        if interval not in used:
            message = f"no route is muted or active in {interval!r}; name it under `mute` or `active`, or remove it"
            yield ("alertmanager", "time_intervals", interval), message


CHECKS = (unknown_receiver, unused_receiver, unknown_interval, unused_interval)
