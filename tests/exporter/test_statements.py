"""Texts, and what they are: type, tables, transaction control."""

from __future__ import annotations

import duckdb
import pytest

from duckdb_exporter.engine.parser import Parser
from duckdb_exporter.engine.recent import Recent, shape
from duckdb_exporter.engine.statements import UNKNOWN, Classifier

PARSER = Parser()
TABLES = ("trades", "flights", "Orders")
# The engine's own word for a type, where ours is another: labels have five values.
ENGINE_TYPES = {"SELECT": "SELECT", "INSERT": "INSERT", "UPDATE": "UPDATE", "DELETE": "DELETE"}

# text, type, tables
ONE = [
    ("SELECT 1", "SELECT", ""),
    ("select * from trades", "SELECT", "trades"),
    ("SELECT * FROM TRADES t", "SELECT", "trades"),
    ('SELECT * FROM "Trades"', "SELECT", "trades"),
    ("SELECT * FROM orders", "SELECT", "Orders"),
    ("SELECT * FROM main.trades", "SELECT", "trades"),
    ("SELECT * FROM app.main.trades", "SELECT", "trades"),
    ("SELECT * FROM trades.flights", "SELECT", "flights"),
    ("SELECT * FROM elsewhere", "SELECT", ""),
    ("SELECT * FROM elsewhere trades", "SELECT", ""),
    ("SELECT * FROM elsewhere AS trades", "SELECT", ""),
    ("SELECT trades FROM elsewhere", "SELECT", ""),
    ("SELECT a FROM elsewhere WHERE trades = 1 AND a IN (1, trades)", "SELECT", ""),
    ("SELECT 'from trades'", "SELECT", ""),
    ("SELECT 1 -- from trades", "SELECT", ""),
    ("SELECT /* from trades */ 1 FROM flights", "SELECT", "flights"),
    ("SELECT $$ from trades $$", "SELECT", ""),
    ("SELECT * FROM trades, flights f", "SELECT", "trades flights"),
    ("SELECT * FROM trades JOIN flights USING (id)", "SELECT", "trades flights"),
    ("SELECT * FROM trades LEFT JOIN orders ON trades.id = orders.id", "SELECT", "trades Orders"),
    ("SELECT * FROM (SELECT * FROM trades) s", "SELECT", "trades"),
    ("SELECT (SELECT max(id) FROM flights) FROM trades", "SELECT", "flights trades"),
    ("SELECT * FROM a WHERE id IN (SELECT id FROM trades)", "SELECT", "trades"),
    ("SELECT * FROM trades UNION ALL SELECT * FROM flights", "SELECT", "trades flights"),
    ("SELECT * FROM trades WHERE a IS DISTINCT FROM flights", "SELECT", "trades"),
    ("SELECT * FROM trades WHERE é = 'ü' AND x = ?", "SELECT", "trades"),
    ("(SELECT * FROM trades)", "SELECT", "trades"),
    ("FROM trades", "SELECT", "trades"),
    ("FROM trades SELECT id", "SELECT", "trades"),
    ("TABLE trades", "SELECT", "trades"),
    ("VALUES (1), (2)", "SELECT", ""),
    ("WITH a AS (SELECT * FROM trades) SELECT * FROM a", "SELECT", "trades"),
    ("WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a WHERE n < 3) FROM a", "SELECT", ""),
    ("DESCRIBE trades", "SELECT", "trades"),
    ("SHOW TABLES", "SELECT", ""),
    ("SUMMARIZE trades", "SELECT", "trades"),
    ("INSERT INTO trades VALUES (1)", "INSERT", "trades"),
    ("insert into main.trades (id) select id from flights", "INSERT", "trades"),
    ("INSERT OR REPLACE INTO trades VALUES (?)", "INSERT", "trades"),
    ("INSERT INTO trades VALUES (1) ON CONFLICT DO NOTHING RETURNING id", "INSERT", "trades"),
    ("INSERT INTO trades BY NAME SELECT 1 AS id", "INSERT", "trades"),
    ("INSERT INTO elsewhere SELECT * FROM trades", "INSERT", ""),
    ("WITH a AS (SELECT 1 AS id) INSERT INTO trades SELECT * FROM a", "INSERT", "trades"),
    ("UPDATE trades SET id = 2", "UPDATE", "trades"),
    ('UPDATE "TRADES" SET id = 2 FROM flights WHERE trades.id = flights.id', "UPDATE", "trades"),
    ("WITH a AS (SELECT 1) UPDATE trades SET id = 2", "UPDATE", "trades"),
    ("DELETE FROM trades", "DELETE", "trades"),
    ("DELETE FROM trades USING flights WHERE trades.id = flights.id", "DELETE", "trades"),
    ("TRUNCATE trades", "DELETE", "trades"),
    ("WITH a AS (SELECT 1) DELETE FROM trades", "DELETE", "trades"),
    ("MERGE INTO trades USING flights ON trades.id = flights.id WHEN MATCHED THEN DELETE", "OTHER", "trades"),
    ("CREATE TABLE x AS SELECT * FROM trades", "OTHER", "trades"),
    ("COPY trades TO 'x.csv'", "OTHER", ""),
    ("EXPLAIN ANALYZE INSERT INTO trades VALUES (1)", "OTHER", "trades"),
    ("CHECKPOINT", "OTHER", ""),
    ("SET threads = 1", "OTHER", ""),
    ("PREPARE p AS SELECT 1", "OTHER", ""),
    ("EXECUTE p", "OTHER", ""),
    ("CALL pragma_version()", "OTHER", ""),
    ("ANALYZE", "OTHER", ""),
    ("DROP TABLE trades", "OTHER", "trades"),
]

