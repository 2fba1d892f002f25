"""Conditions: what an alert may say. From one condition come PromQL, tests, threshold lines and sentences.

CONDITIONS lists every kind; `truegauge_generator.conditions` has a module of the same name for each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Union, get_args

from pydantic import Discriminator, Field, FiniteFloat, Tag, model_validator

from truegauge_spec.model import Amount, Duration, LabelName, Matchers, MetricName, Model, PositiveDuration, Text
from truegauge_spec.names import TARGET_LABELS
from truegauge_spec.quantities import Quantity


class Threshold(Model):
    """A metric compared with one number, from above or from below."""

    metric: MetricName
    where: Matchers = {}
    above: Amount | None = None
    below: Amount | None = None

    kind: ClassVar[str]
    key: ClassVar[str]
    """The key that makes a condition one of this kind."""
    types: ClassVar[frozenset[str]]
    """The types of metric it can be said of."""
    unit: ClassVar[str | None] = None
    """The threshold's unit; None for the metric's own."""

    @model_validator(mode="after")
    def _one_side(self) -> Threshold:
        if (self.above is None) == (self.below is None):
            raise ValueError("give one threshold: `above` or `below`")
        return self

    @property
    def threshold(self) -> Quantity:
        """The number that the metric is compared with."""
        threshold = self.below if self.above is None else self.above
        assert threshold is not None
        return threshold

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric it names."""
        return (self.metric,)

    @property
    def window(self) -> int:
        """How far it looks back, in milliseconds; 0 where the latest sample is enough."""
        return 0

    def labels(self, own: Iterable[str]) -> tuple[str, ...]:
        """The labels of its result, for a metric with the labels `own`: its own and the target's."""
        return (*TARGET_LABELS, *own)


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
    unit = "ratio"
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


class Example(Model):
    """A hand-written case for an expression: series, and the label sets that fire at a time with `value`."""

    name: Text
    series: dict[Text, Text]
    at: Duration
    fires: tuple[dict[LabelName, Text], ...] = ()
    value: FiniteFloat = 0


class Expr(Model):
    """Hand-written PromQL, for what no other kind can say; `examples` are its tests."""

    kind: ClassVar[str] = "expr"
    key: ClassVar[str] = "expr"
    expr: Text
    examples: tuple[Example, ...] = ()


AnyCondition = QuantileOf | ShareOfLimit | ShareOfTotal | Increase | Expr | Value
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
