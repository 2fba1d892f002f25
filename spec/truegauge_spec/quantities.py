"""Quantities with units: `100ms`, `90%`, `256MiB`, `5m`. The one place that knows what a unit is worth."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

# Each unit's dimension and its worth in the dimension's base unit (seconds, bytes, one).
UNITS: dict[str, tuple[str, Fraction]] = {
    "ns": ("time", Fraction(1, 10**9)),
    "us": ("time", Fraction(1, 10**6)),
    "ms": ("time", Fraction(1, 1000)),
    "s": ("time", Fraction(1)),
    "m": ("time", Fraction(60)),
    "h": ("time", Fraction(3600)),
    "d": ("time", Fraction(86400)),
    "w": ("time", Fraction(604800)),
    "bytes": ("bytes", Fraction(1)),
    "B": ("bytes", Fraction(1)),
    **{f"{prefix}B": ("bytes", Fraction(1000**power)) for power, prefix in enumerate(("k", "M", "G", "T", "P"), 1)},
    "KB": ("bytes", Fraction(1000)),
    **{f"{prefix}iB": ("bytes", Fraction(1024**power)) for power, prefix in enumerate(("K", "M", "G", "T", "P"), 1)},
    "%": ("ratio", Fraction(1, 100)),
    "percent": ("ratio", Fraction(1, 100)),
    "ratio": ("ratio", Fraction(1)),
}
EXAMPLES = {"time": "100ms", "bytes": "256MiB", "ratio": "90%"}
DURATION_UNITS = (("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))

_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([A-Za-z%]*)", re.IGNORECASE)
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")


class Quantity(NamedTuple):
    """A number with its unit as written; the unit `""` is a plain number."""

    number: Fraction
    unit: str

    def __str__(self) -> str:
        return f"{decimal(self.number)}{self.unit if self.unit in ('', '%') else ' ' + self.unit}"


def dimension(unit: str) -> str:
    """`time`, `bytes` or `ratio`; any other unit is a dimension of its own, as `rows`."""
    return UNITS[unit][0] if unit in UNITS else unit


@lru_cache(maxsize=4096)
def quantity(written: str) -> Quantity:
    """Read `100ms`, `90 %`, `1.5GiB` or a plain number. Raises ValueError."""
    match = _NUMBER.fullmatch(written.strip())
    if match is None:
        raise ValueError(f"{written!r} is not a quantity; write a number and a unit, as 100ms, 90% or 256MiB")
    number, unit = match.groups()
    if unit and unit not in UNITS:
        raise ValueError(
            f"{written!r} has the unknown unit {unit!r}; known are {', '.join(sorted(UNITS, key=str.lower))}"
        )
    return Quantity(Fraction(number), unit)


@lru_cache(maxsize=4096)
def convert(value: Quantity, unit: str) -> Fraction:
    """The number that `value` has in `unit`, exactly. Raises ValueError where the dimensions differ."""
    known, wanted = UNITS.get(value.unit), UNITS.get(unit)
    if wanted is None and known is None:
        return value.number
    if known is None and wanted is not None:
        dimension_name = wanted[0]
        raise ValueError(
            f"{value} has no unit, but is compared with {unit}; write for example {EXAMPLES[dimension_name]}"
        )
    if known is not None and (wanted is None or known[0] != wanted[0]):
        raise ValueError(f"{value} is a {known[0]} quantity, but is compared with {unit or 'a plain number'}")
    assert known is not None
    assert wanted is not None
    return value.number * known[1] / wanted[1]


@lru_cache(maxsize=4096)
def milliseconds(written: str) -> int:
    """Read a Prometheus duration, `30s`, `1m30s`, `500ms`. Raises ValueError."""
    match = _DURATION.fullmatch(written)
    if match is None or not written:
        raise ValueError(f"{written!r} is not a duration; write for example 30s, 5m or 1h30m")
    return sum(int(count or 0) * worth for count, (_, worth) in zip(match.groups(), DURATION_UNITS, strict=True))


@lru_cache(maxsize=4096)
def duration(amount: int) -> str:
    """Print milliseconds as Prometheus writes a duration: 90000 is `1m30s`."""
    parts = []
    for unit, worth in DURATION_UNITS:
        # Prometheus prints weeks and days only when nothing is left over.
        if unit in "wd" and amount % worth:
            continue
        count, amount = divmod(amount, worth)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


@lru_cache(maxsize=4096)
def decimal(number: Fraction) -> str:
    """Print a number exactly where it has a short decimal form, else as the nearest float: 0.9, 100, 1073741824."""
    return str(number.numerator) if number.denominator == 1 else repr(float(number))
