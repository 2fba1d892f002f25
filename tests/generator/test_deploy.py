"""What runs an exporter alone is what Docker, systemd and Kubernetes take, and says what the spec says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from dockerfile_parse import DockerfileParser

from truegauge_generator.literals import as_plain
from truegauge_generator.render import render
from truegauge_spec import Source, Spec, SpecError, build

SETTINGS = """\
system: cold_store
summary: An archive
owner: team
waive: {no_alert: a test}
exporter:
  listen: 127.0.0.1:9301
  memory_limit: 1GiB
  deploy:
    base_image: python:3.13-slim
    image: shop/archive:7
    database: /srv/archive/orders.db
    instance_id: archive-1
    cpus: 2
metrics:
  archive_rows: {type: gauge, unit: rows, help: Rows, measure: {sql: SELECT 1}}
"""
KUBERNETES = ("1.30", "1.37")


def deployment(text: str, system: str) -> dict[str, str]:
    """The files of a system's deployment, by name."""
    folder = f"rendered/deploy/{system}/"
    files = render(build([Source("s.yaml", text)]))
    return {path.removeprefix(folder): content for path, content in files.items() if path.startswith(folder)}


@pytest.fixture(scope="module")
def files(spec: Spec) -> dict[str, str]:
    return deployment(spec.sources[next(path for path in spec.sources if "duckdb" in path)].text, "duckdb")


def dockerfile(text: str, folder: Path) -> DockerfileParser:
    (folder / "Dockerfile").write_text(text)
    return DockerfileParser(str(folder))


def instructions(parser: DockerfileParser) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in parser.structure:
        found.setdefault(one["instruction"], []).append(one["value"])
    return found


def hadolint(text: str) -> str:
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, "--no-color", "-"], input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_hadolint_has_nothing_to_say(files: dict[str, str]) -> None:
    assert hadolint(files["Dockerfile"]) == ""


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        ("USER 65532:65532", "USER root", "DL3002"),
        ("FROM python:3.11-slim", "FROM python", "DL3006"),
        ("pip install --no-cache-dir", "pip install", "DL3042"),
        ("WORKDIR /opt", "WORKDIR opt", "DL3000"),
    ],
)
def test_hadolint_would_see_a_wrong_image(files: dict[str, str], right: str, wrong: str, code: str) -> None:
    assert right in files["Dockerfile"]
    assert code in hadolint(files["Dockerfile"].replace(right, wrong))


def test_the_image_installs_by_hash_and_runs_as_nobody(files: dict[str, str], tmp_path: Path) -> None:
    found = instructions(dockerfile(files["Dockerfile"], tmp_path))
    assert found["USER"] == ["65532:65532"]
    assert "--require-hashes" in found["RUN"][0]
    assert found["EXPOSE"] == ["9187"]


def test_what_is_locked_for_an_exporter_is_what_this_repository_is_tested_with(
    files: dict[str, str], root: Path
) -> None:
    locked, tested = (pins(text) for text in (files["requirements.txt"], (root / "requirements.lock").read_text()))
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {re.split(r"[^\w-]", one)[0].replace("_", "-") for one in extras["exporter"]}
    assert wanted == {"duckdb", "prometheus-client"}
    assert {name.partition("==")[0] for name in locked} == wanted
    assert locked.items() <= tested.items(), "run `make lock`"
    assert all(locked.values())


def pins(lock: str) -> dict[str, set[str]]:
    """Each `name==version` of a lock file, with its hashes."""
    blocks = re.findall(r"^(\S+==\S+) \\\n((?:    --hash=\S+.*\n)+)", lock, re.MULTILINE)
    return {name: set(re.findall(r"sha256:\w+", hashes)) for name, hashes in blocks}


@pytest.fixture(scope="module")
def analyze() -> str:
    """systemd-analyze's path; its absence is a failure."""
    path = shutil.which("systemd-analyze")
    assert path is not None, "systemd-analyze is not on the PATH: apt install systemd"
    return path


@pytest.fixture
def unit(files: dict[str, str], tmp_path: Path) -> Path:
    """The unit, with the Python of this machine in place of the one that will be installed."""
    path = tmp_path / "duckdb-exporter.service"
    text, count = re.subn(r"(?<=^ExecStart=)\S+", "/bin/true", files["duckdb-exporter.service"], flags=re.MULTILINE)
    assert count == 1
    path.write_text(text)
    return path


