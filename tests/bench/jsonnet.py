"""The rules of a system through jsonnet. `python jsonnet.py rjsonnet|_gojsonnet SYSTEM.json RULES.json`."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

RULES = Path(__file__).with_name("rules.jsonnet")


def main(engine: str, source: str, target: str) -> None:
    """Evaluate rules.jsonnet on the system."""
    arguments = {"json": Path(source).read_text(encoding="utf-8"), "docs_url": "https://git.example.com/docs"}
    program = RULES.read_text(encoding="utf-8")
    text = import_module(engine).evaluate_snippet(RULES.name, program, tla_vars=arguments)
    Path(target).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
