"""Values as literals of the language they are printed in, so that nothing in a spec can break out of its place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from json.encoder import encode_basestring
from keyword import iskeyword


class Literal(str):
    """Text that is already a literal of its language; only the functions of this module make one."""

    __slots__ = ()


# Characters that YAML does not allow raw even between quotes, or that count as a line break there.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_WORD = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_./:-]*[A-Za-z0-9_])?|[0-9]+(?:ms|[smhdwy])(?:[0-9]+(?:ms|[smhdwy]))*")
# What YAML 1.1 and 1.2 readers take for something other than a string.
_RESERVED = frozenset("y n yes no on off true false null nan inf".split())
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")


def _raw(text: str) -> bool:
    """Whether YAML takes every character as it is, line ends apart."""
    return (text.isascii() and text.isprintable()) or not (_UNSAFE.search(text) or _CONTROL.search(text))


def quoted(text: str) -> str:
    """A JSON string, which is a YAML double-quoted scalar too."""
    literal = encode_basestring(text)
    return _UNSAFE.sub(_escape, literal) if not literal.isascii() or "\x7f" in literal else literal


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def as_json(value: object) -> str:
    """Any value of the views as JSON on one line."""
    if value.__class__ is str:
        return quoted(value)
    return _UNSAFE.sub(_escape, json.dumps(value, ensure_ascii=False))


@lru_cache(maxsize=65536)
def word(text: str) -> Literal:
    """A YAML scalar without quotes where every reader takes it for this very string, else with them."""
    plain = _WORD.fullmatch(text) is not None and text.lower() not in _RESERVED
    return Literal(text if plain else quoted(text))


def block(text: str, indent: int) -> Literal:
    """A YAML string; as a block scalar where it has quotes or lines of its own, so that it reads like the original."""
    plain = "\n" not in text and '"' not in text and "\\" not in text
    if plain or not _raw(text) or text[:1] in " \n" or text[-1:] == "\n":
        return Literal(quoted(text))
    margin = " " * indent
    return Literal("|-\n" + "\n".join([margin + line if line else "" for line in text.split("\n")]))


def as_python(value: object) -> str:
    """A Python literal on one line; non-ASCII text stays readable. Raises TypeError for what is no plain value."""
    if value.__class__ is str:
        return quoted(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(as_python, value))}{',' if len(value) == 1 else ''})"
    if value is None or isinstance(value, int | float):
        return repr(value)
    raise TypeError(f"{type(value).__name__} is not printed as Python")


_PLAIN = re.compile(r"[A-Za-z0-9._/:@-]+")


def as_plain(value: object) -> str:
    """A word that systemd and Docker take as it is. Raises ValueError for what would need quotes."""
    text = str(value)
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"{text!r} is not printed without quotes")
    return text


def identifier(name: str) -> Literal:
    """A Python identifier; a keyword gets an underscore behind it. Raises ValueError where it is none."""
    if not name.isidentifier():
        raise ValueError(f"{name!r} is not a Python identifier")
    return Literal(f"{name}_" if iskeyword(name) else name)


_SECTION = re.compile(r"^(\s*)([#=]|-{3,})", re.MULTILINE)
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|#~&$]")


def as_markdown(value: object) -> str:
    """Text that Markdown shows as it is, on one line. Raises TypeError for what is no plain value."""
    if not isinstance(value, str | int | float):
        raise TypeError(f"{type(value).__name__} is not printed as Markdown")
    return _escaped(str(value))


@lru_cache(maxsize=65536)
def _escaped(text: str) -> str:
    # A function costs a third of a template with a group, which Python reads anew each time.
    return _MARKDOWN.sub(lambda match: f"\\{match[0]}", " ".join(text.split()))


def as_html(value: object) -> str:
    """A string or a number as text of HTML, fit for an attribute in quotes too."""
    return str(value).translate(_HTML)


_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def code(value: str) -> Literal:
    """Inline code in Markdown, fit for a table cell too."""
    text = " ".join(value.split()).replace("|", "\\|")
    if "`" not in text:
        return Literal(f"`{text}`")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, pad = "`" * (longest + 1), " " if longest else ""
    return Literal(f"{fence}{pad}{text}{pad}{fence}")


def fenced(value: str, language: str = "") -> Literal:
    """A code block in Markdown, with a fence longer than any in the text."""
    longest = max((len(run) for run in re.findall("`{3,}", value)), default=2) if "```" in value else 2
    fence = "`" * (longest + 1)
    return Literal(f"{fence}{language}\n{value}\n{fence}")


def prose(value: str) -> Literal:
    """Markdown that an author wrote, kept from opening a section or raw HTML of its own."""
    return Literal(_SECTION.sub(lambda match: f"{match[1]}\\{match[2]}", value.strip()).replace("<", "&lt;"))


def single(text: str) -> Literal:
    """A YAML string in single quotes, in which PromQL's double quotes need no escape."""
    if '"' not in text or "\n" in text or not _raw(text):
        return Literal(quoted(text))
    return Literal("'" + text.replace("'", "''") + "'")


def words(texts: Mapping[str, str], indent: int) -> Literal:
    """A mapping in block YAML whose values are words, as labels are."""
    margin = " " * indent
    return Literal("\n".join(f"{margin}{word(key)}: {word(text)}" for key, text in texts.items()))


def strings(texts: Mapping[str, str], indent: int) -> Literal:
    """A mapping in block YAML whose values are in quotes, as annotations are."""
    margin = " " * indent
    return Literal("\n".join(f"{margin}{word(key)}: {quoted(text)}" for key, text in texts.items()))


def tree(value: object, indent: int) -> Literal:
    """Nested mappings and lists as block YAML, below a key that stands at `indent - 2`."""
    return Literal("\n".join(_lines(value, " " * indent)))


def _lines(value: object, margin: str) -> list[str]:
    lines: list[str] = []
    pairs = value.items() if isinstance(value, dict) else ((None, item) for item in value)  # type: ignore[attr-defined]
    for key, item in pairs:
        head = f"{margin}- " if key is None else f"{margin}{word(key)}:"
        if not item or not isinstance(item, dict | list | tuple):
            scalar = item if isinstance(item, str) else None
            text = as_json(item) if scalar is None else single(scalar) if '"' in scalar else word(scalar)
            lines.append(head + ("" if key is None else " ") + text)
            continue
        nested = _lines(item, margin + "  ")
        if key is None:
            lines += [head + nested[0].lstrip(), *nested[1:]]
        else:
            lines += [head, *nested]
    return lines
