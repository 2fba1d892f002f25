"""A real Prometheus scrapes through TLS, with a password and with a certificate of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import certificates
from stack import free_ports

from duckdb_exporter import passwords
from duckdb_exporter.server import Server
from duckdb_exporter.web import web

CONFIG = """\
global: {scrape_interval: 3s, scrape_timeout: 3s}
scrape_configs:
  - job_name: right
    scheme: https
    basic_auth: {username: prometheus, password_file: password}
    tls_config: &tls {ca_file: ca.pem, cert_file: client.pem, key_file: client.key}
    static_configs: &target [{targets: ['127.0.0.1:PORT']}]
  - job_name: wrong_password
    scheme: https
    basic_auth: {username: prometheus, password_file: wrong}
    tls_config: *tls
    static_configs: *target
  - job_name: no_certificate
    scheme: https
    basic_auth: {username: prometheus, password_file: password}
    tls_config: {ca_file: ca.pem}
    static_configs: *target
"""
WEB = f"""\
tls_server_config:
  cert_file: web.pem
  key_file: web.key
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
basic_auth_users:
  prometheus: {passwords.hash_password("right")}
"""


def test_prometheus_scrapes_with_tls_a_certificate_and_a_password(tmp_path: Path) -> None:
    certificates.make(tmp_path)
    (tmp_path / "password").write_text("right")
    (tmp_path / "wrong").write_text("wrong")
    (tmp_path / "web.yml").write_text(WEB)
    server = Server("127.0.0.1:0", lambda: b"scraped 1\n", "test exporter", web(tmp_path / "web.yml"))
    (tmp_path / "prometheus.yml").write_text(CONFIG.replace("PORT", str(server.port)))
    (port,) = free_ports(1)
    program = shutil.which("prometheus")
    assert program, "prometheus is not on the PATH; `make tools` puts it into .tools"
    arguments = [
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as prometheus:
        try:
            healths = until_known(port)
        finally:
            prometheus.terminate()
    server.close()
    assert healths["right"] == ("up", "")
    assert healths["wrong_password"] == ("down", "server returned HTTP status 401 Unauthorized")
    health, error = healths["no_certificate"]
    assert health == "down"
    assert "certificate required" in error


def until_known(port: int) -> dict[str, tuple[str, str]]:
    """Health and last error of each target, once each was scraped."""
    deadline = time.monotonic() + 40
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/targets", timeout=5) as answer:
                targets = json.load(answer)["data"]["activeTargets"]
        except OSError:
            targets = []
        found = {one["scrapePool"]: (one["health"], one["lastError"]) for one in targets}
        settled = len(found) == 3 and all(
            health != "unknown" and "deadline" not in error for health, error in found.values()
        )
        if settled:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
