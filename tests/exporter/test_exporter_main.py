"""`python -m duckdb_exporter`, end to end."""

from __future__ import annotations

import ipaddress
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from duckdb_exporter.__main__ import _parser
from duckdb_exporter.declare import Settings
from duckdb_exporter.metrics import SETTINGS
from duckdb_exporter.server import address
from truegauge_spec.system import Exporter

if TYPE_CHECKING:
    from tests.exporter.conftest import Scrape

PACKAGE = Path(__file__).parents[2] / "exporter"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE trades AS SELECT range AS id FROM range(1000)")
    return path


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "duckdb_exporter", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
    )


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_a_file_until_it_is_told_to_end(
    database: Path, ending: signal.Signals, fetch: Callable[[str], Scrape]
) -> None:
    before = database.read_bytes()
    process = start("--database", database, "--listen", "127.0.0.1:0", "--instance-id", "mt5-1")
    assert process.stdout
    announced = process.stdout.readline()
    assert announced.startswith(f"serving {database} on http://127.0.0.1:")
    url = announced.split()[-1]
    scrape = fetch(url)
    while not scrape("duckdb_up", instance_id="mt5-1"):
        scrape = fetch(url)
    assert scrape("duckdb_memory_used_bytes", instance_id="mt5-1") is not None
    assert scrape("duckdb_disk_usage_bytes", instance_id="mt5-1") == len(before)
    process.send_signal(ending)
    out, err = process.communicate(timeout=10)
    noise = [line for line in err.splitlines() if ": no series, its query failed" not in line]
    assert (process.returncode, out, noise) == (0, "", [])
    assert database.read_bytes() == before


def test_it_shows_what_a_killed_application_left_in_its_log(database: Path, fetch: Callable[[str], Scrape]) -> None:
    die = "import duckdb, os, sys; con = duckdb.connect(sys.argv[1]); con.execute('DELETE FROM trades'); os._exit(9)"
    subprocess.run([sys.executable, "-c", die, str(database)], check=False)
    log = database.with_name("x.duckdb.wal")
    assert log.stat().st_size > 0
    process = start("--database", database, "--listen", "127.0.0.1:0", "--instance-id", "i")
    assert process.stdout
    url = process.stdout.readline().split()[-1]
    assert fetch(url)("duckdb_wal_bytes", instance_id="i") == log.stat().st_size
    process.terminate()
    process.communicate(timeout=10)
    assert log.stat().st_size > 0


def failure(*arguments: object) -> str:
    process = start(*arguments)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (1, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert "a folder; name the database file in it" in failure("--database", tmp_path, "--listen", "127.0.0.1:0")


def test_a_path_that_is_not_utf_8_is_an_error(database: Path) -> None:
    path = database.with_name(os.fsdecode(b"\xff.duckdb"))
    database.rename(path)
    assert "DuckDB opens no path that is not UTF-8" in failure("--database", path, "--listen", "127.0.0.1:0")


@pytest.mark.parametrize("wrong", ["", os.fsdecode(b"\xff")])
def test_an_instance_id_that_no_scrape_could_show_is_an_error(database: Path, wrong: str) -> None:
    said = failure("--database", database, "--listen", "127.0.0.1:0", "--instance-id", wrong)
    assert "error: instance_id is" in said


def test_a_web_configuration_without_end_is_an_error(database: Path, tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text("\n".join(f"{' ' * depth}a:" for depth in range(5000)))
    said = failure("--database", database, "--listen", "127.0.0.1:0", "--web.config.file", tmp_path / "web.yml")
    assert "web.yml:102: it is indented by more than 100 spaces" in said


@pytest.mark.parametrize(
    ("typed", "problem"), [(b"\xff\xfe\n", "the password is not UTF-8"), (b"", "the password is empty")]
)
def test_a_password_that_is_none_is_an_error(typed: bytes, problem: str) -> None:
    command = [sys.executable, "-m", "duckdb_exporter", "--hash-password"]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    done = subprocess.run(command, input=typed, capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", f"error: {problem}\n")


def test_the_end_of_a_terminal_s_input_is_an_empty_password() -> None:
    own, other = pty.openpty()
    command = [sys.executable, "-m", "duckdb_exporter", "--hash-password"]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    # Without a terminal of its own it reads from stdin, which is one.
    process = subprocess.Popen(
        command, stdin=other, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True
    )
    try:
        assert process.stderr is not None
        assert process.stderr.read(10) == b"Password: "
        os.write(own, b"\x04")
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        os.close(own)
        os.close(other)
    assert (process.returncode, out, err) == (1, b"", b"error: the password is empty\n")


def test_a_missing_file_is_an_error_and_is_not_created(tmp_path: Path) -> None:
    assert "no such file" in failure("--database", tmp_path / "x.duckdb", "--listen", "127.0.0.1:0")
    assert not (tmp_path / "x.duckdb").exists()


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_text("text" * 10_000)
    assert "not a valid DuckDB database file" in failure("--database", tmp_path / "x.duckdb", "--listen", "127.0.0.1:0")


def test_a_database_in_use_is_an_error_that_names_its_process(database: Path) -> None:
    with duckdb.connect(str(database)):
        said = failure("--database", database, "--listen", "127.0.0.1:0")
    assert f"open in process {os.getpid()} (" in said
    assert "duckdb_exporter.connect()" in said


def test_a_pipe_is_no_database(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.duckdb")
    said = failure("--database", tmp_path / "x.duckdb", "--listen", "127.0.0.1:0")
    assert said == f"error: {tmp_path / 'x.duckdb'}: no regular file; a database is one\n"


def test_a_web_configuration_without_a_name_is_an_error(database: Path) -> None:
    said = failure("--database", database, "--listen", "127.0.0.1:0", "--web.config.file", "")
    assert said == "error: '' names no file\n"


def test_a_folder_of_targets_that_cannot_be_made_is_not_an_address_in_use(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUCKDB_EXPORTER_TARGETS", str(database / "folder"))
    said = failure("--database", database, "--listen", "127.0.0.1:0")
    assert said == f"error: {database / 'folder'}: the folder of targets: Not a directory\n"


@pytest.mark.parametrize("listen", [SETTINGS.listen, Settings().listen, Exporter().listen])
def test_it_listens_on_loopback_where_nothing_else_is_said(listen: str) -> None:
    assert ipaddress.ip_address(address(listen)[0]).is_loopback
    options = _parser().parse_args(["--database", "x.duckdb"])
    assert options.listen == SETTINGS.listen


def test_an_address_in_use_is_an_error(database: Path) -> None:
    process = start("--database", database, "--listen", "127.0.0.1:0")
    assert process.stdout
    taken = process.stdout.readline().split(":")[-1].split("/")[0]
    assert f"cannot listen on 127.0.0.1:{taken}" in failure("--database", database, "--listen", f"127.0.0.1:{taken}")
    process.terminate()
    process.communicate(timeout=10)


@pytest.mark.parametrize("wrong", ["9187", "http://127.0.0.1:9187", "http://127.0.0.1:9187/metrics", ""])
def test_a_malformed_address_is_an_error(database: Path, wrong: str) -> None:
    assert f"'{wrong}' is not host:port" in failure("--database", database, "--listen", wrong)


def test_a_host_that_can_have_no_name_is_an_error(database: Path) -> None:
    assert "is no name of a host" in failure("--database", database, "--listen", os.fsdecode(b"\xff:0"))
