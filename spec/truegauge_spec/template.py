"""Prometheus' templates in summaries and labels: the forms whose result can be worked out, and so be tested."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

_ACTION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_LABEL = re.compile(r"\$labels\.([a-zA-Z_][a-zA-Z0-9_]*)")
_PRINTF = re.compile(r'printf "(%\.\d+[fg])" \$value|\$value \| printf "(%\.\d+[fg])"')
FORMS = (
    '{{ $labels.NAME }}, {{ $value }}, {{ $value | humanizePercentage }} and {{ printf "%.2f" $value }}'
    " (any precision, f or g)"
)


class LabelOf(NamedTuple):
    """`{{ $labels.name }}`."""

    name: str


class ValueAs(NamedTuple):
    """`$value` printed with a format of C's printf, times a factor and followed by a suffix."""

    format: str
    factor: int = 1
    suffix: str = ""


Part = str | LabelOf | ValueAs
WHOLE = {"$value": ValueAs(""), "$value | humanizePercentage": ValueAs("%.4g", 100, "%")}


@lru_cache(maxsize=65536)
def parts(template: str) -> tuple[Part, ...]:
    """The text and the actions of a template. Raises ValueError for an action that is not one of FORMS."""
    if "{{" not in template:
        return (template,)
    found: list[Part] = []
    end = 0
    for match in _ACTION.finditer(template):
        if match.start() > end:
            found.append(template[end : match.start()])
        found.append(_action(match[1].strip()))
        end = match.end()
    if "{{" in template[end:]:
        raise ValueError("a {{ without its }}")
    if end < len(template):
        found.append(template[end:])
    return tuple(found)


def _action(action: str) -> Part:
    if label := _LABEL.fullmatch(action):
        return LabelOf(label[1])
    if action in WHOLE:
        return WHOLE[action]
    if printf := _PRINTF.fullmatch(action):
        return ValueAs(printf[1] or printf[2])
    raise ValueError(f"{{{{ {action} }}}} is not among the template forms that can be tested: {FORMS}")


def expand(template: str, labels: Mapping[str, str], value: float) -> str:
    """What Prometheus makes of the template for one alert."""
    if "{{" not in template:
        return template
    return "".join(
        part
        if isinstance(part, str)
        else labels.get(part.name, "")
        if isinstance(part, LabelOf)
        else printed(part, value)
        for part in parts(template)
    )


def printed(form: ValueAs, value: float) -> str:
    """A value as Go prints it; without a format as `%v`, which has an exponent from 1e6 on, and below 1e-4."""
    if form.format:
        return form.format % (value * form.factor) + form.suffix
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        return str(int(value)) if value == int(value) else repr(value)
    digits = len(Decimal(repr(value)).normalize().as_tuple().digits)
    return f"{value:.{digits - 1}e}"
