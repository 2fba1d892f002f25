"""Every way to run something is seen: it counts once, and a transaction that it aborts is known to be lost."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from duckdb_exporter.engine.connection import Connection
from duckdb_exporter.engine.relation import MEASURED

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab

FRAME = pd.DataFrame({"id": [7, 8]})
WRONG = pd.DataFrame({"id": ["x"]})
LATE = "SELECT CASE WHEN range = 3000 THEN error('late') ELSE range END AS id FROM range(4000)"

MERGE = "MERGE INTO trades USING (SELECT 1 AS id) AS new USING (id) WHEN NOT MATCHED THEN INSERT"

Way = Callable[[Any], Any]
of_module: Any = duckdb  # whose stubs know no relation that is always there


def counted(lab: Lab) -> dict[str, float]:
    """How often each type was counted, as `SELECT ok`, after the fixture's CREATE TABLE."""
    found = lab.scrape().by_labels("duckdb_query_count")
    counts = {f"{query_type} {outcome}": count for (outcome, query_type), count in found.items()}
    counts["OTHER ok"] -= 1
    return {kind: count for kind, count in counts.items() if count}


def append_by_query(con: Connection) -> None:
    with con.query_appender("INSERT INTO trades SELECT 1", {"id": "INTEGER"}) as appender:
        appender.append_row(1)


def append_and_fail(con: Connection) -> None:
    with con.appender("trades") as appender:
        appender.append_row(1)
        raise KeyError


WAYS: list[tuple[str, Way]] = [
    ("SELECT", lambda con: con.sql("FROM trades").fetchall()),
    ("SELECT", lambda con: con.table("trades").df()),
    ("SELECT", lambda con: con.table("trades").to_arrow_table()),
    ("SELECT", lambda con: con.table("trades").to_arrow_reader().read_all()),
    ("SELECT", lambda con: pa.table(con.table("trades"))),
    ("SELECT", lambda con: con.table("trades").describe().fetchall()),
    ("SELECT", lambda con: con.table("trades").shape),
    ("SELECT", lambda con: con.table("trades")._repr_mimebundle_()),
    ("SELECT", lambda con: con.table("trades").query("t", "SELECT count(*) FROM t").fetchall()),
    ("SELECT", lambda con: con.table("trades").map(lambda frame: frame, schema={"id": int}).fetchall()),
    ("SELECT", lambda con: con.sql("SHOW TABLES").fetchall()),
    ("SELECT", lambda con: of_module.sql("FROM trades", connection=con).fetchall()),
    ("SELECT", lambda con: of_module.table("trades", connection=con).filter("id > 0").df()),
    ("INSERT", lambda con: con.append("trades", FRAME)),
    ("INSERT", append_by_query),
    ("INSERT", lambda con: con.table("trades").query("t", "INSERT INTO trades SELECT 1 FROM t")),
    ("INSERT", lambda con: con.sql("INSERT INTO trades VALUES (1) RETURNING id")),
    ("INSERT", lambda con: con.sql("SELECT 1").insert_into("trades")),
    ("INSERT", lambda con: of_module.sql("INSERT INTO trades VALUES (1)", connection=con)),
    ("INSERT", lambda con: con.execute("/* " + "long " * 2000 + "*/ INSERT INTO trades VALUES (1)")),
    ("UPDATE", lambda con: con.table("trades").update({"id": 1})),
    ("OTHER", lambda con: con.sql("FROM trades").create("copy")),
    ("OTHER", lambda con: con.sql("SELECT 1 AS id").create_view("one")),
    ("OTHER", lambda con: con.sql("CALL pragma_version()")),
    ("OTHER", lambda con: con.sql("EXPLAIN SELECT 1")),
    ("OTHER", lambda con: con.sql("CREATE TABLE copy AS FROM trades")),
    ("OTHER", lambda con: con.execute("COPY trades TO '/dev/null' (FORMAT csv)")),
    ("OTHER", lambda con: con.execute("CREATE TABLE copy AS FROM trades")),
    ("OTHER", lambda con: con.execute(MERGE)),
]  # fmt: skip


