"""Metrics: what is exposed, and how it is measured."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, FiniteFloat, Tag, field_validator, model_validator

from truegauge_spec.model import LabelName, MetricName, Model, PositiveDuration, Text, Waivers
from truegauge_spec.names import series_names

MetricType = Literal["counter", "gauge", "histogram"]


class OpenLabel(Model):
    """A label whose values are not known ahead; beyond `limit` new values count as `other`, and have no gauges."""

    limit: Annotated[int, Field(gt=0, le=10_000)]


Label = Annotated[
    Annotated[tuple[Text, ...], Field(min_length=1), Tag("<values>")] | Annotated[OpenLabel, Tag("<limit>")],
    Discriminator(lambda value: "<values>" if isinstance(value, list | tuple) else "<limit>"),
]


class SqlMeasure(Model):
    """A probe: a SELECT whose last column is the value and whose other columns are the labels.

    It runs each `every`, for at most `timeout`, and gives at most `rows`.
    """

    sql: Text
    every: PositiveDuration = 30_000
    timeout: PositiveDuration = 2_000
    rows: Annotated[int, Field(gt=0, le=10_000)] = 100


class PartMeasure(Model):
    """A measurement restricted to given values of its dimensions."""

    of: Text
    where: dict[LabelName, Text]


def _measure_kind(value: object) -> str:
    if isinstance(value, str | None):
        return "<name>"
    return "<sql>" if isinstance(value, SqlMeasure) or (isinstance(value, dict) and "sql" in value) else "<part>"


Measure = Annotated[
    Annotated[Text, Tag("<name>")] | Annotated[SqlMeasure, Tag("<sql>")] | Annotated[PartMeasure, Tag("<part>")],
    Discriminator(_measure_kind),
]


def _day(written: object) -> date:
    try:
        return date.fromisoformat(str(written))
    except ValueError:
        raise ValueError(f"{written!r} is not a day; write for example 2027-03-01") from None


Day = Annotated[date, BeforeValidator(_day)]
"""A day, written as `2027-03-01`."""


class Deprecated(Model):
    """Until that day a metric is exposed under its old name too, measured like the one that replaces it."""

    replaced_by: MetricName
    until: Day


class Metric(Model):
    """One metric, exposed verbatim under its key in `metrics:`.

    A `deprecated` one has the keys of its replacement where it says nothing else; it may be in another unit.
    """

    type: MetricType
    unit: str = ""
    help: Text
    labels: dict[LabelName, Label] = {}
    buckets: tuple[FiniteFloat, ...] = ()
    measure: Measure
    deprecated: Deprecated | None = None
    waive: Waivers = {}

    @field_validator("buckets", mode="before")
    @classmethod
    def _buckets(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _histogram_has_buckets(self) -> Self:
        if (self.type == "histogram") != bool(self.buckets):
            raise ValueError(
                "a histogram needs `buckets`, for example [1, 10, 100, 1000]"
                if self.type == "histogram"
                else f"a {self.type} has no `buckets`; only a histogram does"
            )
        if list(self.buckets) != sorted(set(self.buckets)):
            raise ValueError("`buckets` must rise: each bound larger than the one before it")
        return self

    @property
    def meaning(self) -> str:
        """Its help text, and of a deprecated one what to use instead."""
        if self.deprecated is None:
            return self.help
        return f"{self.help} (deprecated: use {self.deprecated.replaced_by}; gone after {self.deprecated.until})"

    def series(self, name: str) -> tuple[str, ...]:
        """The names of the series it exposes under the metric name `name`."""
        return series_names(name, self.type)
