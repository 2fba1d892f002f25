"""The values of a test's series, in promtool's notation, and what Prometheus makes of them."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate, groupby, repeat
from typing import NamedTuple

from truegauge_generator.conditions import Driver
from truegauge_spec.quantities import numeral

LEAD = 3
"""Steps before a counter jumps, so that its series exists at zero first."""


class Span(NamedTuple):
    """The steps of a case: where a level is entered, its last step, how many follow it; and those of the window.

    `window` is 1 where steps do not divide it. `size` is the milliseconds of a step.
    """

    lead: int
    held: int
    recovering: int
    window: int
    size: int


def held(driver: Driver, span: Span) -> str:
    """A series at one level: `4x20`, `0+5x20`, and for a jump `0x2 6x18`."""
    amount, steps = numeral(driver.amount), span.held
    if driver.mode == "hold":
        return f"{amount}x{steps}"
    if driver.mode == "gain":
        if driver.before:
            return f"0 {numeral(driver.before)}+{amount}x{steps - 1}"
        return f"0+{amount}x{steps}" if driver.amount else f"0x{steps}"
    if driver.mode == "jump":
        return f"0x{LEAD - 1} {amount}x{steps - LEAD}"
    if driver.mode == "age":
        return f"_x{span.lead} {_behind(driver, span.lead, steps - span.lead, span)}"
    return f"{_past(driver, span)} {_means(driver, 0, steps - span.lead + 1, span)}"


def then(high: Driver, low: Driver, span: Span) -> str:
    """How the series goes on from `high` to `low`; a counter never falls, so it only gains less, or stays."""
    steps = span.recovering
    if high.mode == "gain":
        gained = high.before + high.amount * (span.held - 1) if high.before else high.amount * span.held
        start = numeral(gained + low.amount)
        return f"{start}+{numeral(low.amount)}x{steps}" if low.amount else f"{start}x{steps}"
    if high.mode == "age":
        return _behind(low, span.held + 1, steps, span)
    if high.mode == "mean":
        return _means(low, span.held - span.lead + 1, steps + 1, span)
    return f"{numeral((low if high.mode == 'hold' else high).amount)}x{steps}"


def _behind(driver: Driver, step: int, steps: int, span: Span) -> str:
    """A time that goes on, and stays so many seconds behind."""
    second = Decimal(span.size) / 1000
    return f"{numeral(step * second - driver.amount)}+{numeral(second)}x{steps}"


def _past(driver: Driver, span: Span) -> str:
    """The value before a level is entered: early, where the level is compared with it, and just ahead of the level.

    In between, where there is room, the series is at zero: whoever looks back to another time sees that.
    """
    early = span.held + span.recovering + 2 - span.lead
    between = span.lead - early - span.window
    before = numeral(driver.before)
    if between <= 0:
        return f"{before}x{span.lead - 1}"
    return f"{before}x{early - 1} 0x{between - 1} {before}x{span.window - 1}"


def _means(driver: Driver, first: int, steps: int, span: Span) -> str:
    """Values whose mean over each window is the amount, and over no shorter one: one differs, the rest stay."""
    peak = driver.before + span.window * (driver.amount - driver.before)
    values = [driver.before if step % span.window else peak for step in range(first, first + steps)]
    return " ".join(f"{numeral(value)}x{len(list(same)) - 1}" for value, same in groupby(values))


def in_steps(driver: Driver, size: int, burst: int) -> Driver:
    """What flows in each second as what is gained in each step, after a burst of so many of them.

    A new series has a low rate, since it lacks most of the window; the burst makes up for that.
    """
    gain = driver.amount * size / 1000
    return driver._replace(mode="gain", amount=gain, before=gain * burst)


def rates(driver: Driver, window: int, span: Span) -> list[float]:
    """Prometheus' rate at each step of a level, from the second on and to the last bit, of a steady counter.

    It is extrapolated from the samples in the window to its edges: promql/functions.go, extrapolatedRate.
    """
    steady = span.held - 1 if driver.before else span.held
    values = [0.0, *accumulate(repeat(float(driver.amount), steady), initial=float(driver.before))][-span.held - 1 :]
    samples = -(-window // span.size)
    return [_rate(values[max(last - samples + 1, 0) : last + 1], window, span.size) for last in range(1, len(values))]


def _rate(values: list[float], window: int, size: int) -> float:
    gaps = len(values) - 1
    sampled, increase = gaps * size / 1000, values[-1] - values[0]
    start = (window - gaps * size) / 1000
    if start >= sampled / gaps * 1.1:
        start = sampled / gaps / 2
    if increase > 0:
        start = min(start, sampled * (values[0] / increase))
    return increase * ((sampled + start) / sampled / (window / 1000))


def just_short(driver: Driver, limit: Decimal, upwards: bool, found: list[float]) -> Driver:
    """The driver, a trillionth off where Prometheus' rounding takes a rate for one beyond the limit."""
    if all((rate <= float(limit)) if upwards else (rate >= float(limit)) for rate in found):
        return driver
    return driver._replace(amount=driver.amount * (1 + Decimal("-1e-12" if upwards else "1e-12")))
