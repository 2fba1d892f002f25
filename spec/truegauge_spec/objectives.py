"""Objectives: which share of events must be good within a period, and how fast its error budget may burn.

The windows and shares are those that the Site Reliability Workbook recommends for a period of 30 days:
https://sre.google/workbook/alerting-on-slos/#6-multiwindow-multi-burn-rate-alerts
"""

from decimal import Decimal
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from truegauge_spec.alert import Severity
from truegauge_spec.model import Amount, LabelName, Matchers, MetricName, Model, PositiveDuration, Text
from truegauge_spec.quantities import Quantity, convert

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
PERIOD = 30 * DAY
SHORTEST = 7 * DAY
"""Below a week the longest windows of the alerts are no longer short against the period."""


class Events(Model):
    """Events that a counter counts: all, or those that `where` selects. The counter's name alone says all."""

    metric: MetricName
    where: Matchers = {}


def _events(value: Any) -> Any:
    return {"metric": value} if isinstance(value, str) else value


def _several(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


SomeEvents = Annotated[Events, BeforeValidator(_events)]


class Availability(Model):
    """Events of which a share must be good: those of `total`, and the `good` or the `bad` among them."""

    good: SomeEvents | None = None
    bad: SomeEvents | None = None
    total: Annotated[tuple[SomeEvents, ...], BeforeValidator(_several), Field(min_length=1)]

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if (self.good is None) == (self.bad is None):
            raise ValueError("give one: the `good` events or the `bad` ones")
        return self

    @property
    def side(self) -> str:
        """The events that are told apart: `good` or `bad`."""
        return "bad" if self.good is None else "good"

    @property
    def some(self) -> Events:
        """The good or the bad events."""
        some = self.bad if self.good is None else self.good
        assert some is not None
        return some


class Latency(Model):
    """Observations of a histogram of which a share must be `within` one of its buckets."""

    metric: MetricName
    within: Amount
    where: Matchers = {}


class Objective(Model):
    """A share of events that must be good over a period. Two alerts tell when the rest, its error budget, burns."""

    target: Amount
    over: PositiveDuration = PERIOD
    availability: Availability | None = None
    latency: Latency | None = None
    summary: Text
    owner: Text | None = None
    runbook: Text
    page: Severity = "critical"
    ticket: Severity = "warning"
    labels: dict[LabelName, Text] = {}

    @model_validator(mode="after")
    def _one_indicator(self) -> Self:
        if (self.availability is None) == (self.latency is None):
            raise ValueError("say what is good: `availability` or `latency`")
        return self

    @property
    def budget(self) -> Decimal:
        """The share of events that may be bad, exactly. Raises ValueError for a target that is no share."""
        return 1 - convert(self.target, "ratio")

    @property
    def allowed(self) -> Quantity:
        """The same in percent."""
        return Quantity(self.budget * 100, "%")

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric it names."""
        if self.latency is not None:
            return (self.latency.metric,)
        assert self.availability is not None
        return tuple(events.metric for events in (self.availability.some, *self.availability.total))


class Pair(NamedTuple):
    """Two windows, in milliseconds, in both of which the budget burns too fast.

    The long one makes sure that `share` of the budget is gone, the short one ends the alert soon after the trouble.
    """

    alert: str
    short: int
    long: int
    share: Decimal

    def factor(self, over: int) -> Decimal:
        """How many times as fast as it may the budget burns when `share` of it goes within the long window.

        Rounded to four decimals, and at least 1: at less the budget outlives its period, and there is nothing to tell.
        """
        return max(Decimal(1), round(self.share * over / self.long, 4))


PAIRS = (
    Pair("page", 5 * MINUTE, HOUR, Decimal("0.02")),
    Pair("page", 30 * MINUTE, 6 * HOUR, Decimal("0.05")),
    Pair("ticket", 2 * HOUR, DAY, Decimal("0.1")),
    Pair("ticket", 6 * HOUR, 3 * DAY, Decimal("0.1")),
)
ALERTS = {"page": "Page", "ticket": "Ticket"}
"""What an objective's name is followed by in the names of its alerts."""
LABELS = ("job", "system", "slo", "window")
"""The labels of an objective's alerts, but for their severity and its own."""


def pairs(objective: Objective, alert: str) -> tuple[Pair, ...]:
    """The pairs that an alert watches: not those whose limit is beyond 100 % of the events, which nothing reaches."""
    budget = objective.budget
    return tuple(pair for pair in PAIRS if pair.alert == alert and pair.factor(objective.over) * budget < 1)
