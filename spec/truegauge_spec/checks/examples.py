"""Examples of hand-written expressions: that their series can be read, and that what fires can have its labels."""

from __future__ import annotations

import re
from collections.abc import Iterator

from truegauge_spec.expr import Example, Expr
from truegauge_spec.names import nearest
from truegauge_spec.positions import Path
from truegauge_spec.spec import Spec
from truegauge_spec.system import System

_NUMBER = r"(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?[iI]nf|[nN]a[nN])"
# What promtool reads as samples: `0+5x20`, `4x20`, `1`, `_x3`, `stale`.
_SAMPLES = re.compile(rf"{_NUMBER}(?:(?:[+-]\d[\d.eE]*)?x\d+)?|_(?:x\d+)?|stale")


def example_series(spec: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """An example's series is known and has its labels as `label="value"`, its samples as `0+5x20`, `4x20`, `1 _ 3`."""
    for path, _, example in _examples(system):
        from truegauge_spec.promql.catalogue import catalogue  # noqa: PLC0415 - few alerts have PromQL of their own
        from truegauge_spec.promql.names import offered  # noqa: PLC0415
        from truegauge_spec.promql.parse import Fault, parse  # noqa: PLC0415
        from truegauge_spec.promql.syntax import Selector  # noqa: PLC0415

        known = catalogue(spec)
        for text, samples in example.series.items():
            place = (*path, "series", text)
            node = parse(text)
            if isinstance(node, Fault) or not isinstance(node, Selector) or node.name is None:
                said = f"{node.message}: " if isinstance(node, Fault) else ""
                yield place, f'{said}a series is written as name{{label="value"}}'
            elif any(one.op != "=" for one in node.matchers):
                yield place, 'a series has its labels by `=`: name{label="value"}'
            elif node.name not in known.series and ":" not in node.name:
                yield place, f"no series is called {node.name!r}{offered(node.name, known)}"
            wrong = next((one for one in samples.split() if not _SAMPLES.fullmatch(one)), None)
            if wrong is not None:
                yield place, f"{wrong!r} is no sample that promtool reads; write 0+5x20, 4x20, or 1 2 _ 3"


def example_labels(spec: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """What an example expects to fire has labels that the expression's result can have."""
    for path, when, example in _examples(system):
        if not example.fires:
            continue
        from truegauge_spec.promql.catalogue import catalogue  # noqa: PLC0415
        from truegauge_spec.promql.infer import infer  # noqa: PLC0415

        labels = infer(when.expr, catalogue(spec)).type.labels
        if labels.can is None:
            continue
        can = labels.can - {"__name__"}
        for index, firing in enumerate(example.fires):
            for label in firing.labels:
                if label not in can:
                    yield (*path, "fires", index), f"the result has no label {label!r}{nearest(label, can)}"


def _examples(system: System) -> Iterator[tuple[Path, Expr, Example]]:
    for name, alert in system.alerts.items():
        if isinstance(alert.when, Expr):
            for index, example in enumerate(alert.when.examples):
                yield ("alerts", name, "when", "examples", index), alert.when, example


CHECKS = (example_series, example_labels)
