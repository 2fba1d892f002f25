"""Whatever number a threshold is, the tests around it pass: no last bit of a float decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from truegauge_generator.cli import main
from truegauge_generator.tools import run

HEAD = """\
system: shop
summary: A shop
owner: web
metrics:
  shop_page_seconds:
    type: histogram
    unit: s
    help: Time to serve
    labels: {page: [home, search]}
    buckets: [0, 0.01, 0.025, 0.05, 0.1, 1]
    measure: app
  shop_ok_total: {type: counter, unit: orders, help: Good ones, measure: app}
  shop_bad_total: {type: counter, unit: orders, help: Bad ones, measure: app}
  shop_used_bytes: {type: gauge, unit: bytes, help: Used, measure: app}
  shop_most_bytes: {type: gauge, unit: bytes, help: Most, measure: app}
alerts:
"""
REST = ", severity: info, summary: Shop, runbook: Look.}\n"
CONDITIONS = [
    *(
        f"{{metric: shop_page_seconds, quantile: {quantile}, over: 1m, above: {milliseconds}ms}}"
        for milliseconds in (11, 18, 24, 33, 100, 123, 900)
        for quantile in ("0.5", "0.95")
    ),
    *(
        f"{{metric: shop_bad_total, share_of: [shop_ok_total, shop_bad_total], over: 5m, above: {percent}%}}"
        for percent in (1, 3, 7, 17, 29, 67, 99.5)
    ),
    *(f"{{metric: shop_used_bytes, limit: shop_most_bytes, above: {percent}%}}" for percent in (7, 29, 33.3, 57)),
    *(f"{{metric: shop_bad_total, increase_over: 7m, above: {count}}}" for count in (1, 19, 1000)),
    # Longer than the window: what happened once would be forgotten before, so it happens again and again.
    *(f"{{metric: shop_bad_total, increase_over: 2m, {side}: 5}}, for: 6m" for side in ("above", "below")),
]


DRIFTS = 7
"""The cases of SpecDrift."""


def test_every_case_of_many_thresholds_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "shop.yaml"
    spec.write_text(HEAD + "".join(f"  A{i}: {{when: {when}{REST}" for i, when in enumerate(CONDITIONS)))
    assert main(["render", str(spec), "--output", str(tmp_path)]) == 0
    code = main(["check", str(spec), "--output", str(tmp_path)])
    said = capsys.readouterr()
    assert code == 0, said.err
    assert f"promtool test rules: {len(CONDITIONS) + DRIFTS} test cases, accepted" in said.out


BRIEF = """\
system: tiny
summary: A system that is scraped ten times a second
owner: shop
scrape: {interval: 100ms}
metrics:
  tiny_used_bytes: {type: gauge, unit: bytes, help: Used, measure: app}
  tiny_most_bytes: {type: gauge, unit: bytes, help: Most, measure: app}
alerts:
"""
LINE = "metric: tiny_used_bytes, limit: tiny_most_bytes"


def test_windows_of_a_second_have_steps_of_less(promtool: str, tmp_path: Path) -> None:
    conditions = (
        f"{{{LINE}, runs_full_within: 30m, over: 1s}}",
        f"{{{LINE}, runs_full_within: 10s, over: 2s}}, for: 1s",
        f"{{{LINE}, runs_full_within: 30m, over: 3s, at_least: 1%}}, for: 10m",
        "{metric: tiny_used_bytes, above: 5MiB}, for: 1s, keep_firing_for: 1s",
    )
    spec = tmp_path / "tiny.yaml"
    spec.write_text(BRIEF + "".join(f"  A{i}: {{when: {when}{REST}" for i, when in enumerate(conditions)))
    assert main(["render", str(spec), "--output", str(tmp_path)]) == 0
    tests = [str(path) for path in (tmp_path / "rendered" / "prometheus" / "tests").iterdir()]
    done = run([promtool, "test", "rules", *tests])
    assert not done.failed, done.output
