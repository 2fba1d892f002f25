"""Samples in Prometheus' remote-write format 1.0: protocol buffers in Snappy's framing, of literals alone."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple

HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
STALE: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
"""The not-a-number that ends a series."""
LITERAL = 65536
"""The most bytes of one literal here; its length fits into two bytes."""


class Sample(NamedTuple):
    """A value at a time, in milliseconds since 1970."""

    at: int
    value: float


def encoded(series: Iterable[tuple[Mapping[str, str], Iterable[Sample]]]) -> bytes:
    """A request with the samples of each series."""
    return snappy(b"".join(_field(1, _series(labels, samples)) for labels, samples in series))


def _series(labels: Mapping[str, str], samples: Iterable[Sample]) -> bytes:
    named = [_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in sorted(labels.items())]
    valued = [_field(2, b"\x09" + struct.pack("<d", one.value) + b"\x10" + varint(one.at)) for one in samples]
    return b"".join([*named, *valued])


def _field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def snappy(data: bytes) -> bytes:
    """Snappy's block format without compression: the length, then literals of two-byte lengths."""
    parts = [data[start : start + LITERAL] for start in range(0, len(data), LITERAL)]
    return varint(len(data)) + b"".join(b"\xf4" + struct.pack("<H", len(part) - 1) + part for part in parts)
