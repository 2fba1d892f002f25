"""Who may ask: users with passwords, and bearers of a token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path

from . import passwords
from .http1 import Refused

SHORTEST_TOKEN = 16  # characters
_VERIFIED_LIMIT = 100
_PATIENCE = 2.0  # seconds to wait while other passwords are compared


class Authentication:
    """Users with their hashes, and a token. With neither, everybody may ask."""

    def __init__(self, users: Mapping[str, str], token: str | None = None) -> None:
        self._users = dict(users)
        self._token = token
        self._schemes = [*(["Basic"] if users else []), *(["Bearer"] if token else [])]
        # A slow hash costs 0.2 s, a scrape each second shall not: headers that were right, as keyed digests.
        self._key = secrets.token_bytes(32)
        self._verified: dict[bytes, None] = {}
        self._comparing = threading.Lock()  # one at a time: wrong passwords cannot take all processors

    def admit(self, header: str | None) -> None:
        """Raise Refused when the Authorization header is not that of someone who may ask."""
        if self._schemes and not self._allowed(header or ""):
            offers = [("WWW-Authenticate", f'{scheme} realm="metrics"') for scheme in self._schemes]
            raise Refused(401, "unauthorized", *offers)

    def _allowed(self, header: str) -> bool:
        scheme, _, credentials = header.partition(" ")
        if scheme.lower() == "bearer" and self._token is not None:
            return same(credentials.strip(), self._token)
        return scheme.lower() == "basic" and bool(self._users) and self._is_user(credentials.strip())

    def _is_user(self, credentials: str) -> bool:
        digest = hashlib.blake2b(credentials.encode("latin-1"), key=self._key).digest()
        if digest in self._verified:
            return True
        try:
            user, colon, password = b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            return False
        # An unknown user takes as long as a wrong password.
        hashed = self._users.get(user) if colon else None
        if not self._comparing.acquire(timeout=_PATIENCE):
            raise Refused(503, "busy comparing passwords", ("Retry-After", "1"))
        try:
            right = passwords.matches(password, hashed or next(iter(self._users.values())))
        finally:
            self._comparing.release()
        if not right or hashed is None:
            return False
        if len(self._verified) < _VERIFIED_LIMIT:
            self._verified[digest] = None
        return True


def same(given: str, wanted: str) -> bool:
    """Compare in a time that does not depend on where they differ."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), wanted.encode(errors="surrogatepass"))


def read_token(path: Path) -> str:
    """The token in a file. Raises OSError, ValueError for one that could be guessed."""
    token = path.read_text(encoding="utf-8").strip()
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(f"{path}: a token has {SHORTEST_TOKEN} or more letters, digits or signs, and no space")
    return token
