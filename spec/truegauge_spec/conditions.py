"""Conditions: what an alert may say. From one condition come PromQL, tests, threshold lines and sentences.

CONDITIONS lists every kind; `truegauge_generator.conditions` has a module of the same name for each.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args

from pydantic import AfterValidator, Discriminator, Field, FiniteFloat, Tag, model_validator

from truegauge_spec.burn import Burn
from truegauge_spec.condition import MetricCondition, Threshold
from truegauge_spec.expr import Expr
from truegauge_spec.model import Amount, LabelName, MetricName, PositiveDuration
from truegauge_spec.names import TARGET_LABELS
from truegauge_spec.quantities import Quantity, convert


class Value(Threshold):
    """The metric's value itself."""

    kind = "value"
    key = "metric"
    types = frozenset({"gauge"})


class QuantileOf(Threshold):
    """A quantile of a histogram over a window, per target and per label in `by`."""

    kind = "quantile"
    key = "quantile"
    types = frozenset({"histogram"})
    quantile: Annotated[FiniteFloat, Field(gt=0, lt=1)]
    over: PositiveDuration
    by: tuple[LabelName, ...] = ()

    @property
    def window(self) -> int:
        """The window of the rate."""
        return self.over

    def labels(self, own: Iterable[str]) -> tuple[str, ...]:
        """The target's labels and those in `by`; the others are summed up."""
        return (*TARGET_LABELS, *(label for label in self.by if label not in TARGET_LABELS))


class ShareOfLimit(Threshold):
    """The metric as a share of another one that is its limit."""

    kind = "share_of_limit"
    key = "limit"
    types = frozenset({"gauge"})
    other = "limit"
    unit = "ratio"
    limit: MetricName

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metric and its limit."""
        return (self.metric, self.limit)


class ShareOfTotal(Threshold):
    """A counter's share of the sum of several within a window; `metric` is one of them."""

    kind = "share_of_total"
    key = "share_of"
    types = frozenset({"counter"})
    other = "share_of"
    unit = "ratio"
    most = 1
    share_of: Annotated[tuple[MetricName, ...], Field(min_length=2)]
    over: PositiveDuration

    @property
    def window(self) -> int:
        """The window of the increase."""
        return self.over

    @model_validator(mode="after")
    def _part_of_total(self) -> ShareOfTotal:
        if self.metric not in self.share_of:
            raise ValueError(f"`share_of` must name {self.metric} too: the total has the part in it")
        if len(set(self.share_of)) < len(self.share_of):
            raise ValueError("`share_of` names a metric twice, which would count it twice")
        if self.threshold.unit and not 0 < convert(self.threshold, "ratio") < 1:
            raise ValueError(f"a share lies between 0% and 100%, so it is never beyond {self.threshold}")
        return self

    @property
    def metrics(self) -> tuple[str, ...]:
        """The part and every other part of the total."""
        return tuple(dict.fromkeys((self.metric, *self.share_of)))


class Increase(Threshold):
    """How far a counter went up within a window."""

    kind = "increase"
    key = "increase_over"
    types = frozenset({"counter"})
    increase_over: PositiveDuration

    @property
    def window(self) -> int:
        """The window of the increase."""
        return self.increase_over


def _positive(amount: Quantity) -> Quantity:
    if amount.number <= 0:
        raise ValueError(f"{amount} is not above zero")
    return amount


def _partly(share: Quantity) -> Quantity:
    if not 0 < convert(share, "ratio") < 1:
        raise ValueError(f"{share} is not between 0% and 100%")
    return share


class Rate(Threshold):
    """How much a counter goes up per second, as a mean over a window; the threshold is per second too."""

    kind = "rate"
    key = "rate_over"
    types = frozenset({"counter"})
    per_second = True
    rate_over: PositiveDuration

    @property
    def window(self) -> int:
        """The window of the rate."""
        return self.rate_over


