"""The stack: the Prometheus, Alertmanager and Grafana that all systems of a spec share."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from truegauge_spec.interval import Intervals
from truegauge_spec.model import (
    Address,
    Duration,
    FilePath,
    HttpUrl,
    Identifier,
    LabelName,
    Matchers,
    Model,
    PositiveDuration,
    Text,
    Waivers,
)


class Prometheus(Model):
    """Prometheus' own settings. Its scrape configurations come from the systems."""

    url: HttpUrl = "http://127.0.0.1:9090"
    scrape_interval: PositiveDuration = 15_000
    evaluation_interval: PositiveDuration = 15_000
    external_labels: dict[LabelName, Text] = {}
    alertmanagers: tuple[Address, ...] = ()
    drill: bool = False
    """Whether alerts of an instance that `truegauge drill` made up get the label `drill="true"`, as it needs."""


class Webhook(Model):
    """Posts Alertmanager's JSON. A URL that holds a secret goes into a file."""

    url: HttpUrl | None = None
    url_file: FilePath | None = None
    bearer_token_file: FilePath | None = None
    max_alerts: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _one_url(self) -> Self:
        if (self.url is None) == (self.url_file is None):
            raise ValueError("give `url` or, where it holds a secret, `url_file`")
        return self


class Slack(Model):
    """Posts to a Slack channel."""

    api_url_file: FilePath
    channel: Text


class PagerDuty(Model):
    """Opens an incident."""

    routing_key_file: FilePath


class Email(Model):
    """Sends mail through an SMTP server."""

    to: Text
    from_: Annotated[Text, Field(alias="from")]
    smarthost: Address
    username: Text | None = None
    password_file: FilePath | None = None


class Receiver(Model):
    """Where notifications go; a receiver without any channel drops them."""

    webhook: Webhook | None = None
    slack: Slack | None = None
    pagerduty: PagerDuty | None = None
    email: Email | None = None


class Route(Model):
    """Which alerts go to which receiver; the first matching one wins unless it continues.

    It notifies only within one of the time intervals `active`, where there are any, and never within one of `mute`;
    routes below it do not inherit these.
    """

    match: Matchers
    receiver: Text | None = None
    continue_: Annotated[bool, Field(alias="continue")] = False
    group_by: tuple[Text, ...] | None = None
    group_wait: Duration | None = None
    group_interval: PositiveDuration | None = None
    repeat_interval: PositiveDuration | None = None
    mute: tuple[Identifier, ...] = ()
    active: tuple[Identifier, ...] = ()
    routes: tuple["Route", ...] = ()


class RootRoute(Model):
    """What holds for every alert that no route below it takes."""

    receiver: Text
    group_by: tuple[Text, ...] = ("alertname", "job", "instance")
    group_wait: Duration = 10_000
    group_interval: PositiveDuration = 60_000
    repeat_interval: PositiveDuration = 14_400_000
    routes: tuple[Route, ...] = ()


class Inhibition(Model):
    """While an alert of `source` fires, alerts of `target` with the same `equal` labels are not notified."""

    source: Annotated[Matchers, Field(min_length=1)]
    target: Annotated[Matchers, Field(min_length=1)]
    equal: tuple[LabelName, ...] = ()


class RemediesPost(Model):
    """Posts the alerts that have a remedy to one exporter's `/remedies`, before and besides all other routes.

    `match` selects the alerts of that exporter, where there are several.
    """

    url: HttpUrl
    bearer_token_file: FilePath
    ca_file: FilePath | None = None
    match: Matchers = {}


class Alertmanager(Model):
    """Receivers, routes, grouping, time intervals and inhibition."""

    url: HttpUrl = "http://127.0.0.1:9093"
    receivers: Annotated[dict[Identifier, Receiver], Field(min_length=1)]
    route: RootRoute
    time_intervals: dict[Identifier, Intervals] = {}
    inhibit: tuple[Inhibition, ...] = ()
    remedies: dict[Identifier, RemediesPost] = {}


class Grafana(Model):
    """Where the dashboards are shown, and where they read."""

    url: HttpUrl = "http://127.0.0.1:3000"
    datasource: Text = "Prometheus"
    datasource_uid: Identifier = "prometheus"
    folder: Text = "Truegauge"


class Stack(Model):
    """The content of the one file with `stack:`. A part that is left out is not rendered.

    `keep` names files in `rendered/`, as `rendered/docs/*.png`, that are not rendered and yet belong there.
    """

    stack: Text
    docs_url: HttpUrl | None = None
    prometheus: Prometheus | None = None
    alertmanager: Alertmanager | None = None
    grafana: Grafana | None = None
    keep: tuple[FilePath, ...] = ()
    waive: Waivers = {}
