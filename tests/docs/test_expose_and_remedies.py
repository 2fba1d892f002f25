"""docs/expose.md and docs/remedies.md: their commands run, their files are accepted, their code does what they say."""

from __future__ import annotations

import base64
import http.client
import os
import re
import ssl
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bcrypt
import duckdb
import pytest

from duckdb_exporter.engine.exporter import Exporter
from duckdb_exporter.instruments import Instruments
from duckdb_exporter.metrics import METRICS, SETTINGS
from duckdb_exporter.web import read
from truegauge_generator.render import render
from truegauge_spec import Source, build

ROOT = Path(__file__).parents[2]
EXPOSE, REMEDIES = ROOT / "docs" / "expose.md", ROOT / "docs" / "remedies.md"
PASSWORD = "a long password"


def blocks(document: Path, language: str) -> list[str]:
    """Those of one language, also where they stand in a list."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", document.read_text(), re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


HASH, CERTIFICATE, SERVE = (line.strip() for block in blocks(EXPOSE, "sh") for line in block.splitlines())
WEB, SCRAPE = blocks(EXPOSE, "yaml")


def run(command: str, place: Path, given: str = "") -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "exporter")}
    done = subprocess.run(
        ["sh", "-c", command], cwd=place, env=environment, input=given, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder in which everything was done that expose.md says before the exporter is started."""
    hashed = run(HASH, tmp_path, PASSWORD + "\n").strip()
    run(CERTIFICATE, tmp_path)
    assert "$scrypt$ln=14,r=8,p=5$SALT$HASH" in WEB
    (tmp_path / "web.yml").write_text(WEB.replace("$scrypt$ln=14,r=8,p=5$SALT$HASH", hashed))
    duckdb.connect(tmp_path / "app.duckdb").close()
    return tmp_path


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    """What `import duckdb_exporter` gives, for one test alone."""
    exporter = Exporter(Instruments(METRICS, SETTINGS), "duckdb", "0")
    yield exporter
    exporter.close()


def status(url: str, place: Path, password: str) -> int:
    context = ssl.create_default_context(cafile=str(place / "web.pem"))
    port = int(url.rpartition(":")[2].partition("/")[0])
    client = http.client.HTTPSConnection("localhost", port, timeout=20, context=context)
    credentials = base64.b64encode(f"prometheus:{password}".encode()).decode()
    client.request("GET", "/metrics", headers={"Authorization": f"Basic {credentials}"})
    found = client.getresponse().status
    client.close()
    return found


def test_the_exporter_that_is_started_as_shown_asks_for_the_password(place: Path) -> None:
    command = SERVE.replace("0.0.0.0:9187", "0.0.0.0:0").replace("python", sys.executable, 1).split()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "exporter")}
    with subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        assert url.startswith("https://")
        assert [status(url, place, password) for password in (PASSWORD, "wrong")] == [200, 401]
        process.terminate()


def test_the_application_that_connects_as_shown_asks_for_the_password(
    place: Path, exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = blocks(EXPOSE, "python")
    monkeypatch.chdir(place)
    scope: dict[str, Any] = {"duckdb_exporter": exporter}
    exec(code.replace("0.0.0.0:9187", "127.0.0.1:0"), scope)  # noqa: S102 - the document's own code
    url = exporter.serve().url
    assert [status(url, place, password) for password in (PASSWORD, "wrong")] == [200, 401]
    scope["con"].close()


def test_a_file_with_bcrypt_is_accepted_by_prometheus_own_check_and_by_the_exporter(place: Path, promtool: str) -> None:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    (place / "web.yml").write_text(WEB.replace("$scrypt$ln=14,r=8,p=5$SALT$HASH", hashed))
    subprocess.run([promtool, "check", "web-config", "web.yml"], cwd=place, check=True, capture_output=True)
    assert read(place / "web.yml")[0].tls is not None


def test_prometheus_accepts_the_scrape_configuration(place: Path, promtool: str) -> None:
    job = textwrap.indent(SCRAPE, "    ")
    (place / "password").write_text(PASSWORD)
    (place / "prometheus.yml").write_text(f"scrape_configs:\n  - job_name: duckdb\n{job}")
    subprocess.run([promtool, "check", "config", "prometheus.yml"], cwd=place, check=True, capture_output=True)


def test_a_remedy_s_token_is_made_and_taken_as_shown(
    tmp_path: Path, exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    (token,) = (block for block in blocks(REMEDIES, "sh") if "secrets" in block)
    run(token.strip(), tmp_path)
    monkeypatch.chdir(tmp_path)
    connect, register = blocks(REMEDIES, "python")
    retried: list[str] = []
    scope: dict[str, Any] = {"duckdb_exporter": exporter, "worker": SimpleNamespace(retry=retried.append)}
    exec(connect.replace('"remedies_token"', '"remedies_token", listen="127.0.0.1:0"'), scope)  # noqa: S102
    exec(register, scope)  # noqa: S102 - the document's own code
    scope["retry_sync"](SimpleNamespace(labels={"instance_id": "mt5-1"}))
    assert retried == ["mt5-1"]
    scope["con"].close()


def test_the_spec_and_the_stack_of_remedies_are_valid() -> None:
    bounds, stack = blocks(REMEDIES, "yaml")
    duckdb_yaml = (ROOT / "spec" / "duckdb.yaml").read_text()
    declared = re.sub(r"^  remedies:\n(?:    .*\n)+", bounds.partition("\n")[2], duckdb_yaml, flags=re.MULTILINE)
    local = (ROOT / "spec" / "stack.yaml").read_text()
    posts = local.replace("alertmanager:\n", stack, 1)
    files = render(build([Source("duckdb.yaml", declared), Source("stack.yaml", posts)]))
    assert "dry_run=True" in files["exporter/duckdb_exporter/metrics.py"]
    assert "url: https://mt5-1.example.com:9187/remedies" in files["rendered/alertmanager/alertmanager.yml"]
