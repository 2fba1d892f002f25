"""The reading of routes and time intervals in Python is right only if it is Alertmanager's."""

from __future__ import annotations

import json
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from truegauge_generator.acceptance import ALERTMANAGER
from truegauge_generator.proof import calendar, sorting
from truegauge_generator.proof.alertmanager import Hook, running
from truegauge_generator.proof.alerts import Sent
from truegauge_generator.proof.routing import of_configuration, of_spec
from truegauge_generator.proof.trial import (
    AT_ONCE,
    NEVER,
    Configuration,
    read,
)
from truegauge_generator.render import render
from truegauge_spec import Source, build
from truegauge_spec.interval import MONTHS, WEEKDAYS, Interval

SHOP = [Source("shop.yaml", (Path(__file__).parents[1] / "systems" / "shop.yaml").read_text())]


LABELS = {"a": ["x", "y|z", "w."], "b": ["x", "2"], "severity": ["critical", "warning"]}


def a_route(chance: random.Random, depth: int) -> dict[str, Any]:
    """A route with some of what a route can have."""
    route: dict[str, Any] = {"match": some_matchers(chance), "continue": chance.choice(["true", "false"])}
    if chance.random() < 0.7:
        route["receiver"] = chance.choice(["one", "two", "three"])
    if chance.random() < 0.5:
        route["group_by"] = chance.choice([["a"], ["b", "c"], ["..."], []])
    if depth:
        route["routes"] = [a_route(chance, depth - 1) for _ in range(chance.randrange(3))]
    return route


def some_matchers(chance: random.Random) -> dict[str, Any]:
    names = chance.sample(sorted(LABELS), chance.choice([1, 1, 2]))
    return {name: chance.choice([LABELS[name][0], LABELS[name][-1], LABELS[name]]) for name in names}


def a_stack(chance: random.Random) -> dict[str, Any]:
    inhibit = [
        {
            "source": some_matchers(chance),
            "target": some_matchers(chance),
            "equal": chance.choice([[], ["a"], ["b", "c"]]),
        }
        for _ in range(chance.randrange(3))
    ]
    children = [a_route(chance, 2) for _ in range(chance.choice([1, 2, 3]))]
    receivers: dict[str, Any] = {"one": {}, "two": {}, "three": {}}
    route = {"receiver": "one", "group_by": ["b"], "routes": children}
    used = json.dumps(children)
    waive = {"unused_receiver": "chance"} if any(f'"{name}"' not in used for name in ("two", "three")) else {}
    return {
        "stack": "chance",
        "waive": waive,
        "alertmanager": {"receivers": receivers, "route": route, "inhibit": inhibit},
    }


def test_the_reading_is_alertmanager_s_own(alertmanager: str) -> None:
    chance = random.Random(4)
    chances: list[bool | None] = []
    specs = [build([*SHOP, Source("stack.yaml", json.dumps(a_stack(chance)))]) for _ in range(60)]
    world = tuple(
        Sent("", (), {"alertname": f"A{number}", **{name: chance.choice(LABELS[name]) for name in names}})
        for number in range(40)
        for names in [chance.sample(sorted(LABELS), chance.randrange(4))]
    )
    hook = Hook()
    try:
        configurations = [read(render(one)[ALERTMANAGER]) for one in specs]
        with running(alertmanager, {}, {**configurations[0], "templates": []}, hook) as server:
            server.post([sent.labels for sent in world])
            for one, configuration in zip(specs, configurations, strict=True):
                server.load({**configuration, "templates": []})
                seen = sorting.seen(server.groups())
                assert one.stack.alertmanager is not None
                meant = sorting.meant(of_spec(one.stack.alertmanager), world)
                assert meant == sorting.meant(of_configuration(configuration), world)
                assert list(sorting.findings(world, meant, seen)) == [], configuration
                chances += [place.inhibited for place in meant.values()]
    finally:
        hook.close()
    assert chances.count(True) > 100
    assert chances.count(False) > 1000


