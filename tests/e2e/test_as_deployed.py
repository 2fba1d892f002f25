"""The exporter runs as its Dockerfile says: the files it copies, the command it starts, and no rights."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from dockerfile_parse import DockerfileParser

from truegauge_generator.cli import main

PACKAGES = ("duckdb", "_duckdb", "prometheus_client")
"""What requirements.txt installs."""


class Image(NamedTuple):
    """What would be in the container."""

    folder: Path
    command: list[str]
    environment: dict[str, str]
    user: str


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may read, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def image(place: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Image:
    """Each instruction of the Dockerfile done in a folder, but for those that name a base and install packages."""
    context = place / "context"
    monkeypatch.chdir(root)
    assert main(["render", "spec", "--output", str(context)]) == 0
    folder, user = place, ""
    command: list[str] = []
    environment: dict[str, str] = {}
    for one in DockerfileParser(str(context / "rendered" / "deploy" / "duckdb")).structure:
        match one["instruction"], one["value"]:
            case "WORKDIR", path:
                folder = place / path.lstrip("/")
                folder.mkdir(parents=True)
            case "COPY", words:
                source, target = (context / words.split()[0], folder / words.split()[1])
                (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
            case "ENTRYPOINT" | "CMD", words:
                command += json.loads(words)
            case "ENV", words:
                environment |= dict(word.split("=") for word in words.split())
            case "USER", user:
                pass
            case "COMMENT" | "EXPOSE" | "FROM" | "RUN", _:
                pass
            case instruction, _:
                raise AssertionError(f"nothing here does {instruction}")
    shutil.rmtree(context)
    return Image(folder, command, environment, user)


@pytest.fixture
def python(place: Path) -> Path:
    """A virtual environment with what requirements.txt installs, and nothing else."""
    venv.create(place / "venv", with_pip=False, symlinks=True)
    packages = next((place / "venv").glob("lib/python*/site-packages"))
    for found in Path(duckdb.__file__).parents[1].iterdir():
        if found.name.startswith(PACKAGES):
            shutil.copytree(found, packages / found.name) if found.is_dir() else shutil.copy(found, packages)
    return place / "venv" / "bin" / "python"


def unprivileged(user: str) -> list[str]:
    """Runs a command as the image's user; who is not root has no rights to drop."""
    if os.geteuid():
        return []
    uid, gid = user.split(":")
    return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]


def test_it_runs_as_its_dockerfile_says(image: Image, python: Path, place: Path) -> None:
    volume = place / "volume"
    volume.mkdir()
    database = volume / "duckdb.duckdb"
    with duckdb.connect(str(database)) as con:
        con.execute("CREATE TABLE trades AS SELECT range AS id FROM range(1000)")
    before = {file: file.read_bytes() for file in volume.iterdir()}
    database.chmod(0o444)
    words = iter(image.command)
    assert next(words) == "python"
    # Its own volume and its own port are not to be had here.
    replaced = {"/var/lib/duckdb/duckdb.duckdb": str(database), "0.0.0.0:9187": "127.0.0.1:0"}
    command = [*unprivileged(image.user), str(python), *(replaced.pop(word, word) for word in words)]
    assert not replaced
    with subprocess.Popen(
        command, cwd=image.folder, env=image.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.stderr and process.stderr.read()
        status = Path(f"/proc/{process.pid}/status").read_text()
        with urllib.request.urlopen(line.split()[-1], timeout=5) as answer:  # noqa: S310 - on loopback
            said = answer.read().decode()
        process.terminate()
        _, complaints = process.communicate(timeout=20)
    assert 'duckdb_up{instance_id="duckdb"}' in said
    assert (process.returncode, complaints) == (0, "")
    assert "\nUid:\t0\t" not in status
    assert "\nCapEff:\t0000000000000000\n" in status
    assert {file: file.read_bytes() for file in volume.iterdir()} == before
    assert not list(image.folder.rglob("__pycache__"))
