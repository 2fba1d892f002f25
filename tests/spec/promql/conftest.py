"""The catalogue over which the cases of this folder are written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import yaml

from truegauge_spec.promql.catalogue import Catalogue, Record, catalogue
from truegauge_spec.spec import Spec
from truegauge_spec.stack import Stack
from truegauge_spec.system import System


@pytest.fixture(scope="session")
def world_spec() -> Spec:
    document = yaml.safe_load(Path(__file__).with_name("world.yaml").read_text())
    systems = {one["system"]: System.model_validate(one) for one in document["systems"]}
    return Spec(systems, Stack.model_validate(document["stack"]), {})


@pytest.fixture(scope="session")
def world(world_spec: Spec) -> Catalogue:
    document = yaml.safe_load(Path(__file__).with_name("world.yaml").read_text())
    return catalogue(world_spec, records=[Record(**record) for record in document["records"]])


NUMBERS = ("0", "1", "-1", "0.5", "2", "100", "1e9", "5m", "NaN", "Inf", "1/0")
INSTANT = ("abs", "ceil", "floor", "sgn", "sqrt", "exp", "sort", "timestamp", "hour", "minute", "day_of_week", "absent")
OVER_TIME = ("rate", "irate", "increase", "delta", "deriv", "changes", "resets", "last_over_time", "present_over_time")
ALSO_OVER_TIME = ("avg", "min", "max", "sum", "count", "stddev", "stdvar")
AGGREGATIONS = ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar")
ARITHMETIC = ("+", "-", "*", "/", "%", "^", "atan2")
COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")


class Expressions:
    """Random expressions over a catalogue: of the right kinds, and otherwise without sense."""

    def __init__(self, catalogue: Catalogue, random: Random) -> None:
        self.random, self.catalogue = random, catalogue
        names = sorted(name for name in catalogue.series if not name.startswith("ALERTS"))
        related = random.choice(("node_", "kube_pod", "http_", "queue_", "redis_", "mysql_global", "container_", "up"))
        self.names = [name for name in names if name.startswith(related)] if random.random() < 0.7 else names

    def vector(self, depth: int) -> str:
        kinds = (
            self.call,
            self.over_time,
            self.aggregate,
            self.binary,
            self.comparison,
            self.set_operation,
            self.other,
        )
        return self.selector() if depth <= 0 else self.random.choice(kinds)(depth - 1)

    def number(self) -> str:
        return self.random.choice(NUMBERS)

    def labels(self, most: int = 2) -> str:
        known = (
            "job",
            "instance",
            "zone",
            "handler",
            "code",
            "method",
            "le",
            "pod",
            "namespace",
            "device",
            "state",
            "x",
        )
        return ", ".join(self.random.sample(known, self.random.randint(0, most)))

    def selector(self) -> str:
        name = self.random.choice(self.names)
        labels = self.catalogue.series[name].type.labels
        matchers = []
        for label in self.random.sample(
            sorted((labels.can or frozenset()) - {"__name__"}), 1 if "job" in labels.must else 0
        ):
            values = [*sorted(labels.allowed(label) or ("a", "b")), "other"]
            op = self.random.choice(("=", "!=", "=~", "!~", ""))
            value = self.random.choice(values)
            if op in ("=~", "!~"):
                value = self.random.choice((f"{value}|{self.random.choice(values)}", ".*", ".+", value[:1] + ".*"))
            matchers += [f'{label}{op}"{value}"'] if op else []
        if self.random.random() < 0.1:
            matchers.append(f'{self.random.choice(("job", "code", "zone"))}="{self.random.choice(("a", "web", ""))}"')
        return name + (f"{{{', '.join(matchers)}}}" if matchers else "")

    def call(self, depth: int) -> str:
        return f"{self.random.choice(INSTANT)}({self.vector(depth)})"

    def over_time(self, depth: int) -> str:
        function = self.random.choice((*OVER_TIME, *(f"{name}_over_time" for name in ALSO_OVER_TIME)))
        inside = f"{self.selector()}[{self.random.choice(('1m', '2m', '5m'))}]"
        if self.random.random() < 0.2:
            inside = f"({self.vector(depth)})[5m:1m]"
        return f"{function}({inside}{self.random.choice(('', '', ' offset 1m'))})"

    def aggregate(self, depth: int) -> str:
        grouping = self.random.choice(("", f"by ({self.labels()}) ", f"without ({self.labels()}) "))
        inside = self.vector(depth)
        special = (
            f"topk {grouping}(2, {inside})",
            f"quantile {grouping}(0.5, {inside})",
            f'count_values("v", {inside})',
        )
        if self.random.random() < 0.15:
            return self.random.choice(special)
        return f"{self.random.choice(AGGREGATIONS)} {grouping}({inside})"

    def operand(self, depth: int) -> str:
        return self.number() if self.random.random() < 0.4 else f"({self.vector(depth)})"

    def matched(self, op: str, depth: int, left: str = "") -> str:
        matching = self.random.choice(("", "", f"on ({self.labels()}) ", f"ignoring ({self.labels()}) "))
        left = left or f"({self.vector(depth)})"
        return f"{left} {op} {matching}({self.vector(depth)})"

    def binary(self, depth: int) -> str:
        op = self.random.choice(ARITHMETIC)
        sides = (f"({self.vector(depth)}) {op} {self.number()}", f"{self.number()} {op} ({self.vector(depth)})")
        return self.random.choice((*sides, self.matched(op, depth), self.grouped(op, depth)))

    def grouped(self, op: str, depth: int) -> str:
        side, label = self.random.choice(("left", "right")), self.random.choice(("", "zone", "code", "version", "x"))
        return f"({self.vector(depth)}) {op} on (instance, job) group_{side} ({label}) ({self.vector(depth)})"

    def comparison(self, depth: int) -> str:
        op = self.random.choice(COMPARISONS) + self.random.choice(("", "", " bool"))
        sides = (f"({self.vector(depth)}) {op} {self.number()}", f"{self.number()} {op} ({self.vector(depth)})")
        return self.random.choice((*sides, self.matched(op, depth)))

    def set_operation(self, depth: int) -> str:
        return self.matched(self.random.choice(("and", "or", "unless")), depth)

    def other(self, depth: int) -> str:
        inside = self.vector(depth)
        buckets = [name for name in self.names if name.endswith("_bucket")] or ["http_request_duration_seconds_bucket"]
        return self.random.choice(
            (
                f'label_replace({inside}, "x", "$1", "instance", "(.*)")',
                f'label_replace({inside}, "x", "y", "", "")',
                f'label_join({inside}, "x", "-", "job", "instance")',
                f"vector(scalar({inside}))",
                f"vector({self.number()})",
                f"clamp({inside}, 0, 10)",
                f"-({inside})",
                f"absent({inside})",
                f"{inside} or vector(0)",
                f"histogram_quantile(0.9, sum by (le, job) (rate({self.random.choice(buckets)}[5m])))",
                f"histogram_quantile(0.9, {inside})",
            )
        )


@pytest.fixture(scope="session")
def expression(world: Catalogue) -> Callable[[Random], str]:
    """Makes a random expression."""
    return lambda random: Expressions(world, random).vector(random.randint(0, 4))
