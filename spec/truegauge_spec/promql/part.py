"""A node with its type, and the parts below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from truegauge_spec.promql.catalogue import Catalogue
from truegauge_spec.promql.syntax import Node, Paren
from truegauge_spec.promql.types import Type


class Part(NamedTuple):
    """A node with its type; `inner` has the parts below it, in the order of the text."""

    node: Node
    type: Type
    inner: tuple[Part, ...]

    def walk(self) -> Iterator[Part]:
        """This part and all below it, outer ones first."""
        yield self
        for one in self.inner:
            yield from one.walk()

    @property
    def bare(self) -> Part:
        """Without the parentheses around it."""
        found = self
        while isinstance(found.node, Paren):
            found = found.inner[0]
        return found


class Scope(NamedTuple):
    """What a check may know beside the part itself."""

    text: str
    catalogue: Catalogue
    whole: Part
    is_presence: bool
    """Whether only it matters that the part is there, or above 0, and not its value."""

    def source(self, part: Part) -> str:
        """The text of a part in one line, shortened in its middle."""
        text = " ".join(self.text[slice(*part.node.span)].split())
        return text if len(text) <= 80 else f"{text[:50]} … {text[-25:]}"
