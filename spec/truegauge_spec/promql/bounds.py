"""Bucket bounds, as Prometheus writes them into `le`, and what a quantile over them can be."""

from __future__ import annotations

import math
from decimal import Decimal

from truegauge_spec.promql.values import ANY, Values, between


def bucket_bounds(bounds: tuple[float, ...]) -> frozenset[str]:
    """The values of `le`: Prometheus 3 stores each as a float, `100.0`, however it is exposed."""
    return frozenset((*map(bound_value, bounds), "+Inf"))


def bound_value(bound: float) -> str:
    """A bound as Prometheus 3 stores it, which is as Go prints a float: `100.0`, `0.25`, `1e+06`."""
    if math.isinf(bound):
        return "+Inf" if bound > 0 else "-Inf"
    exact = Decimal(repr(float(bound))).normalize()
    exponent = exact.adjusted() if exact else 0
    if -4 <= exponent < 6:
        plain = format(exact, "f")
        return plain if "." in plain else f"{plain}.0"
    sign, digits, _ = exact.as_tuple()
    mantissa = "".join(map(str, digits))
    return f"{'-' * sign}{mantissa[0]}{'.' * (len(mantissa) > 1)}{mantissa[1:]}e{exponent:+03d}"


def quantile_values(bounds: tuple[float, ...]) -> Values:
    """A quantile is interpolated within a bucket, from 0 in the first, and is the last bound in the one above it."""
    return between(min(0.0, bounds[0]), bounds[-1]) if bounds and not math.isinf(bounds[-1]) else ANY