@pytest.mark.parametrize(("query_type", "run"), WAYS)
def test_each_way_to_run_something_counts_once(lab: Lab, con: Connection, query_type: str, run: Way) -> None:
    run(con)
    assert counted(lab) == {f"{query_type} ok": 1}


def test_an_appender_that_an_exception_leaves_drops_its_rows(lab: Lab, con: Connection) -> None:
    with pytest.raises(KeyError):
        append_and_fail(con)
    assert counted(lab) == {"INSERT abandoned": 1}
    assert con.execute("FROM trades").fetchall() == []


@pytest.mark.parametrize(
    "refused",
    [
        lambda con: con.execute(5),
        lambda con: con.execute("SELEC"),
        lambda con: con.executemany("SELECT ?", 5),
        lambda con: con.sql("SELECT * FROM nowhere"),
        lambda con: con.append("trades", FRAME),  # refused beside an open result
    ],
)
def test_what_is_refused_leaves_the_open_result_as_it_is(lab: Lab, con: Connection, refused: Way) -> None:
    con.execute("FROM range(5)").fetchone()
    with pytest.raises(duckdb.Error):
        refused(con)
    assert len(con.fetchall()) == 4
    assert counted(lab)["SELECT ok"] == 1


@pytest.mark.parametrize("failing", ["SELECT * FROM nowhere", "SELECT ?"])
def test_what_fails_in_the_engine_drops_the_open_result(lab: Lab, con: Connection, failing: str) -> None:
    con.execute("FROM range(5)").fetchone()
    with pytest.raises(duckdb.Error):
        con.execute(failing)
    assert counted(lab) == {"SELECT error": 1, "SELECT partial": 1}


FAILURES: list[Way] = [
    lambda con: con.execute("SELECT * FROM nowhere"),
    lambda con: con.execute("SELECT 1; SELECT * FROM nowhere"),
    lambda con: con.append("trades", WRONG),
    lambda con: con.sql(LATE).fetchall(),
    lambda con: list(con.sql(LATE).iter_rows()),
    lambda con: con.sql(LATE).to_arrow_reader(100).read_all(),
    lambda con: pa.table(con.sql(LATE)),
    lambda con: con.sql(LATE)._repr_mimebundle_(),
    lambda con: con.sql(LATE).create("copy"),
    lambda con: con.sql("SELECT 1 AS id").create_view("trades"),
    lambda con: con.sql("SELECT 'x' AS id").query("t", "INSERT INTO trades FROM t"),
    lambda con: of_module.sql(LATE, connection=con).fetchall(),
    lambda con: con.get_table_names("SELEC"),
    lambda con: con.install_extension("no such extension"),
    lambda con: con.table("nowhere"),
    lambda con: con.sql("SELECT * FROM nowhere"),
    lambda con: con.execute("SELECT ?", [object()]),
    lambda con: con.executemany("INSERT INTO trades VALUES (?)", [["x"]]),
    lambda con: con.appender("nowhere"),
    lambda con: con.register("wrong", 5),
    lambda con: con.begin(),
]


@pytest.mark.parametrize("fail", FAILURES)
@pytest.mark.parametrize(
    "commit", [Connection.commit, lambda con: con.execute("COMMIT"), lambda con: con.sql("COMMIT")]
)
def test_a_commit_is_lost_where_its_row_is(lab: Lab, con: Connection, fail: Way, commit: Way) -> None:
    con.begin().execute("INSERT INTO trades VALUES (7)")
    with pytest.raises((duckdb.Error, OSError)):
        fail(con)
    commit(con)
    kept = con.cursor().execute("SELECT count(*) FROM trades").fetchall() == [(1,)]
    assert ends(lab) == {"commit" if kept else "lost_commit": 1}


