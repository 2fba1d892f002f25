"""The metrics that Python code defines with `prometheus_client`, read from its syntax: the code is never run."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

PACKAGE = "prometheus_client"
DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""A histogram's, where it names none: prometheus_client.Histogram.DEFAULT_BUCKETS without +Inf."""


class Kind(NamedTuple):
    """A class that defines a metric: the type and the end of the name it is exposed with, and its parameters."""

    type: str
    parameters: tuple[str, ...]
    ending: str = ""


_OBJECT = ("name", "documentation", "labelnames", "namespace", "subsystem", "unit", "registry", "_labelvalues")


def _family(*own: str) -> tuple[str, ...]:
    return ("name", "documentation", *own)


KINDS = {
    "Counter": Kind("counter", _OBJECT, "_total"),
    "Gauge": Kind("gauge", (*_OBJECT, "multiprocess_mode")),
    "Histogram": Kind("histogram", (*_OBJECT, "buckets")),
    "Summary": Kind("summary", _OBJECT),
    "Info": Kind("gauge", _OBJECT, "_info"),
    "Enum": Kind("gauge", (*_OBJECT, "states")),
    "CounterMetricFamily": Kind("counter", _family("value", "labels", "created", "unit"), "_total"),
    "GaugeMetricFamily": Kind("gauge", _family("value", "labels", "unit")),
    "HistogramMetricFamily": Kind("histogram", _family("buckets", "sum_value", "labels", "unit")),
    "GaugeHistogramMetricFamily": Kind("histogram", _family("buckets", "gsum_value", "labels", "unit")),
    "SummaryMetricFamily": Kind("summary", _family("count_value", "sum_value", "labels", "unit")),
    "InfoMetricFamily": Kind("gauge", _family("value", "labels"), "_info"),
    "StateSetMetricFamily": Kind("gauge", _family("value", "labels")),
    "UnknownMetricFamily": Kind("untyped", _family("value", "labels", "unit")),
    "UntypedMetricFamily": Kind("untyped", _family("value", "labels", "unit")),
}
"""What can be called, under `prometheus_client` and each of its modules."""


class Definition(NamedTuple):
    """A metric as code defines it, where it stands; None for what the syntax alone does not tell.

    `name` is the name that it is exposed with, and `written` the one in the code.
    """

    line: int
    column: int
    called: str
    type: str
    name: str | None
    written: str | None
    help: str | None
    labels: tuple[str, ...] | None
    buckets: tuple[float, ...] | None


