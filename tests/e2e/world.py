"""A small world that runs as the spec says - exporter, Prometheus, Alertmanager - and ways to make it drift."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
import yaml
from loopback import PATIENCE, got, until
from stack import Stack, free_ports

from truegauge_generator.cli import main
from truegauge_generator.render import template
from truegauge_generator.targets import metrics
from truegauge_spec import Spec, load
from truegauge_spec.system import System


class World:
    """Files in a folder, and the servers that run on them."""

    def __init__(self, place: Path, root: Path, stack: Stack) -> None:
        self.place, self.stack = place, stack
        self.targets = (f"127.0.0.1:{stack.ports.exporter}", f"127.0.0.1:{stack.ports.sink}")
        (self.grafana_port,) = free_ports(1)
        ports = {"9090": stack.ports.prometheus, "9093": stack.ports.alertmanager, "3000": self.grafana_port}
        self.spec_folder = place / "spec"
        self.spec_folder.mkdir()
        for name in ("duckdb.yaml", "stack.yaml"):
            text = (root / "spec" / name).read_text()
            text = text.replace("targets: [127.0.0.1:9187]", f"targets: [{', '.join(self.targets)}]")
            for before, port in ports.items():
                text = text.replace(f"127.0.0.1:{before}", f"127.0.0.1:{port}")
            (self.spec_folder / name).write_text(text)
        assert main(["render", str(self.spec_folder), "--output", str(place)]) == 0
        self.spec: Spec = load(self.spec_folder)
        self.exporter = f"http://{self.targets[0]}/metrics"
        self.prometheus = f"http://127.0.0.1:{stack.ports.prometheus}"
        self.alertmanager = f"http://127.0.0.1:{stack.ports.alertmanager}"
        self.rules = place / "rendered" / "prometheus" / "rules" / "duckdb.yml"
        self.prometheus_config = place / "rendered" / "prometheus" / "prometheus.yml"
        self.alertmanager_config = place / "rendered" / "alertmanager" / "alertmanager.yml"

        self._exporters: dict[str, subprocess.Popen[bytes]] = {}
        self.others: dict[str, str] = {}
        """Prometheus servers that run beside the one of the spec."""

    def asked(self, **instead: str) -> list[str]:
        """The flags for all three servers, some of them others."""
        servers = {"exporter": self.exporter, "prometheus": self.prometheus, "alertmanager": self.alertmanager}
        return [word for name, url in {**servers, **instead}.items() for word in (f"--{name}", url)]

    @contextmanager
    def served(self, address: str = "", system: System | None = None) -> Iterator[str]:
        """A real exporter on a database of its own, rendered from another spec where one is given."""
        address = address or f"127.0.0.1:{free_ports(1)[0]}"
        folder = self.place / f"exporter-{address.rpartition(':')[2]}"
        shutil.copytree(self.place / "exporter" / "duckdb_exporter", folder / "duckdb_exporter")
        if system is not None:
            shaped = metrics.view(replace(self.spec, systems={system.system: system}), system)
            (folder / "duckdb_exporter" / "metrics.py").write_text(template("metrics.py.j2").render(shaped))
        duckdb.connect(folder / "app.duckdb").close()
        self._exporters[address] = self._exporter(address)
        try:
            yield f"http://{address}/metrics"
        finally:
            self._end(address)

    def _exporter(self, address: str) -> subprocess.Popen[bytes]:
        folder = self.place / f"exporter-{address.rpartition(':')[2]}"
        command = [sys.executable, "-m", "duckdb_exporter", "--database", str(folder / "app.duckdb")]
        arguments = ["--listen", address, "--instance-id", "mt5-1"]
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        process = subprocess.Popen([*command, *arguments], env=environment, stdout=subprocess.DEVNULL)
        until(lambda: b"duckdb_up" in got(f"http://{address}/metrics"))
        return process

    def _end(self, address: str) -> None:
        process = self._exporters.pop(address)
        process.terminate()
        process.wait(PATIENCE)

    @contextmanager
    def stopped(self, address: str) -> Iterator[None]:
        """An exporter that is not there for a while."""
        self._end(address)
        try:
            yield
        finally:
            self._exporters[address] = self._exporter(address)

    @contextmanager
    def edited(self, path: Path, edit: Callable[[Any], object]) -> Iterator[int]:
        """A file edited by hand and its server told to reload; gives the status of that, and undoes both."""
        before = path.read_text()
        document = yaml.safe_load(before)
        edit(document)
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        server = self.alertmanager if path == self.alertmanager_config else self.prometheus
        try:
            yield reload(server)
        finally:
            path.write_text(before)
            assert reload(server) == 200
            until(lambda: scraped(self.prometheus))

    def other_prometheus(self, edit: Callable[[Any], object], *flags: str, retention: str = "31d") -> str:
        """The address of another Prometheus, on a copy of the files whose configuration was edited."""
        (port,) = free_ports(1)
        place = self.place / f"other-{port}"
        shutil.copytree(self.place / "rendered", place / "rendered")
        config = place / "rendered" / "prometheus" / "prometheus.yml"
        document = yaml.safe_load(config.read_text())
        edit(document)
        config.write_text(yaml.safe_dump(document, sort_keys=False))
        self.stack.prometheus(place, port, *flags, retention=retention)
        return f"http://127.0.0.1:{port}"


class Case(NamedTuple):
    """An edit of a file, and the one finding: kind, subject, a part of what is declared and of what runs."""

    edit: Callable[[Any], object]
    kind: str
    subject: str
    declared: str
    running: str


def drift(world: World, capsys: pytest.CaptureFixture[str], **instead: str) -> list[dict[str, str]]:
    """The findings of `truegauge drift` on all three servers, or others instead; its exit code agrees with them."""
    capsys.readouterr()
    code = main(["drift", str(world.spec_folder), "--format", "json", *world.asked(**instead)])
    found: list[dict[str, str]] = json.loads(capsys.readouterr().out)["findings"]
    assert code == (1 if found else 0)
    return found


def assert_only(found: list[dict[str, str]], kind: str, subject: str, declared: str, running: str) -> None:
    """This is the one finding."""
    assert [(one["kind"], one["subject"]) for one in found] == [(kind, subject)], found
    assert declared in found[0]["declared"]
    assert running in found[0]["running"]


def reload(server: str) -> int:
    """Tell a server to read its files again."""
    try:
        with urllib.request.urlopen(f"{server}/-/reload", data=b"", timeout=PATIENCE) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def scraped(prometheus: str, health: str = "up") -> bool:
    """Whether all targets that a Prometheus has are of that health."""
    answer = got(f"{prometheus}/api/v1/targets")
    targets = json.loads(answer)["data"]["activeTargets"] if answer else []
    return bool(targets) and {target["health"] for target in targets} == {health}
