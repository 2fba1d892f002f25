"""A gauge as a share of another gauge that is its limit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from truegauge_generator.conditions.kind import Driver
from truegauge_generator.promql import selector
from truegauge_spec.conditions import ShareOfLimit
from truegauge_spec.system import System


def expression(when: ShareOfLimit, system: System) -> str:
    # A limit of zero means that there is none; without the filter the share would be +Inf, and the alert fire.
    return f"{selector(when.metric, when.where)}\n/\n({selector(when.limit, when.where)} > 0)"


def operation(when: ShareOfLimit) -> str | None:
    return f"share_of_{when.limit}"


def drivers(when: ShareOfLimit, system: System, level: Decimal) -> Sequence[Driver]:
    # Whole numbers on both sides, so that the division gives the very float that the threshold is.
    scale = max(1000, level.as_integer_ratio()[1])
    return (
        Driver(when.metric, {}, "hold", level * scale),
        Driver(when.limit, {}, "hold", Decimal(scale)),
    )


def silent(when: ShareOfLimit, system: System, safe: Decimal, breach: Decimal) -> tuple[str, Sequence[Driver]] | None:
    if not when.upwards:
        return None
    return "boundless", (Driver(when.metric, {}, "hold", Decimal(1000)), Driver(when.limit, {}, "hold", Decimal(0)))


def subject(when: ShareOfLimit) -> str:
    return f"`{when.metric}` as a share of `{when.limit}`"
