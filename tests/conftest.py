"""What tests share: the project's own spec, and Prometheus' tools."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from truegauge_generator.tools import ALERTMANAGER, AMTOOL, PROMTOOL, Tool, find
from truegauge_spec import Spec, load

ROOT = Path(__file__).parents[1]

settings.register_profile("the same each time", derandomize=True, deadline=None)
settings.load_profile("the same each time")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def spec() -> Spec:
    """The spec of this repository: DuckDB and the local stack."""
    return load(ROOT / "spec")


def required(tool: Tool) -> str:
    path = find(tool, str(ROOT))
    assert isinstance(path, str), path
    return path


@pytest.fixture(scope="session")
def promtool() -> str:
    """promtool's path; its absence is a failure."""
    return required(PROMTOOL)


@pytest.fixture(scope="session")
def amtool() -> str:
    """amtool's path; its absence is a failure."""
    return required(AMTOOL)


@pytest.fixture(scope="session")
def alertmanager() -> str:
    """Alertmanager's path; its absence is a failure."""
    return required(ALERTMANAGER)


@pytest.fixture(autouse=True, scope="session")
def tools_on_the_path() -> None:
    """The repository's own tools come before others, as in `make`."""
    os.environ["PATH"] = f"{ROOT / '.tools' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
