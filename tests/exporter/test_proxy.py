"""An instrumented connection behaves as the bare one."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import duckdb
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duckdb_exporter.engine.connection import Connection
from duckdb_exporter.engine.exporter import Exporter

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab

Call = tuple[str, tuple[Any, ...]]

TEXTS = [
    "SELECT 1",
    "SELECT range, range * 2 FROM range(5)",
    "SELECT * FROM range(5000)",
    "SELECT ?",
    "SELECT $a",
    "CREATE OR REPLACE TABLE t (id INTEGER PRIMARY KEY, x VARCHAR)",
    "INSERT INTO t VALUES (1, 'a')",
    "INSERT INTO t VALUES (2, 'b') RETURNING *",
    "UPDATE t SET x = 'c'",
    "DELETE FROM t",
    "SELECT * FROM t",
    "SELECT count(*) FROM t; SELECT max(id) FROM t",
    "WITH a AS (INSERT INTO t VALUES (3, 'w') RETURNING *) SELECT * FROM a",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "BEGIN; INSERT INTO t VALUES (4, 'd'); COMMIT",
    "SELECT 'x'::INTEGER",
    "SELECT CASE WHEN range = 3000 THEN error('late') END FROM range(4000)",
    "SELECT * FROM nowhere",
    "not SQL",
    "",
    "PREPARE p AS SELECT 7",
    "EXECUTE p",
    "DESCRIBE SELECT 1 AS a",
]
PARAMETERS: list[Any] = [None, [], [1], [1, 2], {"a": 1}, {"b": 1}, [object], 5]

FRAME = pandas.DataFrame({"id": [11, 12], "x": ["f", "g"]})
USES: dict[str, Callable[[Any], Any]] = {
    "appender": lambda con: _append(con, 21),
    "appender that fails": lambda con: _append(con, "x"),
    "create_view": lambda con: con.sql("SELECT 1 AS one").create_view("v"),
    "derived": lambda con: con.table("t").filter("id > 1").order("id").fetchall(),
    "failing": lambda con: con.sql("SELECT 'x'::INTEGER").df(),
    "insert_into": lambda con: con.sql("SELECT 31, 'r'").insert_into("t"),
    "iter_rows": lambda con: list(con.sql("FROM range(3)").iter_rows(2)),
    "of a cursor": lambda con: con.cursor().execute("FROM range(3)").fetchmany(2),
    "query": lambda con: con.table("t").query("these", "SELECT count(*) FROM these").fetchall(),
    "query that changes": lambda con: con.table("t").query("these", "DELETE FROM t"),
    "stream": lambda con: con.sql("FROM range(3)").to_arrow_reader().read_all().to_pylist(),
    "stream that fails": lambda con: con.sql("SELECT error('x') FROM range(3)").to_arrow_reader().read_all(),
}


def _append(con: Any, number: Any) -> None:
    with con.appender("t") as appender:
        appender.append_row(number, "a")


CALLS: st.SearchStrategy[Call] = st.one_of(
    st.tuples(st.just("execute"), st.tuples(st.sampled_from(TEXTS))),
    st.tuples(st.just("execute"), st.tuples(st.sampled_from(TEXTS), st.sampled_from(PARAMETERS))),
    st.tuples(st.just("execute"), st.sampled_from([(), (5,), ([],), ("SELECT 1", None, 3)])),
    st.tuples(
        st.just("executemany"), st.sampled_from([("INSERT INTO t VALUES (?, 'm')", [[7], [8]]), ("SELECT ?", [])])
    ),
    st.tuples(
        st.sampled_from(["fetchone", "fetchall", "begin", "commit", "rollback", "complete", "abort"]), st.just(())
    ),
    st.tuples(st.just("fetchmany"), st.sampled_from([(), (2,), (0,), (-1,), ("x",)])),
    st.tuples(st.sampled_from(["df", "fetchnumpy", "close", "checkpoint"]), st.just(())),
    st.tuples(st.sampled_from(["sql", "query"]), st.tuples(st.sampled_from(TEXTS))),
    st.tuples(st.just("table"), st.sampled_from([("t",), ("nowhere",)])),
    st.tuples(st.just("append"), st.sampled_from([("t", FRAME), ("t", FRAME[["id"]]), ("nowhere", FRAME), (5, FRAME)])),
    st.tuples(
        st.sampled_from(["to_arrow_table", "cursor", "extract_statements"]), st.sampled_from([(), ("SELECT 1; x",)])
    ),
    st.tuples(st.just("get"), st.sampled_from([("description",), ("rowcount",), ("nonsense",)])),
    st.tuples(st.just("use"), st.sampled_from(sorted(USES))),
)


def outcome(connection: Any, call: Call) -> Any:
    """What a call gives, in a form that can be compared: relations are read, the connection itself is "self"."""
    name, arguments = call
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if name == "use":
                result = USES[arguments[0]](connection)
            else:
                result = getattr(connection, arguments[0]) if name == "get" else getattr(connection, name)(*arguments)
            if isinstance(result, duckdb.DuckDBPyRelation):
                return "relation", result.columns, [str(kind) for kind in result.types], result.fetchall()
    except Exception as error:  # noqa: BLE001 - which exception it is, is what is compared
        # A wrong call is described in Python's words by one and in nanobind's by the other.
        return type(error), None if isinstance(error, TypeError | AttributeError) else str(error).partition("\n")[0]
    if result is connection or isinstance(result, duckdb.DuckDBPyConnection):
        return "self" if result is connection else "cursor"
    return type(result).__name__, str(result)


@pytest.fixture(scope="module")
def connect(calm: Exporter) -> Callable[[], Connection]:
    return lambda: calm.connect(listen=False)


@settings(max_examples=200)
@given(calls=st.lists(CALLS, max_size=12))
def test_any_sequence_of_calls_gives_what_the_bare_connection_gives(
    connect: Callable[[], Connection], calls: list[Call]
) -> None:
    bare, measured = duckdb.connect(), connect()
    try:
        for connection in (bare, measured):
            connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x VARCHAR)")
        for call in calls:
            assert outcome(measured, call) == outcome(bare, call), call
    finally:
        bare.close()
        measured.close()


@pytest.fixture
def con(lab: Lab) -> Iterator[Connection]:
    con = lab.connect(instance_id="i", listen=False)
    yield con
    con.close()


class Vector:
    """Something that DuckDB recognises as readable from Python, and then fails to read."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        raise RuntimeError("found the caller's variable")


