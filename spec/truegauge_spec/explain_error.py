"""Pydantic's errors in the words of the spec, each at its line."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from truegauge_spec.conditions import CONDITIONS
from truegauge_spec.names import nearest
from truegauge_spec.positions import Path, Positions
from truegauge_spec.problem import Problem

KIND_KEYS = {f"<{model.kind}>": model.key for model in CONDITIONS}
"""The key of each kind of condition, by pydantic's step to it."""


def problems_of(error: ValidationError, model: type[BaseModel], positions: Positions) -> Iterator[Problem]:
    """One problem for each of pydantic's errors on `model`."""
    for item in error.errors(include_url=False):
        location = item["loc"]
        # Tags of unions and `[key]` are pydantic's own steps, not places in the file.
        path: Path = tuple(step for step in location if not (isinstance(step, str) and step[:1] in "<[" and step))
        message, code = _message(item, model, location, path)
        about_key = item["type"] == "extra_forbidden" or location[-1:] == ("[key]",)
        position = positions.key(path) if about_key else positions.value(path)
        yield Problem(position, message, code)


def _message(item: Any, model: type[BaseModel], location: Path, path: Path) -> tuple[str, str]:
    kind, context, given = item["type"], item.get("ctx", {}), item["input"]
    name = path[-1] if path else "the file"
    if location[-1:] == ("[key]",):
        return f"{name!r} is not a valid name: it needs to match {context.get('pattern', item['msg'])}", "bad_name"
    if kind == "extra_forbidden":
        own = KIND_KEYS.get(str(location[-2])) if len(location) > 1 else None
        if own and name in KIND_KEYS.values():
            return f"{own!r} and {name!r} make two kinds of condition; keep one", "unknown_key"
        return f"unknown key {name!r}{nearest(str(name), _keys(model, location[:-1]))}", "unknown_key"
    if kind == "missing":
        return f"the key {name!r} is missing", "missing_key"
    if kind == "value_error":
        return str(context["error"]), "bad_value"
    if kind == "literal_error":
        options = [option.strip("'") for option in context["expected"].replace(" or ", ", ").split(", ")]
        return f"{name!r} is {given!r}, but must be one of {', '.join(options)}{_close(given, options)}", "bad_value"
    if given is None:
        return f"{name!r} is empty; give a value, or quote it where the text itself is meant", "wrong_type"
    if kind == "string_pattern_mismatch":
        return f"{name!r} is {given!r}, which does not match {context['pattern']}", "bad_value"
    if kind in ("string_too_short", "too_short"):
        return f"{name!r} is empty", "bad_value"
    return f"{name!r} is {_shown(given)}: {_sentence(item['msg'])}", "wrong_type"


def _close(given: Any, options: list[str]) -> str:
    hint = nearest(str(given), options)
    return hint if "did you mean" in hint else ""


def _shown(given: Any) -> str:
    if isinstance(given, dict):
        return "a mapping"
    return "a list" if isinstance(given, list | tuple) else repr(given)


def _sentence(message: str) -> str:
    words = {"Input should be": "it should be", "dictionary": "mapping", "valid tuple": "list", "an instance of": "a"}
    for theirs, ours in words.items():
        message = message.replace(theirs, ours)
    return message[:1].lower() + message[1:]


def _keys(annotation: Any, location: Path) -> list[str]:
    """The keys that the model at `location` below `annotation` knows."""
    for step in location:
        annotation = _below(annotation, step)
    annotation = _bare(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [field.alias or name for name, field in annotation.model_fields.items()]
    return []


def _below(annotation: Any, step: str | int) -> Any:
    annotation = _bare(annotation)
    arms = get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        if isinstance(step, str) and step.startswith("<"):
            return next((arm for arm in arms if _tag(arm) == step), None)
        return _below(next((arm for arm in arms if arm is not type(None)), None), step)
    if get_origin(annotation) is dict:
        return arms[1]
    if get_origin(annotation) is tuple:
        return arms[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields
        found = next((field for name, field in fields.items() if (field.alias or name) == step), None)
        return found.annotation if found else None
    return None


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _tag(annotation: Any) -> str | None:
    while get_origin(annotation) is Annotated:
        inner, *extra = get_args(annotation)
        for item in extra:
            if hasattr(item, "tag"):
                return str(item.tag)
        annotation = inner
    return None
