"""Projects to prove: a small system, rendered, and rule files that somebody wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from truegauge_generator.cli import main

RULES = """\
groups:
  - name: orders
    rules:
      - record: shop:orders:rate5m
        expr: sum by (channel) (rate(shop_orders_total{status="refused"}[5m]))
      - alert: OrdersRefused
        expr: shop:orders:rate5m > 0.5
        for: 10m
        labels:
          severity: critical
        annotations:
          summary: Orders from {{ $labels.channel }} are refused
"""
TESTS = """\
rule_files: [../rules/orders.yml]
evaluation_interval: 1m
tests:
  - name: refused orders page
    interval: 1m
    input_series:
      - {series: 'shop_orders_total{channel="web", status="refused"}', values: 0+60x40}
    alert_rule_test:
      - eval_time: 30m
        alertname: OrdersRefused
        exp_alerts:
          - exp_labels: {channel: web, severity: critical}
            exp_annotations: {summary: Orders from web are refused}
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with hand-written rules and their test, which passes and shows little."""
    for path, text in {"rules/orders.yml": RULES, "tests/orders.yml": TESTS}.items():
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shop(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A GitOps repository of a small system, rendered."""
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "shop.yaml").write_text((root / "tests" / "systems" / "shop.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    assert main(["render"]) == 0
    return tmp_path
