"""Dashboards: rows of panels, each of an alert's condition, an objective, a metric, or an expression."""

from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from truegauge_spec.model import LabelName, MetricName, Model, Text


class Panel(Model):
    """One panel. An alert's panel draws the alert's own expression and threshold, an objective's what it `shows`."""

    alert: Text | None = None
    objective: Text | None = None
    shows: Literal["budget", "burn_rate", "error_ratio"] = "budget"
    metric: MetricName | None = None
    expr: Text | None = None
    title: Text | None = None
    description: Text | None = None
    unit: str | None = None
    kind: Literal["timeseries", "stat"] = "timeseries"
    by: tuple[LabelName, ...] | None = None
    quantiles: tuple[Annotated[FiniteFloat, Field(gt=0, lt=1)], ...] = (0.5, 0.95, 0.99)
    width: Annotated[int, Field(ge=2, le=24)] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.alert, self.objective, self.metric, self.expr)) != 1:
            raise ValueError("a panel shows one thing: give `alert`, `objective`, `metric` or `expr`")
        if self.expr is not None and self.title is None:
            raise ValueError("a panel with `expr` needs a `title`")
        return self


class Row(Model):
    """One section of a dashboard."""

    title: Text
    panels: Annotated[tuple[Panel, ...], Field(min_length=1)]


class Dashboard(Model):
    """A system's dashboard."""

    title: Text | None = None
    refresh: Text = "10s"
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]
