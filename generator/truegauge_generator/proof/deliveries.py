"""Notifications of a real Alertmanager: which alerts come together at which receiver, and that they are resolved."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from truegauge_generator.proof.alertmanager import Hook, running
from truegauge_generator.proof.alerts import Sent, World
from truegauge_generator.proof.routing import Meaning, inhibited, taken
from truegauge_generator.proof.trial import SOON, Configuration, Subject, hurried, on_loopback, untimed

PATIENCE, SETTLED = 6.0, 0.2
"""Seconds to wait for what shall come, and then for what shall not."""
RESOLVED = ("webhook_configs", "slack_configs", "pagerduty_configs")
"""Channels that are told when an alert ends."""

Key = tuple[tuple[str, str], ...]
"""Labels, in order."""


class Bundle(NamedTuple):
    """Alerts of one group at one channel of a receiver."""

    channel: str
    group: Key
    alerts: frozenset[Key]


class Finding(NamedTuple):
    """What is wrong with the notification of an alert."""

    sent: Sent
    message: str


def key(labels: Mapping[str, str]) -> Key:
    """Labels that can be compared and hashed."""
    return tuple(sorted(labels.items()))


def meant(meaning: Meaning, world: World, of: Mapping[str, list[str]]) -> list[Bundle]:
    """What the spec means to be notified; `of` has the channels of each receiver."""
    suppressed = inhibited(meaning.inhibitions, [sent.labels for sent in world])
    found: dict[tuple[object, str, Key], set[Key]] = {}
    for sent, inhibits in zip(world, suppressed, strict=True):
        for node in taken(meaning.root, sent.labels) if not inhibits else ():
            for channel in of.get(node.receiver, ()):
                found.setdefault((node.path, channel, key(node.group(sent.labels))), set()).add(key(sent.labels))
    return [Bundle(channel, group, frozenset(alerts)) for (_, channel, group), alerts in found.items()]


def channels(configuration: Configuration) -> dict[str, list[str]]:
    """The channels of each receiver, as `RECEIVER/KIND/INDEX`."""
    return {
        receiver["name"]: [
            f"{receiver['name']}/{kind}/{index}"
            for kind, found in receiver.items()
            if kind != "name"
            for index, _ in enumerate(found)
        ]
        for receiver in configuration["receivers"]
    }


def deliver(subject: Subject) -> tuple[int, list[Finding]]:
    """Let the alerts of each world fire and resolve; how many bundles there were, and what is wrong with them."""
    hook = Hook()
    count, findings = 0, list[Finding]()
    try:
        tried = hurried(untimed(on_loopback(subject.configuration, hook.url)), SOON)
        with running(subject.alertmanager, subject.files, tried, hook) as server:
            for world in subject.worlds:
                bundles = meant(subject.meaning, world, channels(subject.configuration))
                hook.received.clear()
                for status in ("firing", "resolved"):
                    server.post([sent.labels for sent in world], resolved=status == "resolved")
                    expected = [one for one in bundles if status == "firing" or one.channel.split("/")[-2] in RESOLVED]
                    findings += _compared(world, expected, hook, status)
                    count += len(expected)
                    if findings:
                        return count, findings
    finally:
        hook.close()
    return count, findings


def _compared(world: World, expected: list[Bundle], hook: Hook, status: str) -> Iterator[Finding]:
    by_key = {key(sent.labels): sent for sent in world}
    deadline = time.monotonic() + PATIENCE
    while missing := _missing(expected, _received(hook, status), status):
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    for one in missing:
        what = "of its group in one message" if status == "firing" else "that it has ended"
        yield Finding(by_key[min(one.alerts)], f"{one.channel} gets no notification {what}")
    if status == "resolved":
        return
    time.sleep(SETTLED)
    known: Received = {}
    for one in expected:
        known.setdefault(one[:2], []).append(one.alerts)
    for (channel, group), messages in _received(hook, status).items():
        together = ", ".join(f"{label}={value}" for label, value in group) or "no label"
        for alerts in messages:
            if not any(alerts <= bundle for bundle in known.get((channel, group), ())):
                alert = min(alerts - frozenset().union(*known.get((channel, group), ())), default=min(alerts))
                yield Finding(by_key[alert], f"arrives at {channel} grouped by {together}, where it does not belong")


Received = dict[tuple[str, Key], list[frozenset[Key]]]
"""The alerts of each message, by channel and group."""


def _missing(expected: list[Bundle], received: Received, status: str) -> list[Bundle]:
    """What no message had in full; those that end may be told of one after the other."""
    if status == "firing":
        return [one for one in expected if one.alerts not in received.get(one[:2], ())]
    return [one for one in expected if not one.alerts <= frozenset().union(*received.get(one[:2], ()))]


def _received(hook: Hook, status: str) -> Received:
    found: Received = {}
    for one in list(hook.received):
        alerts = frozenset(key(labels) for labels, state in one.alerts if state == status)
        if alerts:
            found.setdefault((one.channel, key(one.group)), []).append(alerts)
    return found
