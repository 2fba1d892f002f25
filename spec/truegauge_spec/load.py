"""A folder of YAML files, or one file, to a Spec. All problems of a stage are raised at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from truegauge_spec.check import check
from truegauge_spec.explain_error import problems_of
from truegauge_spec.model import Model
from truegauge_spec.problem import Position, Problem, SpecError
from truegauge_spec.spec import Source, Spec
from truegauge_spec.stack import Stack
from truegauge_spec.system import System
from truegauge_spec.yaml_source import read

SUFFIXES = (".yaml", ".yml")
KINDS: dict[str, type[Model]] = {"system": System, "stack": Stack}


def load(path: str | Path) -> Spec:
    """Read, validate and check the spec at `path`. Raises SpecError."""
    return build(sources(path))


def spec_files(path: str | Path) -> list[Path]:
    """The YAML files directly in the folder `path`, or the one file that it is."""
    place = Path(path)
    if place.is_dir():
        return sorted(file for file in place.iterdir() if file.suffix in SUFFIXES and file.is_file())
    return [place] if place.is_file() else []


def sources(path: str | Path) -> list[Source]:
    """Read the spec's files. Raises SpecError when there is none, or one is not UTF-8."""
    files = spec_files(path)
    if not files:
        missing = "there is no such file or folder" if not Path(path).exists() else "no .yaml file is in this folder"
        raise SpecError([Problem(Position(str(path)), f"nothing to render: {missing}", "empty_spec")])
    found, problems = [], []
    for file in files:
        try:
            found.append(Source(str(file), file.read_bytes().decode("utf-8")))
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
            problems.append(
                Problem(Position(str(file), line, column), "not UTF-8 text; save the file as UTF-8", "encoding")
            )
    if problems:
        raise SpecError(problems)
    return found


def build(files: Iterable[Source]) -> Spec:
    """Sources to a checked Spec; touches no disk. Raises SpecError."""
    spec = assemble(files)
    problems = check(spec)
    if errors := [problem for problem in problems if problem.severity == "error"]:
        raise SpecError(errors)
    return replace(spec, warnings=tuple(problems))


def assemble(files: Iterable[Source]) -> Spec:
    """Sources to a Spec that is not checked, as an older one may not hold today. Raises SpecError."""
    documents = _stage(_document(source) for source in files)
    return _together(_stage(_model(source, key, value) for source, key, value in documents))


def _stage(results: Iterable[Any]) -> list[Any]:
    """Collect results, or raise the problems of all that failed."""
    done: list[Any] = []
    problems: list[Problem] = []
    for result in results:
        if isinstance(result, SpecError):
            problems.extend(result.problems)
        else:
            done.append(result)
    if problems:
        raise SpecError(problems)
    return done


def _document(source: Source) -> tuple[Source, str, Any] | SpecError:
    try:
        value = read(source.text, source.path)
    except SpecError as error:
        return error
    if isinstance(value, dict):
        kinds = [key for key in KINDS if key in value]
        if len(kinds) == 1:
            return source, kinds[0], value
    message = "a spec file declares one `system:` with its metrics and alerts, or the one `stack:`"
    return SpecError([Problem(Position(source.path), message, "file_kind")])


def _model(source: Source, key: str, value: Any) -> tuple[Source, Any] | SpecError:
    try:
        return source, KINDS[key].model_validate(value)
    except ValidationError as error:
        return SpecError(problems_of(error, KINDS[key], source.positions))


def _together(models: list[tuple[Source, Any]]) -> Spec:
    systems: dict[str, System] = {}
    stack: Stack | None = None
    named: dict[str, Source] = {}
    problems = []
    for source, model in models:
        name = model.system if isinstance(model, System) else ""
        if name in named:
            what = f"the system {name!r}" if name else "the stack"
            position = source.positions.value(("system",) if name else ("stack",))
            problems.append(Problem(position, f"{what} is declared in {named[name].path} too", "declared_twice"))
            continue
        named[name] = source
        if isinstance(model, System):
            systems[name] = model
        else:
            stack = model
    if not systems and not problems:
        path = str(Path(models[0][0].path).parent)
        problems.append(Problem(Position(path), "nothing to render: no file declares a `system:`", "empty_spec"))
    if problems:
        raise SpecError(problems)
    return Spec(dict(sorted(systems.items())), stack or Stack(stack="none"), named)
