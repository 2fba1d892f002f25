"""Alertmanager posts an alert with a remedy to the exporter, and sends the notification all the same."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from truegauge_generator.drill.follow import channels
from truegauge_generator.proof import routes
from truegauge_generator.render import render
from truegauge_spec import Spec
from truegauge_spec.stack import RemediesPost

POSTS = {
    "here": RemediesPost(url="http://127.0.0.1:9187/remedies", bearer_token_file="secrets/token"),
    "mt5-2": RemediesPost(
        url="https://mt5-2.example.com:9187/remedies",
        bearer_token_file="secrets/token",
        ca_file="secrets/ca.pem",
        match={"instance_id": "mt5-2"},
    ),
}
FILE = "rendered/alertmanager/alertmanager.yml"


@pytest.fixture(scope="module")
def remedied(spec: Spec) -> Spec:
    """The project's spec with remedies turned on."""
    assert spec.stack.alertmanager is not None
    alertmanager = spec.stack.alertmanager.model_copy(update={"remedies": POSTS})
    return replace(spec, stack=spec.stack.model_copy(update={"alertmanager": alertmanager}))


@pytest.fixture(scope="module")
def config(remedied: Spec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = render(remedied)
    place = tmp_path_factory.mktemp("alertmanager")
    (place / "templates").mkdir()
    (place / "templates" / "truegauge.tmpl").write_text(files["rendered/alertmanager/templates/truegauge.tmpl"])
    (place / "alertmanager.yml").write_text(files[FILE])
    return place / "alertmanager.yml"


def receivers(amtool: str, config: Path, **labels: str) -> list[str]:
    command = [amtool, "config", "routes", "test", f"--config.file={config}"]
    done = subprocess.run(
        [*command, *(f"{label}={value}" for label, value in labels.items())], capture_output=True, text=True, check=True
    )
    return done.stdout.strip().split(",")


def test_alertmanager_accepts_it(amtool: str, config: Path) -> None:
    done = subprocess.run([amtool, "check-config", str(config)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_an_alert_with_a_remedy_goes_to_its_exporter_and_to_who_is_paged(amtool: str, config: Path) -> None:
    page = {"alertname": "HighMemoryUsage", "severity": "critical", "remedy": "flush_allocator"}
    assert receivers(amtool, config, **page, instance_id="mt5-1") == ["remedies/here", "page"]
    assert receivers(amtool, config, **page, instance_id="mt5-2") == ["remedies/here", "remedies/mt5-2", "page"]


def test_an_alert_without_a_remedy_goes_to_no_exporter(amtool: str, config: Path) -> None:
    assert receivers(amtool, config, alertname="ExporterDown", severity="critical") == ["page"]


def test_the_routes_are_proven_with_those_of_the_remedies(remedied: Spec, amtool: str, alertmanager: str) -> None:
    proof = routes.prove(remedied, render(remedied), amtool, alertmanager)
    assert proof.problems == ()
    assert [mutant for mutant in proof.mutants if mutant.outcome == "survived"] == []
    assert {row.alert for row in proof.rows if row.receivers[0] == "remedies/here"} == {
        name for name, alert in remedied.systems["duckdb"].alerts.items() if alert.remedy
    }


def test_a_drill_knows_the_channel_of_an_exporter_s_remedies(remedied: Spec) -> None:
    assert remedied.stack.alertmanager is not None
    assert channels(remedied.stack.alertmanager, "remedies/here") == ["webhook"]
    assert channels(remedied.stack.alertmanager, "page") == ["webhook"]


def test_the_token_and_the_authority_are_files(config: Path) -> None:
    text = config.read_text()
    assert text.count("credentials_file: secrets/token") == 2
    assert "ca_file: secrets/ca.pem" in text
    assert text.count("send_resolved: true") >= 2


def test_nothing_is_posted_unless_the_stack_says_so(root: Path) -> None:
    assert "remedies" not in (root / FILE).read_text()
