"""Alertmanager's configuration and the templates of its messages."""

from __future__ import annotations

from typing import Any

from truegauge_generator import digests
from truegauge_generator.promql import matcher
from truegauge_generator.targets import remedies
from truegauge_spec import Spec
from truegauge_spec.interval import Interval
from truegauge_spec.quantities import duration
from truegauge_spec.stack import Receiver, RootRoute, Route

TITLE = '{{ template "truegauge.title" . }}'
TEXT = '{{ template "truegauge.text" . }}'


def view(spec: Spec) -> dict[str, Any]:
    """Receivers, the tree of routes, time intervals and inhibition."""
    alertmanager = spec.stack.alertmanager
    assert alertmanager is not None
    route = _route(alertmanager.route)
    if posts := remedies.routes(alertmanager):
        route["routes"] = [*posts, *route.get("routes", ())]
    named = [{"name": name, **_channels(receiver)} for name, receiver in alertmanager.receivers.items()]
    return {
        "receivers": [*named, *remedies.receivers(alertmanager)],
        "route": route,
        "time_intervals": [
            # Alertmanager's API drops comments, but shows an interval that no route names, and that holds no time.
            {"name": f"spec-{digests.of_routes(spec)}", "time_intervals": []},
            *(
                {"name": name, "time_intervals": [_interval(one) for one in found]}
                for name, found in alertmanager.time_intervals.items()
            ),
        ],
        "inhibit": [
            {
                "source_matchers": [matcher(label, values) for label, values in rule.source.items()],
                "target_matchers": [matcher(label, values) for label, values in rule.target.items()],
                "equal": rule.equal,
            }
            for rule in alertmanager.inhibit
        ],
    }


def _route(route: RootRoute | Route) -> dict[str, Any]:
    settings: dict[str, Any] = {"receiver": route.receiver}
    if isinstance(route, Route):
        settings["matchers"] = [matcher(label, values) for label, values in route.match.items()]
        settings["continue"] = route.continue_ or None
        settings["mute_time_intervals"] = route.mute or None
        settings["active_time_intervals"] = route.active or None
    settings["group_by"] = route.group_by
    for name in ("group_wait", "group_interval", "repeat_interval"):
        value = getattr(route, name)
        settings[name] = None if value is None else duration(value)
    settings["routes"] = [_route(child) for child in route.routes] or None
    return {key: value for key, value in settings.items() if value is not None}


def _interval(interval: Interval) -> dict[str, Any]:
    times = [time.split("-") for time in interval.times]
    settings: dict[str, Any] = {
        "times": [{"start_time": start, "end_time": end} for start, end in times],
        "weekdays": interval.weekdays,
        "days_of_month": interval.days_of_month,
        "months": interval.months,
        "location": interval.location,
    }
    return {key: value for key, value in settings.items() if value}


def _channels(receiver: Receiver) -> dict[str, list[dict[str, Any]]]:
    """The receiver's channels, as Alertmanager names and nests their settings."""
    channels: dict[str, dict[str, Any]] = {}
    if webhook := receiver.webhook:
        channels["webhook_configs"] = {
            "url": webhook.url,
            "url_file": webhook.url_file,
            "send_resolved": True,
            "max_alerts": webhook.max_alerts or None,
            "http_config": _bearer(webhook.bearer_token_file),
        }
    if slack := receiver.slack:
        channels["slack_configs"] = {
            "api_url_file": slack.api_url_file,
            "channel": slack.channel,
            "send_resolved": True,
            "title": TITLE,
            "text": TEXT,
        }
    if pagerduty := receiver.pagerduty:
        channels["pagerduty_configs"] = {"routing_key_file": pagerduty.routing_key_file, "description": TITLE}
    if email := receiver.email:
        channels["email_configs"] = {
            "to": email.to,
            "from": email.from_,
            "smarthost": email.smarthost,
            "auth_username": email.username,
            "auth_password_file": email.password_file,
            "headers": {"Subject": TITLE},
            "text": TEXT,
            "html": "",
        }
    return {
        name: [{key: value for key, value in settings.items() if value is not None}]
        for name, settings in channels.items()
    }


def _bearer(token_file: str | None) -> dict[str, Any] | None:
    return {"authorization": {"credentials_file": token_file}} if token_file else None
