"""Each broken spec in tests/faults says itself what is wrong with it: `# expect: line:column: message [code]`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from truegauge_generator.cli import main
from truegauge_spec import check

FAULTS = Path(__file__).parents[1] / "faults"
CASES = sorted(path for path in FAULTS.iterdir() if path.name != "nothing")


def expected(case: Path) -> list[str]:
    files = [case] if case.is_file() else sorted(case.iterdir())
    return [
        f"{file.name}:{line}"
        for file in files
        for line in re.findall(r"^# expect: (.*)$", file.read_text(), re.MULTILINE)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_broken_spec_gets_its_position_and_message_and_nothing_is_written(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Path(shutil.copytree(case, tmp_path / "spec") if case.is_dir() else shutil.copy(case, tmp_path))
    monkeypatch.chdir(place if place.is_dir() else tmp_path)
    (tmp_path / "rendered").mkdir()
    (tmp_path / "rendered" / "kept.yml").write_text("as it was\n")

    assert main(["render", "." if place.is_dir() else place.name, "--output", str(tmp_path)]) == 1

    said = [line for line in capsys.readouterr().err.splitlines() if not line.startswith(" ")]
    assert sorted(said[:-1]) == sorted(expected(case))
    assert [file.read_text() for file in (tmp_path / "rendered").rglob("*")] == ["as it was\n"]


def test_a_folder_without_a_spec_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", str(FAULTS / "nothing")]) == 1
    assert capsys.readouterr().err.startswith(f"{FAULTS / 'nothing'}:1:1: nothing to render: no .yaml file")


def test_a_spec_that_does_not_exist_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", str(tmp_path / "absent")]) == 1
    assert "there is no such file or folder [empty_spec]" in capsys.readouterr().err


def test_text_that_is_not_utf8_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_bytes(b"system: a\nsummary: \xe9t\xe9\n")
    assert main(["render", str(tmp_path)]) == 1
    assert "a.yaml:2:10: not UTF-8 text; save the file as UTF-8 [encoding]" in capsys.readouterr().err


def test_every_check_has_a_fault_case() -> None:
    codes = {code for case in CASES for line in expected(case) for code in re.findall(r"\[(\w+)\]$", line)}
    checks = {found.__name__ for found in (*check.SYSTEM_CHECKS, *check.STACK_CHECKS)}
    assert checks - codes == set(check.SEVERITIES)  # those have cases in tests/advice
