"""Memory and disk: exact where it can be, absent where it is not known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from duckdb_exporter.declare import Label, Metric
from duckdb_exporter.engine import disk, sizes
from duckdb_exporter.engine.measurements import MEASUREMENTS
from duckdb_exporter.engine.memory import exact_limit, parse_bytes, resident_bytes

if TYPE_CHECKING:
    from tests.exporter.conftest import Lab


def up(lab: Lab) -> Callable[[str], float | None]:
    scrape = lab.until(lambda scrape: scrape("duckdb_up", instance_id="i"))
    return lambda name: scrape(name, instance_id="i")


@pytest.mark.parametrize("size", [2_000_000_000, 1_170_000_000, 268_435_456])
def test_a_limit_given_in_bytes_is_set_and_shown_exactly(lab: Lab, size: int) -> None:
    con = lab.connect(instance_id="i", listen=False, memory_limit=size)
    assert up(lab)("duckdb_memory_limit_bytes") == size
    [printed] = con.execute("SELECT current_setting('memory_limit') = format_bytes(?)", [size]).fetchall()
    assert printed == (True,)
    con.close()


def test_a_limit_in_the_connection_s_config_is_shown_exactly(lab: Lab) -> None:
    con = lab.connect(instance_id="i", listen=False, config={"memory_limit": "1.17GB"})
    assert up(lab)("duckdb_memory_limit_bytes") == 1_170_000_000
    con.close()


def test_a_limit_of_the_spec_is_set(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(memory_limit=300_000_000)
    con = lab.connect(instance_id="i", listen=False)
    assert up(lab)("duckdb_memory_limit_bytes") == 300_000_000
    con.close()


def test_a_limit_changed_on_the_engine_is_read_from_its_text(lab: Lab) -> None:
    con = lab.connect(instance_id="i", listen=False, memory_limit="1GiB")
    con.execute("SET memory_limit = '512MiB'")
    lab.until(lambda scrape: scrape("duckdb_memory_limit_bytes", instance_id="i") == 512 * 1024**2)
    con.close()


def test_a_size_that_is_none_is_refused(lab: Lab) -> None:
    with pytest.raises(ValueError, match="memory_limit='much' is not a size"):
        lab.connect(memory_limit="much", listen=False)
    with pytest.raises(ValueError, match="disk_quota=-1 is not a size"):
        lab.connect(disk_quota=-1, listen=False)


@pytest.mark.parametrize(
    "size", ["268435456B", "256MiB", "256 MiB", "1GB", "1.5GB", "300000000bytes", "256mb", "1.5 GiB", "300000k", "300M"]
)
def test_a_size_means_what_duckdb_takes_it_for(size: str) -> None:
    with duckdb.connect(config={"memory_limit": size}) as con:
        parsed = parse_bytes(size)
        assert con.execute("SELECT current_setting('memory_limit') = format_bytes(?)", [parsed]).fetchall() == [(True,)]


@pytest.mark.parametrize("size", ["80%", "-1", "", "GB", "1 PB?", "500", None, True, 0, -5, 1.5])
def test_what_is_no_exact_size_is_none(size: object) -> None:
    assert parse_bytes(size) is None


def test_the_limit_is_the_configured_one_that_prints_the_same() -> None:
    assert exact_limit("1.8 GiB", (10, 2_000_000_000), ("10 bytes", "1.8 GiB")) == 2_000_000_000
    assert exact_limit("1.5 GiB", (10,), ("10 bytes",)) == int(1.5 * 1024**3)
    assert exact_limit("16383.9 PiB", (), ()) == pytest.approx(16383.9 * 1024**5)


def test_pinned_memory_leaves_the_page_cache_out(lab: Lab, tmp_path: Path) -> None:
    con = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False)
    con.execute("CREATE TABLE t AS SELECT range AS id, hash(range) AS h FROM range(500000)").execute("CHECKPOINT")
    con.execute("SELECT sum(h) FROM t").fetchall()

    def cached(scrape: Callable[..., float | None]) -> bool:
        used = scrape("duckdb_memory_used_bytes", instance_id="i") or 0
        return 0 <= (scrape("duckdb_memory_pinned_bytes", instance_id="i") or 0) < used / 2 > 500_000

    lab.until(cached)
    assert (lab.value("duckdb_memory_fragmentation_ratio", instance_id="i") or 0) > 1
    con.close()


def test_resident_memory_is_this_process_s() -> None:
    assert (resident_bytes() or 0) > 10_000_000


def test_disk_use_is_file_and_log(lab: Lab, tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    con = lab.connect(database, instance_id="i", listen=False, disk_quota="1GB")
    con.execute("CREATE TABLE t AS SELECT * FROM range(1000)")
    value = up(lab)
    log = database.with_name("a.duckdb.wal").stat().st_size
    assert value("duckdb_wal_bytes") == log > 0
    assert value("duckdb_disk_usage_bytes") == database.stat().st_size + log
    assert value("duckdb_max_disk_usage_bytes") == 1_000_000_000
    con.execute("CHECKPOINT")
    assert lab.value("duckdb_wal_bytes", instance_id="i") == 0
    con.close()


def test_without_a_quota_the_limit_is_the_file_system(lab: Lab, tmp_path: Path) -> None:
    con = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False)
    assert (up(lab)("duckdb_max_disk_usage_bytes") or 0) > 10_000_000
    con.close()


def test_disk_fragmentation_is_all_blocks_to_used_blocks(lab: Lab, tmp_path: Path) -> None:
    con = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False)
    assert up(lab)("duckdb_disk_fragmentation_ratio") == 1
    con.execute("CREATE TABLE t AS SELECT hash(range) FROM range(400000)").execute("CHECKPOINT")
    con.execute("CREATE TABLE u AS SELECT 1 AS a").execute("DROP TABLE t").execute("CHECKPOINT")
    lab.until(lambda scrape: (scrape("duckdb_disk_fragmentation_ratio", instance_id="i") or 0) > 1.5)
    con.close()


def test_spilled_data_counts_as_disk_use(tmp_path: Path) -> None:
    (tmp_path / "a.duckdb").write_bytes(b"x" * 100)
    assert disk.read(tmp_path / "a.duckdb", (), 50, None)["disk.used"] == 150


def test_the_size_of_a_missing_file_is_not_known(tmp_path: Path) -> None:
    readings = disk.read(tmp_path / "gone.duckdb", (), None, None)
    assert readings["disk.used"] is None


def test_a_metric_cannot_ask_for_what_is_not_measured(make_lab: Callable[..., Lab]) -> None:
    metric = Metric("m", "gauge", "", "x", (), "memory.used")
    for wrong, message in (
        (metric._replace(measure="memory.usd"), "there is no measurement 'memory.usd'"),
        (metric._replace(type="counter"), "memory.used is a gauge, not a counter"),
        (metric._replace(labels=(Label("query_type"),)), "memory.used has no dimension query_type"),
        (metric._replace(where=(("table_name", "x"),)), "memory.used has no dimension table_name"),
    ):
        with pytest.raises(ValueError, match=message):
            make_lab(wrong)


def test_every_measurement_can_be_exposed_with_the_instance_label(
    make_lab: Callable[..., Lab], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "EVERY", 0.05)
    label = (Label("instance_id"),)
    metrics = [
        Metric(
            name.replace(".", "_"),
            one.type,
            one.unit,
            "x",
            label,
            name,
            buckets=(1.0,) if one.type == "histogram" else (),
        )
        for name, one in MEASUREMENTS.items()
    ]
    lab = make_lab(*metrics)
    con = lab.connect(tmp_path / "a.duckdb", instance_id="i", listen=False)
    con.execute("CREATE TABLE trades AS SELECT 1 AS id").execute("SELECT 1").fetchall()
    con.begin().commit()
    lab.exporter.sync_pending(0)
    for attempt in lab.exporter.sync_attempts():
        with attempt:
            pass
    # The first two come with the poll that sees the table, the last with the scrape after the first.
    seen = ("table_rows", "memory_fragmentation", "exporter_scrape_duration")
    scrape = lab.until(lambda scrape: all(scrape(name, instance_id="i") is not None for name in seen))
    for metric in metrics:
        name = f"{metric.name}_count" if metric.type == "histogram" else metric.name
        assert scrape(name, instance_id="i") is not None, name
    con.close()
