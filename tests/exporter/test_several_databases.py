"""Several databases: in one process, and attached to one another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab


def size(path: Path) -> int:
    return sum(file.stat().st_size for file in (path, path.with_name(path.name + ".wal")) if file.exists())


def test_databases_of_one_process_share_a_server_and_have_series_of_their_own(lab: Lab, tmp_path: Path) -> None:
    one = lab.connect(tmp_path / "a.duckdb", instance_id="a")
    two = lab.connect(tmp_path / "b.duckdb", instance_id="b")
    three = lab.connect(instance_id="memory")
    same = lab.connect(tmp_path / "a.duckdb")
    two.execute("CREATE TABLE t AS SELECT range FROM range(10)")
    counts = {"a": 2, "b": 1, "memory": 1}
    scrape = lab.until(lambda s: counts == {i: s("duckdb_active_connections", instance_id=i) for i in counts})
    assert scrape("duckdb_disk_usage_bytes", instance_id="memory") == 0
    assert lab.exporter.serve() is lab.exporter.serve()
    for con in (one, two, three, same):
        con.close()


def test_a_further_connection_says_the_same_sizes_or_none(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    first = lab.connect(path, instance_id="i", memory_limit="1GiB", disk_quota="10GB", listen=False)
    same: tuple[dict[str, Any], ...] = ({}, {"memory_limit": 2**30}, {"disk_quota": "10GB", "memory_limit": "1024MiB"})
    for sizes in same:
        lab.connect(path, listen=False, **sizes).close()
    others: tuple[dict[str, Any], ...] = ({"memory_limit": "2GiB"}, {"disk_quota": 5})
    for sizes in others:
        (name,) = sizes
        with pytest.raises(ValueError, match=f"instance 'i' is open with another {name} than"):
            lab.connect(path, listen=False, **sizes)
        with duckdb.connect(str(path)) as bare, pytest.raises(ValueError, match=f"another {name} than"):
            lab.exporter.instrument(bare, listen=False, **sizes)
    lab.until(lambda scrape: scrape("duckdb_memory_limit_bytes", instance_id="i") == 2**30)
    assert lab.value("duckdb_max_disk_usage_bytes", instance_id="i") == 10**10
    first.close()
    with lab.connect(path, instance_id="i", memory_limit="2GiB", listen=False):  # opened anew
        lab.until(lambda scrape: scrape("duckdb_memory_limit_bytes", instance_id="i") == 2**31)


def test_a_size_where_the_first_connection_gave_none_is_refused(lab: Lab, tmp_path: Path) -> None:
    with (
        lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False),
        pytest.raises(ValueError, match="or with none: give each connection to one database the same, or only the"),
    ):
        lab.connect(tmp_path / "a.duckdb", memory_limit="1GiB", listen=False)


def test_the_series_of_a_closed_database_end_while_another_goes_on(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(forget_after=0.2)
    kept, gone = lab.connect(instance_id="kept", listen=False), lab.connect(instance_id="gone", listen=False)
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="gone") == 1)
    with gone:
        gone.begin().commit()
    assert lab.value("duckdb_up", instance_id="gone") == 0
    scrape = lab.until(lambda scrape: 'instance_id="gone"' not in scrape.text)
    assert scrape("duckdb_up", instance_id="kept") == 1
    again = lab.connect(instance_id="gone", listen=False)
    scrape = lab.until(lambda scrape: scrape("duckdb_up", instance_id="gone") == 1)
    assert scrape("duckdb_transaction_success_count", instance_id="gone") == 0
    again.close()
    kept.close()


def test_a_database_that_is_opened_again_before_long_counts_on(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(forget_after=60.0)
    kept = lab.connect(instance_id="kept", listen=False)
    for _ in range(2):
        with lab.connect(instance_id="i", listen=False) as con:
            con.begin().commit()
        lab.scrape()
    assert lab.value("duckdb_transaction_success_count", instance_id="i") == 2
    kept.close()


def test_the_only_database_of_a_process_is_not_forgotten(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(forget_after=0.0)
    lab.connect(instance_id="i", listen=False).close()
    assert [lab.value("duckdb_up", instance_id="i") for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("own", ["a.duckdb", ":memory:"])
def test_what_is_attached_counts_as_disk_use_until_it_is_detached(lab: Lab, tmp_path: Path, own: str) -> None:
    path = tmp_path / own if own != ":memory:" else None
    con = lab.connect(path or own, instance_id="i", listen=False)
    con.execute(f"ATTACH '{tmp_path / 'b.duckdb'}' AS b").execute("ATTACH ':memory:' AS m")
    con.execute("CREATE TABLE b.t AS SELECT hash(range) AS h FROM range(200000)").execute("CHECKPOINT b")

    def files() -> int:
        return sum(size(file) for file in (path, tmp_path / "b.duckdb") if file)

    lab.until(lambda s: s("duckdb_disk_usage_bytes", instance_id="i") == files() > 1_000_000)
    con.execute("DETACH b")
    scrape = lab.until(lambda s: s("duckdb_disk_usage_bytes", instance_id="i") == (size(path) if path else 0))
    assert scrape("duckdb_up", instance_id="i") == 1
    con.close()


def test_the_largest_log_counts_since_each_has_its_own_limit(lab: Lab, tmp_path: Path) -> None:
    con = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False)
    con.execute(f"ATTACH '{tmp_path / 'b.duckdb'}' AS b")
    con.execute("CREATE TABLE t AS SELECT 1 AS a").execute("CREATE TABLE b.t AS SELECT range FROM range(10000)")
    wal = {name: (tmp_path / f"{name}.duckdb.wal").stat().st_size for name in "ab"}
    assert wal["b"] > wal["a"] > 0
    lab.until(lambda scrape: scrape("duckdb_wal_bytes", instance_id="i") == wal["b"])
    con.close()


def test_the_database_that_was_opened_may_be_detached(lab: Lab, tmp_path: Path) -> None:
    con = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False)
    lab.until(lambda scrape: scrape("duckdb_up", instance_id="i") == 1)
    con.execute(f"ATTACH '{tmp_path / 'b.duckdb'}' AS b").execute("USE b").execute("DETACH a")
    scrape = lab.until(lambda scrape: scrape("duckdb_disk_fragmentation_ratio", instance_id="i") is None)
    assert scrape("duckdb_up", instance_id="i") == 1
    assert (scrape("duckdb_disk_usage_bytes", instance_id="i") or 0) >= size(tmp_path / "b.duckdb")
    con.close()
