"""Speed, as `make bench` prints it: CPU seconds of whole processes and what the exporter costs, beside the goals.

Compared programs run in turn within each round, and a ratio is that of one round, so that a busy machine slows both.
Nothing is asserted: figures differ between machines, and the goals are for the one that they were set on.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import duckdb

HERE = Path(__file__).parent
TRUEGAUGE = str(Path(sys.executable).with_name("truegauge"))
PACKAGES = (
    "truegauge", "PyYAML", "pydantic", "Jinja2", "rjsonnet", "gojsonnet",
    "duckdb", "prometheus_client", "opentelemetry-instrumentation-dbapi",
)  # fmt: skip
SCALES = {"ms": (1e3, 1), "us": (1e6, 2), "%": (100, 2), "B": (1, 0)}
"""Figures in seconds and shares as they are printed: times what, with how many decimals."""


class Sizes(NamedTuple):
    """How many metrics, and as many alerts, each spec has, and how often it is measured."""

    small: int = 100
    large: int = 10_000
    huge: int = 100_000
    runs: int = 5
    huge_runs: int = 3


QUICK = Sizes(small=10, large=19, huge=37, runs=1, huge_runs=1)


class Row(NamedTuple):
    """One line of the table: the figures of every run, in seconds, bytes or as a ratio, and the most they may be."""

    what: str
    figures: Sequence[float]
    unit: str
    goal: float | None = None

    def __str__(self) -> str:
        middle, least, most = (self._printed(figure(self.figures)) for figure in (median, min, max))
        goal = "" if self.goal is None else f"≤ {self._printed(self.goal)}"
        verdict = "" if self.goal is None else "met" if median(self.figures) <= self.goal else "missed"
        return f"{self.what:<72} {middle:>9} {f'{least} … {most}':>21}   {goal:<9} {verdict}".rstrip()

    def _printed(self, figure: float) -> str:
        scale, decimals = SCALES.get(self.unit, (1, 2))
        return f"{figure * scale:.{decimals}f} {self.unit}"


def cpu(command: Sequence[str], folder: Path) -> float:
    """Seconds that the command and its children spent in user and system mode."""
    with (folder / "said").open("w+b") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"bench: {' '.join(command)} failed:\n{said.read().decode()}")
    return usage.ru_utime + usage.ru_stime


def in_turn(runs: int, programs: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Measure every program once in each round."""
    figures: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(runs):
        for name, measure in programs.items():
            figures[name].append(measure())
    return figures


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """The ratio within each round."""
    return [one / other for one, other in zip(above, below, strict=True)]


def render_anew(folder: Path) -> float:
    """YAML to files where there are none yet."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    return cpu([TRUEGAUGE, "render", "spec", "--output", "out"], folder)


def make_spec(number: int, below: Path, *forms: str) -> Path:
    """A folder with a spec of that size, as YAML and in other forms."""
    folder = below / str(number)
    subprocess.run([sys.executable, HERE / "specs.py", str(number), folder, *forms], check=True)
    return folder


def rows_of_large(folder: Path, number: int, promtool: str, runs: int) -> tuple[list[Row], list[float]]:
    """Truegauge beside promtool, and beside what makes rules alone; and Truegauge's figures."""
    rules, python = "out/rendered/prometheus/rules/bench.yml", sys.executable
    plain, jsonnet = str(HERE / "plain.py"), str(HERE / "jsonnet.py")
    programs = {
        "render": lambda: render_anew(folder),
        "promtool": lambda: cpu([promtool, "check", "rules", rules], folder),
        "rjsonnet": lambda: cpu([python, jsonnet, "rjsonnet", "system.json", "rjsonnet.json"], folder),
        "gojsonnet": lambda: cpu([python, jsonnet, "_gojsonnet", "system.json", "gojsonnet.json"], folder),
        "C": lambda: cpu([python, plain, "CSafeLoader", "spec/bench.yaml", "plain-c.yml"], folder),
    }
    found = in_turn(runs, programs)
    # It takes so long that a second run would tell nothing more.
    safe_load = cpu([python, plain, "SafeLoader", "spec/bench.yaml", "plain.yml"], folder)
    size = sum(file.stat().st_size for file in (folder / "out").rglob("*") if file.is_file()) / 1e6
    render = found["render"]
    expressions = [typed(folder, number) for _ in range(runs)]
    rows = [
        Row(f"{number:,} metrics and alerts: YAML to all files, {size:.1f} MB", render, "s", 1.0),
        Row("  promtool check rules, on the rules among them", found["promtool"], "s"),
        Row("  render / promtool", ratios(render, found["promtool"]), "x", 0.6),
        Row("  alert rules alone, yaml.safe_load and Jinja2", [safe_load], "s"),
        Row("  alert rules alone, PyYAML's CSafeLoader and Jinja2", found["C"], "s"),
        Row("  render / CSafeLoader and Jinja2", ratios(render, found["C"]), "x"),
        Row("  alert rules alone, from JSON, rjsonnet", found["rjsonnet"], "s"),
        Row("  render / rjsonnet", ratios(render, found["rjsonnet"]), "x"),
        Row("  alert rules alone, from JSON, gojsonnet", found["gojsonnet"], "s"),
        Row("  render / gojsonnet", ratios(render, found["gojsonnet"]), "x"),
        Row(f"{number:,} expressions typed", expressions, "s", 5.0),
    ]
    return rows, render


