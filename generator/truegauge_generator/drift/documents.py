"""Which reader a rendered file has, and what says a file that is neither YAML nor JSON."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any

import yaml

from truegauge_generator.drift import meaning
from truegauge_generator.drift.meaning import Meaning, add, text_of

UNREADABLE = (
    *(yaml.YAMLError, ValueError, ArithmeticError, SyntaxError, AttributeError, TypeError, LookupError),
    *(RecursionError, MemoryError),  # what nests too deep, or holds itself
)


def meaning_of(path: str, text: str) -> Meaning | None:
    """What the file at `path` below the output folder says; None where nobody can tell."""
    for pattern, load, read in READERS:
        if fnmatch(path, pattern):
            try:
                return read(load(text))
            except UNREADABLE:
                return None  # it is no such document any more
    return None


def _yaml(text: str) -> Any:
    return yaml.load(text, yaml.CSafeLoader)


def metrics(tree: ast.Module) -> Meaning:
    """The exporter's table: each metric with its type, labels and buckets, the settings, and the functions."""
    found: Meaning = {}
    rest = []
    for node in tree.body:
        target = _target(node)
        value = getattr(node, "value", None)
        if target == "METRICS" and isinstance(value, ast.Tuple):
            for call in value.elts:
                said = _arguments(call)
                add(found, f"metric {said.pop('name', '')}", said)
        elif target == "SETTINGS" and isinstance(value, ast.Call):
            found["settings"] = _arguments(value)
        elif isinstance(node, ast.FunctionDef):
            found[f"function {node.name}"] = {"code": ast.unparse(node)}
        elif target and isinstance(value, ast.Constant):
            found[target] = {"value": text_of(value.value)}
        else:
            rest.append(ast.unparse(node))
    return found | {"module": {"code": "\n".join(rest)}}


def _target(node: ast.stmt) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return target.id if isinstance(target, ast.Name) else ""


def _arguments(call: ast.expr) -> dict[str, str]:
    """What is called and its keyword arguments, its labels one by one; the code of what is no such call."""
    if not isinstance(call, ast.Call) or call.args:
        return {"code": ast.unparse(call)}
    said = {"call": ast.unparse(call.func)}
    for one in call.keywords:
        if one.arg == "labels" and isinstance(one.value, ast.Tuple):
            said |= dict(_label(label) for label in one.value.elts)
        else:
            said[str(one.arg)] = _literal(one.value)
    return said


def _label(label: ast.expr) -> tuple[str, str]:
    if not isinstance(label, ast.Call) or len(label.args) != 1 or ast.unparse(label.func) != "Label":
        return f"label {ast.unparse(label)}", ""
    values = ", ".join(f"{one.arg}={_literal(one.value)}" for one in label.keywords)
    return f"label {_literal(label.args[0])}", values


def _literal(node: ast.expr) -> str:
    if isinstance(node, ast.Call):  # settings within settings
        return ast.unparse(node)
    value = ast.literal_eval(node)
    return value if isinstance(value, str) else text_of(value)


def drawings(text: str) -> Meaning:
    """A page of drawings: those of each alert."""
    head, *sections = text.split('<h2 id="')
    named = {f"drawings of {one.partition(chr(34))[0]}": {"code": one} for one in sections}
    return {"page": {"code": head}, **named}


def page(text: str) -> Meaning:
    """A page of the docs: what each section says, and each row of its tables."""
    found: Meaning = {}
    section, said = "page", {"text": ""}
    fence = ""
    for line in text.splitlines():
        mark = line.strip()
        if mark.startswith("```"):
            fence = "" if fence and mark == fence else fence or mark.rstrip("abcdefghijklmnopqrstuvwxyz")
        if not fence and line.startswith("#"):
            add(found, f'section "{section}"', said)
            section, said = line.lstrip("# "), {"text": ""}
        elif not fence and line.startswith("| `"):
            said[line.split("|")[1].strip()] = line
        else:
            said["text"] = f"{said['text']}\n{line.rstrip()}" if mark else said["text"]
    add(found, f'section "{section}"', said)
    return found


READERS: tuple[tuple[str, Callable[[str], Any], Callable[[Any], Meaning]], ...] = (
    ("rendered/prometheus/rules/*.yml", _yaml, meaning.rules),
    ("rendered/prometheus/tests/*.yml", _yaml, meaning.tests),
    ("rendered/prometheus/prometheus.yml", _yaml, meaning.prometheus),
    ("rendered/alertmanager/alertmanager.yml", _yaml, meaning.alertmanager),
    ("rendered/grafana/dashboards/*.json", json.loads, meaning.dashboard),
    ("exporter/*_exporter/metrics.py", ast.parse, metrics),
    ("rendered/docs/*.md", str, page),
    ("rendered/docs/*.html", str, drawings),
    ("*.yml", _yaml, meaning.settings),
    ("*.yaml", _yaml, meaning.settings),
    ("*.json", json.loads, meaning.settings),
)
"""Path, parser and reader; the first that fits."""
