"""`python -m duckdb_exporter --database FILE`: serve the numbers of a database file that nobody else has open.

With `--hash-password` it reads a password and prints its hash for a web configuration.
"""

from __future__ import annotations

import argparse
import getpass
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb

from . import connect, serve
from .instruments import is_utf8
from .metrics import SETTINGS, SYSTEM
from .passwords import hash_password

_LOCK_HOLDER = re.compile(r"held in (?P<program>.*) \(PID (?P<pid>\d+)\)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Exit status 0 then, 1 when the database or the address cannot be had."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.hash_password:
        return _hash_password()
    if options.database is None:
        parser.error("the following arguments are required: --database")
    stops = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # before there are threads, which inherit it
    if (problem := _no_database(options.database)) is not None:
        return _fail(f"{options.database}: {problem}")
    try:
        server = serve(options.listen, web_config=options.web_config)
        connection = connect(options.database, read_only=True, instance_id=options.instance_id)
    except OSError as error:
        if error.filename is not None:  # the folder of targets
            return _fail(f"{error.filename}: {error.strerror}")
        return _fail(f"cannot listen on {options.listen}: {error}")
    except ValueError as error:
        return _fail(str(error))
    except duckdb.Error as error:
        return _fail(_reason(options.database, error))
    print(f"serving {options.database} on {server.url}", flush=True)
    with connection:
        signal.sigwait(stops)
    server.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=f"{SYSTEM} exporter")
    parser.add_argument("--database", type=Path, metavar="FILE", help="an existing database file")
    parser.add_argument(
        "--listen", default=SETTINGS.listen, metavar="HOST:PORT", help="where to serve /metrics (%(default)s)"
    )
    parser.add_argument("--instance-id", metavar="ID", help="value of the instance label (default: the host name)")
    parser.add_argument(
        "--web.config.file", dest="web_config", metavar="FILE", help="TLS and users, as Prometheus' exporters take them"
    )
    parser.add_argument(
        "--hash-password", action="store_true", help="read a password, print its hash for the web configuration"
    )
    return parser


def _hash_password() -> int:
    try:
        password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        password.encode()
    except EOFError:
        password = ""
    except UnicodeError:
        return _fail("the password is not UTF-8")
    if not password:
        return _fail("the password is empty")
    print(hash_password(password))
    return 0


def _no_database(path: Path) -> str | None:
    """Why this cannot be a database file, None where it can."""
    if not is_utf8(str(path)):
        return "DuckDB opens no path that is not UTF-8"
    if path.is_dir():
        return "a folder; name the database file in it"
    if not path.exists():
        return "no such file; an exporter does not create databases"
    return None if path.is_file() else "no regular file; a database is one"


def _reason(database: Path, error: duckdb.Error) -> str:
    holder = _LOCK_HOLDER.search(str(error))
    if holder is None:
        return f"{database}: {str(error).splitlines()[0]}"
    return (
        f"{database}: open in process {holder['pid']} ({holder['program']}); a database that an application has open "
        f"is measured from inside it: {__package__}.connect()"
    )


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
