"""Which errors of a sync to ClickHouse may be gone at the next attempt."""

from __future__ import annotations

import sys

# ClickHouse's own, from its ErrorCodes.cpp: timeouts, too many queries or parts, the network, memory, Keeper.
CODES = frozenset((159, 160, 202, 203, 209, 210, 241, 242, 252, 319, 425, 439, 999))


def transient(error: BaseException) -> bool:
    """Whether another attempt is worth it: the network failed, or ClickHouse answered that it is too busy.

    Of clickhouse-connect's errors these are OperationalError, which HTTP 429, 503 and 504 are too, and DatabaseError
    with one of `CODES`. Others - an unknown table, a type that does not fit - stay as they are.
    """
    if isinstance(error, OSError):
        return True
    driver = sys.modules.get("clickhouse_connect.driver.exceptions")  # loaded, if the error is one of its own
    if driver is not None and isinstance(error, driver.OperationalError):
        return True
    return driver is not None and isinstance(error, driver.DatabaseError) and getattr(error, "code", None) in CODES
