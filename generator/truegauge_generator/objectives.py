"""The PromQL of objectives: events, error ratio and burn rate by window, and when an error budget burns too fast.

Every window is a ratio of sums from the counters themselves. A mean of the ratios of short windows would weigh a quiet
night like a busy day, and a sum of recorded increases would lose what falls between two of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from truegauge_generator.promql import Matchers, selector
from truegauge_spec.names import BURN_RATE
from truegauge_spec.objectives import PAIRS, Availability, Events, Latency, Objective, Pair, pairs
from truegauge_spec.quantities import convert, duration, numeral
from truegauge_spec.system import System

EVENTS = "job:slo_events:rate"
ERROR_RATIO = "job:slo_events:error_ratio"
REMAINING = "job:slo_error_budget:remaining_ratio"
TARGET = "slo:objective:ratio"
BUDGET = "slo:error_budget:ratio"
DAYS = "slo:period:days"

SHORT = tuple(sorted({window for pair in PAIRS if pair.alert == "page" for window in (pair.short, pair.long)}))
"""The windows that a page looks at, in milliseconds."""
LONG = tuple(sorted({window for pair in PAIRS for window in (pair.short, pair.long)} - set(SHORT)))
DAY = 86_400_000


class Recording(NamedTuple):
    """What is recorded under a name, with labels beside those of the objective."""

    name: str
    expr: str
    labels: dict[str, str]


def identity(system: System, name: str) -> dict[str, str]:
    """The labels that tell an objective's series from those of every other."""
    return {"system": system.system, "slo": name}


def windowed(window: int) -> dict[str, str]:
    """The label of a window."""
    return {"window": duration(window)}


def by_window(system: System, name: str, window: int) -> tuple[Recording, Recording]:
    """The rate of all events and the ratio of bad ones over a window; without events there is no ratio."""
    objective = system.objectives[name]
    labels = windowed(window)
    total = selector(EVENTS, {**identity(system, name), **labels})
    if objective.latency is not None:
        events, good = _observations(system, objective.latency)
        ratio = f"1 - (\n  {_sum(_rate(good, window))}\n  / on (job)\n  ({total} > 0)\n)"
        return Recording(EVENTS, _sum(_rate(events, window)), labels), Recording(ERROR_RATIO, ratio, labels)
    found = objective.availability
    assert found is not None
    share = _share(found, window, total)
    ratio = share if found.side == "bad" else f"1 - (\n  {share.replace(chr(10), chr(10) + '  ')}\n)"
    return Recording(EVENTS, _total(system, found, window), labels), Recording(ERROR_RATIO, ratio, labels)


def burn_rate(system: System, name: str) -> Recording:
    """How many times as fast as it may the budget burns, over each window at once."""
    budget = numeral(system.objectives[name].budget)
    return Recording(BURN_RATE, f"{selector(ERROR_RATIO, identity(system, name))} / {budget}", {})


def budget(system: System, name: str) -> Iterator[Recording]:
    """What the objective says, and what is left of its error budget over its period."""
    objective = system.objectives[name]
    of_period = windowed(objective.over)
    over = selector(ERROR_RATIO, {**identity(system, name), **of_period})
    yield Recording(TARGET, f"vector({numeral(1 - objective.budget)})", {})
    yield Recording(BUDGET, f"vector({numeral(objective.budget)})", {})
    yield Recording(DAYS, f"vector({numeral(Decimal(objective.over) / DAY)})", {})
    yield Recording(REMAINING, f"1 - {over} / {numeral(objective.budget)}", of_period)


def burns_too_fast(system: System, name: str, alert: str) -> str:
    """The expression of an alert: any of its pairs of windows. Its result has the long window's ratio and label."""
    objective = system.objectives[name]
    found = [_both(system, name, objective, pair) for pair in pairs(objective, alert)]
    return found[0] if len(found) == 1 else "\nor ignoring (window)\n".join(_indented(both) for both in found)


def _both(system: System, name: str, objective: Objective, pair: Pair) -> str:
    limit = f"({numeral(pair.factor(objective.over))} * {numeral(objective.budget)})"
    long, short = (
        f"{selector(ERROR_RATIO, {**identity(system, name), **windowed(window)})} > {limit}"
        for window in (pair.long, pair.short)
    )
    return f"{long}\nand ignoring (window)\n{short}"


def _indented(text: str) -> str:
    return f"(\n  {text.replace(chr(10), chr(10) + '  ')}\n)"


def _rate(events: Events, window: int) -> str:
    return f"rate({selector(events.metric, events.where, duration(window))})"


def _sum(expr: str) -> str:
    return f"sum by (job) ({expr})"


def _share(found: Availability, window: int, total: str) -> str:
    # A counter with open labels has no series before its first event; that is none, not an unknown number.
    some = _indented(f"{_sum(_rate(found.some, window))}\nor on (job)\n0 * {total}")
    return f"{some}\n/ on (job)\n({total} > 0)"


def _total(system: System, found: Availability, window: int) -> str:
    """The rate of all events: with `+` the sum would be lost where one of its parts has no series yet."""
    if len(found.total) == 1:
        return _sum(_rate(found.total[0], window))
    taken = {label for events in found.total for label in system.metrics[events.metric].labels}
    label = "part"
    while label in taken:
        label += "_"
    parts = [
        f'label_replace({_rate(events, window)}, "{label}", "{number}", "", "")'
        for number, events in enumerate(found.total, 1)
    ]
    return f"sum by (job) (\n  {f'{chr(10)}  or{chr(10)}  '.join(parts)}\n)"


def _observations(system: System, latency: Latency) -> tuple[Events, Events]:
    """All observations, and those within the bound."""
    where: Matchers = latency.where
    bound = le(float(convert(latency.within, system.metrics[latency.metric].unit)))
    return (
        Events(metric=f"{latency.metric}_count", where=dict(where)),
        Events(metric=f"{latency.metric}_bucket", where={**where, "le": bound}),
    )


def le(bound: float) -> str:
    """A bucket's label as Prometheus 3 stores it, and as Python's client has always printed it: 100 is `100.0`."""
    sign, digits, exponent = Decimal(repr(bound)).normalize().as_tuple()
    assert isinstance(exponent, int)
    power = len(digits) + exponent - 1
    if -5 < power < 6:
        return repr(bound)
    mantissa = "".join(map(str, digits))
    written = f"{mantissa[0]}.{mantissa[1:]}" if mantissa[1:] else mantissa
    return f"{'-' * sign}{written}e{power:+03d}"
