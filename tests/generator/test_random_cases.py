"""Whatever condition there is, real promtool passes its cases."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from truegauge_generator.render import render
from truegauge_generator.tools import run
from truegauge_spec import Source, build
from truegauge_spec.quantities import duration

HEAD = """\
system: shop
summary: A shop
owner: web
metrics:
  shop_page_seconds:
    type: histogram
    unit: s
    help: Time to serve
    labels: {page: {limit: 9}, kind: [read, write]}
    buckets: [0, 0.01, 0.05, 0.1, 1, 10]
    measure: app
  shop_ok_total: {type: counter, unit: orders, help: Good ones, labels: {of: [web, phone]}, measure: app}
  shop_bad_total: {type: counter, unit: orders, help: Bad ones, labels: {of: [web, phone]}, measure: app}
  shop_sent_total: {type: counter, unit: bytes, help: Sent, measure: app}
  shop_used_bytes: {type: gauge, unit: bytes, help: Used, measure: app}
  shop_most_bytes: {type: gauge, unit: bytes, help: Most, measure: app}
  shop_queue: {type: gauge, unit: orders, help: Waiting, labels: {of: [web, phone]}, measure: app}
  shop_backup: {type: gauge, unit: s, help: Time of the backup, measure: app}
alerts:
"""
RULES, TESTS = "rendered/prometheus/rules/shop.yml", "rendered/prometheus/tests/"
REST = "    severity: info\n    summary: Shop\n    runbook: Look.\n"
SIDES = st.sampled_from(["above", "below"])
WINDOWS = st.sampled_from([60, 77, 95, 300, 421, 1800, 5400]).map(lambda seconds: duration(seconds * 1000))
WAITS = st.sampled_from([0, 1, 7, 30, 60, 301, 900]).map(lambda seconds: duration(seconds * 1000) if seconds else "0s")
COUNTS = st.sampled_from([1, 2, 5, 97, 1000, 123_456_789, 10**12])
NUMBERS = st.one_of(COUNTS, st.floats(1e-6, 1e9).map(lambda number: float(f"{number:.4g}")))
SHARES = st.sampled_from(["0.1%", "1%", "7%", "33.3%", "50%", "90%", "99.9%"])
WHERE = st.sampled_from(["", ", where: {of: web}"])
CONDITIONS = st.one_of(
    st.builds("metric: shop_queue{}, {}: {}".format, WHERE, SIDES, NUMBERS),
    st.builds("metric: shop_used_bytes, {}: {}kB".format, SIDES, NUMBERS),
    st.builds(
        "metric: shop_page_seconds, quantile: {}, over: {}, {}: {}ms{}".format,
        st.sampled_from([0.01, 0.5, 0.95, 0.999]),
        WINDOWS,
        SIDES,
        st.sampled_from([2, 10, 33.3, 100, 999, 9000]),
        st.sampled_from(["", ", by: [page]", ", where: {kind: read}, by: [page, kind]"]),
    ),
    st.builds("metric: shop_used_bytes, limit: shop_most_bytes, {}: {}".format, SIDES, SHARES),
    st.builds(
        "metric: shop_bad_total, share_of: [shop_ok_total, shop_bad_total], over: {}, {}: {}{}".format,
        WINDOWS,
        SIDES,
        SHARES,
        WHERE,
    ),
    st.builds("metric: shop_bad_total, increase_over: {}, {}: {}{}".format, WINDOWS, SIDES, COUNTS, WHERE),
    st.builds("metric: shop_sent_total, increase_over: {}, {}: {}kB".format, WINDOWS, SIDES, NUMBERS),
    st.builds("metric: shop_sent_total, rate_over: {}, {}: {}kB".format, WINDOWS, SIDES, NUMBERS),
    st.builds("metric: shop_bad_total, rate_over: {}, above: {}".format, WINDOWS, st.one_of(st.just(0), NUMBERS)),
    st.builds("metric: shop_queue, absent_for: {}{}".format, WINDOWS, WHERE),
    st.builds("metric: {}, unchanged_for: {}".format, st.sampled_from(["shop_queue", "shop_ok_total"]), WINDOWS),
    st.builds(
        "metric: shop_used_bytes, limit: shop_most_bytes, runs_full_within: {}, over: {}, at_least: {}".format,
        WINDOWS,
        WINDOWS,
        st.sampled_from(["50%", "80%", "99%"]),
    ),
    st.builds("metric: shop_backup, older_than: {}".format, WINDOWS),
    st.builds(
        "metric: shop_queue, deviates_over: {}, from: {}, above: {}, floor: {}".format,
        st.sampled_from(["1m", "5m", "97s", "1h"]),
        st.sampled_from(["1h", "70m", "1d", "3d"]),
        st.sampled_from(["1%", "50%", "150%"]),
        st.sampled_from([1, 2.5, 1000]),
    ),
)
ALERTS = st.builds(
    "  Alert:\n    when: {{{}}}\n    for: {}\n    keep_firing_for: {}\n".format, CONDITIONS, WAITS, WAITS
)


def test_every_case_of_random_conditions_passes(promtool: str, tmp_path: Path) -> None:
    alerts: list[str] = []

    @settings(max_examples=40)
    @given(ALERTS)
    def collect(alert: str) -> None:
        alerts.append(alert)

    collect()
    # One file of rules and one of tests for each, in one call: promtool evaluates every rule of a file for each test.
    for number, alert in enumerate(alerts):
        files = render(build([Source("shop.yaml", f"{HEAD}{alert}{REST}")]))
        (test,) = (path for path in files if path.startswith(TESTS) and "-spec" not in path)
        (tmp_path / f"{number}-rules.yml").write_text(files[RULES])
        text = files[test].replace("../rules/shop.yml", f"{number}-rules.yml")
        (tmp_path / f"{number}.yml").write_text(text)
    done = run([promtool, "test", "rules", *sorted(map(str, tmp_path.glob("*[0-9].yml")))])
    assert not done.failed, done.output
    assert done.output.count("SUCCESS") == len(alerts)
