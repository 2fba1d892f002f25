"""A fire drill on a real Prometheus and Alertmanager: it arrives, or says where it got lost, and nothing is left."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from stack import Stack, free_ports

from truegauge_generator.cli import main
from truegauge_generator.disk import write
from truegauge_generator.render import render
from truegauge_spec import load

SPEC = Path(__file__).parents[2] / "spec"
SYSTEMS = Path(__file__).parents[1] / "systems"
# What keeps a drill waiting, and what is shorter here.
SHORTER = (
    (r"over: 1m", r"over: 5s"),
    (r"\n    for: \d+\w", r"\n    for: 2s"),
    (r"group_wait: 5s", r"group_wait: 1s"),
    (r"group_interval: 1m", r"group_interval: 2s"),
    (r"secrets/webhook_token", r"../../webhook_token"),
)
# The command, though a shell that runs the tests in its background lets them ignore interrupts.
HEEDING = """
import signal
from truegauge_generator.cli import program
signal.signal(signal.SIGINT, signal.default_int_handler)
program()
"""


class Servers(NamedTuple):
    """What runs, and the spec that it runs on."""

    stack: Stack
    spec: Path

    def ask(self, query: str) -> list[Any]:
        """What a query gives in Prometheus."""
        url = f"http://127.0.0.1:{self.stack.ports.prometheus}/api/v1/query?query={quote(query)}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            found: list[Any] = json.load(answer)["data"]["result"]
        return found

    def is_clean(self) -> bool:
        """Whether no series and no alert of a drill is there."""
        url = f"http://127.0.0.1:{self.stack.ports.alertmanager}/api/v2/alerts?filter=drill%3D%22true%22"
        with urllib.request.urlopen(url, timeout=5) as answer:
            alerts = json.load(answer)
        return not alerts and not self.ask('{instance=~"drill-.*"}')


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both servers on the project's rendered files, with shorter waiting times; the route of `info` leads nowhere."""
    place = tmp_path_factory.mktemp("drill")
    with Stack(place) as stack:
        (place / "spec").mkdir()
        for name in ("duckdb.yaml", "stack.yaml"):
            text = (SPEC / name).read_text()
            for pattern, shorter in SHORTER:
                text = re.sub(pattern, shorter, text)
            text = text.replace("127.0.0.1:9095", f"127.0.0.1:{stack.ports.webhook}")
            text = text.replace("127.0.0.1:9090", f"127.0.0.1:{stack.ports.prometheus}")
            text = text.replace("127.0.0.1:9093", f"127.0.0.1:{stack.ports.alertmanager}")
            text = text.replace("127.0.0.1:9187", f"127.0.0.1:{stack.ports.exporter}")
            (place / "spec" / name).write_text(text)
        dead = f"    dead:\n      webhook: {{url: http://127.0.0.1:{stack.ports.sink}/dead}}\n  route:"
        stack_file = place / "spec" / "stack.yaml"
        text = stack_file.read_text().replace("  route:", dead, 1)
        text = text.replace(
            "    routes:\n", "    routes:\n      - {match: {alertname: StalePoll}, receiver: dead}\n", 1
        )
        stack_file.write_text(text)
        files = render(load(place / "spec"))
        write(files, files, str(place))
        stack.start()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if Servers(stack, place / "spec").ask("up"):
                    break
            except OSError:
                pass
            time.sleep(0.1)
        yield Servers(stack, place / "spec")


def drilled(servers: Servers, *arguments: str) -> int:
    alert, *others = arguments
    return main(["drill", alert, str(servers.spec), "--patience", "5s", *others])


