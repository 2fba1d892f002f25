"""Where in an expression a node stands, and what is known around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from truegauge_spec.promql.syntax import Binary, Node, Number, Paren, Unary, walk


class Scene(NamedTuple):
    """The whole text, the nodes above from the outermost in, the labels of each metric's series, and the records."""

    text: str
    labels: Mapping[str, frozenset[str]]
    records: Mapping[str, str]
    path: tuple[Node, ...] = ()

    def of(self, node: Node) -> str:
        """A node's text."""
        return self.text[slice(*node.span)]


def constant(node: Node) -> bool:
    """Whether an expression holds nothing but numbers."""
    return all(isinstance(part, Number | Paren | Unary | Binary) for part in walk(node))
