"""The reference of the spec language, written from the models and the checks: `python -m truegauge_spec.reference`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from inspect import cleandoc
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from truegauge_spec import check, metric, model
from truegauge_spec.codes import CODES
from truegauge_spec.measurements import MEASUREMENTS
from truegauge_spec.quantities import duration
from truegauge_spec.stack import Stack
from truegauge_spec.system import System

HEAD = """\
<!-- Written from the models by `make reference`: change their docstrings, not this file. -->
# Reference of the spec

A spec is a folder of YAML files. Each declares one `system:` with its metrics and alerts, or the one `stack:` that
they share.
"""
# The types that have a written form of their own, and what it is called.
WRITTEN = {
    model.Duration: "duration, as `30s`",
    model.PositiveDuration: "duration, as `5m`",
    model.Amount: "quantity, as `100ms`",
    metric.Day: "day, as `2027-03-01`",
    model.Size: "size, as `256MiB`",
    model.Text: "text",
    model.MetricName: "metric",
    model.LabelName: "label",
    model.SystemName: "name",
    model.Identifier: "name",
    model.HttpUrl: "URL",
    model.Address: "host:port",
    model.FilePath: "file",
    model.PlainPath: "absolute path",
    model.PlainName: "name",
    model.ImageName: "image, as `python:3.11-slim`",
}
PLAIN = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}


def reference() -> str:
    """The whole page in Markdown."""
    return "\n".join([HEAD, *_models(), *_measurements(), *_checks()]) + "\n"


def models(*roots: type[BaseModel]) -> list[type[BaseModel]]:
    """The models that others are made of, each before those inside it."""
    seen: list[type[BaseModel]] = []
    for root in roots:
        _collect(root, seen)
    return seen


def _models() -> Iterator[str]:
    for found in models(System, Stack):
        yield f"## {found.__name__}\n\n{cleandoc(found.__doc__ or '')}\n"
        yield "| key | value | default |\n|---|---|---|"
        hints = get_type_hints(found, include_extras=True)
        for name, field in found.model_fields.items():
            words = _shown(hints[name])
            yield f"| `{field.alias or name}` | {words} | {_default(field, words)} |"
        yield ""


def _collect(found: type[BaseModel], seen: list[type[BaseModel]]) -> None:
    if found in seen:
        return
    seen.append(found)
    hints = get_type_hints(found, include_extras=True)
    for name in found.model_fields:
        for inner in _inside(hints[name]):
            _collect(inner, seen)


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _inside(argument)


def _shown(annotation: Any) -> str:
    for known, words in WRITTEN.items():
        marks = get_args(known)[1:]
        if get_args(annotation)[1 : len(marks) + 1] == marks:
            return words
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shown(arguments[0])
    if origin in (Union, UnionType):
        return ", or ".join(dict.fromkeys(_shown(one) for one in arguments if one is not type(None)))
    if origin is dict:
        return f"mapping of {_shown(arguments[0])} to {_shown(arguments[1])}"
    if origin is tuple:
        return f"list of {_shown(arguments[0])}"
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return PLAIN[annotation]


def _default(field: FieldInfo, words: str) -> str:
    if field.is_required():
        return "required"
    value = field.get_default()
    if value is None or value in ((), {}, "") or isinstance(value, BaseModel):
        return ""
    if field.annotation is int and isinstance(value, int) and value >= 1000:
        return f"`{duration(value)}`" if words.startswith("duration") else f"`{value}B`"
    return f"`{', '.join(map(str, value)) if type(value) is tuple else str(value).lower()}`"


def _measurements() -> Iterator[str]:
    yield "## Measurements\n\nWhat `measure:` can name; each may have the instance label in addition.\n"
    yield "| name | type | unit | labels |\n|---|---|---|---|"
    for name, found in MEASUREMENTS.items():
        yield f"| `{name}` | {found.type} | {found.unit} | {', '.join(found.dimensions)} |"
    yield ""


def _checks() -> Iterator[str]:
    yield "## Checks\n\nThe code in brackets behind a problem is the name of the check that found it.\n"
    for code, meaning in check.codes().items():
        yield f"### {code}\n\n{meaning}\n"
    yield "## Other codes\n\nOf problems that are found before there is a spec to check.\n"
    yield from (f"### {code}\n\n{meaning}\n" for code, meaning in CODES.items())


if __name__ == "__main__":
    sys.stdout.write(reference())
