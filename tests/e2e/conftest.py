"""The world that the tests of `truegauge drift` share; it starts with the first of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback import until
from others import OTHERS, scraping
from stack import Stack
from world import World, scraped


@pytest.fixture(scope="session")
def world(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everything runs as the spec says; beside it, Prometheus servers that do not scrape as they should."""
    place = tmp_path_factory.mktemp("world")
    with Stack(place, webhook=False) as stack:  # it outlives these tests: no thread of it may be left
        world = World(place, root, stack)
        with world.served(world.targets[0]), world.served(world.targets[1]):
            stack.start()
            for name, other in OTHERS.items():
                world.others[name] = world.other_prometheus(other.edit(world), *other.flags, retention=other.retention)
            world.others["labels"] = world.other_prometheus(scraping("first", "second", zone="a")(world))
            until(lambda: all(map(scraped, (world.prometheus, *world.others.values()))))
            yield world
