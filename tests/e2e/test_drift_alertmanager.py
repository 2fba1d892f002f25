"""Each edit of Alertmanager's configuration, reloaded, is named, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from loopback import got
from world import Case, World, assert_only, drift

from truegauge_generator.drift.alertmanager import compare
from truegauge_spec.yaml_source import read


def page_route(document: Any) -> Any:
    return document["route"]["routes"][0]


def unpage(document: Any) -> None:
    """The receiver goes, so its route has to lead elsewhere."""
    document["receivers"].pop()
    page_route(document).update(receiver="notify")


CRITICAL = 'root/severity="critical"'
IN_ALERTMANAGER = {
    "where a route leads": Case(
        lambda doc: page_route(doc).update(receiver="notify"), "route_changed", CRITICAL, "receiver: page", "notify"
    ),
    "how often it repeats": Case(
        lambda doc: page_route(doc).update(repeat_interval="12h"),
        "route_changed", CRITICAL, "repeat_interval: 1h", "repeat_interval: 12h",
    ),
    "how alerts are grouped": Case(
        lambda doc: doc["route"].update(group_by=["job"]), "route_changed", "root", "[alertname, job", "[job]"
    ),
    "what a route matches": Case(
        lambda doc: page_route(doc).update(matchers=['severity="page"']),
        "route_changed", CRITICAL, 'severity="critical"', 'severity="page"',
    ),
    "whether a route goes on": Case(
        lambda doc: page_route(doc).update({"continue": True}), "route_changed", CRITICAL, "nothing", "continue: true"
    ),
    "a route removed": Case(lambda doc: doc["route"]["routes"].pop(0), "route_missing", CRITICAL, "page", ""),
    "a route added": Case(
        lambda doc: doc["route"]["routes"].append({"matchers": ['team="a"'], "receiver": "page"}),
        "route_extra", 'root/team="a"', "", "receiver: page",
    ),
    "the order of routes": Case(
        lambda doc: doc["route"]["routes"].reverse(), "route_order", "root", 'severity="critical"; ', "; severity="
    ),
    "a receiver removed": Case(unpage, "receiver_missing", "page", "webhook_configs", "notify"),
    "a receiver added": Case(
        lambda doc: doc["receivers"].append({"name": "mine"}), "receiver_extra", "mine", "notify, page", "mine"
    ),
    "a receiver's setting": Case(
        lambda doc: doc["receivers"][1]["webhook_configs"][0].update(send_resolved=False),
        "receiver_changed", "page", "send_resolved: true", "send_resolved: false",
    ),
    "a receiver's token": Case(
        lambda doc: doc["receivers"][0]["webhook_configs"][0].pop("http_config"),
        "receiver_changed", "notify", "credentials_file: secrets/webhook_token", "nothing",
    ),
    "an inhibition removed": Case(
        lambda doc: doc["inhibit_rules"].pop(), "inhibition_missing",
        'alertname="EngineNotAnswering" over alertname="StalePoll" on instance, job', "StalePoll", "",
    ),
    "an inhibition added": Case(
        lambda doc: doc["inhibit_rules"].append(
            {"source_matchers": ["a=b"], "target_matchers": ["c=d"], "equal": ["e"]}
        ),
        "inhibition_extra", 'a="b" over c="d" on e', "", 'a="b"',
    ),
    "a time interval added": Case(
        lambda doc: doc["time_intervals"].append({"name": "nights", "time_intervals": [{"weekdays": ["monday"]}]}),
        "time_interval_extra", "nights", "", "weekdays: [monday]",
    ),
    "when an alert counts as over": Case(
        lambda doc: doc.update({"global": {"resolve_timeout": "1m"}}),
        "alertmanager_config", "global/resolve_timeout", "", "1m",
    ),
    "the templates": Case(lambda doc: doc.pop("templates"), "alertmanager_config", "templates", "truegauge.tmpl", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_ALERTMANAGER)
def test_an_edit_of_alertmanagers_configuration_is_named(
    name: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    case = IN_ALERTMANAGER[name]
    with world.edited(world.alertmanager_config, case.edit) as status:
        assert status == 200
        assert_only(drift(world, capsys), *case[1:])


# Every channel and every form of time interval.
WHOLE = """
templates: [templates/truegauge.tmpl]
time_intervals:
  - name: nights
    time_intervals:
      - times: [{start_time: "22:00", end_time: "24:00"}, {start_time: "00:00", end_time: "06:00"}]
        weekdays: [Monday:friday, sunday]
        days_of_month: ["1:5", "-1"]
        months: [january:march, "5"]
        years: ["2026:2030"]
        location: Europe/Berlin
route:
  receiver: all
  group_by: ["..."]
  routes:
    - {matchers: [severity=critical, 'team=~"x|y"'], mute_time_intervals: [nights], group_wait: 90s, receiver: none}
    - {match: {a: b}, match_re: {c: d.*}, active_time_intervals: [nights], continue: false}
receivers:
  - name: all
    webhook_configs: [{url_file: secrets/url, send_resolved: true, max_alerts: 5}]
    slack_configs: [{api_url_file: secrets/slack, channel: "#x", send_resolved: true, title: T, text: X}]
    pagerduty_configs: [{routing_key_file: secrets/key, description: D}]
    email_configs:
      - {to: a@b.c, from: d@e.f, smarthost: "m:25", auth_username: u, auth_password_file: secrets/password,
         headers: {Subject: S}, text: T, html: ""}
  - name: none
"""
PARTS = {
    "nothing": ("", "", set()),
    "a time": ('"22:00"', '"21:00"', {("time_interval_changed", "nights")}),
    "a weekday": ("Monday:friday", "monday:saturday", {("time_interval_changed", "nights")}),
    "a month": ("january:march", "january:april", {("time_interval_changed", "nights")}),
    "a place": ("Europe/Berlin", "Europe/Paris", {("time_interval_changed", "nights")}),
    "when a route is mute": (
        "mute_time_intervals", "active_time_intervals", {("route_changed", 'root/severity="critical",team=~"x|y"')}
    ),
    "a channel": ('"#x"', '"#y"', {("receiver_changed", "all")}),
    "whether a mail tells of the end": ("html: \"\"", "send_resolved: true, html: \"\"", {("receiver_changed", "all")}),
    "an address": ("to: a@b.c", "to: x@b.c", {("receiver_changed", "all")}),
    "a token": ("secrets/key", "secrets/key2", {("receiver_changed", "all")}),
    "how long a channel waits": ("max_alerts: 5", "max_alerts: 5, timeout: 3s", {("receiver_changed", "all")}),
}  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_every_channel_and_time_interval_is_compared_as_alertmanager_prints_it(name: str, world: World) -> None:
    before, after, expected = PARTS[name]
    assert before in WHOLE

    def rewrite(document: Any) -> None:
        document.clear()
        document.update(yaml.safe_load(WHOLE.replace(before, after)))

    with world.edited(world.alertmanager_config, rewrite) as status:
        assert status == 200
        running = read(json.loads(got(f"{world.alertmanager}/api/v2/status"))["config"]["original"], "running")
        assert {one[:2] for one in compare(read(WHOLE, "declared"), running)} == expected
