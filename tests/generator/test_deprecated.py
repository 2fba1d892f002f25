"""A metric that is renamed keeps its old name for a time: exposed under both, and refused after its day."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from truegauge_generator.cli import main
from truegauge_generator.commands.check import overdue
from truegauge_spec import Source, build

SPEC = """\
system: shop
summary: A shop
owner: web
waive: {no_alert: a test, base_unit: an old name, unit_in_name: an old name, counter_total: an old name}
exporter: {listen: 127.0.0.1:0}
metrics:
  shop_orders_total: {type: counter, help: Orders taken, labels: {channel: [web, phone]}, measure: app}
  shop_orders: {deprecated: {replaced_by: shop_orders_total, until: 2100-01-31}}
  shop_wait_seconds: {type: histogram, unit: s, help: Time to wait, buckets: [0.1, 1], measure: app}
  shop_wait_ms: {unit: ms, buckets: [100, 1000], deprecated: {replaced_by: shop_wait_seconds, until: 2100-01-31}}
  shop_queue_bytes: {type: gauge, unit: bytes, help: Queue, measure: app}
  shop_queue: {help: The queue, deprecated: {replaced_by: shop_queue_bytes, until: 2100-01-31}}
"""
USE = """
import urllib.request
import shop_exporter
from shop_exporter import metrics
metrics.shop_orders_total(3, channel="web")
metrics.shop_wait_seconds(0.5)
metrics.shop_queue_bytes(7)
assert not hasattr(metrics, "shop_orders")
server = shop_exporter.serve()
print(urllib.request.urlopen(server.url).read().decode())
server.close()
"""
ENGINE = """
import time
import urllib.request
import app_exporter
con = app_exporter.connect(instance_id="a", listen="127.0.0.1:0")
con.execute("SELECT 1").fetchall()
end = time.monotonic() + 30
while 'app_up{instance_id="a"} 1' not in (said := urllib.request.urlopen(app_exporter.serve().url).read().decode()):
    assert time.monotonic() < end, said
    time.sleep(0.01)
print(said)
app_exporter.close()
"""


def scraped(tmp_path: Path, text: str, use: str) -> list[str]:
    """The lines of /metrics of the generated exporter, after it was used."""
    spec = tmp_path / "spec.yaml"
    spec.write_text(text)
    assert main(["render", str(spec), "--output", str(tmp_path)]) == 0
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", use],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "exporter")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_what_the_application_measures_is_exposed_under_both_names_in_the_unit_of_each(tmp_path: Path) -> None:
    lines = scraped(tmp_path, SPEC, USE)
    assert 'shop_orders_total{channel="web"} 3' in lines
    assert 'shop_orders{channel="web"} 3' in lines
    assert "shop_wait_seconds_sum 0.5" in lines
    assert "shop_wait_ms_sum 500" in lines
    assert 'shop_wait_ms_bucket{le="100.0"} 0' in lines
    assert 'shop_wait_ms_bucket{le="1000.0"} 1' in lines
    assert "shop_queue_bytes 7" in lines
    assert "shop_queue 7" in lines


def test_help_and_docs_name_the_replacement_and_the_day(tmp_path: Path) -> None:
    lines = scraped(tmp_path, SPEC, USE)
    said = "The queue (deprecated: use shop_queue_bytes; gone after 2100-01-31)"
    assert f"# HELP shop_queue {said}" in lines
    assert said.replace("_", r"\_") in (tmp_path / "rendered" / "docs" / "shop.md").read_text()


def test_what_the_engine_measures_is_exposed_under_both_names(tmp_path: Path) -> None:
    text = """\
system: app
summary: An application
owner: team
waive: {no_alert: a test, base_unit: an old name, unit_in_name: an old name}
exporter: {listen: 127.0.0.1:0, instance_label: instance_id}
metrics:
  app_query_seconds: {type: histogram, unit: s, help: Time, buckets: [1, 2], measure: query.duration}
  app_query_ms: {unit: ms, buckets: [1000, 2000], deprecated: {replaced_by: app_query_seconds, until: 2100-01-31}}
  app_up: {type: gauge, help: Up, labels: {instance_id: {limit: 9}}, measure: exporter.up}
  app_alive: {deprecated: {replaced_by: app_up, until: 2100-01-31}}
"""
    lines = scraped(tmp_path, text, ENGINE)
    counts = [line for line in lines if line.startswith(("app_query_seconds_count", "app_query_ms_count"))]
    assert counts == ["app_query_seconds_count 1", "app_query_ms_count 1"]
    assert {'app_up{instance_id="a"} 1', 'app_alive{instance_id="a"} 1'} <= set(lines)


@pytest.mark.parametrize(("today", "found"), [("2100-01-31", 0), ("2100-02-01", 3)])
def test_after_its_day_check_refuses_it(today: str, found: int) -> None:
    problems = list(overdue(build([Source("shop.yaml", SPEC)]), date.fromisoformat(today)))
    assert len(problems) == found
    assert all(one.code == "overdue_metric" for one in problems)
    if problems:
        assert str(problems[0]) == (
            "shop.yaml:8:69: shop_orders was to end after 2100-01-31; remove it, shop_orders_total replaces it "
            "[overdue_metric]"
        )


def test_check_can_be_asked_about_a_day_to_come(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC)
    assert main(["render", str(spec), "--output", str(tmp_path)]) == 0
    asked = ["check", str(spec), "--output", str(tmp_path)]
    assert main(asked) == 0
    assert main([*asked, "--today", "2100-02-01"]) == 1
    assert capsys.readouterr().err.count("[overdue_metric]") == 3


def test_no_dashboard_of_its_own_accord_shows_an_old_name(tmp_path: Path) -> None:
    scraped(tmp_path, SPEC, USE)
    text = (tmp_path / "rendered" / "grafana" / "dashboards" / "shop.json").read_text()
    assert "shop_orders_total" in text
    assert "shop_queue{" not in text
    assert "shop_wait_ms" not in text