class Deviation(Threshold):
    """How far a gauge's mean over a window is from that of an earlier one, as a share of it, if that has the floor."""

    kind = "deviation"
    key = "deviates_over"
    types = frozenset({"gauge"})
    unit = "ratio"
    parts = 2
    deviates_over: PositiveDuration
    from_: Annotated[PositiveDuration, Field(alias="from")]
    floor: Annotated[Amount, AfterValidator(_positive)]

    @model_validator(mode="after")
    def _from_the_past(self) -> Deviation:
        if self.below is not None:
            raise ValueError("give `above`, by how much it may differ up or down; below that, all is as usual")
        if self.from_ < self.deviates_over:
            raise ValueError("`from` must be at least `deviates_over`: the two windows may not overlap")
        return self

    @property
    def window(self) -> int:
        """The window of the mean."""
        return self.deviates_over

    @property
    def lead(self) -> int:
        """How much earlier the other window is."""
        return self.from_

    @property
    def amounts(self) -> tuple[tuple[str, Quantity, str | None], ...]:
        """The threshold and the floor."""
        return (*super().amounts, ("floor", self.floor, None))


class OlderThan(MetricCondition):
    """A gauge that holds a unix time in seconds lies too far back. Zero means never, of which nothing is said."""

    kind = "older_than"
    key = "older_than"
    types = frozenset({"gauge"})
    unit = "s"
    whole = True
    older_than: PositiveDuration

    @property
    def threshold(self) -> Quantity:
        """The age in seconds."""
        return Quantity(Decimal(self.older_than) / 1000, "s")

    @property
    def lead(self) -> int:
        """The age: a time that lies so far back comes after zero."""
        return self.older_than


class Absent(MetricCondition):
    """There is no data of a metric, from any of the system's targets, within the window."""

    kind = "absent"
    key = "absent_for"
    types = frozenset({"counter", "gauge", "histogram"})
    valued = False
    of_job = True
    absent_for: PositiveDuration

    @property
    def window(self) -> int:
        """How long there is no data."""
        return self.absent_for

    def labels(self, own: Iterable[str]) -> tuple[str, ...]:
        """The job, and each label that is selected by one value: there is no series to take others from."""
        return ("job", *(label for label, values in self.where.items() if isinstance(values, str) and label != "job"))


class Unchanged(MetricCondition):
    """A value that should move is there for all of the window, and stays the same."""

    kind = "unchanged"
    key = "unchanged_for"
    types = frozenset({"counter", "gauge"})
    unchanged_for: PositiveDuration

    @property
    def window(self) -> int:
        """How long it stays the same."""
        return self.unchanged_for


class RunsFull(MetricCondition):
    """A gauge, already at some share of its limit, reaches it within a time if it goes on as over the window."""

    kind = "runs_full"
    key = "runs_full_within"
    types = frozenset({"gauge"})
    other = "limit"
    unit = "ratio"
    runs_full_within: PositiveDuration
    limit: MetricName
    over: PositiveDuration
    at_least: Annotated[Amount, AfterValidator(_partly)] = Quantity(Decimal(50), "%")

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metric and its limit."""
        return (self.metric, self.limit)

    @property
    def window(self) -> int:
        """The window whose line is drawn on."""
        return self.over


AnyCondition = (
    QuantileOf
    | Burn
    | RunsFull
    | ShareOfLimit
    | ShareOfTotal
    | Increase
    | Rate
    | Deviation
    | OlderThan
    | Absent
    | Unchanged
    | Expr
    | Value
)
CONDITIONS: tuple[type[AnyCondition], ...] = get_args(AnyCondition)


def _kind_of(value: Any) -> str:
    if isinstance(value, dict):
        for model in CONDITIONS:
            if model.key in value:
                return f"<{model.kind}>"
    return f"<{getattr(value, 'kind', Value.kind)}>"


if TYPE_CHECKING:
    Condition = AnyCondition
else:
    Condition = Annotated[
        Union[tuple(Annotated[model, Tag(f"<{model.kind}>")] for model in CONDITIONS)],  # noqa: UP007
        Discriminator(_kind_of),
    ]