def ends(lab: Lab) -> dict[str, float]:
    """How the transactions ended."""
    return {outcome: count for (outcome,), count in lab.scrape().by_labels("duckdb_transaction_count").items() if count}


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("COMMIT; SELECT * FROM nowhere", "commit"),
        ("COMMIT; SELEC", "commit"),
        ("ROLLBACK; SELECT * FROM nowhere", "rollback"),
    ],
)
def test_a_transaction_has_ended_though_what_follows_in_the_text_fails(
    lab: Lab, con: Connection, text: str, outcome: str
) -> None:
    con.begin().execute("INSERT INTO trades VALUES (7)")
    with pytest.raises(duckdb.Error):
        con.execute(text)
    kept = con.execute("SELECT count(*) FROM trades").fetchall() == [(1,)]
    assert (ends(lab), kept) == ({outcome: 1}, outcome == "commit")


def test_a_script_of_any_length_can_hold_a_whole_transaction(lab: Lab, con: Connection) -> None:
    some, more = (", ".join(f"({first + number})" for number in range(5000)) for first in (0, 5000))
    con.execute(f"BEGIN; INSERT INTO trades VALUES {some}; COMMIT")
    con.begin()
    con.execute(f"INSERT INTO trades VALUES {more}; COMMIT")
    assert ends(lab) == {"commit": 2}
    assert lab.value("duckdb_oldest_transaction_seconds", instance_id="i") == 0


def test_the_transaction_of_a_cursor_ends_with_the_cursor_or_with_its_parent(lab: Lab) -> None:
    parent = lab.connect(instance_id="i", listen=False)
    parent.execute("CREATE TABLE trades (id INTEGER)")
    dropped = parent.cursor()
    dropped.begin()
    del dropped
    aborted, left = parent.cursor(), parent.cursor()
    left.begin()
    aborted.begin()
    with pytest.raises(duckdb.ConversionException):
        aborted.append("trades", WRONG)
    parent.close()
    assert ends(lab) == {"abort": 1, "rollback": 2}


def test_connections_that_have_ended_are_forgotten_though_nobody_scrapes(lab: Lab, con: Connection) -> None:
    for _ in range(500):
        with con.cursor() as cursor:
            cursor.execute("FROM range(3)").fetchone()
    activities = con._instance._activities._all
    lab.until(lambda _: len(activities) < 10)
    assert lab.value("duckdb_rows_returned_total", instance_id="i") == 500


def test_an_appender_is_taken_for_one_of_duckdb(con: Connection) -> None:
    assert isinstance(con.appender("trades"), duckdb.Appender)


RUN_NOTHING = frozenset(
    """
    array_type decimal_type description disable_profiling dtype enable_profiling enum_type extract_statements
    filesystem_is_registered get_profiling_information get_table_names install_extension interrupt list_filesystems
    list_type load_extension map_type query_progress register_filesystem row_type rowcount sqltype string_type
    struct_type type union_type unregister_filesystem
    """.split()
)
"""Public members of a bare connection that run no query; INSTALL and LOAD are no queries of the application's."""


def test_every_member_of_a_connection_is_measured_or_runs_nothing() -> None:
    public = {name for name in dir(duckdb.DuckDBPyConnection) if not name.startswith("_")}
    bare = {name for name in public if isinstance(inspect.getattr_static(Connection, name), property)}
    assert bare == RUN_NOTHING


def test_every_method_of_a_relation_that_runs_something_is_measured() -> None:
    """Read from DuckDB's own code: what reaches the engine there, directly or by another method."""
    source = Path(inspect.getfile(duckdb.DuckDBPyRelation)).read_text()
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    relation = next(node for node in classes if node.name == "DuckDBPyRelation")
    uses = {method.name: _names(method) for method in relation.body if isinstance(method, ast.FunctionDef)}
    runs = {"submit", "create_view", "_run_now", "_held"}
    while more := {name for name, used in uses.items() if used & runs} - runs:
        runs |= more
    public = {name for name in runs & uses.keys() if not name.startswith("_") or name.endswith("__")}
    assert "fetchall" in public
    assert public <= {*MEASURED, "iter_rows", "shape"}  # whose length is measured


def _names(function: ast.FunctionDef) -> set[str]:
    nodes = list(ast.walk(function))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        node.id for node in nodes if isinstance(node, ast.Name)
    }
