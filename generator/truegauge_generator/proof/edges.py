"""Jobs on which a record has little to work with: no traffic, hardly any, a restart, events of one kind only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from truegauge_generator.objectives import ERROR_RATIO, EVENTS
from truegauge_generator.promql import selector
from truegauge_generator.proof.sampled import Sampled
from truegauge_spec.quantities import duration
from truegauge_spec.system import System

FEW = Decimal("1e-6")
"""What is left of an ordinary series where there is hardly any traffic: far less than one event each second."""
DECOYED = "decoyed"
OTHER = "other"


def _idle(one: Sampled, samples: int) -> Sampled:
    start = Decimal(0) if one.is_gauge else one.start
    return one._replace(start=start, gain=Decimal(0), curve=Decimal(0))


def _slow(one: Sampled, samples: int) -> Sampled:
    return one._replace(start=one.start * FEW, gain=one.gain * FEW, curve=one.curve * FEW)


def _restarted(one: Sampled, samples: int) -> Sampled:
    return one if one.is_gauge else one._replace(reset=samples - samples // 8)


def _flawless(one: Sampled, samples: int) -> Sampled:
    return one


JOBS: dict[str, Callable[[Sampled, int], Sampled]] = {
    "idle": _idle,
    "slow": _slow,
    "restarted": _restarted,
    "flawless": _flawless,
    DECOYED: _flawless,
}
WITHOUT_BAD = frozenset({"flawless", DECOYED})


def edges(system: System, series: Iterable[Sampled], samples: int) -> Iterator[Sampled]:
    """The first series of each metric, a histogram's with all buckets, once more for each of these jobs."""
    never = {
        one.availability.some.metric
        for one in system.objectives.values()
        if one.availability and one.availability.side == "bad"
    }
    first: dict[str, dict[str, str]] = {}
    for one in series:
        own = {label: value for label, value in one.labels.items() if label != "le"}
        if first.setdefault(one.name, own) == own:
            for job, made in JOBS.items():
                if job not in WITHOUT_BAD or one.name not in never:
                    yield made(one, samples)._replace(labels={**one.labels, "job": job})


def decoys(system: System, window: int, samples: int, missing: int) -> Iterator[dict[str, str]]:
    """Records that look like those of an objective, but are of another system, objective or window."""
    for name in system.objectives:
        own = {"job": DECOYED, "system": system.system, "slo": name, "window": duration(window)}
        for record in (EVENTS, ERROR_RATIO):
            for label in ("system", "slo", "window"):
                ahead = f"_x{missing} " if missing else ""
                series = selector(record, {**own, label: f"{OTHER}-{name}"})
                yield {"series": series, "values": f"{ahead}1x{samples}"}