@pytest.mark.parametrize("method", ["execute", "sql", "query"])
def test_a_query_finds_the_variables_of_its_caller(con: Connection, method: str) -> None:
    numbers = con.sql("SELECT 7 AS seven")  # noqa: F841 - read by the query below
    vector = Vector()  # noqa: F841
    assert getattr(con, method)("SELECT * FROM numbers").fetchall() == [(7,)]
    with pytest.raises(duckdb.InvalidInputException, match="found the caller's variable"):
        getattr(con, method)("SELECT * FROM vector").fetchall()


def test_a_query_finds_no_variable_of_the_proxy_or_of_further_callers(con: Connection) -> None:
    numbers = con.sql("SELECT 7 AS seven")  # noqa: F841

    def inner() -> None:
        con.execute("SELECT * FROM numbers")

    with pytest.raises(duckdb.CatalogException):
        inner()
    with pytest.raises(duckdb.CatalogException):
        con.execute("SELECT * FROM parameters")


def test_a_relation_is_a_relation_of_duckdb(con: Connection) -> None:
    relation: Any = con.sql("SELECT 1 AS a")
    assert con.sql("SELECT 2 AS a").join(relation, "a").fetchall() == []
    assert "│" in str(relation)
    assert relation.query("v", "SELECT a + 1 FROM v").fetchall() == [(2,)]
    assert isinstance(relation, duckdb.DuckDBPyRelation)
    assert relation.__class__ is duckdb.DuckDBPyRelation


def test_it_is_taken_for_a_connection_of_duckdb(lab: Lab, con: Any) -> None:
    assert isinstance(con, duckdb.DuckDBPyConnection)
    assert con.get_table_names("SELECT * FROM t") == {"t"}
    positional = lab.connect(":memory:", False, {"threads": 1}, instance_id="p", listen=False)  # as duckdb.connect
    assert positional.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
    positional.close()


def test_frames_come_and_go(lab: Lab, con: Connection) -> None:
    frame = pandas.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None]})
    read = (
        con.execute("SELECT * FROM frame").df(),
        con.execute("SELECT * FROM frame").fetchdf(),
        con.sql("SELECT * FROM frame").df(),
        con.from_df(frame).to_df(),
    )
    with duckdb.connect() as bare:
        expected = bare.execute("SELECT * FROM frame").df()
    for found in read:
        pandas.testing.assert_frame_equal(found, expected)
    assert list(con.execute("SELECT a FROM frame").fetchnumpy()["a"]) == [1, 2, 3]
    assert lab.value("duckdb_query_count", query_type="SELECT", outcome="ok") == 5


def test_calls_can_be_chained(con: Connection) -> None:
    assert con.execute("SELECT 1") is con
    assert con.begin() is con
    assert con.commit() is con
    assert con.register("seven", con.sql("SELECT 7 AS a")) is con
    assert con.execute("SELECT * FROM seven").fetchall() == [(7,)]
    assert con.unregister("seven") is con


def test_as_a_context_manager_it_closes(lab: Lab) -> None:
    with lab.connect(listen=False) as con:
        assert con.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(duckdb.ConnectionException, match="closed"):
        con.execute("SELECT 1")


def test_what_the_bare_connection_refuses_it_refuses(con: Any) -> None:
    bare: Any = duckdb.connect()
    actions: tuple[Callable[[Any], object], ...] = (pickle.dumps, copy.copy, iter, len)
    for action in actions:
        with pytest.raises(TypeError):
            action(bare)
        with pytest.raises(TypeError):
            action(con)
    for connection in (bare, con):
        with pytest.raises(AttributeError):
            connection.anything = 1
        with pytest.raises(AttributeError):
            connection.fetch_everything  # noqa: B018
    assert set(dir(bare)) == set(dir(con))
    bare.close()


def test_an_open_result_is_not_disturbed_by_polls_and_scrapes(lab: Lab, con: Connection) -> None:
    con.execute("SELECT range FROM range(100000)")
    first = con.fetchmany(10)
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="i"))
    rest = con.fetchall()
    assert [row[0] for row in first + rest] == list(range(100000))


def test_a_cursor_is_measured_too(lab: Lab, con: Connection) -> None:
    for other in (con.cursor(), con.duplicate()):
        assert isinstance(other, Connection)
        assert other.execute("SELECT 1").fetchall() == [(1,)]
        other.close()
    assert lab.value("duckdb_query_latency_ms_count", query_type="SELECT") == 2
