"""Quantities: what can be written, what it is worth, how it is printed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truegauge_spec.quantities import DURATION_UNITS, UNITS, convert, duration, milliseconds, numeral, quantity


@pytest.mark.parametrize(
    ("written", "unit", "number"),
    [
        ("100ms", "ms", "100"),
        ("0.1s", "ms", "100"),
        ("1m", "s", "60"),
        ("2h", "ms", "7200000"),
        ("90%", "ratio", "0.9"),
        ("90 %", "percent", "90"),
        ("0.9", "", "0.9"),
        ("5", "rows", "5"),
        ("256MiB", "bytes", "268435456"),
        ("1.5GiB", "bytes", "1610612736"),
        ("1GB", "bytes", "1000000000"),
        ("-3", "", "-3"),
        ("1e3", "rows", "1000"),
    ],
)
def test_a_quantity_converts_exactly(written: str, unit: str, number: str) -> None:
    assert convert(quantity(written), unit) == Decimal(number)


@pytest.mark.parametrize(
    "written", ["", "ms", "100 furlongs", "1:30", "0x10", "1,5s", "5 in 10m", "nan", "100ms "[:-1] + "!"]
)
def test_what_is_no_quantity_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"quantity|unit"):
        quantity(written)


@pytest.mark.parametrize(
    ("written", "unit", "message"),
    [
        ("100", "ms", "has no unit, but is compared with ms; write for example 100ms"),
        ("5MiB", "ms", "5 MiB is a bytes quantity, but is compared with ms"),
        ("5ms", "rows", "5 ms is a time quantity, but is compared with rows"),
        ("90%", "", "90% is a ratio quantity, but is compared with a plain number"),
    ],
)
def test_a_quantity_of_another_dimension_is_refused(written: str, unit: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        convert(quantity(written), unit)


@pytest.mark.parametrize(
    ("written", "amount"),
    [("30s", 30_000), ("1m30s", 90_000), ("500ms", 500), ("1h", 3_600_000), ("1w2d", 777_600_000)],
)
def test_a_duration_is_read_as_prometheus_reads_it(written: str, amount: int) -> None:
    assert milliseconds(written) == amount


@pytest.mark.parametrize("written", ["", "5", "5 minutes", "1.5s", "-5s", "1s1m"])
def test_what_is_no_duration_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        milliseconds(written)


@given(st.integers(min_value=0, max_value=10**13))
def test_a_printed_duration_reads_back_as_the_same(amount: int) -> None:
    assert milliseconds(duration(amount)) == amount


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
def test_a_printed_number_is_the_same_float(number: Decimal) -> None:
    assert float(numeral(number)) == float(number)


@given(st.integers(min_value=0, max_value=10**6), st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)))
def test_converting_there_and_back_changes_nothing(number: int, unit: str, other: str) -> None:
    written = quantity(f"{number}{unit}")
    if UNITS[unit][0] != UNITS[other][0] or UNITS[unit][1] < UNITS[other][1]:
        return
    there = convert(written, other)
    assert there * UNITS[other][1] == number * UNITS[unit][1]


def test_what_has_an_end_is_exact_however_long_it_is() -> None:
    assert convert(quantity("292PB"), "TiB") == Decimal("265572.45291769504547119140625")
    assert convert(quantity("999999PB"), "PiB") * 1024**5 == 999_999 * 1000**5


def test_durations_are_printed_largest_unit_first() -> None:
    assert [worth for _, worth in DURATION_UNITS] == sorted((worth for _, worth in DURATION_UNITS), reverse=True)
