"""Prometheus servers beside the one of the spec: each scrapes or keeps in another way.

They all start with the world, since a Prometheus takes five seconds until its first scrape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from world import World


def scrape(document: Any) -> Any:
    return document["scrape_configs"][0]


def as_it_is(world: World) -> Callable[[Any], None]:
    return lambda document: None


def scraping(*places: str, **labels: str) -> Callable[[World], Callable[[Any], None]]:
    """An edit of the targets: `first` and `second` are the declared ones, `extra` is none of them."""

    def editing(world: World) -> Callable[[Any], None]:
        extra = world.prometheus.removeprefix("http://")
        addresses = [
            dict(zip(("first", "second", "extra"), (*world.targets, extra), strict=True))[place] for place in places
        ]
        return lambda document: scrape(document).update(static_configs=[{"targets": addresses, "labels": labels}])

    return editing


class Other(NamedTuple):
    """Another Prometheus: how its configuration is edited, its flags, and what is to be found."""

    edit: Callable[[World], Callable[[Any], None]]
    flags: tuple[str, ...]
    retention: str
    kind: str
    declared: str
    running: str


OTHERS = {
    "a target removed": Other(scraping("first"), (), "31d", "target_missing", "127.0.0.1", "127.0.0.1"),
    "a target added": Other(scraping("first", "second", "extra"), (), "31d", "target_extra", "127.0.0.1", "127.0.0.1"),
    "a short look back": Other(as_it_is, ("--query.lookback-delta=500ms",), "31d", "flag", "1s", "500ms"),
    "a short memory": Other(as_it_is, (), "15d", "flag", "30d", "15d"),
}
