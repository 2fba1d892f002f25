"""`truegauge drift --code`: no server is asked, and what differs is a problem."""

from __future__ import annotations

import json
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
