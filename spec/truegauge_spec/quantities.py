"""Quantities with units: `100ms`, `90%`, `256MiB`, `5m`. The one place that knows what a unit is worth."""

from __future__ import annotations

import re
from decimal import Context, Decimal
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

# Each unit's dimension and its worth in the dimension's base unit (seconds, bytes, one).
_EXACT = Context(prec=80)  # a million PB have 57 digits in PiB; Python's 28 would round them
UNITS: dict[str, tuple[str, Decimal]] = {
    "ns": ("time", Decimal("1e-9")),
    "us": ("time", Decimal("1e-6")),
    "ms": ("time", Decimal("0.001")),
    "s": ("time", Decimal(1)),
    "m": ("time", Decimal(60)),
    "h": ("time", Decimal(3600)),
    "d": ("time", Decimal(86400)),
    "w": ("time", Decimal(604800)),
    "bytes": ("bytes", Decimal(1)),
    "B": ("bytes", Decimal(1)),
    **{f"{prefix}B": ("bytes", Decimal(1000**power)) for power, prefix in enumerate(("k", "M", "G", "T", "P"), 1)},
    "KB": ("bytes", Decimal(1000)),
    **{f"{prefix}iB": ("bytes", Decimal(1024**power)) for power, prefix in enumerate(("K", "M", "G", "T", "P"), 1)},
    "%": ("ratio", Decimal("0.01")),
    "percent": ("ratio", Decimal("0.01")),
    "ratio": ("ratio", Decimal(1)),
}
EXAMPLES = {"time": "100ms", "bytes": "256MiB", "ratio": "90%"}
DURATION_UNITS = (("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))

_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([A-Za-z%]*)", re.IGNORECASE)
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")


class Quantity(NamedTuple):
    """A number with its unit as written; the unit `""` is a plain number."""

    number: Decimal
    unit: str

    def __str__(self) -> str:
        return f"{numeral(self.number)}{self.unit if self.unit in ('', '%') else ' ' + self.unit}"


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
    if not isfinite(float(number)):
        raise ValueError(f"{written!r} is larger than any number that Prometheus knows")
    return Quantity(Decimal(number), unit)


@lru_cache(maxsize=4096)
def convert(value: Quantity, unit: str) -> Decimal:
    """The number that `value` has in `unit`: exactly, but where it has no end, as a second has in minutes.

    Raises ValueError where the dimensions differ, or where `value` has no unit but needs one.
    """
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
    return _EXACT.divide(_EXACT.multiply(value.number, known[1]), wanted[1])


def whole_bytes(written: str) -> int:
    """Read a size, `256MiB`. Raises ValueError."""
    size = quantity(written)
    if dimension(size.unit) != "bytes":
        raise ValueError(f"{written!r} is not a size; write for example 256MiB or 4GiB")
    return int(convert(size, "bytes"))


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


@lru_cache(maxsize=65536)
def numeral(number: Decimal) -> str:
    """Print a number as PromQL and promtool read it, in its shortest form: 0.9, 100, 1073741824."""
    whole = number.to_integral_value()
    return str(int(whole)) if number == whole else repr(float(number))
