"""The spec with its thresholds as they are and its waiting times cut, on the demo's ports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from truegauge_spec import Spec
from truegauge_spec.alert import Alert
from truegauge_spec.conditions import Increase, QuantileOf, ShareOfTotal
from truegauge_spec.stack import Receiver, RemediesPost, Webhook
from truegauge_spec.system import Remedies

FOR, WINDOW = 3_000, 20_000
REMEDIES = Remedies(largest_memory_limit="600MB")  # type: ignore[arg-type] # read as in a spec
NOTE = f"thresholds are the spec's; `for` is at most {FOR // 1000}s here, and windows {WINDOW // 1000}s"


class Ports(NamedTuple):
    """Where each part listens on loopback."""

    exporter: int
    prometheus: int
    alertmanager: int
    webhook: int
    sink: int


def shortened(spec: Spec, ports: Ports) -> Spec:
    """A spec of the same alerts that fires and resolves within a minute."""
    assert spec.stack.prometheus is not None
    assert spec.stack.alertmanager is not None
    duckdb = spec.systems["duckdb"]
    system = duckdb.model_copy(
        update={
            "alerts": {name: _alert(alert) for name, alert in duckdb.alerts.items()},
            "exporter": duckdb.exporter.model_copy(update={"remedies": REMEDIES}),
            "scrape": duckdb.scrape.model_copy(update={"targets": (f"127.0.0.1:{ports.exporter}",)}),
        }
    )
    prometheus = spec.stack.prometheus.model_copy(update={"alertmanagers": (f"127.0.0.1:{ports.alertmanager}",)})
    route = spec.stack.alertmanager.route.model_copy(update={"group_wait": 0, "group_interval": 1_000})
    receivers = {
        name: Receiver(
            webhook=Webhook(url=f"http://127.0.0.1:{ports.webhook}/{name}", bearer_token_file="../../webhook_token")
        )
        for name in spec.stack.alertmanager.receivers
    }
    remedies = {
        "demo": RemediesPost(
            url=f"http://127.0.0.1:{ports.exporter}/remedies", bearer_token_file="../../remedies_token"
        )
    }
    alertmanager = spec.stack.alertmanager.model_copy(
        update={"route": route, "receivers": receivers, "remedies": remedies}
    )
    stack = spec.stack.model_copy(update={"prometheus": prometheus, "alertmanager": alertmanager})
    return replace(spec, systems={"duckdb": system}, stack=stack)


def _alert(alert: Alert) -> Alert:
    update: dict[str, Any] = {"for_": min(alert.for_, FOR)}
    if isinstance(alert.when, QuantileOf | ShareOfTotal):
        update["when"] = alert.when.model_copy(update={"over": WINDOW})
    elif isinstance(alert.when, Increase):
        update["when"] = alert.when.model_copy(update={"increase_over": WINDOW})
    return alert.model_copy(update=update)
