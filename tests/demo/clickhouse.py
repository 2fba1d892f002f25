"""ClickHouse's HTTP interface in front of its real engine (chdb), as far as clickhouse-connect needs it.

`python clickhouse.py FOLDER` serves on a free port of loopback, which it prints, until standard input ends. A post to
`/faults` says what is to go wrong with the next inserts, one word each: `busy` (503 instead), `drop_before` and
`drop_after` (the connection is closed before or after the rows are stored), `fine`. `/inserts` says how many came.
"""

from __future__ import annotations

import gzip
import sys
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb
import lz4.frame

# What a request says beside settings of the query.
_NO_SETTINGS = frozenset(
    "query database query_id session_id user password client_protocol_version enable_http_compression compress"
    " decompress wait_end_of_query role default_format".split()
)


class ClickHouse(ThreadingHTTPServer):
    """The server, with its engine and its faults."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.engine: Any = chdb.connect(str(folder))  # type: ignore[no-untyped-call]
        self.one_at_a_time = threading.Lock()
        self.faults: deque[str] = deque()
        self.inserts = 0

    def run(self, query: str, form: str, rows: bytes, settings: dict[str, str]) -> bytes:
        """Run a query, an INSERT with the rows that came with it; `form` is the format of its result.

        Raises RuntimeError as the engine does.
        """
        with self.one_at_a_time:
            if not rows:
                return bytes(self.engine.query(query, form).bytes())
            insert, _, given = query.rpartition(" FORMAT ")
            said = ", ".join(f"{name} = {_literal(value)}" for name, value in settings.items())
            with NamedTemporaryFile(suffix=".native") as file:
                file.write(rows)
                file.flush()
                self.engine.query(
                    f"{insert} FROM INFILE '{file.name}' {f'SETTINGS {said}' if said else ''} FORMAT {given}"
                )
            return b""


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ClickHouse

    def do_GET(self) -> None:
        if self.path == "/inserts":
            self._answer(200, str(self.server.inserts).encode())
        else:
            self._run(b"")

    def do_POST(self) -> None:
        body = self._body()
        if self.path == "/faults":
            self.server.faults = deque(body.decode().split())
            self._answer(200)
        else:
            self._run(body)

    def _run(self, body: bytes) -> None:
        if urlsplit(self.path).path == "/ping":
            self._answer(200, b"Ok.\n")
            return
        said = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        query, rows = said.get("query", ""), body
        if not query:  # it stands before the rows
            first, newline, rest = body.partition(b"\n")
            has_rows = first[:6].upper() == b"INSERT" and bool(newline)
            query, rows = (first.decode(), rest) if has_rows else (body.decode(), b"")
        settings = {name: value for name, value in said.items() if name not in _NO_SETTINGS}
        fault = self._fault() if rows else "fine"
        if fault == "busy":
            self._answer(
                503, b"Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)"
            )
            return
        if fault == "drop_before":
            self._drop()
            return
        try:
            form = said.get("default_format") or self.headers.get("X-ClickHouse-Format") or "TabSeparated"
            result = self.server.run(query, form, rows, settings)
        except RuntimeError as error:
            code = str(error).partition("Code: ")[2].partition(".")[0]
            self._answer(500, str(error).encode(), {"X-ClickHouse-Exception-Code": code or "0"})
            return
        if fault == "drop_after":
            self._drop()
            return
        self._answer(200, result, {"X-ClickHouse-Timezone": "UTC"})

    def _fault(self) -> str:
        self.server.inserts += 1
        return self.server.faults.popleft() if self.server.faults else "fine"

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        encoding = self.headers.get("Content-Encoding")
        if encoding == "lz4":
            return bytes(lz4.frame.decompress(body))
        return gzip.decompress(body) if encoding == "gzip" else body

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(2)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


def _literal(value: str) -> str:
    if value.lstrip("-").isdigit():
        return value
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{quoted}'"


def main() -> None:
    """Serve until standard input ends."""
    server = ClickHouse(Path(sys.argv[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()
    server.server_close()
    server.engine.close()


if __name__ == "__main__":
    main()
