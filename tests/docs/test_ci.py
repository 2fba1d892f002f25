"""The hooks of .pre-commit-hooks.yaml and the recipes of docs/ci.md: well-formed, and every command line parses."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from truegauge_generator.cli import COMMANDS, _parser

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text()
BLOCKS = {
    block.splitlines()[0].removeprefix("# "): yaml.safe_load(block)
    for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
}
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
GITHUB, GITLAB = BLOCKS[".github/workflows/monitoring.yml"], BLOCKS[".gitlab-ci.yml"]


def scripts() -> Iterator[str]:
    """Every line of shell of the recipes."""
    for step in GITHUB["jobs"]["truegauge"]["steps"]:
        yield from step.get("run", "").splitlines()
    job = GITLAB["monitoring"]
    for part in ("before_script", "script", "after_script"):
        yield from job[part]


LINES = sorted({*(line for line in scripts() if line.startswith("truegauge ")), *(hook["entry"] for hook in HOOKS)})


def test_the_recipes_check_prove_and_diff() -> None:
    words = {line.split()[1] for line in scripts() if line.startswith("truegauge ")}
    assert words == {"check", "prove", "diff", "drift"}


@pytest.mark.parametrize("line", LINES)
def test_a_command_line_is_one_that_truegauge_takes(line: str) -> None:
    words = shlex.split(line.partition(" > ")[0])[1:]
    assert words[0] in {command.name for command in COMMANDS}
    command = import_module(f"truegauge_generator.commands.{words[0]}")
    options = _parser(command).parse_args(words)  # exits for words that it does not know
    assert options.spec == "spec"


def test_every_hook_has_what_pre_commit_asks_for_and_starts_our_program() -> None:
    programs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    for hook in HOOKS:
        assert set(hook) == {"id", "name", "description", "entry", "language", "files", "pass_filenames"}
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False
        assert hook["entry"].split()[0] in programs
        assert hook["id"] == hook["entry"].replace(" ", "-")
        for path in ("spec/duckdb.yaml", "rendered/prometheus/rules/duckdb.yml", "exporter/duckdb_exporter/metrics.py"):
            assert re.search(hook["files"], path)
        assert not re.search(hook["files"], "docs/spec/ci.md")


def test_the_page_shows_every_hook() -> None:
    (repository,) = BLOCKS[".pre-commit-config.yaml"]["repos"]
    assert [hook["id"] for hook in repository["hooks"]] == [hook["id"] for hook in HOOKS]


def test_both_recipes_post_the_diff_though_it_fails_and_keep_it() -> None:
    steps: list[dict[str, Any]] = GITHUB["jobs"]["truegauge"]["steps"]
    (post,) = (step for step in steps if step.get("name") == "Post it")
    assert post["if"].startswith("always()")
    assert post["run"].endswith("body=@diff.md")
    (kept,) = (step for step in steps if "upload-artifact" in step.get("uses", ""))
    assert "diff.md" in kept["with"]["path"]
    job = GITLAB["monitoring"]
    assert any("body@diff.md" in line for line in job["after_script"])  # which runs when `script` has failed too
    assert job["artifacts"]["when"] == "always"
    assert "diff.md" in job["artifacts"]["paths"]


def test_the_page_and_the_code_have_the_same_codes() -> None:
    from truegauge_generator.codes import CODES

    shown = set(re.findall(r"^\| `((?:no_)?code\w*)` \|", PAGE, re.MULTILINE))
    assert shown == {code for code in CODES if code.startswith("code_") or code == "no_code"}
