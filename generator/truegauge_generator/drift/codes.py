"""Every kind of finding: what it means and what to do. Read by `explain`, so nothing is imported here."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """What a kind of finding says, and its likely fix."""

    meaning: str
    fix: str


DEPLOY_EXPORTER = "deploy the exporter that the spec is rendered to, or change the spec"
DEPLOY_PROMETHEUS = "bring the rendered files to Prometheus and reload it, or change the spec"
DEPLOY_ALERTMANAGER = "bring the rendered files to Alertmanager and reload it, or change the spec"
DEPLOY_GRAFANA = "let Grafana read the rendered file again, or take the edit into the spec"

FINDINGS = {
    "unreachable": Kind(
        "the server cannot be asked",
        "see whether it runs, and the address and the credentials",
    ),
    "nothing_observed": Kind(
        "there is nothing to compare, which is no success",
        "name the servers by flags or in stack.yaml, and see that they serve this system",
    ),
    "exposition": Kind(
        "a line of /metrics is not what the format allows, or a series stands there twice", "correct the exporter"
    ),
    "metric_missing": Kind("a declared metric has no descriptor (`# TYPE`) in /metrics", DEPLOY_EXPORTER),
    "metric_undeclared": Kind("/metrics has a metric that the spec does not declare", DEPLOY_EXPORTER),
    "metric_type": Kind("a metric is of another type than declared", DEPLOY_EXPORTER),
    "metric_help": Kind("a metric's help is another than declared", DEPLOY_EXPORTER),
    "metric_labels": Kind("a series has other labels than its metric declares", DEPLOY_EXPORTER),
    "label_value": Kind("a label has a value outside its declared set", "declare the value, or find who sends it"),
    "buckets": Kind("a histogram has other buckets than declared", DEPLOY_EXPORTER),
    "series_missing": Kind(
        "a series that must be there is not: a part of a histogram, or a child of closed labels", DEPLOY_EXPORTER
    ),
    "too_many_values": Kind("an open label has more values than declared", "find what the values are made of"),
    "other_spec": Kind(
        "the exporter was rendered from another spec, in a way that its page does not show", DEPLOY_EXPORTER
    ),
    "reload_failed": Kind(
        "Prometheus refused its files at the last reload and still runs older ones",
        "its log says why; `truegauge check`",
    ),
    "server_version": Kind("Prometheus is older than what the rendered rules are written for", "upgrade Prometheus"),
    "flag": Kind("a flag of Prometheus keeps a rule from doing what it says", "start Prometheus with another value"),
    "rule_file_missing": Kind("a rendered rule file is not loaded", DEPLOY_PROMETHEUS),
    "rule_file_extra": Kind("Prometheus loads a rule file that the spec does not stand for", DEPLOY_PROMETHEUS),
    "group_missing": Kind("a rendered rule group is not loaded", DEPLOY_PROMETHEUS),
    "group_extra": Kind("a loaded rule group is not in the spec", DEPLOY_PROMETHEUS),
    "group_changed": Kind("a rule group has another interval, limit or order of rules", DEPLOY_PROMETHEUS),
    "rule_missing": Kind("a rendered rule is not loaded", DEPLOY_PROMETHEUS),
    "rule_extra": Kind("a loaded rule is not in the spec", DEPLOY_PROMETHEUS),
    "rule_changed": Kind("a loaded rule has another name, expression, `for`, label or annotation", DEPLOY_PROMETHEUS),
    "rule_unhealthy": Kind("Prometheus cannot evaluate a rule", "look at the series that it names"),
    "job_missing": Kind("Prometheus has no scrape configuration for a system", DEPLOY_PROMETHEUS),
    "job_extra": Kind("Prometheus scrapes a job that the spec does not stand for", DEPLOY_PROMETHEUS),
    "target_missing": Kind("Prometheus does not scrape a declared target", DEPLOY_PROMETHEUS),
    "target_extra": Kind("Prometheus scrapes a target that is not declared", DEPLOY_PROMETHEUS),
    "target_down": Kind("a scrape of a target failed", "see whether the exporter runs and Prometheus may reach it"),
    "target_labels": Kind("a target has other labels than declared", DEPLOY_PROMETHEUS),
    "scraped_otherwise": Kind("Prometheus scrapes at another interval than declared", DEPLOY_PROMETHEUS),
    "prometheus_config": Kind("Prometheus' loaded configuration differs from the rendered one", DEPLOY_PROMETHEUS),
    "alertmanager_config": Kind(
        "Alertmanager's loaded configuration differs from the rendered one", DEPLOY_ALERTMANAGER
    ),
    "receiver_missing": Kind("a declared receiver is not there", DEPLOY_ALERTMANAGER),
    "receiver_extra": Kind("a receiver is not in the spec", DEPLOY_ALERTMANAGER),
    "receiver_changed": Kind("a receiver has other settings than declared", DEPLOY_ALERTMANAGER),
    "route_missing": Kind("a declared route is not there", DEPLOY_ALERTMANAGER),
    "route_extra": Kind("a route is not in the spec", DEPLOY_ALERTMANAGER),
    "route_changed": Kind("a route leads elsewhere, or groups or waits in another way", DEPLOY_ALERTMANAGER),
    "route_order": Kind("routes stand in another order, and the first that matches wins", DEPLOY_ALERTMANAGER),
    "inhibition_missing": Kind("a declared inhibition is not there", DEPLOY_ALERTMANAGER),
    "inhibition_extra": Kind("an inhibition is not in the spec", DEPLOY_ALERTMANAGER),
    "time_interval_missing": Kind("a declared time interval is not there", DEPLOY_ALERTMANAGER),
    "time_interval_extra": Kind("a time interval is not in the spec", DEPLOY_ALERTMANAGER),
    "time_interval_changed": Kind("a time interval is another than declared", DEPLOY_ALERTMANAGER),
    "dashboard_missing": Kind("Grafana has no dashboard of that uid", DEPLOY_GRAFANA),
    "dashboard_extra": Kind(
        "Grafana has a dashboard with Truegauge's tag that the spec does not stand for", DEPLOY_GRAFANA
    ),
    "dashboard_changed": Kind("a dashboard's own settings were edited", DEPLOY_GRAFANA),
    "panel_missing": Kind("a panel was removed by hand", DEPLOY_GRAFANA),
    "panel_extra": Kind("a panel was added by hand", DEPLOY_GRAFANA),
    "panel_changed": Kind("a panel was edited by hand", DEPLOY_GRAFANA),
    "datasource_missing": Kind("Grafana has no data source of that uid", DEPLOY_GRAFANA),
    "datasource_changed": Kind("a data source has other settings than declared", DEPLOY_GRAFANA),
}
