"""What a command is at, shown on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress() -> Iterator[Callable[[str], object]]:
    """A function that shows a line, which the next takes away."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - only where there is a terminal

    with Console(stderr=True).status("") as status:
        yield status.update