def test_a_drill_goes_to_the_receiver_and_back(servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
    list(servers.stack.received())
    code = drilled(servers, "HighQueryLatency")
    said = capsys.readouterr()
    assert code == 0, said.err + servers.stack.logs()
    assert [line.split()[0] for line in said.out.splitlines()] == [
        "pending",
        "firing",
        "received",
        "sent",
        "resolved",
        "the",
        "drill:",
    ]
    assert "the drill's events count in QueriesFast" in said.out
    assert "for notify" in said.out
    assert ("HighQueryLatency", "firing", "notify") in set(servers.stack.received())
    assert servers.is_clean()


def test_a_receiver_that_cannot_be_reached_is_named(servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
    assert drilled(servers, "StalePoll") == 1
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()] == ["pending", "firing", "received", "resolved"]
    assert re.search(r"duckdb.yaml:\d+:3: StalePoll was not sent within 7 s: nothing arrived by webhook", said.err)
    assert servers.is_clean()


def test_a_missing_rule_is_named_before_anything_is_sent(
    servers: Servers, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for file in servers.spec.iterdir():
        (tmp_path / file.name).write_text(file.read_text().replace("ConnectionFailure", "NoConnection"))
    assert main(["drill", "NoConnection", str(tmp_path)]) == 1
    assert "NoConnection cannot be drilled: Prometheus has no rule of that name" in capsys.readouterr().err
    assert servers.is_clean()


def test_an_alert_that_is_silenced_says_so(servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
    matcher = {"name": "drill", "value": "true", "isRegex": False}
    now = datetime.now(UTC)
    span = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(seconds=60)).isoformat()}
    made = post(servers.stack, "silences", {"matchers": [matcher], "createdBy": "test", "comment": "test", **span})
    assert drilled(servers, "EngineNotAnswering") == 1
    assert f"EngineNotAnswering is not sent, it is silenced: {made['silenceID']}" in capsys.readouterr().err
    connection = HTTPConnection("127.0.0.1", servers.stack.ports.alertmanager, timeout=5)
    connection.request("DELETE", f"/api/v2/silence/{made['silenceID']}")
    assert connection.getresponse().status == 200
    connection.close()
    assert servers.is_clean()


def post(stack: Stack, path: str, body: object) -> Any:
    connection = HTTPConnection("127.0.0.1", stack.ports.alertmanager, timeout=5)
    connection.request("POST", f"/api/v2/{path}", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    said = answer.read()
    assert answer.status == 200, said
    connection.close()
    return json.loads(said)


def test_an_interrupted_drill_ends_its_series(servers: Servers) -> None:
    command = [sys.executable, "-c", HEEDING, "drill", "ExporterDown", str(servers.spec)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: bool(servers.ask('up{instance=~"drill-.*"}')))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said == "interrupted\n"
    until(servers.is_clean)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_server_without_remote_write_or_marks_is_not_drilled(
    servers: Servers, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert drilled(servers, "HighQueryLatency", "--alertmanager", "http://127.0.0.1:9") == 1
    assert "cannot be drilled: http://127.0.0.1:9 does not answer" in capsys.readouterr().err
    (tmp_path / "prometheus.yml").write_text("global: {scrape_interval: 1s}\n")
    for flag, reason in (
        ("--log.level=error", "start Prometheus at"),
        ("--web.enable-remote-write-receiver", "Prometheus does not mark drills; say `drill: true`"),
    ):
        (port,) = free_ports(1)
        place = [f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'data'}"]
        command = ["prometheus", *place, f"--web.listen-address=127.0.0.1:{port}", flag]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            until(partial(answers, port))
            assert drilled(servers, "HighQueryLatency", "--prometheus", f"http://127.0.0.1:{port}") == 1
        finally:
            process.terminate()
            process.wait()
        assert reason in capsys.readouterr().err


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5):
            return True
    except OSError:
        return False


def test_an_unknown_alert_is_a_problem_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drill", "HighQueryLatecy", str(SPEC)]) == 1
    said = capsys.readouterr().err
    assert "there is no alert 'HighQueryLatecy'; did you mean 'HighQueryLatency'? [unknown_topic]" in said


def test_alerts_that_the_spec_does_not_declare_are_known_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drill", "SpecDrift", str(SPEC)]) == 1
    said = capsys.readouterr().err
    assert re.search(r"duckdb.yaml:\d+:\d+: SpecDrift cannot be drilled: it compares the spec of an exporter", said)
    assert main(["drill", "QueriesFastPage", str(SPEC)]) == 1
    said = capsys.readouterr().err
    assert re.search(r"duckdb.yaml:\d+:\d+: QueriesFastPage cannot be drilled: .* of all instances together", said)
    assert main(["drill", "QueriesFastPag", str(SPEC)]) == 1
    assert "there is no alert 'QueriesFastPag'; did you mean 'QueriesFastPage'?" in capsys.readouterr().err


def test_a_server_that_goes_away_is_a_problem(servers: Servers) -> None:
    command = [sys.executable, "-m", "truegauge_generator", "drill", "ExporterDown", str(servers.spec)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: bool(servers.ask('up{instance=~"drill-.*"}')))
        servers.stack.stop("prometheus")
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"ExporterDown: http://127.0.0.1:{servers.stack.ports.prometheus} does not answer" in said
