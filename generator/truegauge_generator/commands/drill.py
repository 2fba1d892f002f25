"""`truegauge drill`: make an alert true on running servers, follow it to its receiver, and clear up."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from time import time

from truegauge_generator.alerts import alerts
from truegauge_generator.cli import Result
from truegauge_generator.commands.options import seconds, url
from truegauge_generator.drift.http import Unreachable
from truegauge_generator.drill.breach import Breach, NoDrill, breach
from truegauge_generator.drill.follow import Drill, Missed, Reached, fed, reach, resolve
from truegauge_generator.drill.servers import Alertmanager, Prometheus
from truegauge_generator.progress import progress
from truegauge_generator.proof.routing import nodes, of_spec
from truegauge_spec import Position, Problem, Spec, load
from truegauge_spec.condition import MetricCondition
from truegauge_spec.names import DRILL, nearest
from truegauge_spec.system import System

SPARE = 3_600_000
"""Milliseconds for evaluations and requests."""
STEPS = 4
"""Pending, firing, received and sent: each may take so much longer as patience says."""


def arguments(parser: ArgumentParser) -> None:
    """What is drilled, and where."""
    parser.add_argument("alert", metavar="ALERT", help="an alert's name")
    parser.add_argument("--prometheus", type=url, metavar="URL", help="another than the spec's")
    parser.add_argument("--alertmanager", type=url, metavar="URL", help="another than the spec's")
    parser.add_argument("--patience", metavar="TIME", default="15s", type=seconds, help="to wait longer (15s)")


def run(options: Namespace) -> Result:
    """One drill; each step is a line with its seconds."""
    spec = load(options.spec)
    known = {one.rule.name: one for one in alerts(spec)}
    if options.alert not in known:
        message = f"there is no alert {options.alert!r}{nearest(options.alert, known)}"
        return Result((), [Problem(Position(options.spec), message, "unknown_topic")])
    one = known[options.alert]
    system, position = spec.systems[one.system], spec.position(one.system, one.path)
    # An instance of its own each time: a series that has ended takes no samples of before its end.
    instance = f"{DRILL}-{int(time())}"
    with progress() as show:
        try:
            beyond = steps(spec, options.patience)
            lent = breach(system, options.alert, instance, spec.prometheus.scrape_interval, beyond)
            drill = _prepared(spec, options, instance, show)
        except (NoDrill, Unreachable) as reason:
            return Result((), [Problem(position, f"{options.alert} cannot be drilled: {reason}", "no_drill")])
        reached, missed = _drilled(drill, lent)
    lines = [f"{one.step:<10}{one.seconds:6.1f} s{f'  {one.detail}' if one.detail else ''}" for one in reached]
    if counting := _counting(system, options.alert):
        lines.append(f"the drill's events count in {', '.join(counting)}")
    if not missed:
        took = sum(one.seconds for one in reached)
        lines.append(f"drill: {options.alert} went to its receiver and back in {took:.1f} s")
    facts = {"alert": options.alert, "steps": [one._asdict() for one in reached], "counted_in": counting}
    said = [f"{options.alert}{' ' if isinstance(one, Missed) else ': '}{one}" for one in missed]
    return Result(lines, [Problem(position, one, "drill_failed") for one in said], facts)


def steps(spec: Spec, patience: float) -> int:
    """Milliseconds that the steps of a drill may take beside the `for` of its alert, and some to spare."""
    declared = spec.stack.alertmanager
    waits = [int(str(wait)) for node in nodes(of_spec(declared).root) for wait in node.waits[:2]] if declared else []
    return SPARE + max(waits, default=0) + int(STEPS * patience * 1000)


def _prepared(spec: Spec, options: Namespace, instance: str, show: Callable[[str], object]) -> Drill:
    """The servers, once it is sure that a drill works on them. Raises NoDrill and Unreachable."""
    declared = spec.stack.alertmanager
    if declared is None:
        raise NoDrill("the stack has no alertmanager")
    prometheus = Prometheus(options.prometheus or spec.prometheus.url)
    alertmanager = Alertmanager(options.alertmanager or declared.url)
    alertmanager.requests()
    if prometheus.flag("web.enable-remote-write-receiver") != "true":
        raise NoDrill(f"start Prometheus at {prometheus.url} with --web.enable-remote-write-receiver")
    if not prometheus.marks_drills():
        raise NoDrill("Prometheus does not mark drills; say `drill: true` under `prometheus:`, render, and reload it")
    rule = prometheus.rule(options.alert)
    if rule is None:
        raise NoDrill("Prometheus has no rule of that name; render, and reload it")
    meaning = of_spec(declared)
    return Drill(options.alert, instance, rule, prometheus, alertmanager, declared, meaning, options.patience, show)


def _drilled(drill: Drill, lent: Breach) -> tuple[list[Reached], list[Missed | Unreachable]]:
    """The steps that were reached, and what kept the alert from the next. Its series end whatever happens."""
    reached: list[Reached] = []
    missed: list[Missed | Unreachable] = []
    try:
        with fed(drill.prometheus, lent) as push:
            try:
                for one in reach(drill, push):
                    reached.append(one)  # noqa: PERF402 - so that those before a missed one are kept
            except Missed as reason:
                missed.append(reason)
        reached.append(resolve(drill, lent.window / 1000))
    except (Missed, Unreachable) as reason:
        missed.append(reason)
    return reached, missed


def _counting(system: System, alert: str) -> list[str]:
    """The objectives that see the drill's events, since they are of the same metrics."""
    when = system.alerts[alert].when
    metrics = set(when.metrics) if isinstance(when, MetricCondition) else set()
    return [name for name, objective in system.objectives.items() if metrics & set(objective.metrics)]