def run(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def test_systemd_takes_the_unit(analyze: str, unit: Path) -> None:
    assert run(analyze, "verify", unit) == (0, "")


def test_systemd_would_see_a_wrong_unit(analyze: str, unit: Path) -> None:
    unit.write_text(unit.read_text().replace("ProtectSystem=", "ProtectSystm="))
    assert "Unknown key" in run(analyze, "verify", unit)[1]


def test_the_unit_is_exposed_to_little(analyze: str, unit: Path) -> None:
    code, said = run(analyze, "security", "--offline=true", "--no-pager", "--threshold=15", unit)
    assert code == 0, said  # of 100; 96 for a unit that says nothing


def manifests(files: dict[str, str]) -> dict[str, Any]:
    return {one["kind"]: one for one in yaml.safe_load_all(files["kubernetes.yaml"])}


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_takes_the_manifests(files: dict[str, str], version: str) -> None:
    found = manifests(files)
    assert list(found) == ["Deployment", "Service", "NetworkPolicy"]
    for one in found.values():
        assert kubernetes_validate.validate(one, version, strict=True)


def unknown_key(deployment: dict[str, Any]) -> None:
    deployment["spec"]["template"]["spec"]["securityContxt"] = {}


def wrong_type(deployment: dict[str, Any]) -> None:
    deployment["spec"]["replicas"] = "one"


def no_selector(deployment: dict[str, Any]) -> None:
    del deployment["spec"]["selector"]


@pytest.mark.parametrize("break_it", [unknown_key, wrong_type, no_selector])
def test_kubernetes_would_see_a_wrong_manifest(
    files: dict[str, str], break_it: Callable[[dict[str, Any]], None]
) -> None:
    wrong = manifests(files)["Deployment"]
    break_it(wrong)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES[-1], strict=True)


def test_the_manifests_name_the_same_pods_and_ports(files: dict[str, str]) -> None:
    found = manifests(files)
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = (
        found["Deployment"]["spec"]["selector"]["matchLabels"],
        found["Service"]["spec"]["selector"],
        found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    )
    assert all(selector.items() <= labels.items() for selector in selectors)
    (container,) = found["Deployment"]["spec"]["template"]["spec"]["containers"]
    (port,) = container["ports"]
    assert [one["targetPort"] for one in found["Service"]["spec"]["ports"]] == [port["name"]]
    assert found["NetworkPolicy"]["spec"]["ingress"][0]["ports"] == [{"port": port["name"]}]
    volumes = {one["name"] for one in found["Deployment"]["spec"]["template"]["spec"]["volumes"]}
    assert {one["name"] for one in container["volumeMounts"]} == volumes
    assert container["args"][1].startswith(container["volumeMounts"][0]["mountPath"] + "/")


def test_the_spec_s_settings_are_in_every_file(tmp_path: Path) -> None:
    files = deployment(SETTINGS, "cold_store")
    image = instructions(dockerfile(files["Dockerfile"], tmp_path))
    assert image["FROM"] == ["python:3.13-slim"]
    assert image["EXPOSE"] == ["9301"]
    assert image["ENTRYPOINT"] == ['["python", "-m", "cold_store_exporter", "--listen", "0.0.0.0:9301"]']
    assert image["CMD"] == ['["--database", "/srv/archive/orders.db", "--instance-id", "archive-1"]']
    assert hadolint(files["Dockerfile"]) == ""
    unit = files["cold_store-exporter.service"].splitlines()
    assert "MemoryMax=1280M" in unit
    assert "CPUQuota=200%" in unit
    found = manifests(files)
    pod = found["Deployment"]["spec"]["template"]["spec"]
    assert found["Service"]["metadata"]["name"] == "cold-store-exporter"  # a host's name has no underscore
    assert pod["containers"][0]["image"] == "shop/archive:7"
    assert pod["containers"][0]["resources"]["limits"] == {"cpu": "2000m", "memory": "1280Mi"}
    assert pod["containers"][0]["ports"][0]["containerPort"] == 9301
    for one in found.values():
        kubernetes_validate.validate(one, KUBERNETES[-1], strict=True)


def test_a_system_that_only_its_application_measures_has_no_deployment(root: Path) -> None:
    assert deployment((root / "tests" / "systems" / "shop.yaml").read_text(), "shop") == {}


@pytest.mark.parametrize(
    "wrong",
    [
        "base_image: a b",
        "database: archive.db",
        "database: '/srv/a b/c'",
        "instance_id: 'a;b'",
        "cpus: 0",
        "memory: 0B",
    ],
)
def test_what_would_break_out_of_a_file_is_refused(wrong: str) -> None:
    text = SETTINGS.partition("  deploy:")[0] + f"  deploy: {{{wrong}}}\nmetrics:{SETTINGS.partition('metrics:')[2]}"
    with pytest.raises(SpecError, match=wrong.partition(":")[0]):
        build([Source("s.yaml", text)])


@pytest.mark.parametrize("text", ["", "a b", "$HOME", "%H", "a\nUser=root", '"', "\\", "é"])
def test_nothing_but_a_plain_word_is_printed(text: str) -> None:
    with pytest.raises(ValueError, match="quotes"):
        as_plain(text)
