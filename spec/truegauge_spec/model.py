"""The base of all models and the field types that they share.

Modules with models do without `from __future__ import annotations`: pydantic would read each annotation from its text,
for a fortieth of a small spec's render.
"""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from truegauge_spec.names import LABEL_NAME, METRIC_NAME, SYSTEM_NAME
from truegauge_spec.quantities import Quantity, milliseconds, quantity, whole_bytes


class Model(BaseModel):
    """Frozen, and strict about what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def _text_of(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a plain value, as 100ms or 30s" if value is not None else "is empty")
    return value


Text = Annotated[str, StringConstraints(min_length=1)]
MetricName = Annotated[str, StringConstraints(pattern=METRIC_NAME)]
LabelName = Annotated[str, StringConstraints(pattern=LABEL_NAME)]
SystemName = Annotated[str, StringConstraints(pattern=SYSTEM_NAME)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")]
HTTP_URL = r"^https?://[^\s/@]+(/\S*)?$"
HttpUrl = Annotated[str, StringConstraints(pattern=HTTP_URL)]
"""A URL without credentials: those are only ever files."""
Address = Annotated[str, StringConstraints(pattern=r"^[^\s/:@]+:[0-9]{1,5}$")]
"""`host:port`."""
FilePath = Annotated[str, StringConstraints(pattern=r"^[^\s].*$")]
PlainPath = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9_][A-Za-z0-9._-]*){2,}$")]
"""An absolute path below a folder, which needs no quotes in any language."""
PlainName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
ImageName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:@-]*$")]
Duration = Annotated[int, BeforeValidator(lambda value: milliseconds(_text_of(value)))]
"""Milliseconds, written as `30s` or `1h30m`."""
PositiveDuration = Annotated[int, BeforeValidator(lambda value: milliseconds(_text_of(value))), Field(gt=0)]
Amount = Annotated[Quantity, BeforeValidator(lambda value: quantity(_text_of(value)))]
"""A number with a unit, written as `100ms`, `90%`, `256MiB` or `5`."""
Size = Annotated[int, BeforeValidator(lambda value: whole_bytes(_text_of(value))), Field(gt=0)]
"""Bytes, written as `256MiB` or `4GiB`."""
Waivers = dict[Identifier, Text]
"""Codes of checks that do not count here, each with the reason why."""
Matchers = dict[LabelName, Text | tuple[Text, ...]]
"""Label values to select: one, or several of which one must match."""
