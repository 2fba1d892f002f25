"""The exporter's runtime, copied beside the generated metrics, so that both are always of one version."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from truegauge_spec import Spec
from truegauge_spec.system import System

GENERATED = "metrics.py"
DUCKDB_ONLY = ("engine/", "__main__.py")
APP_INIT = "app_only.py"
"""Becomes `__init__.py` for a system that measures nothing in DuckDB."""


def view(spec: Spec, system: System) -> dict[str, str]:
    """The runtime's files; without those that need DuckDB where the system measures nothing in it."""
    files = runtime()
    if system.measures_duckdb:
        return files
    bare = {name: text for name, text in files.items() if not name.startswith(DUCKDB_ONLY) and name != APP_INIT}
    return bare | {"__init__.py": files[APP_INIT]}


@cache
def runtime() -> dict[str, str]:
    """The hand-written files of the installed exporter package, by their path in it."""
    package = find_spec("duckdb_exporter")
    assert package is not None, "truegauge is installed without its exporter"
    root = Path(next(iter(package.submodule_search_locations or ())))
    files = [file for pattern in ("*.py", "py.typed") for file in root.rglob(pattern)]
    return {
        name: file.read_text(encoding="utf-8")
        for file in sorted(files)
        if (name := file.relative_to(root).as_posix()) != GENERATED
    }
