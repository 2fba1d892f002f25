"""What the documents show of drift is true: commands run, rules are rules, the findings are all of them."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from documented_grafana import Grafana
from loopback import PATIENCE, answering, got, until
from stack import free_ports
from world import World

from truegauge_generator.cli import main
from truegauge_generator.drift.codes import FINDINGS

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "drift.md").read_text()
SHOWN = [
    line.partition("#")[0].strip()
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    for block in re.findall(r"^```sh\n(.*?)^```", document.read_text(), re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]
COMMANDS = sorted({line for line in SHOWN if line.startswith("truegauge drift")})


@pytest.fixture
def here(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A folder with the spec of the world and Grafana's token; the addresses that stand for those of the document."""
    (tmp_path / "spec").symlink_to(world.spec_folder)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "grafana_token").write_text("glsa_test")
    monkeypatch.chdir(tmp_path)
    addresses = {"9187": world.exporter, "9090": world.prometheus, "9093": world.alertmanager}
    return {port: re.findall(r"\d+", address)[4] for port, address in addresses.items()}


def there(command: str, ports: dict[str, str]) -> list[str]:
    program, *arguments = shlex.split(command)
    assert program == "truegauge"
    for before, port in ports.items():
        arguments = [word.replace(f":{before}", f":{port}") for word in arguments]
    return arguments


@pytest.mark.parametrize("command", [command for command in COMMANDS if "--watch" not in command])
def test_a_command_that_is_shown_finds_no_drift_where_there_is_none(
    command: str, here: dict[str, str], world: World
) -> None:
    arguments = there(command, {**here, "3000": str(world.grafana_port)})
    asks_others = any(flag in arguments for flag in ("--exporter", "--prometheus", "--code"))
    if "--grafana-token-file" not in arguments and not asks_others:
        arguments += ["--grafana-token-file", "secrets/grafana_token"]
    with answering(Grafana(world.spec, "").answer, world.grafana_port):
        assert main(arguments) == 0


def test_watching_serves_findings_until_it_is_told_to_end(here: dict[str, str], world: World) -> None:
    (command,) = (command for command in COMMANDS if "--watch" in command)
    (port,) = free_ports(1)
    arguments = [word.replace("60s", "200ms") for word in there(command, {"9188": str(port)})]
    program = [sys.executable, "-m", "truegauge_generator", *arguments, *world.asked()]
    url = f"http://127.0.0.1:{port}/metrics"
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: b"last_check_timestamp_seconds 1" in got(url))
            assert b"\ntruegauge_drift{" not in got(url)
            for server, address in (("exporter", world.exporter), ("prometheus", world.prometheus)):
                line = f'truegauge_drift_reachable{{source="{address}",server="{server}"}} 1\n'
                assert line.encode() in got(url)
            with world.edited(world.rules, lambda document: document["groups"][0]["rules"][1].update({"for": "1h"})):
                subject = "duckdb.yml/duckdb-queries/HighQueryLatency"
                labels = f'source="{world.prometheus}",kind="rule_changed",subject="{subject}"'
                until(lambda: f"\ntruegauge_drift{{{labels}}} 1\n".encode() in got(url))
            until(lambda: b"\ntruegauge_drift{" not in got(url))
            assert got(f"http://127.0.0.1:{port}/other") == b""
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert re.fullmatch(r"drift: ended after \d+ checks\n", out)
    assert err.splitlines() == [
        f"drift: serving {url}, every 0.2 s",
        "drift: 3 servers asked, findings: 0",
        "drift: 3 servers asked, findings: 1",
        "drift: 3 servers asked, findings: 0",
    ]


TESTS = """
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'truegauge_drift{source="s",kind="k",subject="x"}', values: 1x20}
      - {series: truegauge_drift_last_check_timestamp_seconds, values: 0x20}
    alert_rule_test:
      - eval_time: 4m
        alertname: Drift
        exp_alerts: []
      - eval_time: 5m
        alertname: Drift
        exp_alerts:
          - exp_labels: {source: s, kind: k, subject: x, severity: warning}
            exp_annotations: {summary: x at s is not what the spec says (k)}
      - eval_time: 10m
        alertname: DriftNotWatched
        exp_alerts: []
      - eval_time: 11m
        alertname: DriftNotWatched
        exp_alerts:
          - exp_labels: {severity: warning}
            exp_annotations: {summary: Nobody compares what runs with the spec}
"""


def test_the_rules_that_are_shown_fire(promtool: str, tmp_path: Path) -> None:
    (rules,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    (tmp_path / "rules.yml").write_text(rules)
    (tmp_path / "tests.yml").write_text(TESTS)
    done = subprocess.run(
        [promtool, "test", "rules", "tests.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_table_has_every_finding_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", DOCUMENT, re.MULTILINE))
    assert rows == {code: kind.meaning for code, kind in FINDINGS.items()}


def test_every_finding_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for code, kind in FINDINGS.items():
        assert main(["explain", code]) == 0
        said = capsys.readouterr().out
        assert kind.fix in said
        assert said.startswith(f"{code}: ")
