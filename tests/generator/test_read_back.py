"""Random specs, rendered and read back: rules, routes and dashboards still mean what the spec says."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from truegauge_generator.drift import meaning
from truegauge_generator.drift.documents import meaning_of
from truegauge_generator.drift.meaning import Meaning, differences, text_of
from truegauge_generator.literals import as_json
from truegauge_generator.render import render
from truegauge_spec import Source, build

# Any text but what a file cannot hold and what Prometheus' templates would read.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(lambda text: "{{" not in text)
HOSTILE = st.sampled_from(
    ["a: b", "#", '"', "'", "\\", "- x", "no", "1:30", "017", "1e3", "null", "{%x%}", "$x", "[[y]]"]
)
WORDS = TEXTS | HOSTILE
DURATIONS = st.sampled_from(["10s", "1m", "90s", "1h", "1d", "1h30m"])
WAITS = st.sampled_from(["0s", "10s", "5m", "2h"])
# A threshold as written, in the unit of its metric.
AMOUNTS = {
    "": [("5", "5"), ("0", "0"), ("-2.5", "-2.5"), ("1000000", "1000000")],
    "s": [("100ms", "0.1"), ("2m", "120"), ("0.3s", "0.3")],
    "ms": [("100ms", "100"), ("1.5s", "1500"), ("1us", "0.001")],
    "bytes": [("1.5GiB", "1610612736"), ("7kB", "7000")],
    "ratio": [("90%", "0.9"), ("0.5%", "0.005"), ("33.3%", "0.333")],
}


@st.composite
def alerts(draw: st.DrawFn) -> dict[str, Any]:
    """An alert on a metric of its own, and what is to be read back of it."""
    kind, unit = draw(st.sampled_from(["value", "increase", "quantile"])), draw(st.sampled_from(sorted(AMOUNTS)))
    written, number = draw(st.sampled_from(AMOUNTS[unit]))
    value, side, over = draw(WORDS), draw(st.sampled_from(["above", "below"])), draw(DURATIONS)
    metric = {"type": "gauge", "unit": unit, "help": draw(WORDS), "labels": {"kind": [value]}, "measure": "app"}
    when: dict[str, Any] = {"metric": "", "where": {"kind": value}, side: written}
    if kind == "increase":
        metric["type"] = "counter"
        when["increase_over"] = over
    elif kind == "quantile":
        at = Decimal(number)
        metric |= {"type": "histogram", "buckets": [str(at - 1), str(at), str(at + 1)]}
        when |= {"quantile": "0.9", "over": over}
    alert = {
        "when": when,
        "for": draw(WAITS),
        "keep_firing_for": draw(WAITS),
        "severity": draw(st.sampled_from(["critical", "warning", "info"])),
        "summary": draw(WORDS),
        "runbook": draw(WORDS),
        "labels": {"team": draw(WORDS)},
        "annotations": {"note": draw(WORDS)},
    }
    window = "" if kind == "value" else over
    return {"metric": metric, "alert": alert, "number": number, "side": side, "window": window}


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """A system with alerts, a dashboard, and a tree of routes."""
    watched = draw(st.lists(alerts(), min_size=1, max_size=4))
    system: dict[str, Any] = {
        "system": "s",
        "summary": draw(WORDS),
        "owner": draw(WORDS),
        "scrape": {"targets": ["127.0.0.1:9"]},
        "metrics": {"plain_gauge": {"type": "gauge", "help": draw(WORDS), "measure": "app"}}
        | {"plain_counter": {"type": "counter", "help": draw(WORDS), "measure": "app"}},
        "alerts": {},
    }
    for index, one in enumerate(watched):
        system["metrics"][f"m{index}"] = one["metric"]
        one["alert"]["when"]["metric"] = f"m{index}"
        system["alerts"][f"A{index}"] = one["alert"]
    shown = [{"metric": "plain_gauge"}, {"metric": "plain_counter"}, *({"alert": name} for name in system["alerts"])]
    titles = draw(st.lists(WORDS, min_size=len(shown), max_size=len(shown), unique=True))
    panels = [{**panel, "title": title} for panel, title in zip(shown, titles, strict=True)]
    system["dashboard"] = {"title": draw(WORDS), "rows": [{"title": draw(WORDS), "panels": panels}]}
    routes = [
        {
            "match": {"alertname": name, "team": draw(WORDS)},
            "receiver": draw(st.sampled_from(["notify", "page"])),
            "continue": draw(st.sampled_from(["true", "false"])),
            "group_wait": draw(WAITS),
            "repeat_interval": draw(DURATIONS),
        }
        for name in system["alerts"]
    ]
    receivers = {
        name: {"webhook": {"url_file": draw(WORDS.filter(str.isalnum))}} for name in ("notify", "page", "last")
    }
    root = {"receiver": "last", "routes": routes}
    stack = {
        "stack": "t",
        "prometheus": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "alertmanager": {"receivers": receivers, "route": root},
        "waive": {},
    }
    if unused := {"notify", "page"} - {route["receiver"] for route in routes}:
        stack["waive"] = {"unused_receiver": f"{len(unused)} by chance"}
    return {"watched": watched, "system": system, "stack": stack}


def rendered(drawn: dict[str, Any]) -> dict[str, str]:
    parts = {"s.yaml": drawn["system"], "stack.yaml": drawn["stack"]}
    return render(build([Source(path, as_json(part)) for path, part in parts.items()]))


def spelled_out(written: str) -> str:
    """A duration as Prometheus writes it."""
    return {"90s": "1m30s"}.get(written, written)


@settings(max_examples=60)
@given(specs())
def test_rules_routes_and_dashboards_read_back_as_the_spec_says(drawn: dict[str, Any]) -> None:
    files = rendered(drawn)
    rules = meaning.rules(yaml.safe_load(files["rendered/prometheus/rules/s.yml"]))
    for index, one in enumerate(drawn["watched"]):
        _same_alert(rules, f"alert A{index}", one)
    routes = meaning.alertmanager(yaml.safe_load(files["rendered/alertmanager/alertmanager.yml"]))
    _same_routes(routes, drawn["stack"]["alertmanager"])
    _same_panels(meaning.dashboard(json.loads(files["rendered/grafana/dashboards/s.json"])), drawn)


def _same_alert(rules: Meaning, name: str, one: dict[str, Any]) -> None:
    said, alert = rules[name], one["alert"]
    assert said["comparison"] == {"above": ">", "below": "<"}[one["side"]]
    assert Decimal(said["threshold"]) == Decimal(one["number"])
    assert said.get("for", "0s") == alert["for"]
    assert said.get("keep_firing_for", "0s") == alert["keep_firing_for"]
    assert said["labels.severity"] == alert["severity"]
    assert said["labels.team"] == text_of(alert["labels"]["team"])
    assert said["annotations.summary"] == text_of(alert["summary"])
    assert said["annotations.note"] == text_of(alert["annotations"]["note"])
    # The window is that of the rule which records the compared value.
    source = said if not one["window"] else rules[f"record {said['expr']}"]
    assert source.get("window", "") == spelled_out(one["window"])
    assert f"kind={json.dumps(one['alert']['when']['where']['kind'], ensure_ascii=False)}" in source["expr"]


def _same_routes(found: Meaning, alertmanager: dict[str, Any]) -> None:
    assert found["route"]["receiver"] == "last"
    declared = alertmanager["route"]["routes"]
    assert [name for name in found if name.startswith("route {")] == [_route(route) for route in declared]
    for route in declared:
        said = found[_route(route)]
        assert said["receiver"] == route["receiver"]
        assert said.get("continue", "false") == route["continue"]
        assert said["group_wait"] == route["group_wait"]
        assert said["repeat_interval"] == spelled_out(route["repeat_interval"])
    for name, receiver in alertmanager["receivers"].items():
        assert found[f"receiver {name}"]["webhook_configs.0.url_file"] == text_of(receiver["webhook"]["url_file"])


def _route(route: dict[str, Any]) -> str:
    matchers = (f"{label}={json.dumps(text, ensure_ascii=False)}" for label, text in route["match"].items())
    return f"route {{{', '.join(matchers)}}}"


def _same_panels(found: Meaning, drawn: dict[str, Any]) -> None:
    dashboard = drawn["system"]["dashboard"]
    (row,) = dashboard["rows"]
    assert found["dashboard"]["title"] == text_of(dashboard["title"])
    names = [f'panel "{panel["title"]}" in "{row["title"]}"' for panel in row["panels"]]
    assert list(found) == ["dashboard", f'row "{row["title"]}"', *names]
    chosen = '{job="s", instance=~"$instance"}'
    gauge, counter, *watched = (found[name] for name in names)
    assert gauge["query value"] == f"plain_gauge{chosen}"
    assert counter["query rate"] == f"rate(plain_counter{chosen}[$__rate_interval])"
    for index, (said, one) in enumerate(zip(watched, drawn["watched"], strict=True)):
        assert f"m{index}" in said["query value"]
        assert said["query value"].endswith('instance=~"$instance"}')
        line = Decimal(said["threshold line"].rpartition(" from ")[2])
        assert line == Decimal(f"{float(one['number']):.12g}")


def test_conditions_whose_selections_differ_by_a_sign_are_recorded_apart() -> None:
    metric = {"type": "counter", "help": "M", "labels": {"kind": ["a-b", "a b", "²"]}, "measure": "app"}
    alerts = {
        f"A{index}": {"when": {"metric": "m", "where": {"kind": value}, "increase_over": "5m", "above": "1"}}
        | {"severity": "info", "summary": "S", "runbook": "R"}
        for index, value in enumerate(metric["labels"]["kind"])  # type: ignore[index]
    }
    system = {"system": "s", "summary": "S", "owner": "o", "metrics": {"m": metric}, "alerts": alerts}
    text = render(build([Source("s.yaml", as_json(system))]))["rendered/prometheus/rules/s.yml"]
    records = [name for name in meaning.rules(yaml.safe_load(text)) if name.startswith("record ")]
    assert len(records) == 3
    assert all(name.isascii() for name in records)


@settings(max_examples=15)
@given(specs())
def test_the_same_spec_has_no_difference_and_every_file_that_says_something_can_be_read(drawn: dict[str, Any]) -> None:
    for path, text in rendered(drawn).items():
        if path.startswith("rendered/") and not path.endswith(".tmpl"):
            found = meaning_of(path, text)
            assert found is not None, path
            assert not list(differences(found, found))


@settings(max_examples=30)
@given(specs(), st.data())
def test_another_threshold_is_the_only_difference_of_the_rules_that_compare_it(
    drawn: dict[str, Any], data: st.DataObject
) -> None:
    path = "rendered/prometheus/rules/s.yml"
    index = data.draw(st.integers(0, len(drawn["watched"]) - 1))
    document = yaml.safe_load(rendered(drawn)[path])
    before = meaning.rules(document)
    (rule,) = [rule for group in document["groups"] for rule in group["rules"] if rule.get("alert") == f"A{index}"]
    value, operator, number = re.fullmatch(r"(.*) ([<>]) (\S+)", rule["expr"], re.DOTALL).groups()  # type: ignore[union-attr]
    rule["expr"] = f"{value}  {operator} 424242"
    (found,) = differences(before, meaning.rules(document))
    assert found == (f"alert A{index}", "threshold", before[f"alert A{index}"]["threshold"], "424242")
    assert Decimal(number) == Decimal(drawn["watched"][index]["number"])
