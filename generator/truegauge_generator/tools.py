"""promtool and amtool, by plain subprocess: found, of the right age, and not believed too easily."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from truegauge_spec.problem import Position, Problem

TIMEOUT = 600
"""Seconds; a tool that needs longer hangs."""
GARBAGE = {"GOGC": "400"}
"""Go's tools collect garbage a quarter as often: promtool takes a third less CPU for its tests, and 300 MB at most."""

ONE_CORE = {"GOMAXPROCS": "1"}
"""With as many processes as cores, more threads in each take 6 % more CPU."""


class Tool(NamedTuple):
    """A tool, the oldest version that does what is asked of it, and where people get it."""

    name: str
    minimum: tuple[int, int]
    package: str


PROMTOOL = Tool("promtool", (3, 5), "prometheus")
AMTOOL = Tool("amtool", (0, 28), "prometheus-alertmanager")
ALERTMANAGER = Tool("alertmanager", (0, 30), "prometheus-alertmanager")
"""Older ones answer a reload before they have sorted their alerts by the new configuration."""


class Run(NamedTuple):
    """What a tool said. Its exit code alone does not count: it can be 0 with a warning, or with nothing done."""

    code: int
    output: str

    @property
    def complaints(self) -> list[str]:
        """The lines that speak of a failure or a warning."""
        lines = [line.strip() for line in self.output.splitlines()]
        return [line for line in lines if line and not _QUIET.match(line)]

    @property
    def failed(self) -> bool:
        """Whether anything was wrong."""
        return self.code != 0 or "FAILED" in self.output or bool(_WARNING.search(self.output))


_WARNING = re.compile(r"^\s*(?:level=)?warn(?:ing)?\b", re.IGNORECASE | re.MULTILINE)
_QUIET = re.compile(r"(Checking |SUCCESS|FAILED:?$|Found:|- |Unit Testing:|\[?\d+ rules? found)")


def find(tool: Tool, output: str) -> str | Problem:
    """The tool's path: on the PATH, or in `.tools/bin` below the working or the output folder."""
    folders = [os.environ.get("PATH", ""), ".tools/bin", str(Path(output) / ".tools" / "bin")]
    path = shutil.which(tool.name, path=os.pathsep.join(folders))
    wanted = ".".join(map(str, tool.minimum))
    advice = f"`make tools` puts it into .tools, or install {tool.package} {wanted} or newer"
    if path is None:
        return Problem(Position(tool.name), f"{tool.name} is not on the PATH; {advice}", "missing_tool")
    stated = re.search(r"version (\d+)\.(\d+)", version(path))
    if stated is None or (int(stated[1]), int(stated[2])) < tool.minimum:
        found = stated[0] if stated else "no version"
        return Problem(Position(path), f"it is of {found}, but {wanted} is needed; {advice}", "old_tool")
    return path


def version(path: str) -> str:
    """What a tool says of itself; the same file is asked once."""
    file = Path(path).absolute()
    return _version(str(file), file.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _version(path: str, _changed: int) -> str:
    return run([path, "--version"]).output


def run(command: list[str], beside_others: bool = False) -> Run:
    """Run a tool to its end, or to the time-out; `beside_others` says that such processes fill all cores already."""
    environment = GARBAGE | os.environ | (ONE_CORE if beside_others else {})
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False, env=environment)
    except subprocess.TimeoutExpired:
        return Run(124, f"{command[0]} did not end within {TIMEOUT} seconds")
    return Run(done.returncode, done.stdout + done.stderr)
