"""What a drill sends: the series of an alert's own case, in Prometheus' remote-write format."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from truegauge_generator.commands.drill import steps
from truegauge_generator.drill import remote_write
from truegauge_generator.drill.breach import PAST, NoDrill, breach
from truegauge_generator.drill.remote_write import Sample
from truegauge_spec import Source, Spec, build

HOUR = 3_600_000
KINDS = Path(__file__).parents[1] / "systems" / "kinds.yaml"


@pytest.fixture(scope="module")
def kinds() -> Spec:
    """A system with every kind of condition."""
    return build([Source("kinds.yaml", KINDS.read_text())])


def test_each_alert_of_the_project_s_spec_has_a_breach_of_an_instance_of_its_own(spec: Spec) -> None:
    system = spec.systems["duckdb"]
    for alert in system.alerts:
        lent = breach(system, alert, "drill-1", 15_000, HOUR)
        first = min(step for one in lent.series for step, value in enumerate(one.values) if value is not None)
        assert (lent.true - first) * lent.size <= PAST
        assert all((len(one.values) - lent.true) * lent.size >= HOUR for one in lent.series)
        assert {one.labels["instance"] for one in lent.series} == {"drill-1"}


def test_a_breach_lasts_longer_than_the_alert_waits(spec: Spec) -> None:
    system = spec.systems["duckdb"]
    patient = system.alerts["HighDiskUsage"].model_copy(update={"for_": 3 * HOUR})
    other = system.model_copy(update={"alerts": {**system.alerts, "HighDiskUsage": patient}})
    lent = breach(other, "HighDiskUsage", "drill-1", 15_000, HOUR)
    assert all((len(one.values) - lent.true) * lent.size >= 4 * HOUR for one in lent.series)


def test_a_drill_lasts_as_long_as_its_steps_may_take(spec: Spec) -> None:
    assert spec.stack.alertmanager is not None
    slow = spec.stack.alertmanager.route.model_copy(update={"group_interval": 5 * HOUR})
    declared = spec.stack.alertmanager.model_copy(update={"route": slow})
    other = replace(spec, stack=spec.stack.model_copy(update={"alertmanager": declared}))
    assert steps(other, 60.0) >= 5 * HOUR + 4 * 60_000


def test_what_cannot_be_drilled_says_why(kinds: Spec) -> None:
    system = kinds.systems["kinds"]
    reasons: dict[str, set[str]] = {}
    for name, alert in system.alerts.items():
        try:
            breach(system, name, "drill-1", 15_000, HOUR)
        except NoDrill as reason:
            reasons.setdefault(str(reason).split(",")[0], set()).add(alert.when.kind)
    assert reasons == {
        "its condition is of all instances together": {"absent", "burn"},
        "it looks back for 169h15s": {"deviation"},
        "it looks back for 1h15s": {"runs_full"},
        "it looks back for 3h15s": {"unchanged"},
    }


def test_a_time_goes_on_from_now(kinds: Spec) -> None:
    system = kinds.systems["kinds"]
    name = next(name for name, alert in system.alerts.items() if alert.when.kind == "older_than")
    lent = breach(system, name, "drill-1", 15_000, HOUR)
    start = 1_700_000_000_000
    ((_, samples),) = lent.samples(start, lent.true, lent.true)
    assert 1_600_000_000 < samples[0].value < samples[0].at / 1000 < start / 1000 + HOUR


def test_a_request_is_protocol_buffers_in_literals_of_snappy() -> None:
    assert remote_write.snappy(b"abc") == b"\x03\xf4\x02\x00abc"
    assert len(remote_write.snappy(b"a" * 70_000)) == 70_000 + 3 + 2 * 3
    sent = remote_write.encoded([({"b": "2", "__name__": "x"}, [Sample(300, 1.5), Sample(301, remote_write.STALE)])])
    labels = b"\x0a\x0d\x0a\x08__name__\x12\x01x" + b"\x0a\x06\x0a\x01b\x12\x012"
    one = b"\x12\x0c\x09" + struct.pack("<d", 1.5) + b"\x10\xac\x02"
    end = b"\x12\x0c\x09" + bytes.fromhex("020000000000f07f") + b"\x10\xad\x02"
    assert sent[5:].endswith(labels + one + end)