# text, type, tables: what one call with several statements is, and what the engine's parser has no word for
MANY = [
    ("SELECT 1;", "SELECT", ""),
    (";;", "OTHER", ""),
    ("", "OTHER", ""),
    ("-- nothing", "OTHER", ""),
    ("INSERT INTO trades VALUES (1); INSERT INTO flights VALUES (2)", "INSERT", "trades flights"),
    ("BEGIN; INSERT INTO trades VALUES (1); COMMIT", "INSERT", "trades"),
    ("DELETE FROM trades; INSERT INTO trades VALUES (1)", "OTHER", "trades"),
    ("PIVOT trades ON id", "SELECT", "trades"),
    ("WITH a AS (INSERT INTO trades VALUES (1) RETURNING *) SELECT * FROM a", "INSERT", "trades"),
    ("WITH a AS MATERIALIZED (DELETE FROM flights RETURNING *) FROM a", "DELETE", "flights"),
    ("not SQL at all", "OTHER", ""),
    ("SELECT 'unterminated", "SELECT", ""),
    ("\x00", "OTHER", ""),
    ("\udc80", "OTHER", ""),
    ("(((", "OTHER", ""),
    ("WITH", "OTHER", ""),
    ("INSERT", "INSERT", ""),
]


@pytest.fixture
def classify() -> Classifier:
    return Classifier(TABLES, PARSER)


@pytest.mark.parametrize(("text", "query_type", "tables"), ONE + MANY)
def test_a_text_has_this_type_and_these_tables(classify: Classifier, text: str, query_type: str, tables: str) -> None:
    statement = classify(text)
    assert (statement.query_type, " ".join(statement.tables)) == (query_type, tables)


@pytest.mark.parametrize(("text", "query_type"), [(text, query_type) for text, query_type, _ in ONE])
def test_the_engine_s_own_parser_says_the_same(text: str, query_type: str) -> None:
    [parsed] = duckdb.extract_statements(text)
    assert ENGINE_TYPES.get(parsed.type.name, "OTHER") == query_type


