"""Prometheus' state compared with the rendered files: configuration, rules, targets and flags."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from truegauge_generator.acceptance import PROMETHEUS, RULES
from truegauge_generator.drift import rules
from truegauge_generator.drift.defaults import PROMETHEUS as DEFAULTS
from truegauge_generator.drift.expression import experimental, longest_window
from truegauge_generator.drift.findings import Finding, Found, Seen
from truegauge_generator.drift.http import Access
from truegauge_generator.drift.json_api import answers_of, data
from truegauge_generator.drift.structure import Difference, differences, shown
from truegauge_generator.tools import PROMTOOL
from truegauge_spec import Spec
from truegauge_spec.names import TARGET_LABELS
from truegauge_spec.quantities import duration, milliseconds
from truegauge_spec.system import Scrape
from truegauge_spec.yaml_source import read

LONGEST_TIMEOUT = 10_000
"""Milliseconds; a scrape times out after its interval, and after this at the latest."""


class Target(NamedTuple):
    """A target that Prometheus scrapes; its labels are those beside `job` and `instance`."""

    job: str
    address: str
    is_down: bool
    error: str
    labels: dict[str, str]


def target(found: dict[str, Any]) -> Target:
    """A target of `/api/v1/targets`."""
    address = found["discoveredLabels"].get("__address__", found["scrapeUrl"])
    labels = {name: value for name, value in found["labels"].items() if name not in TARGET_LABELS}
    return Target(found["scrapePool"], address, found["health"] == "down", found["lastError"], labels)


class Running(NamedTuple):
    """What a Prometheus says of itself."""

    config: dict[str, Any]
    flags: dict[str, str]
    version: str
    runtime: dict[str, Any]
    groups: list[rules.Loaded]
    targets: list[Target]


def observe(spec: Spec, files: Mapping[str, str], url: str, access: Access) -> Seen:
    """Ask a Prometheus and compare its state with the rendered files. Raises Unreachable."""
    base = f"{url.rstrip('/')}/api/v1"
    with answers_of("Prometheus"):
        running = Running(
            dict(read(data(f"{base}/status/config", access)["yaml"], url) or {}),
            dict(data(f"{base}/status/flags", access)),
            str(data(f"{base}/status/buildinfo", access)["version"]),
            dict(data(f"{base}/status/runtimeinfo", access)),
            list(map(rules.loaded, data(f"{base}/rules?exclude_alerts=true", access)["groups"])),
            list(map(target, data(f"{base}/targets?state=active", access)["activeTargets"])),
        )
    found = [Finding(url, *one) for one in compare(spec, files, running)]
    counts = {"rules": sum(len(group.rules) for group in running.groups), "targets": len(running.targets)}
    return Seen(counts, found)


def compare(spec: Spec, files: Mapping[str, str], running: Running) -> Iterator[Found]:
    """Every difference between a Prometheus and the rendered files."""
    declared = read(files[PROMETHEUS], PROMETHEUS) if PROMETHEUS in files else None
    texts = {path.removeprefix(RULES): text for path, text in files.items() if path.startswith(RULES)}
    groups = {name: read(text, name)["groups"] for name, text in texts.items()}
    if running.runtime.get("reloadConfigSuccess") is False:
        yield "reload_failed", "configuration", "the last reload succeeded", "it was refused"
    if declared is not None:
        yield from config(declared, running.config)
    interval = running.config.get("global", {}).get("evaluation_interval", "1m")
    yield from rules.compare(groups, running.groups, interval, running.config.get("rule_files") or [])
    yield from targets(spec, running)
    expressions = [rule["expr"] for found in groups.values() for group in found for rule in group["rules"]]
    yield from flags(spec, running, expressions)


# These are compared as rules and as targets, one by one.
ELSEWHERE = ("rule_files", "static_configs")


def config(declared: dict[str, Any], running: dict[str, Any]) -> Iterator[Found]:
    """The loaded configuration against the rendered one."""
    general = running.get("global", {})
    often = milliseconds(general.get("scrape_interval", "1m"))
    defaults = {**DEFAULTS, "global.scrape_timeout": (duration(min(LONGEST_TIMEOUT, often)), "10s")}
    loaded = {job["job_name"]: job for job in running.get("scrape_configs") or []}
    jobs = [
        _inheriting(job, loaded[job["job_name"]], general) if job["job_name"] in loaded else job
        for job in declared.get("scrape_configs") or []
    ]
    there = {**running, "scrape_configs": list(loaded.values())}
    for found in differences({**declared, "scrape_configs": jobs}, there, defaults):
        if not any(key in found.path for key in ELSEWHERE):
            yield _config(found)


def _inheriting(job: dict[str, Any], loaded: dict[str, Any], general: dict[str, Any]) -> dict[str, Any]:
    """A rendered job with the interval and time-out that Prometheus gives it where it says none itself."""
    interval = general.get("scrape_interval", "1m")
    own = milliseconds(loaded.get("scrape_interval", interval))
    timeout = duration(min(milliseconds(general.get("scrape_timeout", "10s")), own))
    return {"scrape_interval": interval, "scrape_timeout": timeout, **job}


def _config(found: Difference) -> Found:
    path, is_, runs = found
    section, *rest = path
    if section == "scrape_configs" and len(rest) == 1:
        return ("job_extra" if is_ is None else "job_missing"), rest[0], shown(is_), shown(runs)
    subject = "/".join(rest if section == "scrape_configs" else path)
    kind = "scraped_otherwise" if path[-1] == "scrape_interval" else "prometheus_config"
    return kind, subject, shown(is_), shown(runs)


def targets(spec: Spec, running: Running) -> Iterator[Found]:
    """Each system's targets, both ways; those of jobs that are not in the spec are told as jobs."""
    for name, system in spec.systems.items():
        yield from _of_a_job(name, system.scrape, {one.address: one for one in running.targets if one.job == name})


