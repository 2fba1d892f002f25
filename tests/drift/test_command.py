"""`truegauge drift --code`: no server is asked, and what differs is a problem."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from truegauge_generator.cli import main


def found(folder: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    code = main(["drift", str(root / "spec"), "--code", str(folder), "--format", "json"])
    said = json.loads(capsys.readouterr().out)
    assert said["sources"] == []
    return code, [problem["code"] for problem in said["problems"]]


def test_code_that_defines_no_metric_is_as_the_spec_says(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "application.py").write_text("print('hello')\n")
    assert found(tmp_path, root, capsys) == (0, [])


def test_a_metric_that_the_spec_does_not_have_is_a_problem(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "application.py").write_text(
        "from prometheus_client import Counter\n\nORDERS = Counter('app_orders', 'Orders')\n"
    )
    assert found(tmp_path, root, capsys) == (1, ["code_undeclared"])


def test_a_folder_without_python_is_never_a_pass(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert found(tmp_path, root, capsys) == (1, ["no_code"])


MISUSE = {
    "--code . --watch 60s": "--watch and --code do not go together: code is read once",
    "--listen 127.0.0.1:1": "--listen does nothing without --watch",
    "--watch 1s --format sarif": "--watch and --format sarif do not go together: findings are metrics then",
    "--basic-auth-password-file x": "--basic-auth-password-file does nothing without --basic-auth-user",
    "--key-file x": "--key-file does nothing without --cert-file",
    "--bearer-token-file x --basic-auth-user y": "--bearer-token-file and --basic-auth-user do not go together: ",
    "--code . --timeout 1s": "--timeout does nothing beside --code alone, with which no server is asked",
    "--code . --ca-file x": "--ca-file does nothing beside --code alone, with which no server is asked",
    "--exporter http://127.0.0.1:9 --grafana-token-file x": "--grafana-token-file does nothing here",
    "--code . --grafana-token-file x": "--grafana-token-file does nothing here",
}


@pytest.mark.parametrize("flags", MISUSE)
def test_a_flag_that_would_be_passed_over_is_refused(
    flags: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["drift", str(root / "spec"), *flags.split()])
    assert ended.value.code == 2
    assert f"truegauge: error: {MISUSE[flags]}" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told_by_its_address(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        listen = f"[::1]:{taken.getsockname()[1]}"
        assert main(["drift", str(root / "spec"), "--watch", "60s", "--listen", listen]) == 1
    said = capsys.readouterr().err
    assert f"http://{listen}/metrics: cannot be served: address already in use [not_listening]" in said
    assert main(["drift", str(root / "spec"), "--watch", "60s", "--listen", "no.such.host.invalid:1"]) == 1
    assert "http://no.such.host.invalid:1/metrics: cannot be served: " in capsys.readouterr().err
