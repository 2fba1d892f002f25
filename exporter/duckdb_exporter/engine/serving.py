"""How a process serves, as `connect` and `serve` are told."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

Listen = str | Literal[False] | None
FilePath = str | os.PathLike[str]
T = TypeVar("T")


class Serving(NamedTuple):
    """How a process serves; None for what was not said."""

    listen: str | None = None
    web_config: FilePath | None = None
    remedies_token_file: FilePath | None = None
    scraped_as: str | None = None
    registry: CollectorRegistry | None = None

    def also(self, wanted: Serving) -> bool:
        """Whether what is wanted is what there is."""
        return all(new in (None, old) for new, old in zip(wanted, self, strict=True))


def read_file(file: FilePath, read: Callable[[Path], T]) -> T:
    """What a file says; one that cannot be read is the caller's mistake, unlike an address that is taken."""
    try:
        return read(Path(file))
    except OSError as error:
        raise ValueError(f"{os.fspath(file)}: {error.strerror}") from None