def _of_a_job(name: str, scrape: Scrape, there: dict[str, Target]) -> Iterator[Found]:
    """One job's targets by address: all there, up, with their labels. Those from files may be any, but some."""
    for address in scrape.targets:
        if address not in there:
            yield "target_missing", f"{name}/{address}", address, ", ".join(there)
    if scrape.file_sd and not there.keys() - {*scrape.targets}:
        yield "target_missing", name, f"targets from {', '.join(scrape.file_sd)}", ""
    for address, found in there.items():
        subject = f"{name}/{address}"
        if address not in scrape.targets and not scrape.file_sd:
            yield "target_extra", subject, ", ".join(scrape.targets), address
        if found.is_down:
            yield "target_down", subject, "up", found.error
        if address in scrape.targets and found.labels != scrape.labels:
            yield "target_labels", subject, shown(scrape.labels), shown(found.labels)


def flags(spec: Spec, running: Running, expressions: list[str]) -> Iterator[Found]:
    """Flags with which a rule could not do what it says."""
    features = set().union(*map(experimental, expressions))
    enabled = running.flags.get("enable-feature", "")
    if features and "promql-experimental-functions" not in enabled:
        needed = f"promql-experimental-functions for {', '.join(sorted(features))}"
        yield "flag", "enable-feature", needed, enabled
    often = [system.scrape.interval or spec.prometheus.scrape_interval for system in spec.systems.values()]
    lookback = running.flags.get("query.lookback-delta", "5m")
    if milliseconds(lookback) < max(often):
        yield "flag", "query.lookback-delta", f"at least the scrape interval, {duration(max(often))}", lookback
    window = max(map(longest_window, expressions), default=0)
    kept = running.runtime.get("storageRetention", "")
    times = [milliseconds(part) for part in kept.split(" or ") if re.fullmatch(r"(\d+(ms|[smhdwy]))+", part)]
    if times and min(times) < window:
        yield "flag", "storage.tsdb.retention.time", f"at least the longest window, {duration(window)}", kept
    version = tuple(int(number) for number in re.findall(r"\d+", running.version)[:2])
    if version < PROMTOOL.minimum:
        yield "server_version", "Prometheus", f"{'.'.join(map(str, PROMTOOL.minimum))} or newer", running.version
