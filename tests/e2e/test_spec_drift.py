"""SpecDrift in a real Prometheus: it fires when an exporter of an older spec is started, and not otherwise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import duckdb
import pytest
import yaml
from prometheus_client import CollectorRegistry, start_http_server
from shortened import shortened
from stack import Stack, free_ports

from truegauge_generator import digests
from truegauge_generator.disk import write
from truegauge_generator.render import render
from truegauge_spec import Source, Spec, build

WAIT = 2
"""Seconds that the alert waits here, instead of a minute."""


class Site:
    """A Prometheus that looks at three addresses, and the exporters that a test starts there."""

    def __init__(self, stack: Stack, spec: Spec, folders: dict[str, Path]) -> None:
        self.stack = stack
        self.now, self.old, self.mute = free_ports(3)
        targets = tuple(f"127.0.0.1:{port}" for port in (self.now, self.old, self.mute))
        system = spec.systems["duckdb"]
        scrape = system.scrape.model_copy(update={"targets": targets})
        self.spec = replace(spec, systems={"duckdb": system.model_copy(update={"scrape": scrape})})
        self._folders = folders
        self._processes: dict[int, subprocess.Popen[str]] = {}

    def start(self, which: str, port: int) -> None:
        """Start the exporter of the current or the older spec, in place of what runs there."""
        self.stop(port)
        database = self.stack.place / f"{which}-{port}.duckdb"
        duckdb.connect(str(database)).close()
        listen = f"127.0.0.1:{port}"
        process = subprocess.Popen(
            [sys.executable, "-m", "duckdb_exporter", "--database", str(database), "--listen", listen],
            cwd=self._folders[which],
            env={**os.environ, "PYTHONPATH": str(self._folders[which])},
            stdout=subprocess.PIPE,
            text=True,
        )
        self._processes[port] = process
        assert process.stdout
        assert "serving" in process.stdout.readline()

    def stop(self, port: int) -> None:
        """End what runs at a port, if anything does."""
        if process := self._processes.pop(port, None):
            with process:  # waits, and closes the pipe
                process.terminate()

    def end(self) -> None:
        """End all that was started."""
        for port in list(self._processes):
            self.stop(port)

    def drifted(self) -> dict[str, dict[str, str]]:
        """The labels and texts of SpecDrift where it fires, by instance."""
        found = [one for one in self.stack.ask("alerts").get("alerts", []) if one["state"] == "firing"]
        return {
            one["labels"]["instance"]: {**one["labels"], **one["annotations"]}
            for one in found
            if one["labels"]["alertname"] == "SpecDrift"
        }

    def series(self, query: str) -> list[dict[str, str]]:
        """The labels of what a query gives now."""
        return [one["metric"] for one in self.stack.ask(f"query?query={quote(query)}").get("result", [])]


def until(true: Callable[[], object], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def older(spec: Spec) -> Spec:
    """The spec before a bucket was added."""
    texts = {name: source.text for name, source in spec.sources.items()}
    assert "250, 500, 1000, 5000]" in texts["duckdb"]
    texts["duckdb"] = texts["duckdb"].replace("250, 500, 1000, 5000]", "250, 500, 1000]")
    return build([Source(spec.sources[name].path, text) for name, text in texts.items()])


@pytest.fixture(scope="module")
def site(spec: Spec, older: Spec, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Prometheus and Alertmanager on the rules of the current spec."""
    place = tmp_path_factory.mktemp("drift")
    folders = {"current": place / "current", "older": place / "older"}
    for which, files in (("current", render(spec)), ("older", render(older))):
        write(files, files, str(folders[which]))
        folders[which] /= "exporter"
    with Stack(place) as stack:
        site = Site(stack, shortened(spec, stack.ports), folders)
        files = render(site.spec)
        rules = "rendered/prometheus/rules/duckdb-spec.yml"
        assert "for: 1m\n" in files[rules]
        files[rules] = files[rules].replace("for: 1m\n", f"for: {WAIT}s\n")
        write(files, files, str(place))
        try:
            site.start("current", site.now)
            stack.start()
            until(stack.scraped)
            yield site
        finally:
            site.end()


def test_an_older_exporter_is_named_with_both_digests_until_it_is_replaced(site: Site, spec: Spec, older: Spec) -> None:
    now, old = (digests.of_metrics(one, "duckdb") for one in (spec, older))
    instance = f"127.0.0.1:{site.old}"
    until(lambda: site.series(f'up{{instance="{instance}"}} == 0'))
    time.sleep(2 * WAIT)
    assert site.drifted() == {}, "it fires though one exporter is of the same spec, and others are down"

    site.start("older", site.old)
    until(site.drifted)
    (alert,) = site.drifted().values()
    assert (alert["instance"], alert["digest"]) == (instance, old)
    assert alert["description"] == f"It runs the spec {old}; the rules of duckdb are for {now}."
    until(lambda: ("SpecDrift", "firing", "notify") in site.stack.received())

    site.start("current", site.old)
    until(lambda: not site.drifted())
    assert {one["digest"] for one in site.series("duckdb_exporter_spec_info")} == {now}


def test_an_exporter_that_says_no_digest_is_named_too(site: Site) -> None:
    server, thread = start_http_server(site.mute, "127.0.0.1", CollectorRegistry())
    try:
        until(site.drifted)
        assert {name: one["digest"] for name, one in site.drifted().items()} == {f"127.0.0.1:{site.mute}": "none"}
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
    until(lambda: not site.drifted())


def test_prometheus_states_the_digests_that_its_rules_were_made_from(site: Site, spec: Spec) -> None:
    (stated,) = site.series("system:truegauge_spec:info")
    assert stated["system"] == "duckdb"
    assert stated["metrics"] == digests.of_metrics(spec, "duckdb")


def test_alertmanager_shows_the_digest_of_what_it_runs_on(site: Site) -> None:
    with urlopen(f"http://127.0.0.1:{site.stack.ports.alertmanager}/api/v2/status", timeout=5) as answer:
        running = yaml.safe_load(json.load(answer)["config"]["original"])
    assert [one["name"] for one in running["time_intervals"]] == [f"spec-{digests.of_routes(site.spec)}"]
