"""A rule template that is broken on purpose: the tests, which do not come from it, name the alert."""

from __future__ import annotations

import json
from pathlib import Path

import jinja2
import pytest

from truegauge_generator import render
from truegauge_generator.cli import main

SYSTEM = """\
system: shop
summary: A shop
owner: team
metrics:
  shop_queue_length: {type: gauge, unit: orders, help: Orders that wait, labels: {channel: [web, phone]}, measure: app}
  shop_page_seconds: {type: histogram, unit: s, help: Time, buckets: [0.1, 0.2, 0.5, 1], measure: app}
alerts:
  LongQueue:
    when: {metric: shop_queue_length, above: 100}
    for: 1m
    keep_firing_for: 2m
    severity: critical
    labels: {team: orders}
    summary: The queue of {{ $labels.channel }} is long
    runbook: Look.
  SlowPages:
    when: {metric: shop_page_seconds, quantile: 0.9, over: 5m, above: 200ms}
    for: 30s
    severity: warning
    summary: Pages are slow
    runbook: Look.
"""
NAMED = "{% for kind, name, expr, wait, keep, labels, annotations in rules %}"
BROKEN = {
    "no wait": ("for: {{ wait | word }}", "for: 0s"),
    "twice the names": ("{{ kind | word }}: {{ name | word }}", "{{ kind | word }}: {{ (name ~ 's') | word }}"),
    "no labels": ("{% if labels %}", "{% if false %}"),
    "no annotations": ("{% if annotations %}", "{% if false %}"),
    "times a thousand": ("expr: {{ expr | block(10) }}", "expr: {{ (expr ~ ' * 1000') | block(10) }}"),
    "less instead of more": ("{{ expr | block(10) }}", "{{ expr.replace('>', '<') | block(10) }}"),
    "keeps firing as long as it waits": ("keep_firing_for: {{ keep", "keep_firing_for: {{ wait"),
    "one severity for all": ("{{ labels | words(10) }}", "{{ {'severity': 'info'} | words(10) }}"),
    "no records": (NAMED, NAMED.replace(" %}", " if kind == 'alert' %}")),
    "labels as annotations": ("{{ annotations | strings(10) }}", "{{ labels | strings(10) }}"),
    "only the first rule": (NAMED, NAMED.replace("in rules", "in rules[:1]")),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_template_is_noticed_and_the_alert_named(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spec").mkdir()
    Path("spec/shop.yaml").write_text(SYSTEM)
    environment = render._environment("yml")
    assert environment.loader is not None
    text = environment.loader.get_source(environment, "rules.yml.j2")[0]
    old, new = BROKEN[fault]
    assert old in text
    broken = environment.overlay(loader=jinja2.DictLoader({"rules.yml.j2": text.replace(old, new)}))
    right = render.template
    monkeypatch.setattr(
        render, "template", lambda name: broken.get_template(name) if name == "rules.yml.j2" else right(name)
    )
    assert main(["render"]) == 0
    capsys.readouterr()
    assert main(["prove", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    said = [problem["message"] for problem in found["problems"] if problem["code"] in ("case_failed", "unknown_alert")]
    assert any("LongQueue" in message or "SlowPages" in message for message in said)
