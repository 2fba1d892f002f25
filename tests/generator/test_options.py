"""What stands behind a flag by mistake is told with what would be right."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest

from truegauge_generator.cli import main
from truegauge_generator.commands.options import address, url

NO_DURATION = "is not a duration; write for example 30s, 5m or 1h30m"
NO_URL = "is not the URL of a server; write for example http://127.0.0.1:9090, without a user or a password"
NO_ADDRESS = "is not HOST:PORT; write for example 127.0.0.1:9188 or [::1]:9188"
WRONG = [
    (["check", "--today", "tomorrow"], "'tomorrow' is not a day; write for example 2027-03-01"),
    (["drill", "A", "--patience", "soon"], f"'soon' {NO_DURATION}"),
    (["drill", "A", "--prometheus", "a"], f"'a' {NO_URL}"),
    (["drill", "A", "--alertmanager", "a"], f"'a' {NO_URL}"),
    (["drift", "--exporter", "localhost"], f"'localhost' {NO_URL}"),
    (["drift", "--prometheus", "ftp://a"], f"'ftp://a' {NO_URL}"),
    (["drift", "--timeout", "soon"], f"'soon' {NO_DURATION}"),
    (["drift", "--timeout", "0s"], "it must be longer than nothing"),
    (["drift", "--watch", "often"], f"'often' {NO_DURATION}"),
    (["drift", "--listen", "9188"], f"'9188' {NO_ADDRESS}"),
    (["prove", "--min-score", "many"], "'many' is not a number of percent; write for example 95"),
    (["prove", "--min-coverage", "101%"], "101% is not between 0 and 100"),
    (["prove", "--min-coverage", "nan"], "nan is not between 0 and 100"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_a_wrong_value_ends_with_2_and_says_what_would_be_right(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"argument {words[-2]}: {said}\n")


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:9090", "https://a.example/prometheus?x=1", "http://[::1]:9090/", "http://a"]
)
def test_a_url_is_taken_as_it_is(text: str) -> None:
    assert url(text) == text


@pytest.mark.parametrize(
    "text", ["", "http://", "http://a:99999", "http://a:0", "http://a:b", "http://u:p@a", "http://[::1", "http://a\n"]
)
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not the URL of a server"):
        url(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [("127.0.0.1:9188", ("127.0.0.1", 9188)), ("[::1]:0", ("::1", 0)), (":9188", ("", 9188)), ("a:1", ("a", 1))],
)
def test_an_address_is_a_host_and_a_port(text: str, found: tuple[str, int]) -> None:
    assert address(text) == found


@pytest.mark.parametrize("text", ["a", "a:", "::1:9188", "[::1]", "a:65536", "a b:1", "http://a:1", "[a:1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not HOST:PORT"):
        address(text)
