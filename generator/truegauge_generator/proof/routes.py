"""Whether a real Alertmanager sends, groups, inhibits and mutes each alert as the spec means, on the rendered file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from json import dumps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from truegauge_generator.acceptance import ALERTMANAGER
from truegauge_generator.proof import calendar, deliveries, muting, sorting
from truegauge_generator.proof.alertmanager import Hook, Refused, running
from truegauge_generator.proof.alerts import Sent, declared, worlds
from truegauge_generator.proof.deliveries import Key, key
from truegauge_generator.proof.route_trials import Mutant, judged
from truegauge_generator.proof.routing import Labels, Matcher, Meaning, Node, fit, of_spec, taken
from truegauge_generator.proof.routing import of_configuration as meaning_of
from truegauge_generator.proof.trial import LATE, Subject, hurried, on_loopback, read
from truegauge_generator.tools import run
from truegauge_spec import Position, Problem, Spec

Found = tuple[int, list[Problem]]
"""How many cases were run, and what is wrong."""
Steps = tuple[Callable[[Spec, Subject], Found], ...]


class Row(NamedTuple):
    """Where an alert goes. The tuples of receivers, groupings and mutings are of one route each."""

    alert: str
    severity: str
    labels: dict[str, str]
    """Those that decide where it goes."""
    receivers: tuple[str, ...]
    grouped_by: tuple[tuple[str, ...], ...]
    muted: tuple[str, ...]
    """In words, or empty."""
    inhibited_by: tuple[str, ...]
    """What keeps it from being notified, in words."""


class RouteProof(NamedTuple):
    """The table of what goes where, how many cases were run, what is wrong, and the mutants of the configuration."""

    rows: tuple[Row, ...] = ()
    cases: int = 0
    problems: tuple[Problem, ...] = ()
    mutants: tuple[Mutant, ...] = ()
    facts: tuple[str, ...] = ()
    """What the proof rests on, in sentences."""


ABSENT = "the stack has no alertmanager, so there are no routes to prove"
REPLACED = (
    "each channel of a receiver is replaced by a webhook on loopback",
    "group_wait, group_interval and repeat_interval are short where notifications are waited for, and else long",
    "routes are tried without inhibition in time intervals that hold always, or never, or as they are now",
    "when time intervals hold is compared at each of their edges on each day of a year, without Alertmanager",
)


def prove(spec: Spec, files: Mapping[str, str], amtool: str, alertmanager: str) -> RouteProof:
    """Compare what the spec means with amtool and a real Alertmanager on the rendered `files`; then break these."""
    stated = spec.stack.alertmanager
    if stated is None:
        return RouteProof(facts=(ABSENT,))
    meaning = of_spec(stated)
    subject = Subject(
        amtool, alertmanager, files, read(files[ALERTMANAGER]), meaning, worlds(spec, meaning), stated.time_intervals
    )
    first: Steps = (by_amtool, sorted_, on_calendar)
    then: Steps = (delivered, in_time_intervals)
    count, problems, mutants = 0, list[Problem](), tuple[Mutant, ...]()
    try:
        for steps in (first, then):
            with ThreadPoolExecutor(len(steps)) as pool:
                for cases, some in pool.map(lambda step: step(spec, subject), steps):
                    count += cases
                    problems += some
            if problems:  # what rests on a wrong route is wrong too, and would be waited for in vain
                break
        else:
            mutants = tuple(judged(subject))
    except Refused as refusal:
        problems = [Problem(Position(ALERTMANAGER), f"Alertmanager refuses it: {refusal}", "alertmanager_config")]
    return RouteProof(rows(spec, meaning), count, tuple(problems), mutants, REPLACED)


def rows(spec: Spec, meaning: Meaning) -> tuple[Row, ...]:
    """What goes where, as the spec means it."""
    return tuple(_row(meaning, sent.labels) for sent in declared(spec))


def _row(meaning: Meaning, labels: Labels) -> Row:
    ways = taken(meaning.root, labels)
    return Row(
        labels["alertname"],
        labels["severity"],
        {label: value for label, value in labels.items() if label in meaning.labels},
        tuple(node.receiver for node in ways),
        tuple(node.group_by for node in ways),
        tuple(_timed(node) for node in ways),
        tuple(
            " and ".join(map(_written, rule.source)) + (f" of the same {', '.join(rule.equal)}" if rule.equal else "")
            for rule in meaning.inhibitions
            if fit(rule.target, labels)
        ),
    )


def _timed(node: Node) -> str:
    parts = [f"in {' and '.join(node.mute)}"] if node.mute else []
    return " and ".join([*parts, *([f"outside {' and '.join(node.active)}"] if node.active else [])])


def _written(matcher: Matcher) -> str:
    return f"{matcher.label} {' or '.join(matcher.values)}"


def by_amtool(spec: Spec, subject: Subject) -> Found:
    """The receivers that amtool gives for the labels that decide, one process for each distinct set of them."""
    meaning = subject.meaning
    deciding = meaning.labels | meaning_of(subject.configuration).labels
    distinct: dict[Key, Sent] = {}
    for sent in (sent for world in subject.worlds for sent in world):
        distinct.setdefault(key({name: value for name, value in sent.labels.items() if name in deciding}), sent)
    with TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        file = Path(folder) / "alertmanager.yml"
        file.write_text(subject.files[ALERTMANAGER], encoding="utf-8")
        command = [subject.amtool, "config", "routes", "test", f"--config.file={file}"]
        answers = list(pool.map(lambda labels: run([*command, *(f"{n}={dumps(v)}" for n, v in labels)]), distinct))
    problems = []
    for (labels, sent), answer in zip(distinct.items(), answers, strict=True):
        wanted = ",".join(node.receiver for node in taken(meaning.root, dict(labels)))
        got = answer.output.partition("\n")[0]
        if answer.code or got != wanted:
            problems.append(_problem(spec, sent, f"amtool sends it to {got}, the spec to {wanted}", "wrong_route"))
    return len(distinct), problems


def sorted_(spec: Spec, subject: Subject) -> Found:
    """Receivers, groups and inhibition of every alert in a real Alertmanager."""
    hook = Hook()
    problems = []
    try:
        configuration = hurried(on_loopback(subject.configuration, hook.url), LATE)
        with running(subject.alertmanager, subject.files, configuration, hook) as server:
            for world in subject.worlds:
                server.post([sent.labels for sent in world])
                server.load(configuration)  # once it is taken, every alert has been sorted
                found = sorting.seen(server.groups())
                for one, code in sorting.findings(world, sorting.meant(subject.meaning, world), found):
                    problems.append(_problem(spec, one.sent, one.message, code))
                server.post([sent.labels for sent in world], resolved=True)
    finally:
        hook.close()
    return sum(map(len, subject.worlds)), problems


def delivered(spec: Spec, subject: Subject) -> Found:
    """What arrives at the receivers, in which company, and that its end does too."""
    count, findings = deliveries.deliver(subject)
    return count, [_problem(spec, one.sent, one.message, "not_delivered") for one in findings]


def on_calendar(spec: Spec, subject: Subject) -> Found:
    """Whether the rendered time intervals hold when those of the spec do."""
    rendered = calendar.of_configuration(subject.configuration)
    problems = []
    for name, intervals in subject.intervals.items():
        at = calendar.disagreement(intervals, rendered.get(name, ()))
        if at is not None:
            is_ = "holds" if calendar.holds(intervals, at) else "does not hold"
            message = (
                f"by the spec {name} {is_} at {at:%A %Y-%m-%d %H:%M} UTC, by the rendered file it is the other way"
            )
            problems.append(spec.problem("", ("alertmanager", "time_intervals", name), message, "wrong_interval"))
    return len(subject.intervals), problems


def in_time_intervals(spec: Spec, subject: Subject) -> Found:
    """Whether routes are muted while their time intervals say so, in each setting of these."""
    alerts = muting.witnesses(subject)
    count, problems = 0, []
    for setting in muting.settings(subject.intervals) if alerts else ():
        expected, found = _in(subject, setting, alerts)
        count += len(expected)
        for (receiver, number), outcomes in expected.items():
            got = found.get((receiver, number), set())
            if got != outcomes:
                is_, meant = (" and ".join(sorted(some)) or "neither" for some in (got, outcomes))
                message = f"{setting.name}: at {receiver} it is {is_}, the spec means it to be {meant}"
                problems.append(_problem(spec, alerts[int(number)], message, "wrong_interval"))
    return count, problems


def _in(subject: Subject, setting: muting.Setting, alerts: list[Sent]) -> tuple[muting.Outcomes, muting.Outcomes]:
    """What is meant in a setting and what happens, within a time in which none of the intervals begins or ends."""
    while True:
        expected = muting.meant(subject, alerts, setting)
        found = muting.happens(subject, setting, alerts, expected)
        if muting.meant(subject, alerts, setting) == expected:
            return expected, found


def _problem(spec: Spec, sent: Sent, message: str, code: str) -> Problem:
    shown = ", ".join(f"{name}={value}" for name, value in sent.labels.items())
    return spec.problem(sent.system, sent.path, f"an alert of {{{shown}}}: {message}", code)
