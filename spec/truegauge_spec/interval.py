"""Time intervals: when routes notify, or do not."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator

from truegauge_spec.model import Model, Text

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = tuple("january february march april may june july august september october november december".split())
Range = tuple[int, int]
_TIMES = re.compile(r"[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}")


@lru_cache(maxsize=1024)
def of_day(written: str) -> Range:
    """Read `08:00-18:00` as minutes of the day; the end is not part of it. Raises ValueError."""
    start, end = _minute(written[:5], written), _minute(written[6:], written)
    if start >= end:
        raise ValueError(f"{written!r} ends before it begins; past midnight write two: 22:00-24:00 and 00:00-06:00")
    return start, end


@lru_cache(maxsize=1024)
def of_week(written: str) -> Range:
    """Read `monday` or `monday:friday`; the week begins on sunday, which is 0. Raises ValueError."""
    return _range(written, lambda part: _named(part, WEEKDAYS, 0), "monday or monday:friday")


@lru_cache(maxsize=1024)
def of_year(written: str) -> Range:
    """Read `may`, `may:july` or `5:7`. Raises ValueError."""
    return _range(written, lambda part: _named(part, MONTHS, 1), "may, may:july or 5:7")


@lru_cache(maxsize=1024)
def of_month(written: str) -> Range:
    """Read `1`, `1:7`, or counted from the month's end `-7:-1` and `15:-1`. Raises ValueError."""
    return _range(written, _day, "1, 1:7 or -7:-1")


def _minute(part: str, written: str) -> int:
    hour, minute = part[:2], part[3:]
    if not _TIMES.fullmatch(written) or int(minute) > 59 or int(hour) * 60 + int(minute) > 24 * 60:
        raise ValueError(f"{written!r} is not a time of the day; write for example 08:00-18:00")
    return int(hour) * 60 + int(minute)


def _range(written: str, number: Callable[[str], int | None], example: str) -> Range:
    parts = written.split(":")
    start, end = (number(part) for part in (parts * 2 if len(parts) == 1 else parts[:2]))
    if start is None or end is None or len(parts) > 2:
        raise ValueError(f"{written!r} is not understood; write for example {example}")
    # Counted from the end it is compared in the shortest month, as Alertmanager does.
    first, last = (day + 28 if day < 0 else day for day in (start, end))
    if first > last or start < 0 < end:
        raise ValueError(f"{written!r} ends before it begins; write two")
    return start, end


def _named(part: str, names: tuple[str, ...], first: int) -> int | None:
    if part in names:
        return names.index(part) + first
    known = first == 1 and part.isdecimal() and part.isascii() and 1 <= int(part) <= len(names)
    return int(part) if known else None


def _day(part: str) -> int | None:
    digits = part.removeprefix("-")
    known = digits.isdecimal() and digits.isascii() and 1 <= int(digits) <= 31
    return int(part) if known else None


def _location(name: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - only where one is named

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write for example Europe/Berlin") from None
    return name


def _read(by: Callable[[str], Range]) -> AfterValidator:
    """Checks what is written, and keeps it as it is: Alertmanager reads the same notation."""

    def valid(written: str) -> str:
        by(written)
        return written

    return AfterValidator(valid)


class Interval(Model):
    """A part of the calendar, in UTC or at a `location`: within one range of each key that is given."""

    times: tuple[Annotated[Text, _read(of_day)], ...] = ()
    weekdays: tuple[Annotated[Text, _read(of_week)], ...] = ()
    days_of_month: tuple[Annotated[Text, _read(of_month)], ...] = ()
    months: tuple[Annotated[Text, _read(of_year)], ...] = ()
    location: Annotated[Text, AfterValidator(_location)] | None = None


def _some(intervals: tuple[Interval, ...]) -> tuple[Interval, ...]:
    if not intervals:
        raise ValueError("is empty, and so never; give at least one interval")
    return intervals


Intervals = Annotated[tuple[Interval, ...], AfterValidator(_some)]
"""Several parts of the calendar, of which one must hold."""
