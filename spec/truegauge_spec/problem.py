"""What is wrong with a spec, and where: `path:line:col: message [code]`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Position(NamedTuple):
    """A place in a file; line and column count from 1."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Problem(NamedTuple):
    """One finding. `code` names the check, its section in the docs and its waiver.

    `width` is the number of characters it is about; 0 where that is the word or value at the position.
    """

    position: Position
    message: str
    code: str
    severity: str = "error"
    width: int = 0

    def __str__(self) -> str:
        return f"{self.position}: {self.message} [{self.code}]"


class SpecError(Exception):
    """All problems of one stage; never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))