def around(at: datetime) -> list[Interval]:
    """Intervals of every kind, some with the instant in them and some without."""
    minute, day, month = at.hour * 60 + at.minute, at.day, at.month
    last = ((at.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day
    weekday = at.isoweekday() % 7
    times = [f"{start // 60:02}:{start % 60:02}-24:00" for start in (0, minute, min(minute + 1, 1439))]
    times += [f"00:00-{end // 60:02}:{end % 60:02}" for end in (max(minute, 1), minute + 1)]
    weekdays = [WEEKDAYS[weekday], f"{WEEKDAYS[weekday]}:saturday", f"sunday:{WEEKDAYS[weekday]}"]
    weekdays += [WEEKDAYS[(weekday + 1) % 7], WEEKDAYS[(weekday + 6) % 7]]
    days = [
        f"{day}",
        f"1:{day}",
        f"{day}:31",
        f"{day - last - 1}",
        f"{day - last - 1}:-1",
        f"{day}:-1" if day < 28 else "1:-1",
    ]
    days += [f"{day % 28 + 1}", f"{-((last - day + 1) % 28) - 1}", "31", "-31:-29"]
    months = [MONTHS[month - 1], f"{month}", f"1:{month}", f"{month}:12", f"{month % 12 + 1}"]
    zones = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "Europe/Berlin"]
    return [
        Interval(),
        *(Interval(times=(one,)) for one in times),
        *(Interval(weekdays=(one,)) for one in weekdays),
        *(Interval(days_of_month=(one,)) for one in days),
        *(Interval(months=(one,)) for one in months),
        *(Interval(weekdays=(weekdays[0],), times=(times[0],), location=zone) for zone in zones),
        *(Interval(times=(one,), location=zone) for one in times for zone in zones),
        Interval(months=(months[0],), days_of_month=(days[0],), weekdays=(weekdays[3],)),
    ]


def test_time_intervals_hold_when_alertmanager_says(alertmanager: str) -> None:
    while True:
        before = datetime.now(UTC)
        intervals = around(before)
        muted = muted_by(alertmanager, intervals)
        if datetime.now(UTC).minute == before.minute:
            break
    assert muted == {index for index, one in enumerate(intervals) if calendar.holds([one], before)}
    assert 10 < len(muted) < len(intervals) - 10


def muted_by(alertmanager: str, intervals: list[Interval]) -> set[int]:
    """The numbers of the intervals that a real Alertmanager takes to hold now."""
    route = {
        "receiver": "hook",
        **AT_ONCE,
        "routes": [
            {"receiver": "hook", "matchers": [f'n="{index}"'], "mute_time_intervals": [f"i{index}"]}
            for index, _ in enumerate(intervals)
        ],
    }
    declared = [{"name": f"i{index}", "time_intervals": [written(one)]} for index, one in enumerate(intervals)]
    hook = Hook()
    try:
        configuration: Configuration = {
            "route": route,
            "receivers": [{"name": "hook", "webhook_configs": [{"url": f"{hook.url}/hook"}]}],
            "time_intervals": declared,
        }
        with running(alertmanager, {}, configuration, hook) as server:
            server.post([{"n": str(index)} for index, _ in enumerate(intervals)])
            while True:
                notified = {int(labels["n"]) for one in list(hook.received) for labels, _ in one.alerts}
                groups = server.groups()
                muted = {int(labels["n"]) for group in groups for labels, state in group.alerts if state["mutedBy"]}
                if len(notified | muted) == len(intervals):
                    assert not notified & muted
                    return muted
                time.sleep(0.02)
    finally:
        hook.close()


def written(interval: Interval) -> dict[str, Any]:
    """An interval as Alertmanager reads it."""
    times = [dict(zip(("start_time", "end_time"), one.split("-"), strict=True)) for one in interval.times]
    return (
        {"times": times, **interval.model_dump(exclude={"times"}, exclude_defaults=True)}
        if times
        else (interval.model_dump(exclude_defaults=True))
    )


def test_a_disagreement_of_calendars_is_found_at_any_edge() -> None:
    nights = (Interval(times=("22:00-24:00", "00:00-06:00"), location="Europe/Berlin"),)
    assert calendar.disagreement(nights, nights) is None
    for other in (
        Interval(times=("22:00-24:00", "00:00-06:01"), location="Europe/Berlin"),
        Interval(times=("22:00-24:00", "00:00-06:00"), location="Europe/London"),
        Interval(times=("22:00-24:00", "00:00-06:00"), location="Europe/Berlin", days_of_month=("1:30",)),
        Interval(times=("22:00-24:00",), location="Europe/Berlin"),
        Interval.model_validate(NEVER[0]),
    ):
        assert calendar.disagreement(nights, (other,)) is not None
    assert calendar.disagreement((Interval(days_of_month=("29:31",)),), (Interval(days_of_month=("-3:-1",)),))
    split = (Interval(times=("00:00-12:00",)), Interval(times=("12:00-24:00",)))
    assert calendar.disagreement(split, (Interval(),)) is None
