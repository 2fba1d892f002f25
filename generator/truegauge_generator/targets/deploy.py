"""The exporter that runs alone: an image, a systemd unit, Kubernetes manifests, and its dependencies by hash."""

from __future__ import annotations

from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

from truegauge_spec import Spec
from truegauge_spec.system import Exporter, System

LOCK = Path(__file__).parents[1] / "exporter.lock"
"""Written by `make lock`: the packages of the extra `exporter`, of the versions in requirements.lock."""
BASE_MEMORY = 256 * 1024**2
"""Python, DuckDB and the pages it reads; 75 MB were measured for a small file."""


def requirements(spec: Spec, system: System) -> dict[str, str] | None:
    """What the image installs, each file of it by its hash."""
    return {"requirements.txt": _lock()} if system.measures_duckdb else None


def view(spec: Spec, system: System) -> dict[str, Any] | None:
    """Names, paths, port and resources; nothing for a system whose application alone can measure it."""
    if not system.measures_duckdb:
        return None
    name, deploy = system.system, system.exporter.deploy
    database = Path(deploy.database or f"/var/lib/{name}/{name}.duckdb")
    label = name.replace("_", "-")
    return {
        "system": name,
        "name": f"{label}-exporter",
        "claim": f"{label}-database",
        "module": f"{name}_exporter",
        "base_image": deploy.base_image,
        "image": deploy.image or f"{label}-exporter:latest",
        "database": str(database),
        "folder": str(database.parent),
        "instance_id": deploy.instance_id or name,
        "port": int(system.exporter.listen.rpartition(":")[2]),
        "mebibytes": ceil(_memory(system.exporter) / 1024**2),
        "millicpus": ceil(deploy.cpus * 1000),
        "cpu_percent": ceil(deploy.cpus * 100),
    }


def _memory(exporter: Exporter) -> int:
    return exporter.deploy.memory or BASE_MEMORY + (exporter.memory_limit or 0)


@cache
def _lock() -> str:
    return LOCK.read_text(encoding="utf-8")
