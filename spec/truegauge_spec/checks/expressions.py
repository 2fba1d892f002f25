"""Hand-written PromQL, of alerts and panels: read against the series that the spec's systems expose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from truegauge_spec.expr import Expr
from truegauge_spec.positions import Path
from truegauge_spec.spec import Spec
from truegauge_spec.waivers import Finding


class Expression(NamedTuple):
    """An expression of a system, where it stands, and whether an alert is made of it."""

    system: str
    path: Path
    text: str
    alert: bool


def expressions(spec: Spec) -> Iterator[Expression]:
    """Every expression that the spec holds itself; those made from conditions are right by construction."""
    for name, system in spec.systems.items():
        for alert, declared in system.alerts.items():
            if isinstance(declared.when, Expr):
                yield Expression(name, ("alerts", alert, "when", "expr"), declared.when.expr, True)
        for row, section in enumerate(system.dashboard.rows if system.dashboard else ()):
            for index, panel in enumerate(section.panels):
                if panel.expr is not None:
                    yield Expression(name, ("dashboard", "rows", row, "panels", index, "expr"), panel.expr, False)


def findings(spec: Spec) -> Iterator[Finding]:
    """What is wrong with them."""
    written = list(expressions(spec))
    if not written:
        return
    from truegauge_spec.promql.catalogue import catalogue  # noqa: PLC0415 - many specs have none
    from truegauge_spec.promql.infer import infer  # noqa: PLC0415

    known = catalogue(spec)
    for one in written:
        for found in infer(one.text, known, one.alert).findings:
            # Recording rules are named by the generator, which checks expressions on them.
            if found.code == "unknown_series" and ":" in one.text[slice(*found.span)]:
                continue
            yield Finding(one.system, one.path, found.message, found.code, found.severity, one.text, found.span)
