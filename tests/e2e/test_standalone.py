"""The exporter's folder, rendered into another repository, runs alone."""

from __future__ import annotations

import subprocess
import urllib.request
import venv
from pathlib import Path

import duckdb
import pytest

from truegauge_generator.cli import main

APPLICATION = """\
import sys, urllib.request
import duckdb_exporter
con = duckdb_exporter.connect("app.duckdb", instance_id="copy", listen="127.0.0.1:0")
con.execute("CREATE TABLE trades (id INTEGER)")
url = duckdb_exporter.serve().url
print(duckdb_exporter.__file__)
print(urllib.request.urlopen(url).read().decode())
con.close()
print(sorted(name for name in sys.modules if name.startswith("truegauge")))
"""
DEPENDENCIES = ("duckdb", "_duckdb", "prometheus_client")
"""What `pip install duckdb prometheus_client` puts into site-packages."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A virtual environment that has the exporter's two dependencies, and nothing else of this one."""
    place = tmp_path_factory.mktemp("venv")
    venv.create(place, with_pip=False, symlinks=True)
    packages = next(place.glob("lib/python*/site-packages"))
    installed = Path(duckdb.__file__).parents[1]
    for found in installed.iterdir():
        if found.name.startswith(DEPENDENCIES):
            (packages / found.name).symlink_to(found)
    return str(place / "bin" / "python")


def test_the_rendered_exporter_needs_only_its_two_dependencies(
    python: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["render", str(root / "spec")]) == 0
    done = subprocess.run(
        [python, "-c", APPLICATION],
        env={"PYTHONPATH": str(tmp_path / "exporter"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == str(tmp_path / "exporter" / "duckdb_exporter" / "__init__.py")
    assert "# TYPE duckdb_sync_success_count counter" in lines
    assert lines[-1] == "[]"


def test_an_existing_file_is_served_by_the_rendered_module(
    python: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["render", str(root / "spec")]) == 0
    duckdb.connect("app.duckdb").close()
    command = [
        python,
        "-m",
        "duckdb_exporter",
        "--database",
        "app.duckdb",
        "--listen",
        "127.0.0.1:0",
        "--instance-id",
        "mt5-1",
    ]
    with subprocess.Popen(
        command,
        env={"PYTHONPATH": str(tmp_path / "exporter")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - on loopback
            assert 'duckdb_up{instance_id="mt5-1"}' in answer.read().decode()
        process.terminate()
        _, complaints = process.communicate(timeout=20)
    assert (process.returncode, complaints) == (0, "")
