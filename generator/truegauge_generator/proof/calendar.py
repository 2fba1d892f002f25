"""When time intervals hold, and whether those of a configuration hold when those of the spec do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from truegauge_spec.interval import Interval, of_day, of_month, of_week, of_year

LEAP = 2028
"""The year whose days are looked at."""
YEARS = (LEAP, 2023, 2025, 2026, 2027, 2029, 2030, 2033)
"""Where weekdays count: years in which each day of the month is each weekday once."""


def holds(intervals: Iterable[Interval], at: datetime) -> bool:
    """Whether one of the intervals has the instant in it, as Alertmanager counts: timeinterval.ContainsTime."""
    return any(_within(interval, at) for interval in intervals)


def _within(interval: Interval, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(interval.location or "UTC"))
    minute, weekday = local.hour * 60 + local.minute, local.isoweekday() % 7
    return (
        (not interval.times or any(start <= minute < end for start, end in map(of_day, interval.times)))
        and (not interval.weekdays or any(start <= weekday <= end for start, end in map(of_week, interval.weekdays)))
        and (not interval.months or any(start <= local.month <= end for start, end in map(of_year, interval.months)))
        and (not interval.days_of_month or _on_day(local.date(), map(of_month, interval.days_of_month)))
    )


def _on_day(day: date, ranges: Iterable[tuple[int, int]]) -> bool:
    last = ((day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day
    return any(
        (start if start > 0 else last + 1 + start) <= day.day <= (end if end > 0 else last + 1 + end)
        for start, end in ranges
    )


def of_configuration(configuration: Mapping[str, Any]) -> dict[str, tuple[Interval, ...]]:
    """The time intervals of a rendered configuration."""
    declared = configuration.get("time_intervals", ())
    return {one["name"]: tuple(map(_interval, one["time_intervals"])) for one in declared}


def _interval(found: Mapping[str, Any]) -> Interval:
    times = [f"{one['start_time']}-{one['end_time']}" for one in found.get("times", ())]
    return Interval.model_validate({**found, "times": times})


def disagreement(one: Sequence[Interval], other: Sequence[Interval]) -> datetime | None:
    """The first instant at which one holds and the other does not; each edge is looked at, on each day."""
    years = YEARS if any(interval.weekdays for interval in (*one, *other)) else (LEAP,)
    found = sorted({at for interval in (*one, *other) for year in years for at in instants(interval, year)})
    return next((at for at in found if holds(one, at) != holds(other, at)), None)


def instants(interval: Interval, year: int) -> Iterator[datetime]:
    """The start of each range on each day of a year, its end, and the minute before each, in UTC."""
    zone = ZoneInfo(interval.location or "UTC")
    edges = {0, *(edge for written in interval.times for edge in of_day(written))}
    for day in range(366):
        midnight = datetime.combine(date(year, 1, 1) + timedelta(days=day), time(), zone)
        for edge in edges:
            at = (midnight + timedelta(minutes=edge)).astimezone(UTC)
            yield from (at, at - timedelta(minutes=1))
