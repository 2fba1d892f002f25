"""Templates in what an alert says: that their labels exist, and that their result can be tested."""

from __future__ import annotations

from collections.abc import Iterator, Set

from truegauge_spec.alert import Alert
from truegauge_spec.condition import MetricCondition
from truegauge_spec.names import nearest
from truegauge_spec.positions import Path
from truegauge_spec.spec import Spec
from truegauge_spec.system import System
from truegauge_spec.template import LabelOf, ValueAs, parts


def template(spec: Spec, system: System) -> Iterator[tuple[Path, str]]:
    """A template may use labels that the alert has, and a label may not hold the value: each would be a new alert."""
    for name, alert in system.alerts.items():
        templates = [(place, text) for place, text in _texts(alert) if "{{" in text]
        known = _labels(spec, system, alert) if templates else None
        for place, text in templates:
            path = ("alerts", name, *place)
            try:
                found = parts(text)
            except ValueError as error:
                yield path, str(error)
                continue
            for part in found:
                if isinstance(part, LabelOf) and known is not None and part.name not in known:
                    yield path, f"the alert has no label {part.name!r}{nearest(part.name, known)}"
                if isinstance(part, ValueAs) and place[0] == "labels":
                    yield path, "$value in a label makes a new alert at each change; put it into an annotation"


def _texts(alert: Alert) -> Iterator[tuple[Path, str]]:
    yield ("summary",), alert.summary
    if alert.description is not None:
        yield ("description",), alert.description
    yield from ((("annotations", name), text) for name, text in alert.annotations.items())
    yield from ((("labels", name), text) for name, text in alert.labels.items())


def _labels(spec: Spec, system: System, alert: Alert) -> Set[str] | None:
    """The labels of the alert's result; None where only Prometheus knows them."""
    if isinstance(alert.when, MetricCondition):
        metric = system.metrics.get(alert.when.metric)
        return set(alert.when.labels(metric.labels if metric else ()))
    from truegauge_spec.promql.catalogue import catalogue  # noqa: PLC0415 - few alerts have PromQL of their own
    from truegauge_spec.promql.infer import infer  # noqa: PLC0415
    from truegauge_spec.promql.types import template_labels  # noqa: PLC0415

    return template_labels(infer(alert.when.expr, catalogue(spec)).type)


CHECKS = (template,)
