"""Regexps of matchers: Prometheus anchors them at both ends."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from functools import lru_cache

# What Go reads in another way than Python, and what could run for long: undecided rather than wrong.
_FOREIGN = re.compile(r"\[\[?:|\\[pPQEzZAGCkx<>NULuX]|\(\?[^:)]|[*+?}]\)?[*+{]|[*+}]\)+[*+?{]|[*+?]\+")
_META = frozenset(".+*?()|[]{}^$\\")


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """The regexp, where Python reads it as Go does; None where that is not sure."""
    if _FOREIGN.search(pattern) or len(pattern) > 1000:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(pattern, re.DOTALL)
    except (re.error, Warning, OverflowError, RecursionError):
        return None


def matching(pattern: str, values: Iterable[str]) -> frozenset[str] | None:
    """The values that the whole of the regexp matches; None where that is not sure."""
    found = compiled(pattern)
    return None if found is None else frozenset(value for value in values if found.fullmatch(value))


def is_plain(pattern: str) -> bool:
    """Whether it is no more than a string."""
    return not _META & set(pattern)


def matches_all(pattern: str) -> bool:
    """Whether it matches every value, the empty one too."""
    return pattern.strip("^$").replace("(", "").replace(")", "") in (".*", ".*?")
