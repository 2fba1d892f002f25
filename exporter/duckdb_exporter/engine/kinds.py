"""What is recorded of a query: its kind, one object for each combination of type, tables and outcome."""

from __future__ import annotations

from functools import cache

from .activity import error_class

OK, PARTIAL, ABANDONED, ERROR = OUTCOMES = ("ok", "partial", "abandoned", "error")
"""How a query ends: read to its end (or without rows to read), read in part, not read at all, failed."""


class Kind:
    """A kind of query. Of two equal ones there is one object: they are told apart by identity, as events are many."""

    __slots__ = ("error", "outcome", "query_type", "tables")

    def __init__(self, query_type: str, tables: tuple[str, ...], outcome: str, error: str = "") -> None:
        self.query_type = query_type
        self.tables = tables
        self.outcome = outcome
        self.error = error  # the class of the exception


kind = cache(Kind)


class Statement:
    """A text given to `execute`, in the words of the labels.

    `streams`: its rows are computed while they are fetched, not inside `execute`. `verbs`: BEGIN, COMMIT and ROLLBACK
    in the order in which the text has them. `prepares`: names that it gives to statements; `executes`: the name of
    the one that it runs. `meets_polls`: it is a CHECKPOINT and nothing else; `detaches`: it has a DETACH.
    `is_plain`: it streams, and nothing else is to be known about it.

    `ok` and `left` are the kinds it is recorded as, the last when its rows were left unfetched. `begun` is
    the same statement after some rows were fetched.
    """

    __slots__ = (
        "begun",
        "detaches",
        "executes",
        "is_plain",
        "left",
        "meets_polls",
        "ok",
        "prepares",
        "query_type",
        "streams",
        "tables",
        "verbs",
    )  # fmt: skip

    def __init__(
        self,
        query_type: str,
        tables: tuple[str, ...] = (),
        *,
        streams: bool = False,
        verbs: tuple[str, ...] = (),
        prepares: tuple[tuple[str, Statement], ...] = (),
        executes: str = "",
        meets_polls: bool = False,
        detaches: bool = False,
        begun: bool = False,
    ) -> None:
        self.query_type = query_type
        self.tables = tables
        self.streams = streams
        self.verbs = verbs
        self.prepares = prepares
        self.executes = executes
        self.meets_polls = meets_polls
        self.detaches = detaches
        self.is_plain = streams and not (verbs or prepares or executes or meets_polls)
        self.ok = kind(query_type, tables, OK)
        self.left = kind(query_type, tables, PARTIAL if begun else ABANDONED)
        self.begun = self if begun else Statement(query_type, tables, streams=streams, begun=True)

    def failed(self, error: BaseException | None) -> Kind:
        """The kind it is recorded as when it raised this."""
        return kind(self.query_type, self.tables, ERROR, error_class(error))
