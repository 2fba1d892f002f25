"""Another version of the spec: a file, a folder, or a revision of git, of which nothing is checked out."""

from __future__ import annotations

import subprocess
from pathlib import Path

from truegauge_spec import Position, Problem, Source, Spec, SpecError, assemble, sources
from truegauge_spec.load import SUFFIXES

TIMEOUT = 60
"""Seconds; git reads a few small files of its own."""


def version(wanted: str, spec: str) -> Spec:
    """The spec at the path `wanted`, or as `spec` was at that revision; not checked. Raises SpecError."""
    found = sources(wanted) if Path(wanted).exists() else at_revision(wanted, Path(spec))
    try:
        return assemble(found)
    except SpecError as error:
        count = len(error.problems)
        why = f"this version of truegauge cannot read it, so nothing is compared: {count} problem{'s' * (count > 1)}"
        raise SpecError([Problem(Position(wanted), why, "unreadable_version"), *error.problems]) from None


def at_revision(revision: str, spec: Path) -> list[Source]:
    """The files of a spec as they were at a revision of the repository that it is in. Raises SpecError."""
    folder = spec if spec.is_dir() else spec.parent
    if revision.startswith("-"):
        raise _refused(revision, "it is neither a file or folder, nor a revision")
    commit = f"{revision}^{{commit}}"
    _git(folder, revision, "rev-parse", "--quiet", "--verify", "--end-of-options", commit)
    if not spec.is_dir():
        return [_source(folder, revision, spec.name, spec)]
    listed = _git(folder, revision, "ls-tree", "-z", "--name-only", commit, "./")
    names = [name for name in listed.split("\0") if name.endswith(SUFFIXES)]
    if not names:
        raise SpecError([Problem(Position(f"{revision}:{spec}"), "no .yaml file is in this folder", "empty_spec")])
    return [_source(folder, revision, name, spec / name) for name in names]


def _source(folder: Path, revision: str, name: str, shown: Path) -> Source:
    return Source(f"{revision}:{shown}", _git(folder, revision, "show", f"{revision}:./{name}"))


def _git(folder: Path, revision: str, *arguments: str) -> str:
    try:
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)
        text = done.stdout.decode()
    except FileNotFoundError:
        raise _refused(revision, "it is no file or folder, and git is not on the PATH to look for a revision") from None
    except UnicodeDecodeError:
        raise _refused(revision, "a file of the spec is not UTF-8 text there") from None
    except subprocess.TimeoutExpired:
        raise _refused(revision, f"git did not answer within {TIMEOUT} seconds") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[0].removeprefix("fatal: ") if said else "there is no such revision"
        raise _refused(revision, f"it is no file or folder, and git knows no spec there: {reason}")
    return text


def _refused(revision: str, message: str) -> SpecError:
    return SpecError([Problem(Position(revision), message, "unknown_version")])
