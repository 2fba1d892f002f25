"""What a Prometheus that is at hand cannot show: an older one, a feature that is not enabled, targets from files."""

from __future__ import annotations

from typing import Any

import pytest

from truegauge_generator.drift.alertmanager import compare
from truegauge_generator.drift.prometheus import Running, flags, targets
from truegauge_spec import Source, Spec, build

RUNNING = Running({}, {"enable-feature": "", "query.lookback-delta": "5m"}, "3.5.3+ds1", {}, [], [])
FILES = """\
system: shop
summary: A shop
owner: web
waive: {no_alert: nothing is rendered here}
scrape: {file_sd: [targets/*.yml]}
metrics: {shop_up: {type: gauge, help: Whether it runs, measure: app}}
"""


@pytest.mark.parametrize(
    ("running", "expr", "subject"),
    [
        (RUNNING, "rate(x[5m])", []),
        (RUNNING._replace(version="2.53.3"), "x", ["Prometheus"]),
        (RUNNING._replace(version="4.0.0"), "x", []),
        (RUNNING, "limitk(1, x)", ["enable-feature"]),
        (RUNNING._replace(flags={"enable-feature": "promql-experimental-functions,o11y"}), "limitk(1, x)", []),
        (RUNNING._replace(runtime={"storageRetention": "1h or 10GiB"}), "rate(x[2h])", ["storage.tsdb.retention.time"]),
        (RUNNING._replace(runtime={"storageRetention": "10GiB"}), "rate(x[2h])", []),
    ],
)
def test_flags_and_versions_that_break_a_rule(spec: Spec, running: Running, expr: str, subject: list[str]) -> None:
    assert [one[1] for one in flags(spec, running, [expr])] == subject


def test_a_job_whose_targets_come_from_files_has_some() -> None:
    spec = build([Source("shop.yaml", FILES)])
    assert [one[:2] for one in targets(spec, RUNNING)] == [("target_missing", "shop")]


def test_a_declared_time_interval_that_is_gone_is_named() -> None:
    declared: dict[str, Any] = {"route": {"receiver": "a"}, "receivers": [{"name": "a"}]}
    nights = {"time_intervals": [{"name": "nights", "time_intervals": [{"weekdays": ["monday"]}]}]}
    assert [one[:2] for one in compare({**declared, **nights}, declared)] == [("time_interval_missing", "nights")]


def test_a_matcher_is_the_same_in_every_spelling_also_with_an_operator_in_its_value() -> None:
    one, other, third = (
        {"receivers": [{"name": "a"}], "route": {"receiver": "a", "routes": [{"receiver": "a", "matchers": [text]}]}}
        for text in ('summary="a!=b"', 'summary = "a!=b"', "summary = a=~b")
    )
    assert list(compare(one, other)) == []
    assert [found[0] for found in compare(one, third)] == ["route_changed"]