@pytest.mark.parametrize(
    ("text", "verbs"),
    [
        ("BEGIN", ("BEGIN",)),
        ("begin transaction", ("BEGIN",)),
        ("START TRANSACTION READ ONLY", ("BEGIN",)),
        ("COMMIT", ("COMMIT",)),
        ("END", ("COMMIT",)),
        ("ROLLBACK", ("ROLLBACK",)),
        ("ABORT", ("ROLLBACK",)),
        ("/* x */ BEGIN; SELECT 1; COMMIT;", ("BEGIN", "COMMIT")),
        ("SELECT 'begin'", ()),
        ("SELECT CASE WHEN a THEN b END FROM trades", ()),
    ],
)
def test_transaction_control_is_found(classify: Classifier, text: str, verbs: tuple[str, ...]) -> None:
    assert classify(text).verbs == verbs


def test_only_a_statement_that_gives_rows_later_streams(classify: Classifier) -> None:
    streams = ["SELECT 1", "FROM trades", "WITH a AS (SELECT 1) FROM a", "EXECUTE p", "(WITH a AS (SELECT 1) FROM a)"]
    assert all(classify(text).streams for text in streams)
    runs = ["INSERT INTO trades VALUES (1) RETURNING id", "CREATE TABLE x AS SELECT 1", "COPY trades TO 'x'", "COMMIT"]
    assert not any(classify(text).streams for text in runs)


def test_texts_that_differ_in_literals_alone_are_read_once(classify: Classifier) -> None:
    first = classify("SELECT * FROM trades WHERE id = 7 AND name = 'ann'")
    assert classify("SELECT * FROM trades WHERE id = 8.5 AND name = 'o''neil'") is first
    assert classify("SELECT * FROM flights WHERE id = 8 AND name = ''").tables == ("flights",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT 1, 2.5, 'x'", "SELECT ?, ?, ?"),
        ("FROM t1 WHERE a_2 = 3", "FROM t1 WHERE a_2 = ?"),
        ('FROM "1" WHERE "a 2" = 3', 'FROM "1" WHERE "a 2" = ?'),
        ("SELECT 'it''s', ''", "SELECT ?, ?"),
        ("SELECT 'say \"1'", "SELECT ?"),
        ("SELECT 1 -- it's", None),
        ("SELECT $1", None),
        ("SELECT $$ a 1 $$", None),
        (r"SELECT E'\' 1'", None),
    ],
)
def test_a_shape_keeps_everything_but_literals(text: str, said: str | None) -> None:
    assert shape(text) == said


def test_the_latest_answers_stay_and_the_oldest_go() -> None:
    recent = Recent[int](3)
    for number in range(10):
        recent.keep(number, number)
        assert recent.find(0) == 0  # what is asked for stays
    assert recent.find(9) == 9
    assert recent.find(3) is None


def test_a_prepared_statement_is_known_by_its_name(classify: Classifier) -> None:
    [(name, prepared)] = classify('PREPARE "Put" AS INSERT INTO trades VALUES (?)').prepares
    assert (name, prepared.query_type, prepared.tables) == ("put", "INSERT", ("trades",))
    assert classify("EXECUTE put(1)").executes == "put"


def test_a_view_stands_for_the_declared_tables_behind_it(classify: Classifier) -> None:
    assert classify("SELECT * FROM v").tables == ()
    classify.follow({"v": "CREATE VIEW v AS SELECT * FROM w, flights", "W": "CREATE VIEW W AS FROM trades"})
    assert classify("SELECT * FROM v").tables == ("trades", "flights")
    classify.follow({})
    assert classify("SELECT * FROM v").tables == ()


def test_what_is_no_statement_is_unknown(classify: Classifier) -> None:
    assert classify(5) is UNKNOWN
    assert classify(None) is UNKNOWN


def test_a_parsed_statement_is_read_by_its_text(classify: Classifier) -> None:
    [parsed] = duckdb.extract_statements("SELECT * FROM trades")
    assert classify(parsed).tables == ("trades",)


def test_known_texts_stay_bounded(classify: Classifier) -> None:
    for number in range(5000):
        classify(f"SELECT {number}")
    assert len(classify.known) <= 2048


def test_a_long_text_of_literals_is_told_by_its_beginning_and_not_kept(classify: Classifier) -> None:
    text = "INSERT INTO trades VALUES " + ", ".join("(1, 'x')" for _ in range(100_000))
    assert classify(text).tables == ("trades",)
    assert not classify.known
