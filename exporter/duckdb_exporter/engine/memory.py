"""Memory: the exact limit, and what the process really holds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

_UNITS = {
    **dict.fromkeys(("b", "byte", "bytes"), 1),
    **{name: 1000**power for power, prefix in enumerate("kmgt", 1) for name in (prefix, f"{prefix}b")},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgtp", 1)},
}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", re.IGNORECASE)
_STATM = Path("/proc/self/statm")


def parse_bytes(size: object) -> int | None:
    """Bytes of a size as DuckDB takes it ('1.5GB' is 1000^3, '1.5GiB' 1024^3) or an int; None for '80%', '-1', ….

    https://duckdb.org/docs/stable/configuration/overview says which units there are.
    """
    if isinstance(size, int) and not isinstance(size, bool):
        return size if size > 0 else None
    match = _SIZE.fullmatch(size) if isinstance(size, str) else None
    unit = _UNITS.get(match[2].lower()) if match else None
    return int(Decimal(match[1]) * unit) if match and unit else None


def exact_limit(setting: str, candidates: Sequence[int], printed: Iterable[str]) -> float | None:
    """The memory limit in bytes.

    DuckDB shows it only as text cut to one decimal (2,000,000,000 as '1.8 GiB'), so the number that somebody
    configured is taken when `format_bytes` prints it the same; else the text, up to 8 % low.
    """
    for candidate, text in zip(candidates, printed, strict=True):
        if text == setting:
            return candidate
    return parse_bytes(setting)


def resident_bytes() -> int | None:
    """Resident memory of this process, None where /proc does not tell."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
