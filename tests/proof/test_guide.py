"""The commands of docs/prove.md, on a small system and on rules that somebody wrote."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from truegauge_generator.cli import main

GUIDE = Path(__file__).parents[2] / "docs" / "prove.md"
LINES = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize("line", [line for line in LINES if "--rules" not in line])
def test_a_command_for_a_spec_runs(line: str, shop: Path) -> None:
    _, *arguments = shlex.split(line)
    assert main(arguments) == 0


@pytest.mark.parametrize("line", [line for line in LINES if "--rules" in line])
def test_a_command_for_rules_of_others_runs(line: str, written: Path) -> None:
    _, *arguments = shlex.split(line)
    globbed = [sorted(map(str, Path().glob(word))) if "*" in word else [word] for word in arguments]
    assert main([word for words in globbed for word in words]) == 0


def test_the_guide_shows_both() -> None:
    assert {"--rules" in line for line in LINES} == {True, False}
