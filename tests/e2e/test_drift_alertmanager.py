"""Each edit of Alertmanager's configuration, reloaded, is named, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from world import Case, World, assert_only, drift


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
        lambda doc: doc.update(time_intervals=[{"name": "nights", "time_intervals": [{"weekdays": ["monday"]}]}]),
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
