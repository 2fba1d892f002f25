"""What the kinds of condition share: a metric, a window, and for most a threshold."""

from collections.abc import Iterable
from typing import ClassVar, Self

from pydantic import model_validator

from truegauge_spec.model import Amount, Matchers, MetricName, Model
from truegauge_spec.names import TARGET_LABELS
from truegauge_spec.quantities import Quantity


class MetricCondition(Model):
    """What is said of one metric. Most kinds compare it with a number, as every `Threshold` does."""

    metric: MetricName
    where: Matchers = {}

    kind: ClassVar[str]
    key: ClassVar[str]
    """The key that makes a condition one of this kind."""
    types: ClassVar[frozenset[str]]
    """The types of metric it can be said of."""
    other: ClassVar[str] = ""
    """The key that names its other metrics."""
    unit: ClassVar[str | None] = None
    """The unit of the alert's value; None for the metric's own."""
    per_second: ClassVar[bool] = False
    """Whether that is a unit per second."""
    valued: ClassVar[bool] = True
    """Whether the alert's value says anything."""
    most: ClassVar[int | None] = None
    """The largest value that there can be, if any."""
    whole: ClassVar[bool] = False
    """Whether a test differs from the threshold by whole units at least."""
    per_target: ClassVar[bool] = True
    """Whether its series are of single targets, or of all of a job's together."""
    of_job: ClassVar[bool] = False
    """Whether it looks at the series of its own job only."""
    parts: ClassVar[int] = 20
    """Into how many steps a test divides a window of hours."""

    @property
    def selects(self) -> Matchers:
        """What selects its series."""
        return self.where

    @property
    def threshold(self) -> Quantity | None:
        """The number that the value is compared with, if any."""
        return None

    @property
    def upwards(self) -> bool:
        """Whether it fires above its threshold."""
        return True

    @property
    def amounts(self) -> tuple[tuple[str, Quantity, str | None], ...]:
        """Every number with a unit: its key, itself, and the unit it needs; None for the metric's own."""
        return ()

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric it names."""
        return (self.metric,)

    @property
    def window(self) -> int:
        """How far it looks back, in milliseconds; 0 where the latest sample is enough."""
        return 0

    @property
    def window_key(self) -> str:
        """The key of the window."""
        return "over" if "over" in type(self).model_fields else self.key

    @property
    def lead(self) -> int:
        """How much earlier still, in milliseconds, the past lies that it compares with."""
        return 0

    def labels(self, own: Iterable[str]) -> tuple[str, ...]:
        """The labels of its result, for a metric with the labels `own`: its own and the target's."""
        return (*TARGET_LABELS, *own)


class Threshold(MetricCondition):
    """A metric compared with one number, from above or from below."""

    above: Amount | None = None
    below: Amount | None = None

    @model_validator(mode="after")
    def _one_side(self) -> Self:
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
    def upwards(self) -> bool:
        """Whether it fires above its threshold."""
        return self.above is not None

    @property
    def amounts(self) -> tuple[tuple[str, Quantity, str | None], ...]:
        """The threshold."""
        return (("above" if self.upwards else "below", self.threshold, self.unit),)