def definitions(tree: ast.Module) -> Iterator[Definition]:
    """Every call of a class of KINDS, under whatever name it was imported."""
    scope = _Scope(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (path := scope.path(node.func)):
            package, _, called = path.rpartition(".")
            if called in KINDS and package.split(".")[0] == PACKAGE:
                yield _definition(node, called, scope)


class _Scope:
    """What the names of a file stand for: imported things, and texts that are assigned once at the top."""

    def __init__(self, tree: ast.Module) -> None:
        self._imports = dict(_imported(tree))
        bound = Counter(_bound(tree))
        self._values = {
            name: value for name, value in _assigned(tree) if bound[name] == 1 and name not in self._imports
        }

    def path(self, node: ast.expr, depth: int = 0) -> str | None:
        """The dotted path of what an expression names, as `prometheus_client.Counter`."""
        if isinstance(node, ast.Attribute):
            owner = self.path(node.value, depth)
            return f"{owner}.{node.attr}" if owner else None
        if not isinstance(node, ast.Name):
            return None
        if node.id in self._values and depth < 9:
            return self.path(self._values[node.id], depth + 1)
        return self._imports.get(node.id)

    def value(self, node: ast.expr) -> ast.expr:
        """What a name stands for, if it is one and that is known."""
        for _ in range(9):  # a = b; b = a
            if not isinstance(node, ast.Name) or node.id not in self._values:
                break
            node = self._values[node.id]
        return node

    def text(self, node: ast.expr | None, depth: int = 0) -> str | None:
        """The text that an expression gives: a literal, a constant, or those put together."""
        if node is None or depth > 9:
            return None
        node = self.value(node)
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        parts: list[str | None] = [None]
        if isinstance(node, ast.JoinedStr):
            parts = [self.text(part, depth + 1) for part in node.values]
        elif isinstance(node, ast.FormattedValue) and node.conversion == -1 and node.format_spec is None:
            parts = [self.text(node.value, depth + 1)]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts = [self.text(node.left, depth + 1), self.text(node.right, depth + 1)]
        return None if None in parts else "".join(filter(None, parts))

    def items(self, node: ast.expr) -> list[ast.expr] | None:
        """The items of a list that is written out."""
        node = self.value(node)
        return node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else None


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                path = name.name if name.asname else name.name.split(".")[0]
                yield name.asname or path, path
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            for name in node.names:
                if name.name != "*":
                    yield name.asname or name.name, f"{node.module}.{name.name}"
                elif node.module.split(".")[0] == PACKAGE:
                    yield from ((kind, f"{PACKAGE}.{kind}") for kind in KINDS)


def _bound(tree: ast.Module) -> Iterator[str]:
    """Every name that a file gives a meaning to, as often as it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
            yield node.target.id, node.value


def _definition(call: ast.Call, called: str, scope: _Scope) -> Definition:
    kind = KINDS[called]
    given, whole = _arguments(call, kind)

    def text(parameter: str) -> str | None:
        return scope.text(given[parameter]) if parameter in given else "" if whole else None

    written, name = text("name"), None
    before, unit = [text("namespace"), text("subsystem")], text("unit")
    if written and unit is not None and None not in before:
        name = exposed("_".join(filter(None, (*before, written))), unit, kind.ending)
    labels = _labels(given.get("labelnames", given.get("labels")), scope, whole)
    if labels is not None and called == "Enum":
        labels = (*labels, name) if name is not None else None
    buckets = _buckets(given.get("buckets"), scope, whole) if called == "Histogram" else None
    help_ = text("documentation")
    return Definition(call.lineno, call.col_offset + 1, called, kind.type, name, written, help_, labels, buckets)


def _arguments(call: ast.Call, kind: Kind) -> tuple[dict[str, ast.expr], bool]:
    """The arguments by parameter, and whether these are all: not with `*some` or `**some`."""
    starred = [isinstance(argument, ast.Starred) for argument in call.args]
    plain = call.args[: starred.index(True)] if any(starred) else call.args
    given = dict(zip(kind.parameters, plain, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    return given, not any(starred) and all(keyword.arg is not None for keyword in call.keywords)


def exposed(name: str, unit: str, ending: str) -> str:
    """The name that `prometheus_client` exposes a metric with: `_total` moves behind the unit."""
    if ending == "_total":
        name = name.removesuffix(ending)
    if unit and not name.endswith(f"_{unit}"):
        name = f"{name}_{unit}"
    return name + ending


def _labels(node: ast.expr | None, scope: _Scope, whole: bool) -> tuple[str, ...] | None:
    if node is None:
        return () if whole else None
    items = scope.items(node)
    texts = None if items is None else [scope.text(item) for item in items]
    return None if texts is None or None in texts else tuple(filter(None, texts))


def _buckets(node: ast.expr | None, scope: _Scope, whole: bool) -> tuple[float, ...] | None:
    if node is None:
        return DEFAULT_BUCKETS if whole else None
    items = scope.items(node)
    if items is None:
        return None
    bounds = [_bound_of(item, scope) for item in items]
    finite = tuple(bound for bound in bounds if bound is not None and bound != float("inf"))
    return None if None in bounds else finite


def _bound_of(node: ast.expr, scope: _Scope) -> float | None:
    node = scope.value(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float" and node.args:
        node = node.args[0]
    if scope.path(node) in ("math.inf", f"{PACKAGE}.utils.INF"):
        return float("inf")
    try:
        return float(ast.literal_eval(node))
    except (ValueError, TypeError):
        return None
