"""Metrics: what is exposed, and how it is measured."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, FiniteFloat, Tag, field_validator, model_validator

from truegauge_spec.model import LabelName, Model, Text, Waivers
from truegauge_spec.names import series_names

MetricType = Literal["counter", "gauge", "histogram"]


class OpenLabel(Model):
    """A label whose values are not known ahead; beyond `limit` new values are counted under `other`."""

    limit: Annotated[int, Field(gt=0, le=10_000)]


Label = Annotated[
    Annotated[tuple[Text, ...], Field(min_length=1), Tag("<values>")] | Annotated[OpenLabel, Tag("<limit>")],
    Discriminator(lambda value: "<values>" if isinstance(value, list | tuple) else "<limit>"),
]


class SqlMeasure(Model):
    """A query whose last column is the value and whose other columns are the labels."""

    sql: Text


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


class Metric(Model):
    """One metric, exposed verbatim under its key in `metrics:`."""

    type: MetricType
    unit: str = ""
    help: Text
    labels: dict[LabelName, Label] = {}
    buckets: tuple[FiniteFloat, ...] = ()
    measure: Measure
    waive: Waivers = {}

    @field_validator("buckets", mode="before")
    @classmethod
    def _buckets(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _histogram_has_buckets(self) -> Metric:
        if (self.type == "histogram") != bool(self.buckets):
            raise ValueError(
                "a histogram needs `buckets`, for example [1, 10, 100, 1000]"
                if self.type == "histogram"
                else f"a {self.type} has no `buckets`; only a histogram does"
            )
        if list(self.buckets) != sorted(set(self.buckets)):
            raise ValueError("`buckets` must rise: each bound larger than the one before it")
        return self

    def series(self, name: str) -> tuple[str, ...]:
        """The names of the series it exposes under the metric name `name`."""
        return series_names(name, self.type)
