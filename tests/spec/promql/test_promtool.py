"""What is said of expressions is so when promtool evaluates them over series as the catalogue has them."""

from __future__ import annotations

import json
import math
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from pathlib import Path
from random import Random

import pytest
import yaml

from truegauge_spec.promql.catalogue import Catalogue
from truegauge_spec.promql.functions import FUNCTIONS
from truegauge_spec.promql.infer import infer
from truegauge_spec.promql.types import Kind, Type

HERE = Path(__file__).parent
WORLD = yaml.safe_load((HERE / "world.yaml").read_text())
RECORDS = [record["name"] for record in WORLD["records"]]
FEATURE = "--enable-feature=promql-experimental-functions"
Samples = Mapping[str, list[tuple[dict[str, str], float]]]


def run(promtool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([promtool, FEATURE, *arguments], capture_output=True, text=True, check=False)


def series(world: Catalogue) -> list[dict[str, str]]:
    """For each series name some label sets, with values that rise, fall and restart."""
    random, found = Random(7), []
    for name, one in sorted(world.series.items()):
        labels = one.type.labels
        if name in RECORDS or labels.can is None:
            continue
        names = sorted(labels.can - {"__name__"})
        values = [sorted(labels.allowed(label) or ("a", "b")) for label in names]
        sets = list(product(*values))
        if one.type.metric != "bucket":
            sets = random.sample(sets, min(len(sets), 8))
        for choice in sets:
            pairs = dict(zip(names, choice, strict=True))
            if name == "up" and pairs["job"] != "node":
                del pairs["zone"]
            text = ",".join(f'{label}="{value}"' for label, value in pairs.items())
            found.append({"series": f"{name}{{{text}}}", "values": sample_values(one.type, pairs, random)})
    return list({one["series"]: one for one in found}.values())


def sample_values(found: Type, labels: Mapping[str, str], random: Random) -> str:
    if found.metric == "bucket":
        step = math.inf if labels["le"] == "+Inf" else float(labels["le"])
        return f"0+{1 + round(9 * step / (1 + step)) if step < math.inf else 10}x150"
    if found.metric in ("counter", "sum", "count"):
        return f"0+{random.randint(0, 9)}x50 {random.randint(0, 3)}+{random.randint(1, 9)}x100"
    if found.values.members is not None:
        return " ".join(str(random.choice(sorted(found.values.members))) for _ in range(150))
    low = 0 if found.values.low >= 0 else -20
    return " ".join(str(random.choice((random.randint(low, 20), random.random(), 0, 1))) for _ in range(150))


def evaluated(promtool: str, texts: Iterable[str], world: Catalogue, folder: Path) -> tuple[Samples, set[str]]:
    """The samples that promtool finds for each expression that has any, and the expressions that it cannot evaluate."""
    tests = [{"expr": text, "eval_time": "30m", "exp_samples": []} for text in dict.fromkeys(texts)]
    rules = [{"record": r["name"], "expr": r["expr"], "labels": r.get("labels", {})} for r in WORLD["records"]]
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "interval": "15s", "rules": rules}]}))
    case = {"interval": "15s", "input_series": series(world), "promql_expr_test": tests}
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "15s", "tests": [case]}
    (folder / "tests.yml").write_text(json.dumps(document))
    said = run(promtool, "test", "rules", str(folder / "tests.yml")).stderr
    assert "FAILED" in said, said[:2000]
    samples: dict[str, list[tuple[dict[str, str], float]]] = {}
    refused: set[str] = set()
    for text, rest in re.findall(
        r'^    expr: ("(?:[^"\\]|\\.)*"), time: 30m,(.*?)(?=^    expr: |\Z)', said, re.MULTILINE | re.DOTALL
    ):
        if " err: " in rest[:6]:
            refused.add(json.loads(text))
            continue
        got = rest.partition("got: ")[2]
        samples[json.loads(text)] = [
            (dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)), float(value))
            for labels, value in re.findall(r'\{((?:\w+="(?:[^"\\]|\\.)*"(?:, )?)*)\} ([-+.\dEInfNa]+)', got)
        ]
    return samples, refused


