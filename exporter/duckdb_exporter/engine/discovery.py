"""Where this process is scraped, for Prometheus' `file_sd_configs`: a file of its own in a folder of targets.

The file is locked for as long as its process lives, so that the next process can tell what a dead one left: a number
of a process would be given again, and means nothing in another container.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - an address to recognise, not to bind


class Announcement:
    """`<folder>/<system>-<host>-<pid>.json` with the address of `url`, or `address`, from now until `withdraw`.

    Makes the folder, and removes what dead processes left in it. Raises OSError when the folder cannot be written.
    """

    def __init__(self, folder: Path, system: str, url: str, address: str | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _clean(folder, system)
        self._owner = os.getpid()
        self._path = folder / f"{system}-{socket.gethostname()}-{self._owner}.json"
        unfinished = self._path.with_suffix(".new")  # no `*.json`, which Prometheus reads
        self._file = os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o644)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        os.write(self._file, json.dumps([_target(url, address)]).encode() + b"\n")
        unfinished.replace(self._path)

    def withdraw(self) -> None:
        """Remove the file. In a forked child only let go of it: it is still the parent's."""
        if os.getpid() == self._owner:
            with contextlib.suppress(OSError):  # the folder may not be ours any more: the server shall end all the same
                self._path.unlink()
        os.close(self._file)


def _target(url: str, address: str | None) -> dict[str, object]:
    parts = urlsplit(url)
    host = socket.gethostname() if parts.hostname in _EVERYWHERE else parts.hostname or ""
    listens_on = f"[{host}]:{parts.port}" if ":" in host else f"{host}:{parts.port}"
    labels = {"labels": {"__scheme__": "https"}} if parts.scheme == "https" else {}
    return {"targets": [address or listens_on], **labels}


def _clean(folder: Path, system: str) -> None:
    for path in folder.glob(f"{system}-*.json"):
        with contextlib.suppress(OSError), path.open("rb") as left:  # BlockingIOError: its process lives
            fcntl.flock(left, fcntl.LOCK_SH | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
