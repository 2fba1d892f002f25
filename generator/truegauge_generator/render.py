"""A spec to the text of every file. Pure: `render(spec)` touches no network, and of the disk only its own package."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined, Template, pass_eval_context
from jinja2.nodes import EvalContext

from truegauge_generator import literals
from truegauge_generator.targets import TARGETS, Target
from truegauge_spec import Spec


def render(spec: Spec) -> dict[str, str]:
    """Every file that the spec stands for: its path below the output folder, and its text."""
    return dict(sorted(file for target in TARGETS for file in _files(target, spec)))


def _files(target: Target, spec: Spec) -> Iterator[tuple[str, str]]:
    if target.scope == "system":
        views = [(name, partial(target.view, spec, system)) for name, system in spec.systems.items()]
    else:
        declared = getattr(spec.stack, target.scope) is not None
        views = [("", partial(target.view, spec))] if declared else []
    for name, view in views:
        shaped = view()
        if shaped is None:
            continue
        if target.template is None:
            yield from ((f"{target.path.format(system=name)}/{file}", text) for file, text in shaped.items())
            continue
        printed = template(target.template)
        for part, data in shaped.items() if "{part}" in target.path else [("", shaped)]:
            yield target.path.format(system=name, part=part), printed.render(data)


@cache
def template(name: str) -> Template:
    """The template of that name, in the environment of the language that its name ends with: `rules.yml.j2`."""
    return _environment(name.split(".")[-2]).get_template(name)


# How each language prints a value. Every `{{ x }}` passes here, so it is a literal by construction: autoescape
# would only escape it once more, for HTML, at five times the cost.
LANGUAGES = {
    "yml": literals.as_json,
    "py": literals.as_python,
    "md": literals.as_markdown,
    "html": literals.as_html,
    "tmpl": literals.as_json,
    "Dockerfile": literals.as_plain,
    "service": literals.as_plain,
}


@cache
def _compiled() -> FileSystemBytecodeCache | None:
    """Compiled templates, kept beside the bytecode of this module; None where Python keeps none either.

    Jinja sees that a template has changed, but not that this module has.
    """
    bytecode = Path(__spec__.cached or "")
    if sys.dont_write_bytecode or not bytecode.is_file() or not os.access(bytecode.parent, os.W_OK):
        return None
    return FileSystemBytecodeCache(str(bytecode.parent), f"template-{bytecode.stat().st_mtime_ns:x}-%s.cache")


@cache
def _environment(language: str) -> Environment:
    as_literal = LANGUAGES[language]

    @pass_eval_context  # without it Jinja folds constants past finalize
    def finalize(_: EvalContext, value: Any) -> str:
        return value if value.__class__ is literals.Literal else as_literal(value)

    environment = Environment(
        loader=PackageLoader("truegauge_generator"),
        undefined=StrictUndefined,
        finalize=finalize,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_compiled(),
    )
    for name in ("word", "words", "strings", "block", "single", "tree", "code", "fenced", "prose", "identifier"):
        environment.filters[name] = getattr(literals, name)
    return environment
