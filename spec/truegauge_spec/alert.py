"""Alerts: when one fires, how urgent it is, and what to do about it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from truegauge_spec.conditions import Condition
from truegauge_spec.model import Duration, Identifier, LabelName, Model, Text, Waivers
from truegauge_spec.names import ALERT_NAME

AlertName = Annotated[str, StringConstraints(pattern=ALERT_NAME)]
Severity = Literal["critical", "warning", "info"]


class Alert(Model):
    """One alert. Its condition is the only place where its numbers stand."""

    when: Condition
    for_: Annotated[Duration, Field(alias="for")] = 0
    keep_firing_for: Duration = 0
    severity: Severity
    summary: Text
    description: Text | None = None
    runbook: Text
    remedy: Identifier | None = None
    group: Identifier | None = None
    labels: dict[LabelName, Text] = {}
    annotations: dict[LabelName, Text] = {}
    waive: Waivers = {}
