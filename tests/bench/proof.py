"""How fast a proof is: tests and mutants in batches, beside one process of promtool for each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from truegauge_generator.proof import gather
from truegauge_generator.proof.hunt import hunt
from truegauge_generator.proof.jobs import Press
from truegauge_generator.proof.prove import prove
from truegauge_generator.proof.run import Verdict, verdicts
from truegauge_generator.proof.suite import Rule, Suite, Unit
from truegauge_generator.render import render
from truegauge_spec import load

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SAMPLE = 60


class Proven(NamedTuple):
    """Seconds, and how many things they were for."""

    seconds: float
    cpu: float
    tests: int
    mutants: int


def suite_of(spec: Path) -> Suite:
    """The rules and tests of a spec."""
    loaded = load(spec)
    return gather.rendered(loaded, render(loaded))


def whole(spec: Path, promtool: str) -> Proven:
    """A proof from the start: nothing is known from before."""
    suite = suite_of(spec)
    start, spent = perf_counter(), _children()
    proof = prove(suite, promtool, {}, lambda *_: None)
    return Proven(perf_counter() - start, _children() - spent, len(proof.cases), len(proof.outcomes))


def batched_and_alone(spec: Path, promtool: str) -> tuple[float, float]:
    """CPU seconds of the same sample of mutants: as here, and as a script would, with promtool on the whole files."""
    suite = suite_of(spec)
    sample: list[tuple[Press, Rule]] = []

    def collect(presses: Sequence[Press], rules: Sequence[Rule]) -> list[Verdict]:
        sample.extend(zip(presses, rules, strict=True))
        return [Verdict(1, (("collected", ""),))] * len(presses)

    hunt(suite, suite.units, collect)
    chosen = sample[:: max(1, len(sample) // SAMPLE)]
    files = {test.path: test.rules for test in suite.tests}
    whole = {
        path: Press(
            Unit(
                path,
                tuple(test for test in suite.tests if test.path == path),
                tuple(rule for rule in suite.rules if rule.path in rules),
            ),
            suite,
        )
        for path, rules in files.items()
    }
    spent = _children()
    verdicts(promtool, [press.job(rule) for press, rule in chosen], {}, lambda _: None)
    middle = _children()
    for press, rule in chosen:
        verdicts(promtool, [whole[press.unit.path].job(rule)], {}, lambda _: None)
    return middle - spent, _children() - middle


def tests_alone(folder: Path, number: int, promtool: str) -> float:
    """CPU seconds that promtool takes for the cases of so many alerts, without those of records and panels."""
    subprocess.run([sys.executable, HERE / "specs.py", str(number), folder / str(number)], check=True)
    suite = suite_of(folder / str(number) / "spec")
    spent = _children()
    of_alerts = [unit for unit in suite.units if unit.tests[0].body.get("alert_rule_test")]
    found = verdicts(promtool, [Press(unit, suite).job() for unit in of_alerts], {}, lambda _: None)
    assert not any(one.failed or one.error for one in found)
    return _children() - spent


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    """Print the rows of the table, as JSON."""
    promtool, quick = shutil.which("promtool") or "promtool", "--quick" in sys.argv
    spec = ROOT / "tests" / "systems" / "shop.yaml" if quick else ROOT / "spec"
    name, number = ("shop", 10) if quick else ("DuckDB", 100)
    proven = whole(spec, promtool)
    batched, alone = batched_and_alone(spec, promtool)
    with TemporaryDirectory(prefix="truegauge-bench-") as folder:
        few, many = (tests_alone(Path(folder), count, promtool) for count in (number, 2 * number - 1))
    rows = [
        (f"{name} spec: {proven.tests} tests, {proven.mutants} mutants, wall", [proven.seconds], "s", 60),
        ("  tests and mutants each second of CPU", [(proven.tests + proven.mutants) / proven.cpu], "/s", None),
        ("  a mutant in a batch / in a process of promtool on the whole files", [batched / alone], "x", 0.2),
        (f"{number} alerts: their cases, for each alert", [few / number], "ms", 0.015),
        (f"  {2 * number - 1} / {number}", [many / few], "x", 2.2),
    ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
