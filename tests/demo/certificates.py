"""Certificates for the tests, made by the openssl command: an authority, a server's and a client's."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple


class Certificates(NamedTuple):
    """Files in PEM."""

    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


def make(place: Path) -> Certificates:
    """A new authority, and what it signed for 127.0.0.1 and for a client."""
    authority, authority_key = place / "ca.pem", place / "ca.key"
    _openssl("req", "-x509", *_new(authority_key, "test authority"), "-out", authority, "-days", "2")
    made = Certificates(authority, place / "web.pem", place / "web.key", place / "client.pem", place / "client.key")
    issue(made, made.server, made.server_key, authority_key)
    issue(made, made.client, made.client_key, authority_key)
    return made


def issue(made: Certificates, certificate: Path, key: Path, authority_key: Path) -> None:
    """Sign a new certificate, in place of the one that is there."""
    request, names = certificate.with_suffix(".csr"), certificate.with_suffix(".names")
    names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    _openssl("req", "-new", *_new(key, certificate.stem), "-out", request)
    signed = ("-CA", made.authority, "-CAkey", authority_key, "-CAcreateserial", "-extfile", names, "-days", "2")
    _openssl("x509", "-req", "-in", request, *signed, "-out", certificate)


def _new(key: Path, subject: str) -> tuple[object, ...]:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    return (*curve, "-nodes", "-keyout", key, "-subj", f"/CN={subject}")


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)
