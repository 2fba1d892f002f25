"""What a server adds or spells in its own way is no difference; whatever else differs is one, at its path."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from truegauge_generator.cli import main
from truegauge_generator.drift.codes import FINDINGS
from truegauge_generator.drift.findings import EXPLANATIONS, Finding, unexplained
from truegauge_generator.drift.structure import differences, same

DEFAULTS = {"scheme": ("http",), "on.timeout": ("10s",)}


@pytest.mark.parametrize(
    ("declared", "running", "paths"),
    [
        ({"a": "1m30s"}, {"a": "90s"}, []),
        ({"url": "http://x"}, {"url": "<secret>"}, []),
        ({"a": "1"}, {"a": "1", "scheme": "http", "limit": "0", "old": {"b": "false"}}, []),
        ({"a": "1"}, {"a": "1", "scheme": "https"}, ["scheme"]),
        ({"a": "1"}, {"a": "1", "limit": "5"}, ["limit"]),
        ({"on": {"b": "1"}}, {"on": {"b": "1", "timeout": "10s"}}, []),
        ({"b": "1"}, {"b": "1", "timeout": "10s"}, ["timeout"]),
        ({"labels": {}}, {"labels": {"scheme": "http"}}, ["labels.scheme"]),
        ({"a": "1", "b": "2"}, {"a": "1"}, ["b"]),
        ({"a": "1", "scheme": "http"}, {"a": "1"}, []),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, ["a"]),
        ({"a": [{"name": "x", "v": "1"}, {"name": "y"}]}, {"a": [{"name": "y"}, {"name": "x", "v": "2"}]}, ["a.x.v"]),
        ({"a": [{"name": "x"}]}, {"a": []}, ["a.x"]),
        ({"a": [{"v": "1"}]}, {"a": [{"v": "1"}, {"v": "2"}]}, ["a.1"]),
        ({"a": "1"}, {"a": {"b": "1"}}, ["a"]),
    ],
)
def test_differences_are_told_at_their_paths(declared: Any, running: Any, paths: list[str]) -> None:
    assert [".".join(one.path) for one in differences(declared, running, DEFAULTS)] == paths


@pytest.mark.parametrize(
    ("declared", "running", "expected"),
    [
        ("secrets/token", "/etc/prometheus/secrets/token", True),
        ("../../token", "/tmp/token", True),
        ("./.token", "/tmp/.token", True),
        ("/run/token", "/run/token", True),
        ("secrets/token", "/etc/other/token", False),
        ("token", "/tmp/other_token", False),
    ],
)
def test_a_file_is_known_by_the_end_of_its_path(declared: str, running: str, expected: bool) -> None:
    assert same(declared, running, ("credentials_file",)) is expected


def test_only_a_file_may_have_more_before_it() -> None:
    assert not same("/metrics", "/other/metrics", ("metrics_path",))


def test_what_follows_from_another_finding_is_not_told_again() -> None:
    def finding(kind: str, subject: str, source: str = "http://p:9090") -> Finding:
        return Finding(source, kind, subject, "", "")

    job = finding("job_missing", "shop")
    other = finding("target_missing", "shops/e:9188")
    gone = finding("unreachable", "exporter", "http://e:9187/metrics")
    found = [job, finding("target_missing", "shop/e:9187"), other, gone, finding("target_down", "shop/e:9187")]
    assert unexplained(found) == sorted([job, other, gone])


def test_thousands_of_findings_are_told_at_once() -> None:
    found = [Finding("http://p:9090", "label_value", f"metric_{number}/label", "", "") for number in range(5000)]
    cause = Finding("http://p:9090", "metric_labels", "metric_7", "", "")
    began = time.monotonic()
    assert len(unexplained([*found, cause])) == 5000
    assert time.monotonic() - began < 10  # each against each other took a minute


def test_every_explanation_is_of_findings_that_there_are() -> None:
    assert {kind for one in EXPLANATIONS for kind in one[:2]} <= FINDINGS.keys()


SHOP = """\
system: shop
summary: A shop
owner: web
waive: {no_alert: nothing is rendered here}
metrics: {shop_up: {type: gauge, help: Whether it runs, measure: app}}
"""


def test_a_spec_that_names_no_server_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    assert main(["drift", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "shop: there is nothing to compare, which is no success" in said
    assert "[nothing_observed]" in said
