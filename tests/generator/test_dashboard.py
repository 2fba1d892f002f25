"""The dashboards: each in Grafana's terms, in agreement with the rules, and every query with data behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dashboard_faults import REGISTRIES, SYSTEMS, faults, rendered
from hypothesis import given, settings
from hypothesis import strategies as st

from truegauge_generator.proof.panels import interpolated, variables
from truegauge_generator.targets.dashboard import as_text, document
from truegauge_generator.targets.dashboard_layout import UNITS
from truegauge_generator.targets.dashboard_panels import inert_promql, words
from truegauge_spec import Spec
from truegauge_spec.dashboard import Panel, Row
from truegauge_spec.quantities import UNITS as QUANTITY_UNITS
from truegauge_spec.system import System


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_rendered_dashboard_has_no_fault_and_every_query_has_data(name: str, tmp_path: Path) -> None:
    assert rendered(name).faults(tmp_path) == []


def test_a_system_without_a_dashboard_shows_its_alerts_and_the_metrics_that_none_is_about() -> None:
    assert [panel["title"] for panel in rendered("web_shop").document["panels"]] == [
        "Alerts",
        "Low stock",
        "HTTP errors",
        "Slow route",
        "One queue",
        "Two queues",
        "Backlog",
        "Metrics",
        "Sent",
        "Temperature",
        "Free",
    ]


def test_every_declared_row_and_panel_is_there_in_order() -> None:
    system = rendered("duckdb").system
    assert system.dashboard
    wanted = [kind for row in system.dashboard.rows for kind in ("row", *(panel.kind for panel in row.panels))]
    shown = [panel["type"] for panel in rendered("duckdb").document["panels"]]
    assert shown == [*wanted, "row", *("stat", "timeseries", "timeseries") * len(system.objectives)]


def test_objectives_that_no_panel_shows_have_a_row_of_their_own() -> None:
    titles = [panel["title"] for panel in rendered("duckdb").document["panels"]]
    start = titles.index("Objectives")
    assert titles[start + 1 : start + 4] == [
        "Queries fast: error budget left",
        "Queries fast: burn rate",
        "Queries fast: bad events",
    ]
    system = rendered("duckdb").system
    assert system.dashboard
    row = Row(title="Aims", panels=(Panel(objective="QueriesFast"), Panel(objective="SyncsSucceed", shows="burn_rate")))
    own = system.dashboard.model_copy(update={"rows": (row,)})
    shown = document(rendered("duckdb").spec, system.model_copy(update={"dashboard": own}))
    assert [panel["title"] for panel in shown["panels"]] == [
        "Aims",
        "Queries fast: error budget left",
        "Syncs succeed: burn rate",
    ]


def test_a_panel_of_an_objective_is_red_where_the_objective_is_missed() -> None:
    left, burn = (rendered("duckdb").panel(f"Syncs succeed: {what}") for what in ("error budget left", "burn rate"))
    assert left["fieldConfig"]["defaults"]["thresholds"]["steps"] == [
        {"color": "red", "value": None},
        {"color": "green", "value": 0},
    ]
    assert burn["fieldConfig"]["defaults"]["thresholds"]["steps"][1] == {"color": "orange", "value": 1}
    assert burn["targets"][0]["expr"].endswith('slo="SyncsSucceed",window=~"1h|6h|1d|3d"}')
    assert burn["links"][0]["url"].endswith("/duckdb.md#syncssucceed")


def test_an_alert_is_drawn_by_the_value_that_its_rule_compares() -> None:
    matchers = 'job="duckdb",instance=~"$instance"'
    panel = rendered("duckdb").panel("High query latency")
    assert panel["targets"][0]["expr"] == f"instance:duckdb_query_latency_ms:p95_1m{{{matchers}}}"
    assert "instance:duckdb_query_latency_ms:p95_1m > 100" in rendered("duckdb").rules
    panel = rendered("web_shop").panel("One queue")
    assert panel["targets"][0]["expr"] == (r'web_shop_queue{job="web_shop",path="/\x24instance",instance=~"$instance"}')
    assert 'web_shop_queue{path="/$instance"} > 1000' in rendered("web_shop").rules


@pytest.mark.parametrize(
    ("title", "expr", "legend", "says"),
    [
        ("Visits", "rate({visits_total}[$__rate_interval])", "{{site}} {{hall}}", "per second"),
        ("Visits (2)", "sum by (hall) (rate({visits_total}[$__rate_interval]))", "{{hall}}", "summed by hall"),
        ("Visits (3)", "sum(rate({visits_total}[$__rate_interval]))", "total", "summed"),
        ("Guests", "sum by (hall) ({guests})", "{{hall}}", "summed by hall"),
        ("Light (2)", "{light_ratio}", "{{hall}} {{instance}}", "`gallery_light_ratio`"),
        ("Light", "avg by (hall) ({light_ratio})", "{{hall}}", "averaged by hall"),
        (
            "Wait (3)",
            "sum(rate({wait_ms_sum}[$__rate_interval])) / sum(rate({wait_ms_count}[$__rate_interval]))",
            "mean",
            "Mean of `gallery_wait_ms`",
        ),
        (
            "Wait (4)",
            "histogram_quantile(0.9, sum by (le, hall, instance) (rate({wait_ms_bucket}[$__rate_interval])))",
            "p90 {{hall}} {{instance}}",
            "p90, p99 of `gallery_wait_ms` by hall, instance",
        ),
        ("Scrape duration", "{scrape_duration_seconds}", "{{instance}}", "Time that the last scrape took"),
    ],
)
def test_a_metric_is_drawn_as_its_type_and_the_panel_ask(title: str, expr: str, legend: str, says: str) -> None:
    panel = rendered("gallery").panel(title)
    shown = panel["targets"][0]["expr"].replace('{job="gallery",instance=~"$instance"}', "}")
    assert shown.replace("gallery_", "{").replace("scrape_", "{scrape_") == expr
    assert panel["targets"][0]["legendFormat"] == legend
    assert says in panel["description"]


def test_a_stat_of_an_alert_shows_the_worst_instance_and_is_green_when_all_is_well() -> None:
    up, memory = (rendered("duckdb").panel(title) for title in ("Engine up", "Memory pinned"))
    assert up["targets"][0]["expr"].startswith("min(")
    assert up["fieldConfig"]["defaults"]["thresholds"]["steps"] == [
        {"color": "red", "value": None},
        {"color": "green", "value": 1},
    ]
    assert memory["targets"][0]["expr"].startswith("max(")
    assert memory["fieldConfig"]["defaults"]["thresholds"]["steps"][0] == {"color": "green", "value": None}


def test_a_stat_shows_what_is_now_and_says_when_there_is_nothing() -> None:
    for title in ("Engine up", "Memory pinned"):
        panel = rendered("duckdb").panel(title)
        assert panel["targets"][0]["instant"]
        assert panel["fieldConfig"]["defaults"]["mappings"][0]["options"] == {
            "match": "null+nan",
            "result": {"text": "No data", "color": "gray"},
        }


def test_a_stat_at_the_very_number_of_a_rule_is_not_red_yet() -> None:
    failures = rendered("duckdb").panel("Sync failures")
    assert 5 < failures["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] < 5 + 1e-12
    assert "increase_10m > 5\n" in rendered("duckdb").rules.replace('"', "")


def test_series_without_labels_of_their_own_are_named_by_their_instance() -> None:
    (target,) = rendered("web_shop").panel("Sent")["targets"]
    matchers = 'job="web_shop",instance=~"$instance"'
    assert target["expr"] == f"rate(web_shop_sent_bytes_total{{{matchers}}}[$__rate_interval])"
    assert target["legendFormat"] == "{{instance}}"


def test_the_axis_reaches_beyond_the_line_so_that_it_is_seen() -> None:
    for name, title in (("duckdb", "High query latency"), ("gallery", "Frost"), ("web_shop", "HTTP errors")):
        defaults = rendered(name).panel(title)["fieldConfig"]["defaults"]
        low, high = defaults["custom"]["axisSoftMin"], defaults["custom"]["axisSoftMax"]
        assert low <= 0 <= high
        assert low <= defaults["thresholds"]["steps"][1]["value"] <= high


def test_units_are_grafanas_and_counts_have_no_decimals() -> None:
    shown = {
        title: (defaults["unit"], defaults.get("decimals"))
        for name in ("duckdb", "web_shop")
        for panel in rendered(name).document["panels"]
        if "targets" in panel
        for title, defaults in [(panel["title"], panel["fieldConfig"]["defaults"])]
    }
    assert shown["Query p95"] == ("ms", 1)
    assert shown["High memory usage"] == ("percentunit", None)
    assert shown["Sync failures"] == ("short", 0)
    assert shown["Sync success"] == ("count:syncs/s", None)
    assert shown["Sent"] == ("binBps", None)
    assert shown["Temperature"] == ("short", None)


def test_every_unit_of_quantities_is_known_to_grafana() -> None:
    assert set(QUANTITY_UNITS) <= set(UNITS)
    assert {unit for unit in UNITS.values() if ":" not in unit} <= set(REGISTRIES["units"])


def test_ids_outlive_a_change_of_order() -> None:
    def ids(spec: Spec, system: System) -> dict[tuple[str, str], int]:
        row, found = "", {}
        for panel in document(spec, system)["panels"]:
            row = panel["title"] if panel["type"] == "row" else row
            found[row, panel["title"]] = panel["id"]
        return found

    spec, system = rendered("duckdb").spec, rendered("duckdb").system
    assert system.dashboard
    rows = tuple(row.model_copy(update={"panels": row.panels[::-1]}) for row in reversed(system.dashboard.rows))
    turned = system.model_copy(update={"dashboard": system.dashboard.model_copy(update={"rows": rows})})
    assert ids(spec, turned) == ids(spec, system)


def test_titles_that_repeat_in_a_row_are_numbered() -> None:
    titles = [panel["title"] for panel in rendered("gallery").document["panels"]]
    assert titles[4:7] == ["Visits", "Visits (2)", "Visits (3)"]
    assert titles.count("One") == 2


def test_a_full_line_wraps() -> None:
    places = [tuple(panel["gridPos"].values()) for panel in rendered("gallery").document["panels"]]
    assert places[:10] == [
        (0, 0, 24, 1),
        (0, 1, 4, 4),
        (4, 1, 4, 4),
        (8, 1, 4, 4),
        (12, 1, 8, 8),
        (0, 9, 8, 8),
        (0, 17, 24, 8),
        (0, 25, 13, 8),
        (0, 33, 12, 8),
        (12, 33, 8, 8),
    ]


def test_the_data_source_is_the_provisioned_one_and_links_lead_to_the_docs() -> None:
    shop = rendered("web_shop").document
    assert shop["templating"]["list"][0]["current"] == {"selected": True, "text": "Metrics", "value": "metrics"}
    assert shop["templating"]["list"][1]["definition"] == 'label_values(up{job="web_shop"}, instance)'
    assert shop["links"][1]["url"] == "https://docs.example.com/rules/web_shop.md"
    assert rendered("web_shop").panel("Backlog")["links"][0]["url"].endswith("/web_shop.md#backlog")


def test_a_stack_without_grafana_and_docs_still_has_dashboards() -> None:
    shop = rendered("web_shop")
    bare = shop.spec.stack.model_copy(update={"docs_url": None, "grafana": None})
    shown = document(Spec(shop.spec.systems, bare, {}), shop.system)
    assert list(faults(shown)) == []
    assert "links" not in shown["panels"][1]


@pytest.mark.parametrize(
    "expr",
    [
        'x{a="$instance"}',
        "x{a='$instance'}",
        "x{a=`$instance`}",
        'x{a="[[instance]]"}',
        'x{a=~"\\\\$instance"}',
        "x # it's $5",
    ],
)
def test_no_string_of_a_rule_becomes_a_variable(expr: str) -> None:
    assert interpolated(inert_promql(expr), {"instance": "!"}) == inert_promql(expr)
    assert "instance" not in variables(inert_promql(expr))
    assert not variables(rendered("web_shop").panel("Backlog")["targets"][0]["expr"])


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(st.characters(exclude_categories=["Cs"])),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
@settings(max_examples=50)
def test_the_text_is_that_of_json_dumps(value: Any) -> None:
    assert as_text(value) == json.dumps(value, indent=2, ensure_ascii=False)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HighQueryLatency", "High query latency"),
        ("HTTPErrors", "HTTP errors"),
        ("DiskIOHigh", "Disk IO high"),
        ("queries_per_sec", "Queries per sec"),
        ("sent_bytes_total", "Sent"),
        ("total", "Total"),
        ("p99Latency", "P99 latency"),
    ],
)
def test_names_are_read_as_words(name: str, expected: str) -> None:
    assert words(name, {"total", "bytes"}) == expected
