"""The subset of Grafana's dashboard model that is rendered, strictly: no unknown key, no unknown word."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

Text = Annotated[str, StringConstraints(min_length=1)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class DatasourceRef(Model):
    type: Literal["prometheus"]
    uid: Literal["${datasource}"]


class GridPos(Model):
    x: Annotated[int, Field(ge=0, le=23)]
    y: Annotated[int, Field(ge=0)]
    w: Annotated[int, Field(ge=1, le=24)]
    h: Annotated[int, Field(ge=1)]


class Step(Model):
    color: Literal["red", "orange", "blue", "green", "transparent"]
    value: int | float | None


class Thresholds(Model):
    mode: Literal["absolute"]
    steps: Annotated[list[Step], Field(min_length=1)]


class ThresholdsStyle(Model):
    mode: Literal["dashed"]


class TimeseriesCustom(Model):
    draw_style: Literal["line", "bars", "points"]
    line_width: Annotated[int, Field(ge=0, le=10)]
    fill_opacity: Annotated[int, Field(ge=0, le=100)]
    show_points: Literal["auto", "never", "always"]
    axis_soft_min: int | float
    axis_soft_max: int | float | None = None
    thresholds_style: ThresholdsStyle | None = None


class Color(Model):
    mode: str


class MappingResult(Model):
    text: Text
    color: Text


class SpecialMatch(Model):
    match: Literal["null", "nan", "null+nan", "true", "false", "empty"]
    result: MappingResult


class SpecialMapping(Model):
    type: Literal["special"]
    options: SpecialMatch


class Defaults(Model):
    unit: Text
    decimals: Annotated[int, Field(ge=0)] | None = None
    color: Color


class TimeseriesDefaults(Defaults):
    custom: TimeseriesCustom
    thresholds: Thresholds | None = None


class StatDefaults(Defaults):
    thresholds: Thresholds
    no_value: Text
    mappings: list[SpecialMapping]


class TimeseriesFields(Model):
    defaults: TimeseriesDefaults
    overrides: Annotated[list[Any], Field(max_length=0)]


class StatFields(Model):
    defaults: StatDefaults
    overrides: Annotated[list[Any], Field(max_length=0)]


class Legend(Model):
    show_legend: bool
    display_mode: Literal["list", "table", "hidden"]
    placement: Literal["bottom", "right"]
    calcs: list[str]


class Tooltip(Model):
    mode: Literal["single", "multi", "none"]
    sort: Literal["asc", "desc", "none"]


class TimeseriesOptions(Model):
    legend: Legend
    tooltip: Tooltip


class ReduceOptions(Model):
    calcs: Annotated[list[str], Field(min_length=1)]
    fields: str
    values: bool


class StatOptions(Model):
    reduce_options: ReduceOptions
    color_mode: Literal["value", "background", "background_solid", "none"]
    graph_mode: Literal["none", "line", "area"]
    justify_mode: Literal["auto", "center"]
    orientation: Literal["auto", "vertical", "horizontal"]
    text_mode: Literal["auto", "value", "value_and_name", "name", "none"]
    wide_layout: bool
    show_percent_change: bool
    percent_change_color_mode: Literal["standard", "inverted", "same_as_value"]


class Target(Model):
    ref_id: Text
    datasource: DatasourceRef
    editor_mode: Literal["code", "builder"]
    expr: Text
    legend_format: Text
    range: bool
    instant: bool


class PanelLink(Model):
    title: Text
    url: Url
    target_blank: bool


class Panel(Model):
    id: Annotated[int, Field(ge=1, lt=2**31)]
    title: Text
    description: Text
    grid_pos: GridPos
    datasource: DatasourceRef
    links: list[PanelLink] = []
    targets: Annotated[list[Target], Field(min_length=1)]


class TimeseriesPanel(Panel):
    type: Literal["timeseries"]
    field_config: TimeseriesFields
    options: TimeseriesOptions


class StatPanel(Panel):
    type: Literal["stat"]
    field_config: StatFields
    options: StatOptions


class RowPanel(Model):
    id: Annotated[int, Field(ge=1, lt=2**31)]
    type: Literal["row"]
    title: Text
    grid_pos: GridPos
    collapsed: Literal[False]
    panels: Annotated[list[Any], Field(max_length=0)]


class Current(Model):
    selected: bool
    text: str | list[str]
    value: str | list[str]


class DatasourceVariable(Model):
    name: Literal["datasource"]
    label: Literal["Data source"]
    type: Literal["datasource"]
    query: Literal["prometheus"]
    current: Current | None = None


class VariableQuery(Model):
    query: Text
    ref_id: Text


class QueryVariable(Model):
    name: Literal["instance"]
    label: Literal["Instance"]
    type: Literal["query"]
    datasource: DatasourceRef
    query: VariableQuery
    definition: Text
    refresh: Literal[2]
    sort: Annotated[int, Field(ge=0, le=8)]
    multi: Literal[True]
    include_all: Literal[True]
    all_value: Literal[".+"]
    current: Current


class ConstantVariable(Model):
    name: Literal["spec_digest"]
    type: Literal["constant"]
    hide: Literal[2]
    skip_url_sync: Literal[True]
    query: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
    current: Current
    options: list[Current]


class Templating(Model):
    list: list[Annotated[DatasourceVariable | QueryVariable | ConstantVariable, Field(discriminator="type")]]


class Annotation(Model):
    name: Text
    datasource: DatasourceRef
    enable: bool
    icon_color: Text
    expr: Text
    step: Annotated[str, StringConstraints(pattern=r"^\d+[smh]$")]
    title_format: Text
    text_format: Text
    tag_keys: Text


class Annotations(Model):
    list: list[Annotation]


class Link(Model):
    title: Text
    type: Literal["dashboards", "link"]
    url: Annotated[str, StringConstraints(pattern=r"^(https?://\S+)?$")]
    tags: list[Text]
    icon: Literal["external link", "dashboard", "question", "info", "bolt", "doc", "cloud"]
    tooltip: str
    as_dropdown: bool
    target_blank: bool
    include_vars: bool
    keep_time: bool


Moment = Annotated[str, StringConstraints(pattern=r"^now(-\d+[smhdwMy])?(/[smhdwMy])?$")]


class TimeRange(Model):
    from_: Annotated[Moment, Field(alias="from")]
    to: Moment


class Dashboard(Model):
    uid: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    title: Text
    description: Text
    tags: list[Text]
    schema_version: Literal[41]
    editable: Literal[False]
    graph_tooltip: Literal[0, 1, 2]
    refresh: Annotated[str, StringConstraints(pattern=r"^\d+[smhd]$")]
    time: TimeRange
    timezone: Literal["browser", "utc", ""]
    links: list[Link]
    annotations: Annotations
    templating: Templating
    panels: list[Annotated[RowPanel | TimeseriesPanel | StatPanel, Field(discriminator="type")]]
