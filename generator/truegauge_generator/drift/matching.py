"""Which of the running things stands for which of the declared ones, so that one that was changed is not two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Key = Callable[[dict[str, Any]], Any]


class Matched(NamedTuple):
    """The pairs in the declared order, and what has no partner."""

    pairs: list[tuple[dict[str, Any], dict[str, Any]]]
    missing: list[dict[str, Any]]
    extra: list[dict[str, Any]]
    reordered: bool


def matched(declared: Sequence[dict[str, Any]], running: Sequence[dict[str, Any]], keys: Sequence[Key]) -> Matched:
    """Pair what is the same by the first key, then what is left by the second, and so on."""
    partners: dict[int, int] = {}
    left = list(range(len(running)))
    for key in keys:
        for number, one in enumerate(declared):
            if number not in partners:
                found = next((place for place in left if key(one) == key(running[place])), None)
                if found is not None:
                    partners[number] = found
                    left.remove(found)
    places = [partners[number] for number in sorted(partners)]
    return Matched(
        [(declared[number], running[partners[number]]) for number in sorted(partners)],
        [one for number, one in enumerate(declared) if number not in partners],
        [running[place] for place in left],
        places != sorted(places),
    )
