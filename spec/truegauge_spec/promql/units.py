"""Units and their arithmetic: bytes, ms, rows, bytes/s. None everywhere stands for an unknown unit."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from truegauge_spec.quantities import UNITS

_MEASURED = ("time", "bytes")


class Unit(NamedTuple):
    """The power of each dimension, and what one is worth in base units: seconds, bytes, one.

    `scale` is None where only the dimension is known, as of milliseconds divided by 1000.
    """

    powers: tuple[tuple[str, int], ...]
    scale: float | None = 1.0

    def __str__(self) -> str:
        if not self.powers:
            return "percent" if self.scale == 0.01 else "ratio"
        if self == (SECOND.powers, None):
            return "time"
        tops = [_power(name, power) for name, power in self.powers if power > 0]
        bottoms = [_power(name, -power) for name, power in self.powers if power < 0]
        scaled = len(self.powers) == 1 and self.powers[0][1] == 1
        if scaled and (written := _WRITTEN.get((self.powers[0][0], self.scale or 1.0))):
            return written
        return "/".join(("·".join(tops) or "1", *bottoms))


NUMBER = Unit((("number", 1),))
"""How many, without saying of what, as a histogram's count: it compares with rows, and is left out of `ms per one`."""
RATIO = Unit(())
SECOND = Unit((("time", 1),))
_NAMES = {"time": "s", "bytes": "bytes"}
_WRITTEN = {
    (kind, float(worth)): name
    for name, (kind, worth) in reversed(UNITS.items())
    if kind != "ratio" and name not in ("B", "KB")
}
# Factors that turn a time or a number of bytes into another unit of the same, and never into another thing.
_CONVERSIONS = frozenset({8, 60, 100, 1000, 3600, 86_400, 10**6, 10**9, *(1024**power for power in range(1, 6))})


@lru_cache(maxsize=4096)
def unit_of(written: str) -> Unit | None:
    """The unit that a spec writes as `ms`, `rows` or `queries/s`; None for the empty one."""
    top, _, bottom = written.replace(" per ", "/").partition("/")
    if not top.strip():
        return None
    found = _single(top.strip())
    return per(found, _single(bottom.strip())) if bottom.strip() else found


def _single(name: str) -> Unit:
    if name == "1":
        return NUMBER
    if name not in UNITS:
        return Unit(((name, 1),))
    kind, worth = UNITS[name]
    return Unit(() if kind == "ratio" else ((kind, 1),), float(worth))


def times(one: Unit | None, other: Unit | None) -> Unit | None:
    """The unit of a product."""
    return None if one is None or other is None else _combined(one, other, 1)


def per(one: Unit | None, other: Unit | None) -> Unit | None:
    """The unit of a quotient."""
    return None if one is None or other is None else _combined(one, other, -1)


@lru_cache(maxsize=4096)
def _combined(one: Unit, other: Unit, sign: int) -> Unit:
    powers = dict(one.powers)
    for name, power in other.powers:
        powers[name] = powers.get(name, 0) + sign * power
    scale = None
    if one.scale is not None and other.scale is not None:
        scale = one.scale * other.scale if sign == 1 else one.scale / other.scale
    powers["number"] = min(max(powers.get("number", 0), 0), 1)
    return Unit(tuple(sorted((name, power) for name, power in powers.items() if power)), scale)


@lru_cache(maxsize=4096)
def scaled(unit: Unit | None, factor: float) -> Unit | None:
    """The unit after a multiplication with a written number, which may itself be seconds, or rows per byte.

    Known only where the number can hardly be more than a factor: small, or a conversion of times or bytes, whose
    result is in another unit of the same.
    """
    if unit is None:
        return None
    plain = abs(factor) in _CONVERSIONS or (factor and 1 / abs(factor) in _CONVERSIONS)
    measured = bool(unit.powers) and all(name in _MEASURED and power > 0 for name, power in unit.powers)
    if factor != 1 and (plain if measured else not unit.powers and abs(factor) == 100):
        return Unit(unit.powers, None)
    return unit if 0 < abs(factor) <= (10 if measured else 2) else None


def agree(one: Unit | None, other: Unit | None) -> bool:
    """Whether two values can be compared or added, as far as is known."""
    if one is None or other is None:
        return True
    ours, theirs = dict(one.powers), dict(other.powers)
    differ = {name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)}
    if differ:
        return "number" in differ and not differ & set(_MEASURED)
    return one.scale is None or other.scale is None or abs(one.scale / other.scale - 1) < 1e-9


def _power(name: str, power: int) -> str:
    shown = _NAMES.get(name, name)
    return shown if power == 1 else f"{shown}^{power}"
