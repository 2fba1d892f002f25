"""SQL text as words, by DuckDB's own tokenizer, so that strings, comments and quoted names are told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb

HEAD = 4096
"""Characters that are looked at. The tokenizer takes about 1 us a token, half a second for a 1 MB INSERT of literals,
and what a statement is and which tables it names stands at its beginning."""

_SHORTEST_HEAD = 64
# Comments and blanks, of which a licence at the beginning of a script can have more than a head.
_LEADING = re.compile(r"(?:\s+|--[^\n]*|/\*.*?\*/)*", re.DOTALL)
# What a semicolon can stand in, and the semicolon itself; the rest is passed over in runs.
_PIECE = re.compile(
    r"""[^'"$;/-]+|(?<=[eE])'[^'\\]*(?:(?:''|\\.)[^'\\]*)*'|'[^']*'|"[^"]*"|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/|.""",
    re.DOTALL,
)

STRING = "''"
"""Stands for every string constant: its text must not be taken for a word."""


def statements(sql: str) -> list[list[str]]:
    """The words of each statement in the text, as `words` has them.

    Of a text longer than a head, each statement has its share of the head, and at least its first words.
    """
    if ";" not in sql[HEAD:]:
        parts: list[list[str]] = [[]]
        for word in words(sql):
            if word == ";":
                parts.append([])
            else:
                parts[-1].append(word)
    else:
        texts = list(_divided(sql))
        share = max(HEAD // len(texts), _SHORTEST_HEAD)
        parts = [words(text, share) for text in texts]
    return [part for part in parts if part]


def _divided(sql: str) -> Iterator[str]:
    start = 0
    for piece in _PIECE.finditer(sql):
        if piece[0] == ";":
            yield sql[start : piece.start()]
            start = piece.end()
    yield sql[start:]


def words(sql: str, head: int = HEAD) -> list[str]:
    """The words of the text in order: names and keywords in lower case, quoted names without their quotes.

    Names are compared without case, as DuckDB does, also in quotes. Comments are left out.
    Raises TypeError for text that is no valid Unicode.
    """
    sql = _LEADING.sub("", sql, count=1)[:head]
    tokens = duckdb.tokenize(sql)
    text = sql if sql.isascii() else sql.encode()  # the offsets count bytes
    ends = [offset for offset, _ in tokens[1:]] + [len(text)]
    found = []
    for (start, kind), end in zip(tokens, ends, strict=False):
        if kind is duckdb.token_type.comment:
            continue
        if kind is duckdb.token_type.string_const:
            found.append(STRING)
            continue
        piece = text[start:end]
        word = (piece if isinstance(piece, str) else piece.decode(errors="replace")).strip()
        found.append(word[1:-1].replace('""', '"').lower() if word[:1] == '"' else word.lower())
    return found
