"""A system that measures nothing in DuckDB: its folder runs without DuckDB."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import duckdb_exporter

RUNTIME = (
    "app_only.py",
    "authentication.py",
    "children.py",
    "declare.py",
    "exposition.py",
    "http1.py",
    "instruments.py",
    "passwords.py",
    "registry.py",
    "reloaded.py",
    "server.py",
    "web.py",
    "web_yaml.py",
)
METRICS = """
from __future__ import annotations
from typing import Literal
from .declare import Label, Metric, Settings
from .instruments import Instruments
SYSTEM = "shop"
SPEC_DIGEST = "beef"
SETTINGS = Settings(listen="127.0.0.1:0")
METRICS = (
    Metric("app_orders_total", "counter", "", "Orders", (Label("channel", values=("web", "shop")),), {measure!r}),
)
INSTRUMENTS = Instruments(METRICS, SETTINGS)
def app_orders_total(amount: float = 1.0, /, *, channel: Literal["web", "shop"]) -> None:
    INSTRUMENTS.increment("app_orders_total", amount, channel)
"""
USE = """
import sys, urllib.request
sys.modules["duckdb"] = None
import shop_exporter
from shop_exporter import metrics
metrics.app_orders_total(3, channel="web")
assert "prometheus_client" not in sys.modules
from prometheus_client import CollectorRegistry, Gauge
registry = CollectorRegistry()
Gauge("app_queue", "Queue", registry=registry).set(7)
server = shop_exporter.serve(registry=registry)
print(urllib.request.urlopen(server.url).read().decode())
server.close()
assert "shop_exporter.web" not in sys.modules
registry.register(shop_exporter.collector())
assert registry.get_sample_value("app_orders_total", {"channel": "web"}) == 3
"""


def run(tmp_path: Path, measure: str) -> subprocess.CompletedProcess[str]:
    package = tmp_path / "shop_exporter"
    package.mkdir()
    source = Path(duckdb_exporter.__file__).parent
    for name in RUNTIME:
        shutil.copy(source / name, package / ("__init__.py" if name == "app_only.py" else name))
    (package / "metrics.py").write_text(METRICS.format(measure=measure))
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", USE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_copy_of_the_runtime_runs_without_duckdb(tmp_path: Path) -> None:
    done = run(tmp_path, "app")
    assert (done.returncode, done.stderr) == (0, "")
    assert 'app_orders_total{channel="web"} 3' in done.stdout.splitlines()
    assert "app_queue 7.0" in done.stdout.splitlines()
    assert 'shop_exporter_spec_info{system="shop",digest="beef"} 1' in done.stdout.splitlines()


def test_a_metric_of_the_engine_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "connection.failed")
    assert done.returncode == 1
    assert "app_orders_total: 'connection.failed' needs the engine's runtime" in done.stderr


@pytest.mark.parametrize("name", RUNTIME)
def test_its_files_import_nothing_of_the_engine(name: str) -> None:
    text = (Path(duckdb_exporter.__file__).parent / name).read_text()
    assert "import duckdb" not in text
    assert ".engine" not in text
