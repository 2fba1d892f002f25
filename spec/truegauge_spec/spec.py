"""A spec: the systems and the stack of one folder, and where everything in it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from truegauge_spec.positions import Path, Positions
from truegauge_spec.problem import Position, Problem
from truegauge_spec.stack import Prometheus, Stack
from truegauge_spec.system import System


@dataclass(frozen=True)
class Source:
    """One file's text, under the path that problems name."""

    path: str
    text: str

    @cached_property
    def positions(self) -> Positions:
        """Where its keys and values stand."""
        return Positions(self.text, self.path)


@dataclass(frozen=True, eq=False)
class Spec:
    """Systems by name, in the order of their names, and the stack that they share. Compared and hashed by identity."""

    systems: Mapping[str, System]
    stack: Stack
    sources: Mapping[str, Source] = field(repr=False)
    """The source of each system by its name, and of the stack under `""`."""
    warnings: tuple[Problem, ...] = ()
    """What the checks advise against; none of it keeps the spec from being rendered."""

    @property
    def prometheus(self) -> Prometheus:
        """Prometheus' settings, or its own defaults where the spec has none."""
        return self.stack.prometheus or Prometheus()

    def position(self, system: str, path: Path) -> Position:
        """Where the value at `path` of a system stands; of the stack for the name `""`."""
        return self.sources[system].positions.value(path) if system in self.sources else Position("<default>")

    def problem(self, system: str, path: Path, message: str, code: str) -> Problem:
        """A problem at the value at `path`."""
        return Problem(self.position(system, path), message, code)
