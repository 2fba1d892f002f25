"""Rendered files on disk: compared with what the spec says, and written all or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import NamedTuple

OWNED = "rendered"
CACHES = ("__pycache__",)


class Comparison(NamedTuple):
    """How the files on disk differ from the rendered ones; paths are below the output folder."""

    changed: list[str]
    missing: list[str]
    stray: list[str]
    kept: list[str]
    same: int


def compare(files: Mapping[str, str], output: str, keep: Iterable[str] = ()) -> Comparison:
    """Compare every rendered file with the disk. Raises OSError where a file cannot be read.

    Files of no rendered one's name are stray, but for those that a pattern in `keep` fits.
    """
    changed, missing = [], []
    for path, text in files.items():
        try:
            with open(os.path.join(output, path), "rb") as file:
                if file.read() != text.encode():
                    changed.append(path)
        except FileNotFoundError:
            missing.append(path)
    same = len(files) - len(changed) - len(missing)
    patterns, others = tuple(keep), list(unknown(files, output))
    kept = [path for path in others if fits(path, patterns)]
    return Comparison(changed, missing, [path for path in others if path not in kept], kept, same)


def fits(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path is among those to keep."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def unknown(files: Iterable[str], output: str) -> Iterator[str]:
    """Files in `rendered/`, or in a generated exporter, that nothing in the spec stands for."""
    known = set(files)
    exporters = os.path.join(output, "exporter")
    owned = [OWNED]
    if os.path.isdir(exporters):
        owned += [f"exporter/{name}" for name in sorted(os.listdir(exporters)) if name.endswith("_exporter")]
    for root in owned:
        for folder, folders, names in os.walk(os.path.join(output, root)):
            folders[:] = sorted(name for name in folders if name not in CACHES)
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), output)
                if path not in known:
                    yield path


def write(files: Mapping[str, str], paths: Iterable[str], output: str) -> None:
    """Write the files at `paths`: first all of them beside their places, then each into its own. Raises OSError."""
    written: list[tuple[str, str]] = []
    try:
        for path in paths:
            place = os.path.join(output, path)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            beside = f"{place}.new"
            written.append((beside, place))
            with open(beside, "wb") as file:
                file.write(files[path].encode())
        for beside, place in written:
            os.replace(beside, place)
    finally:
        for beside, _ in written:
            with suppress(FileNotFoundError):
                os.unlink(beside)


def remove(paths: Iterable[str], output: str) -> None:
    """Remove files, and folders that they leave empty. Raises OSError."""
    for path in paths:
        place = os.path.join(output, path)
        os.unlink(place)
        with suppress(OSError):
            os.removedirs(os.path.dirname(place))