def wrong(found: Type, labels: Mapping[str, str], value: float) -> str:
    """What a sample has that its type says it cannot have."""
    can, must, values = found.labels.can, found.labels.must, found.values
    if can is not None and not set(labels) <= can:
        return f"has {set(labels) - can}"
    if not must <= set(labels):
        return f"lacks {must - set(labels)}"
    for label, allowed in found.labels.values:
        if labels.get(label, next(iter(allowed))) not in allowed:
            return f"{label}={labels[label]} is not one of {allowed}"
    if math.isnan(value) or value in (values.members or values[:2]):
        return ""
    slack = 1e-6 * max(1, abs(value))
    if values.members is not None or not values.low - slack <= value <= values.high + slack:
        return f"{value} is not {values}"
    return ""


@pytest.fixture(scope="module")
def texts(expression: Callable[[Random], str]) -> list[str]:
    random = Random(3)
    lines = (HERE / "clean.txt").read_text().splitlines() + (HERE / "faults.txt").read_text().splitlines()
    written = [line.rpartition(" => ")[0] or line for line in lines if line and line[0] not in "#["]
    return [text for text in written if "$" not in text] + [expression(random) for _ in range(2000)]


def test_what_is_called_empty_is_empty(promtool: str, world: Catalogue, texts: list[str], tmp_path: Path) -> None:
    empty: list[str] = []
    for text in texts:
        found = infer(text, world)
        for one in found.findings:
            around = [part for part in found.parts if part.span[0] <= one.span[0] and one.span[1] <= part.span[1]]
            part = min(around, key=lambda part: part.span[1] - part.span[0], default=None)
            removes = part is not None and text[slice(*one.span)] == "unless"
            if part is not None and one.code in ("always_empty", "no_common_labels") and not removes:
                empty.append(part.text)
    assert len(set(empty)) > 500
    samples, _ = evaluated(promtool, ["up", *empty], world, tmp_path)
    assert set(samples) == {"up"}


def test_samples_are_of_the_inferred_type(promtool: str, world: Catalogue, texts: list[str], tmp_path: Path) -> None:
    samples, _ = evaluated(promtool, (text for text in texts if infer(text, world).parts), world, tmp_path)
    assert len(samples) > 600
    mistakes = {}
    for text, found in samples.items():
        kind = infer(text, world, alert=False).type
        assert kind.kind in (Kind.INSTANT, Kind.SCALAR)
        problems = {problem for labels, value in found if (problem := wrong(kind, labels, value))}
        if problems:
            mistakes[text] = problems
    assert mistakes == {}


def test_syntax_errors_are_those_of_promtool(promtool: str, world: Catalogue, texts: list[str], tmp_path: Path) -> None:
    damaged = [
        "up{a='b' or c='d'}",
        "up + fill(0) up",
        "first_over_time(up[5m])",
        "1_000",
        r"up{a=~`\d`}",
        "up offset 5",
    ]
    random = Random(5)
    for text in texts[:600]:
        place = random.randrange(len(text))
        damaged.append(text[:place] + random.choice(("", "(", ")", " up ", ",", "[5m]", "==")) + text[place + 1 :])
    damaged = [text for text in dict.fromkeys(damaged) if text.strip()]
    rules = [{"record": "x", "expr": text, "labels": {"n": str(place)}} for place, text in enumerate(damaged)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    said = run(promtool, "check", "rules", "--lint=none", str(tmp_path / "rules.yml")).stderr
    refused = {damaged[int(number) - 1] for number in re.findall(r"rule (\d+), \"x\": could not parse", said)}
    ours = {text for text in damaged if any(one.code == "promql_syntax" for one in infer(text, world).findings)}
    assert ours == refused
    assert len(refused) > 100


def test_the_functions_are_those_of_promtool(promtool: str) -> None:
    wanted = {"i": "up", "r": "up[5m]", "n": "1", "t": '"x"'}
    takes = {name: re.sub(r"[a-z]\?|\*", "", function.takes) for name, function in FUNCTIONS.items()}
    calls = [f"{name}({', '.join(wanted[letter] for letter in letters)})" for name, letters in takes.items()]
    for text in calls:
        said = run(promtool, "--experimental", "promql", "format", "--", text)
        assert said.returncode == 0, (text, said.stderr)
