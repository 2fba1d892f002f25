"""The page that draws what proves each alert."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from truegauge_generator.drawing import HEAD, HEIGHT, gains
from truegauge_generator.literals import as_html
from truegauge_generator.notation import runs, samples
from truegauge_generator.render import render
from truegauge_spec import Source, Spec, build, load

SERIES = re.compile('class="series" d="(.*?)"')
PAGE = "rendered/docs/duckdb-proof.html"


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ("1", [1]),
        ("1x2", [1, 1, 1]),
        ("0+5x2", [0, 5, 10]),
        ("3-1x2 _x2 7", [3, 2, 1, None, None, 7]),
        ("1e-05+2.5e-05x1 stale -4x1", [1e-05, 3.5e-05, None, -4, -4]),
    ],
)
def test_promtool_s_notation_is_read_back(values: str, found: list[float | None]) -> None:
    assert samples(values) == pytest.approx(found)


def test_what_is_not_the_notation_is_refused() -> None:
    with pytest.raises(ValueError, match="'five' is not promtool's notation"):
        samples("1 five")


def test_a_counter_that_starts_again_gains_nothing_by_that() -> None:
    found = list(gains(runs("1+2x1 _ 2+3x1")))
    assert found == [(0, 0, 1), (2, 0, 1), (None, 0, 1), (0, 0, 1), (3, 0, 1)]


def test_every_alert_is_drawn_and_one_case_of_it_fires(spec: Spec) -> None:
    page = render(spec)[PAGE]
    sections = re.split('<h2 id="', page)[1:]
    system = spec.systems["duckdb"]
    of_objectives = [f"{name}{end}" for name in system.objectives for end in ("Page", "Ticket")]
    assert [section.partition('"')[0] for section in sections] == [*system.alerts, *of_objectives, "SpecDrift"]
    for section in sections[: len(system.alerts)]:
        if like := re.search(' like <a href="#(.*?)"', section):
            assert f'<h2 id="{like[1]}">' in page.partition(section)[0]
            continue
        figures = section.split("<figure>")[1:]
        assert {'class="fires"' in figure for figure in figures[:1]} == {True}
        assert not any('class="fires"' in figure for figure in figures[1:])
        assert all('class="series" d="M' in figure for figure in figures)


def test_the_cases_of_objectives_and_hand_written_alerts_are_drawn(root: Path, spec: Spec) -> None:
    page = render(spec)[PAGE]
    burnt = re.split('<h2 id="', page.partition('<h2 id="QueriesFastPage"')[2])[0]
    assert burnt.count('class="fires"') == 3  # two pairs of windows, and all four
    assert "1h and 5m, <a" in burnt.replace("\n", "")
    assert burnt.count('class="limit"') == burnt.count("<figure")
    page = render(load(root / "tests" / "systems" / "handmade.yaml"))["rendered/docs/handmade-proof.html"]
    assert "just short of 50 stays silent" in page
    for section in re.split('<h2 id="', page)[1:-1]:
        assert 'class="fires"' in section, section
        heights = [float(height) for height in re.findall(r"[ML][\d.]+ (-?[\d.]+)", "".join(SERIES.findall(section)))]
        assert heights
        assert min(heights) >= HEAD
        assert max(heights) <= HEIGHT


@pytest.mark.parametrize(
    ("written", "another", "alike"),
    [
        ("above: 200ms", "above: 300ms", True),
        ("above: 200ms", "below: 200ms", False),
        ("for: 2m", "for: 4m", False),
        ("over: 5m", "over: 4m", False),
    ],
)
def test_what_is_tested_like_another_is_drawn_once(root: Path, written: str, another: str, alike: bool) -> None:
    text = (root / "tests" / "systems" / "shop.yaml").read_text(encoding="utf-8")
    head, alert = text.partition("  OrdersPileUp:")[0].split("  SlowPages:")
    alerts = f"  SlowPages:{alert}  SlowPagesToo:{alert.replace(written, another)}"
    page = render(build([Source("shop.yaml", head + alerts)]))["rendered/docs/shop-proof.html"]
    second = re.split("<h2 ", page)[2]
    assert 'id="SlowPagesToo"' in second
    assert ('like <a href="#SlowPages">' in second) == ("<figure" not in second) == alike


def test_the_threshold_is_drawn_where_a_value_of_the_series_is_one(spec: Spec) -> None:
    sections = dict(re.findall('<h2 id="(.*?)">(.*?)(?=<h2)', render(spec)[PAGE], re.DOTALL))
    assert 'class="limit"' in sections["StalePoll"]
    assert 'class="limit"' not in sections["HighQueryLatency"]


@pytest.mark.parametrize("text", ["<script>", '" onload="x', "a & b", "it's"])
def test_no_text_becomes_markup(text: str) -> None:
    printed = as_html(text)
    assert not set(printed) & set("<>\"'")
    assert unescape(printed) == text
