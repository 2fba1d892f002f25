"""Every function of Prometheus 3.5: what it takes, and what becomes of the unit, the values and the labels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from truegauge_spec.promql import special
from truegauge_spec.promql.labels import METRIC_NAME, NONE
from truegauge_spec.promql.syntax import Call
from truegauge_spec.promql.types import Kind, Type
from truegauge_spec.promql.units import NUMBER, SECOND, Unit, per, times
from truegauge_spec.promql.values import ANY, AT_LEAST_ONE, ONE, POSITIVE, Values, between

UnitEffect = Callable[[Unit | None], Unit | None]
ValuesEffect = Callable[[Values], Values]


class Function(NamedTuple):
    """One function. `takes` has a letter per argument: instant vector, range vector, number, text; `?` may be left
    out, `*` may be repeated."""

    takes: str
    unit: UnitEffect = lambda unit: None
    values: ValuesEffect = lambda values: ANY
    metric: str = "gauge"
    """The metric type of its result; empty for that of its vector."""
    keeps_name: bool = False
    is_experimental: bool = False
    result: Callable[[Call, tuple[Type, ...]], Type] | None = None
    """The whole type, where the columns before cannot say it."""


def _same(unit: Unit | None) -> Unit | None:
    return unit


def _per_second(unit: Unit | None) -> Unit | None:
    return per(unit, SECOND)


def _squared(unit: Unit | None) -> Unit | None:
    return times(unit, unit)


def _fixed(unit: Unit | None) -> UnitEffect:
    return lambda _: unit


def _always(values: Values) -> ValuesEffect:
    return lambda _: values


def _kept(values: Values) -> Values:
    return values


def _of_counter(values: Values) -> Values:
    return POSITIVE if values.low >= 0 else ANY


def _rising(calculate: Callable[[float], float]) -> ValuesEffect:
    return lambda values: between(calculate(values.low), calculate(values.high))


def _floor(number: float) -> float:
    return number if math.isinf(number) else math.floor(number)


def _ceil(number: float) -> float:
    return number if math.isinf(number) else math.ceil(number)


def _absolute(values: Values) -> Values:
    return Values(values.low, values.high) if values.low >= 0 else POSITIVE


def _added(values: Values) -> Values:
    return (
        Values(values.low, math.inf)
        if values.low >= 0
        else Values(-math.inf, values.high if values.high <= 0 else math.inf)
    )


def _within(values: Values) -> Values:
    return Values(values.low, values.high)


RATE = Function("r", _per_second, _of_counter)
INCREASE = Function("r", _same, _of_counter)
CHANGE = Function("r", _same)
OVER_TIME = Function("r", _same, _within)
OVER_TIME_KEPT = Function("r", _same, _kept, metric="")
SPREAD = Function("r", _same, _always(POSITIVE))
WAVE = Function("i", values=_always(Values(-1.0, 1.0)))
MATH = Function("i")
SORT = Function("i", _same, _kept, metric="", keeps_name=True)
SORT_BY = Function("it*", _same, _kept, metric="", keeps_name=True, is_experimental=True)
TIMES = Function("r", _fixed(SECOND), _always(POSITIVE), is_experimental=True)
OF_HISTOGRAM = Function("i", result=special.of_histogram)


def _calendar(low: float, high: float) -> Function:
    return Function("i?", values=_always(Values(low, high)))


FUNCTIONS: dict[str, Function] = {
    "abs": Function("i", _same, _absolute),
    "absent": Function("i", result=special.absent),
    "absent_over_time": Function("r", result=special.absent),
    "acos": Function("i", values=_always(Values(0.0, 3.2))),
    "acosh": Function("i", values=_always(POSITIVE)),
    "asin": Function("i", values=_always(Values(-1.6, 1.6))),
    "asinh": MATH,
    "atan": Function("i", values=_always(Values(-1.6, 1.6))),
    "atanh": MATH,
    "avg_over_time": OVER_TIME,
    "ceil": Function("i", _same, _rising(_ceil)),
    "changes": Function("r", _fixed(NUMBER), _always(POSITIVE)),
    "clamp": Function("inn", result=special.clamped),
    "clamp_max": Function("in", result=special.clamped),
    "clamp_min": Function("in", result=special.clamped),
    "cos": WAVE,
    "cosh": Function("i", values=_always(AT_LEAST_ONE)),
    "count_over_time": Function("r", _fixed(NUMBER), _always(AT_LEAST_ONE)),
    "day_of_month": _calendar(1, 31),
    "day_of_week": _calendar(0, 6),
    "day_of_year": _calendar(1, 366),
    "days_in_month": _calendar(28, 31),
    "deg": MATH,
    "delta": CHANGE,
    "deriv": Function("r", _per_second),
    "double_exponential_smoothing": Function("rnn", _same, is_experimental=True),
    "exp": Function("i", values=_always(POSITIVE)),
    "floor": Function("i", _same, _rising(_floor)),
    "histogram_avg": OF_HISTOGRAM,
    "histogram_count": OF_HISTOGRAM,
    "histogram_fraction": Function("nni", result=special.histogram_fraction),
    "histogram_quantile": Function("ni", result=special.histogram_quantile),
    "histogram_stddev": OF_HISTOGRAM,
    "histogram_stdvar": OF_HISTOGRAM,
    "histogram_sum": OF_HISTOGRAM,
    "hour": _calendar(0, 23),
    "idelta": CHANGE,
    "increase": INCREASE,
    "info": Function("ii?", is_experimental=True, result=special.info),
    "irate": RATE,
    "label_join": Function("itt*", result=special.label_join),
    "label_replace": Function("itttt", result=special.label_replace),
    "last_over_time": Function("r", _same, _kept, metric="", keeps_name=True),
    "ln": MATH,
    "log10": MATH,
    "log2": MATH,
    "mad_over_time": Function("r", _same, _always(POSITIVE), is_experimental=True),
    "max_over_time": OVER_TIME_KEPT,
    "min_over_time": OVER_TIME_KEPT,
    "minute": _calendar(0, 59),
    "month": _calendar(1, 12),
    "pi": Function("", result=special.pi),
    "predict_linear": Function("rn", _same),
    "present_over_time": Function("r", _fixed(NUMBER), _always(ONE)),
    "quantile_over_time": Function("nr", result=special.quantile_over_time),
    "rad": MATH,
    "rate": RATE,
    "resets": Function("r", _fixed(NUMBER), _always(POSITIVE)),
    "round": Function("in?", _same, _of_counter),
    "scalar": Function("i", result=special.scalar),
    "sgn": Function("i", _fixed(NUMBER), _always(Values(-1.0, 1.0, frozenset({-1.0, 0.0, 1.0})))),
    "sin": WAVE,
    "sinh": MATH,
    "sort": SORT,
    "sort_by_label": SORT_BY,
    "sort_by_label_desc": SORT_BY,
    "sort_desc": SORT,
    "sqrt": Function("i", values=_always(POSITIVE)),
    "stddev_over_time": SPREAD,
    "stdvar_over_time": Function("r", _squared, _always(POSITIVE)),
    "sum_over_time": Function("r", _same, _added),
    "tan": MATH,
    "tanh": WAVE,
    "time": Function("", result=special.time),
    "timestamp": Function("i", _fixed(SECOND), _always(POSITIVE)),
    "ts_of_last_over_time": TIMES,
    "ts_of_max_over_time": TIMES,
    "ts_of_min_over_time": TIMES,
    "vector": Function("n", result=special.vector),
    "year": _calendar(1, 1e6),
}


def vector_of(call: Call, arguments: tuple[Type, ...]) -> Type | None:
    """The type of the vector that the function is about; None where it has none."""
    return next((argument for argument in arguments if argument.kind in (Kind.INSTANT, Kind.RANGE)), None)


def call_type(call: Call, arguments: tuple[Type, ...]) -> Type:
    """The type of a call's result."""
    known = FUNCTIONS[call.name]
    if known.result is not None:
        return known.result(call, arguments)
    vector = vector_of(call, arguments)
    if vector is None:
        return Type(Kind.INSTANT, known.metric, known.unit(None), NONE, known.values(ANY), never_absent=True)
    return replace(
        vector,
        kind=Kind.INSTANT,
        metric=known.metric or vector.metric,
        unit=known.unit(vector.unit),
        values=known.values(vector.values),
        labels=vector.labels if known.keeps_name else vector.labels.without(METRIC_NAME),
        constant=None,
        is_duration=False,
    )
