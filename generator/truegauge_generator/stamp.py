"""Whether anything changed since the last render: checksums of what goes in and of what came out.

Answers in milliseconds, without YAML, pydantic or Jinja; a doubt means no. CRC-32 is enough against chance, and
spares the import of OpenSSL, which would be a tenth of the time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any
from zlib import crc32

from truegauge_generator.disk import fits, unknown

FOLDER = ".truegauge_cache"
PACKAGES = ("truegauge_spec", "truegauge_generator", "duckdb_exporter")


def unchanged(spec: str, output: str) -> dict[str, int] | None:
    """The files of the last render, when neither they nor what they were made from have changed; else None."""
    try:
        with open(_place(output), encoding="utf-8") as file:
            stamp = json.load(file)
        if stamp["inputs"] != inputs(spec):
            return None
        files: dict[str, int] = stamp["files"]
        if any(_checksum(os.path.join(output, path)) != checksum for path, checksum in files.items()):
            return None
        keep = stamp["keep"]
        return None if any(not fits(path, keep) for path in unknown(files, output)) else files
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(spec: str, output: str, files: Mapping[str, str], keep: Iterable[str]) -> None:
    """Note what was rendered from what, and which other files are no strays."""
    place = _place(output)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(os.path.join(os.path.dirname(place), ".gitignore"), "w", encoding="utf-8") as file:
        file.write("*\n")
    checksums = {path: crc32(text.encode()) for path, text in files.items()}
    with open(place, "w", encoding="utf-8") as file:
        json.dump({"inputs": inputs(spec), "files": checksums, "keep": list(keep)}, file)


def inputs(spec: str) -> list[Any]:
    """The state of the spec's files and of this program, in the types that JSON gives back."""
    return [[[path, _checksum(path)] for path in _spec_files(spec)], list(_program())]


def _spec_files(spec: str) -> Iterable[str]:
    if not os.path.isdir(spec):
        return [spec]
    return sorted(os.path.join(spec, name) for name in os.listdir(spec) if name.endswith((".yaml", ".yml")))


def _program() -> Iterator[list[str | int]]:
    for name in PACKAGES:
        package = find_spec(name)
        for root in (package.submodule_search_locations or ()) if package else ():
            for folder, folders, names in os.walk(root):
                folders[:] = sorted(folder for folder in folders if folder != "__pycache__")
                for file in sorted(names):
                    if name == "duckdb_exporter" and file == "metrics.py":
                        continue  # rendered itself
                    status = os.stat(os.path.join(folder, file))
                    yield [file, status.st_size, status.st_mtime_ns]


def _checksum(path: str) -> int:
    with open(path, "rb") as file:
        return crc32(file.read())


def _place(output: str) -> str:
    return os.path.join(output, FOLDER, "render.json")
