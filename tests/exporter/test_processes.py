"""Several processes: each says where it is scraped, and a forked child leaves its parent's databases alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.exporter.conftest import Lab

PACKAGE = Path(__file__).parents[2] / "exporter"
START = """
import os, sys, time, duckdb, duckdb_exporter
con = duckdb_exporter.connect(sys.argv[1], instance_id=f"p{os.getpid()}", listen="127.0.0.1:0")
"""


def started(code: str, database: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START + code, str(database)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(PACKAGE), **environment},
    )


def ran(code: str, database: Path, **environment: str) -> tuple[str, str]:
    with started(code, database, **environment) as process:
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    return out, err


def targets(folder: Path) -> list[str]:
    return [target for file in sorted(folder.glob("*.json")) for group in read(file) for target in group["targets"]]


def read(file: Path) -> Any:
    return json.loads(file.read_text())


def test_each_process_announces_its_own_port_and_takes_it_back(tmp_path: Path, fetch: Callable[[str], Any]) -> None:
    folder = tmp_path / "targets"
    wait = "print('ready', flush=True); time.sleep(60)"
    processes = [started(wait, tmp_path / f"{n}.duckdb", DUCKDB_EXPORTER_TARGETS=str(folder)) for n in range(2)]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", process.stderr and process.stderr.read()
        found = targets(folder)
        assert len(set(found)) == 2
        scrapes = [fetch(f"http://{target}/metrics").text for target in found]
        assert {p.pid for p in processes} == {p.pid for p in processes if any(f'"p{p.pid}"' in s for s in scrapes)}
        assert len(list(folder.iterdir())) == 2
        processes[0].kill()  # leaves its file …
        processes[0].wait(10)
        assert len(targets(folder)) == 2
        ran("", tmp_path / "3.duckdb", DUCKDB_EXPORTER_TARGETS=str(folder))  # … which the next process removes
        assert len(targets(folder)) == 1
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_a_folder_of_targets_is_given_or_in_the_environment(lab: Lab, tmp_path: Path) -> None:
    server = lab.exporter.serve("127.0.0.1:0", targets=tmp_path / "a" / "b")
    (file,) = (tmp_path / "a" / "b").iterdir()
    assert read(file) == [{"targets": [f"127.0.0.1:{server.port}"]}]
    lab.exporter.close()
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_server_that_is_closed_is_announced_no_longer(lab: Lab, tmp_path: Path) -> None:
    server = lab.exporter.serve("127.0.0.1:0", targets=tmp_path)
    assert targets(tmp_path) == [f"127.0.0.1:{server.port}"]
    for _ in range(2):
        server.close()
        assert targets(tmp_path) == []
    again = lab.exporter.serve("127.0.0.1:0", targets=tmp_path)
    assert targets(tmp_path) == [f"127.0.0.1:{again.port}"]


def test_an_empty_folder_of_targets_is_none(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUCKDB_EXPORTER_TARGETS", "")
    lab.exporter.serve("127.0.0.1:0")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_announced_is_logged_as_that(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DUCKDB_EXPORTER_TARGETS", str(tmp_path / "file"))
    lab.connect(instance_id="i", listen="127.0.0.1:0").close()
    assert f"the folder of targets: File exists: '{tmp_path}/file'" in caplog.text


def test_a_folder_that_cannot_be_made_is_said_and_frees_the_port(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        lab.exporter.serve("127.0.0.1:0", targets=tmp_path / "file" / "targets")
    lab.exporter.serve("127.0.0.1:0")


CHILD = """
con.execute("CREATE TABLE t AS SELECT range AS id FROM range(100000)")
wal = os.path.getsize(sys.argv[1] + ".wal")
port = duckdb_exporter.serve().port
cursor = con.cursor().execute("SELECT * FROM t")
pid = os.fork()
if pid == 0:
    CHILD
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
assert os.path.getsize(sys.argv[1] + ".wal") == wal, "the child wrote to the parent's file"
assert cursor.fetchone() == (0,)
con.execute("INSERT INTO t VALUES (1)")
assert con.execute("SELECT count(*) FROM t").fetchall() == [(100001,)]
assert duckdb_exporter.serve().port == port
print("parent works")
"""
IN_THE_CHILD = {
    "does nothing": "pass",
    "closes": "con.close()",
    "leaves a block": "con.__exit__(None, None, None)",
    "drops": "del con, cursor",
    "asks": """
    for ask in (lambda: con.execute("SELECT 1"), con.fetchall, con.begin, con.cursor, lambda: con.sql("SELECT 1")):
        try:
            ask()
        except duckdb.ConnectionException as error:
            assert "before the fork" in str(error)
        else:
            raise AssertionError
""",
    "measures a database of its own": """
    own = duckdb_exporter.connect(instance_id="child", listen="127.0.0.1:0")
    assert own.execute("SELECT 42").fetchall() == [(42,)]
    assert duckdb_exporter.serve().port != port
    time.sleep(0.3)
    text = duckdb_exporter._EXPORTER.render().decode()
    assert 'duckdb_up{instance_id="child"} 1' in text, text
    assert 'duckdb_query_latency_ms_count{query_type="SELECT"} 1' in text, text
    assert f'"p{os.getppid()}"' not in text, text
    own.close()
""",
}


@pytest.mark.parametrize("does", IN_THE_CHILD.values(), ids=IN_THE_CHILD.keys())
def test_a_forked_child_leaves_its_parent_s_database_alone(tmp_path: Path, does: str) -> None:
    folder = tmp_path / "targets"
    out, _ = ran(CHILD.replace("CHILD", does.strip()), tmp_path / "a.duckdb", DUCKDB_EXPORTER_TARGETS=str(folder))
    assert out == "parent works\n"
    assert targets(folder) == []


def test_a_child_does_not_hold_its_parent_s_port(tmp_path: Path) -> None:
    code = """
port = duckdb_exporter.serve().port
pid = os.fork()
if pid == 0:
    os.close(1); os.close(2)
    time.sleep(60)
print(port, pid)
"""
    out, _ = ran(code, tmp_path / "a.duckdb")
    port, pid = map(int, out.split())
    try:
        with started(f"print(duckdb_exporter.Server('127.0.0.1:{port}', bytes, 't').port)", tmp_path / "b.duckdb") as p:
            assert p.communicate(timeout=30)[0] == f"{port}\n"
    finally:
        os.kill(pid, signal.SIGKILL)
