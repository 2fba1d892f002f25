"""The guide's gunicorn: each worker is found by a real Prometheus, on the rendered configuration."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback import PATIENCE, until
from stack import Stack, free_ports

from truegauge_generator.disk import write
from truegauge_generator.render import render
from truegauge_spec import Source, build

SPEC = """\
system: duckdb
summary: Workers
owner: web
scrape: {file_sd: [FOLDER/*.json], interval: 1s}
exporter: {instance_label: instance_id}
metrics: {duckdb_up: {type: gauge, help: Up, labels: {instance_id: {limit: 5}}, measure: exporter.up}}
waive: {no_alert: only the scrape is looked at}
"""
APPLICATION = """
import duckdb_exporter

con = duckdb_exporter.connect()

def app(environ, start_response):
    start_response("200 OK", [])
    return [str(con.execute("SELECT 42").fetchone()[0]).encode()]
"""


@pytest.fixture
def gunicorn(root: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    guide = (root / "docs" / "processes.md").read_text()
    (recipe,) = (b for b in re.findall(r"```python\n(.*?)```", guide, re.DOTALL) if "post_fork" in b)
    (tmp_path / "gunicorn.conf.py").write_text(recipe)
    (tmp_path / "application.py").write_text(APPLICATION)
    (tmp_path / "targets").mkdir()
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--workers=2", f"--bind=127.0.0.1:{port}", "application:app"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root / "exporter"), "DUCKDB_EXPORTER_TARGETS": str(tmp_path / "targets")},
        stderr=subprocess.PIPE,
    )
    yield process
    process.terminate()
    process.communicate(timeout=PATIENCE)


def test_prometheus_finds_each_worker_of_gunicorn_and_nothing_is_left(
    gunicorn: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    spec = build(
        [
            Source("duckdb.yaml", SPEC.replace("FOLDER", str(tmp_path / "targets"))),
            Source("stack.yaml", "stack: test\nprometheus: {scrape_interval: 1s}\n"),
        ]
    )
    files = render(spec)
    write(files, files, str(tmp_path))
    with Stack(tmp_path, webhook=False) as stack:
        stack.prometheus(tmp_path, stack.ports.prometheus)
        asked = f"http://127.0.0.1:{stack.ports.prometheus}/api/v1/query?query=duckdb_up"

        def found() -> set[tuple[str, str]]:
            try:
                with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
                    series = json.load(answer)["data"]["result"]
            except OSError:
                return set()
            return {(one["metric"]["instance_id"], one["value"][1]) for one in series}

        until(lambda: found() == {("web-1", "1"), ("web-2", "1")})
    gunicorn.terminate()
    _, said = gunicorn.communicate(timeout=PATIENCE)
    assert gunicorn.returncode == 0, said
    assert b"leaked" not in said
    assert list((tmp_path / "targets").iterdir()) == []