def typed(folder: Path, number: int) -> float:
    """CPU seconds for typing so many expressions of the rules, without reading the spec."""
    command = [sys.executable, str(HERE / "expressions.py"), "spec", str(number)]
    return float(subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout)


def rows_of_small(folder: Path, number: int, runs: int) -> list[Row]:
    """A spec of common size, and what should take no time at all."""
    found = in_turn(
        runs,
        {
            "render": lambda: render_anew(folder),
            "nothing": lambda: cpu([TRUEGAUGE, "render", "spec", "--output", "out"], folder),
            "help": lambda: cpu([TRUEGAUGE, "--help"], folder),
            "python": lambda: cpu([sys.executable, "-c", "pass"], folder),
        },
    )
    return [
        Row(f"{number:,} metrics and alerts: YAML to all files", found["render"], "s", 0.25),
        Row("  truegauge render with nothing changed", found["nothing"], "ms", 0.04),
        Row("  truegauge --help", found["help"], "ms", 0.04),
        Row("  python -c pass, which is in each of them", found["python"], "ms"),
    ]


def measure(sizes: Sizes, promtool: str, below: Path) -> list[Row]:
    """Every row of the table."""
    say(f"{sizes.small:,} metrics and alerts")
    small = rows_of_small(make_spec(sizes.small, below), sizes.small, sizes.runs * 3)
    say(f"{sizes.large:,} metrics and alerts, beside promtool, jsonnet and a plain pipeline")
    large, render = rows_of_large(make_spec(sizes.large, below, "json"), sizes.large, promtool, sizes.runs)
    say(f"{sizes.huge:,} metrics and alerts")
    folder = make_spec(sizes.huge, below)
    huge = [render_anew(folder) for _ in range(sizes.huge_runs)]
    growth = [figure / median(render) for figure in huge]
    return [
        *large,
        Row(f"{sizes.huge:,} metrics and alerts: YAML to all files", huge, "s"),
        Row(f"  {sizes.huge:,} / {sizes.large:,}", growth, "x", 11),
        *small,
        *rows_of_start(below, sizes.runs),
    ]


def rows_of_proof(quick: bool) -> list[Row]:
    """How fast the tests and mutants of a spec run."""
    say("tests and mutants")
    command = [sys.executable, str(HERE / "proof.py"), *(["--quick"] if quick else [])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [Row(*row) for row in json.loads(done.stdout)]


def rows_of_exporter(quick: bool) -> list[Row]:
    """What the exporter costs the application; in a process of its own, since it measures its own process."""
    say("the exporter, beside prometheus_client and OpenTelemetry")
    command = [sys.executable, "-m", "tests.bench.exporter", *(["--quick"] if quick else [])]
    done = subprocess.run(command, cwd=HERE.parents[1], check=True, stdout=subprocess.PIPE, text=True)
    return [Row(*row) for row in json.loads(done.stdout)]


def rows_of_start(below: Path, runs: int) -> list[Row]:
    """An exporter of its own, from nothing to the first scrape that says that the engine answers."""
    database = below / "bench.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE trades AS SELECT range AS id FROM range(1000)")
    found = [started(database) for _ in range(runs)]
    return [
        Row("python -m duckdb_exporter to its first good scrape", [seconds for seconds, _ in found], "s", 0.3),
        Row("  resident then, with an open database", [size for _, size in found], "MiB", 75),
    ]


def started(database: Path) -> tuple[float, float]:
    """CPU seconds and MiB resident."""
    command = [sys.executable, "-m", "duckdb_exporter", "--database", str(database), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        while re.search(rb"^duckdb_up\{.*\} 1$", urllib.request.urlopen(url).read(), re.MULTILINE) is None:  # noqa: S310
            time.sleep(0.01)
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        times = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        process.terminate()
    ticks = int(times[11]) + int(times[12])
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def say(what: str) -> None:
    """Progress, on a terminal only."""
    if sys.stderr.isatty():
        print(f"bench: {what} …", file=sys.stderr)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="measure Truegauge's speed beside its goals and its neighbours")
    parser.add_argument("--quick", action="store_true", help="tiny specs, one run each: only shows that it works")
    quick = parser.parse_args().quick
    promtool = shutil.which("promtool")
    if promtool is None:
        raise SystemExit("bench: promtool is not on the PATH; `make tools` gets it")
    said = subprocess.run([promtool, "--version"], check=True, capture_output=True, text=True)
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")
    print(", ".join(f"{name} {version(name)}" for name in PACKAGES), said.stdout.partition(" (")[0], sep=", ")
    print(
        "A render makes rules, their unit tests, docs, the exporter's table and runtime, dashboard and configuration;"
    )
    print("the others make alert rules alone, without recording rules or any check of what the spec says.\n")
    with TemporaryDirectory(prefix="truegauge-bench-") as below:
        rows = measure(QUICK if quick else Sizes(), promtool, Path(below))
    heads = f"{'median':>9} {'least … most':>21}   goal"
    print(f"{'CPU time of whole processes':<72} {heads}", *rows, sep="\n")
    print(f"\n{'Tests and mutants':<72} {heads}", *rows_of_proof(quick), sep="\n")
    print(f"\n{'The exporter in its application':<72} {heads}", *rows_of_exporter(quick), sep="\n")
    if quick:
        print("\nThese specs are far smaller than those that the goals are for.")


if __name__ == "__main__":
    main()
