"""Passwords as hashes: scrypt by Python alone, bcrypt (what Prometheus' own exporters take) with the package `bcrypt`.

A scrypt hash is a PHC string, `$scrypt$ln=14,r=8,p=5$SALT$HASH` with both in base64 without padding.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from importlib.util import find_spec

_COST, _BLOCK, _PARALLEL = 14, 8, 5  # 16 MiB and about 0.2 s; https://cheatsheetseries.owasp.org, Password Storage
_SCRYPT = re.compile(r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43,86})")
_BCRYPT = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")
_BCRYPT_LENGTH = 72  # bytes; the algorithm itself ignores the rest


def hash_password(password: str) -> str:
    """A scrypt hash with a salt of its own."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(password.encode(), salt, _COST, _BLOCK, _PARALLEL, 32)
    return f"$scrypt$ln={_COST},r={_BLOCK},p={_PARALLEL}${_encode(salt)}${_encode(digest)}"


def check(hashed: str) -> None:
    """Raise ValueError for a hash that no password can be compared with."""
    if _BCRYPT.fullmatch(hashed):
        if find_spec("bcrypt") is None:
            raise ValueError(
                "a bcrypt hash needs the package bcrypt (pip install bcrypt); one made with --hash-password needs none"
            )
        return
    match = _SCRYPT.fullmatch(hashed)
    if match is None:
        raise ValueError("not a hash of a password; make one with --hash-password")
    cost, block, parallel = (int(found) for found in match.groups()[:3])
    _decode(match[4]), _decode(match[5])
    if not (1 <= cost <= 20 and 1 <= block <= 16 and 1 <= parallel <= 16):
        raise ValueError("the hash's cost is out of bounds: ln up to 20, r and p up to 16")


def matches(password: str, hashed: str) -> bool:
    """Whether the password is that of a hash which `check` has passed. Takes about 0.2 s."""
    secret = password.encode()
    if b"\0" in secret:  # scrypt takes the same with and without it, bcrypt stops there
        return False
    if (match := _SCRYPT.fullmatch(hashed)) is None:
        import bcrypt  # noqa: PLC0415 - only who has such hashes needs the package

        return bcrypt.checkpw(secret[:_BCRYPT_LENGTH], hashed.encode())
    cost, block, parallel = (int(found) for found in match.groups()[:3])
    salt, digest = _decode(match[4]), _decode(match[5])
    return hmac.compare_digest(_scrypt(secret, salt, cost, block, parallel, len(digest)), digest)


def _scrypt(secret: bytes, salt: bytes, cost: int, block: int, parallel: int, length: int) -> bytes:
    memory = 128 * block * (2**cost + parallel + 2) + 1024
    return hashlib.scrypt(secret, salt=salt, n=2**cost, r=block, p=parallel, maxmem=memory, dklen=length)


def _encode(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4))
