"""The values that something can have: an interval, and its members where they are few. NaN is always possible."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import NamedTuple


class Values(NamedTuple):
    """From `low` to `high`, both included; exactly the `members` where these are known."""

    low: float = -math.inf
    high: float = math.inf
    members: frozenset[float] | None = None

    def __str__(self) -> str:
        if self.members is not None:
            return " or ".join(f"{member:g}" for member in sorted(self.members))
        return f"{self.low:g} to {self.high:g}"


ANY = Values()
POSITIVE = Values(0.0)
ONE = Values(1.0, 1.0, frozenset({1.0}))
ZERO_OR_ONE = Values(0.0, 1.0, frozenset({0.0, 1.0}))
AT_LEAST_ONE = Values(1.0)


def exactly(number: float) -> Values:
    """The one value `number`; any for NaN."""
    return ANY if math.isnan(number) else Values(number, number, frozenset({number}))


def between(low: float, high: float) -> Values:
    """An interval; any where its bounds are none."""
    return Values(low, high) if low <= high else ANY


def union(one: Values, other: Values) -> Values:
    """What either can have."""
    members = one.members | other.members if one.members is not None and other.members is not None else None
    return Values(min(one.low, other.low), max(one.high, other.high), members)


def never(op: str, one: Values, other: Values) -> bool:
    """Whether the comparison holds for no values of the two."""
    return _NEVER[op](one, other)


def always(op: str, one: Values, other: Values) -> bool:
    """Whether the comparison holds for all values of the two, NaN aside."""
    return _NEVER[_OPPOSITE[op]](one, other)


def _unequal(one: Values, other: Values) -> bool:
    if one.members is not None and other.members is not None:
        return not one.members & other.members
    return one.high < other.low or one.low > other.high or _none_within(one, other) or _none_within(other, one)


def _none_within(one: Values, other: Values) -> bool:
    return one.members is not None and not any(other.low <= member <= other.high for member in one.members)


def _same(one: Values, other: Values) -> bool:
    return one.members is not None and one.members == other.members and len(one.members) == 1


_NEVER: dict[str, Callable[[Values, Values], bool]] = {
    ">": lambda one, other: one.high <= other.low,
    ">=": lambda one, other: one.high < other.low,
    "<": lambda one, other: one.low >= other.high,
    "<=": lambda one, other: one.low > other.high,
    "==": _unequal,
    "!=": _same,
}
_OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}
_MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}


def mirrored(op: str) -> str:
    """The comparison with its sides exchanged."""
    return _MIRRORED[op]


def kept(op: str, one: Values, other: Values) -> Values:
    """What remains of `one` where it compares with `other`."""
    low = other.low if op in (">", ">=", "==") else one.low
    high = other.high if op in ("<", "<=", "==") else one.high
    low, high = max(low, one.low), min(high, one.high)
    if low > high:
        return one
    members = one.members
    if members is not None:
        members = frozenset(member for member in members if low <= member <= high)
        return Values(min(members), max(members), members) if members else one
    return Values(low, high)


def arithmetic(op: str, one: Values, other: Values) -> Values:
    """What `one op other` can be."""
    if one.members is not None and other.members is not None and len(one.members) == len(other.members) == 1:
        number = calculated(op, one.low, other.low)
        return ANY if number is None else exactly(number)
    known = _ARITHMETIC.get(op)
    return known(one, other) if known else ANY


def _sum(one: Values, other: Values) -> Values:
    return _interval((one.low + other.low, one.high + other.high))


def _difference(one: Values, other: Values) -> Values:
    return _interval((one.low - other.high, one.high - other.low))


def _product(one: Values, other: Values) -> Values:
    if one.low >= 0 and other.low >= 0:
        return POSITIVE if math.isinf(one.high) or math.isinf(other.high) else between(0.0, one.high * other.high)
    return _interval(tuple(a * b for a in one[:2] for b in other[:2]))


def _quotient(one: Values, other: Values) -> Values:
    if other.low == other.high and other.low:
        return _interval((one.low / other.low, one.high / other.low))
    return POSITIVE if one.low >= 0 and other.low >= 0 else ANY


def _interval(ends: tuple[float, ...]) -> Values:
    return ANY if any(math.isnan(end) for end in ends) else between(min(ends), max(ends))


_ARITHMETIC: dict[str, Callable[[Values, Values], Values]] = {
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
}
_CALCULATED: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": math.pow,
    "%": math.fmod,
}


def calculated(op: str, one: float, other: float) -> float | None:
    """The value of an operator between two numbers; None where Python refuses what Prometheus calculates."""
    if op == "/" and other == 0:
        return math.nan if one == 0 or math.isnan(one) else math.copysign(math.inf, one) * math.copysign(1, other)
    try:
        number = _CALCULATED[op](one, other)
    except (ArithmeticError, ValueError, KeyError):
        return None
    # Of a power, only whole numbers are sure to be the same to the last bit.
    return number if op != "^" or (number.is_integer() and abs(number) < 2**53) else None
