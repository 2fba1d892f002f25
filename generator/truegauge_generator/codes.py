"""What the codes of `truegauge check` mean, of files on disk and of the tools that look at them."""

from __future__ import annotations

CODES = {
    "changed": "A rendered file on disk is not what the spec says. Change the spec and run `truegauge render`.",
    "missing": "A file that the spec stands for is not on disk. Run `truegauge render`.",
    "stray": "A file in `rendered/` or in a generated exporter that nothing in the spec stands for; Prometheus or "
    "Grafana may still load it. Remove it, or run `truegauge render --prune`.",
    "missing_tool": "promtool or amtool is not to be found, so nothing can be said about what they would accept.",
    "old_tool": "promtool or amtool is too old for what is asked of it.",
    "promtool_config": "promtool refuses Prometheus' configuration, or warns about it.",
    "promtool_rules": "promtool refuses a rule file, or saw another number of rules in it than were rendered.",
    "promtool_tests": "A rule does not do what its condition says, or promtool did not run every test.",
    "amtool_config": "amtool refuses Alertmanager's configuration, or a template file that it names is not there.",
    "alertmanager_config": "Alertmanager does not start on the rendered configuration, though amtool may accept it.",
    "wrong_route": "amtool or Alertmanager sends an alert elsewhere than the spec's routes mean.",
    "wrong_group": "Alertmanager groups an alert by other labels than the spec's routes mean.",
    "wrong_inhibition": "Alertmanager inhibits an alert that the spec does not, or the other way round.",
    "wrong_interval": "A time interval holds at another time, or mutes another route, than the spec means.",
    "not_delivered": "A notification does not arrive at the receiver, with its group and once more when it ends.",
    "no_drill": "An alert cannot be drilled, or not on these servers; nothing was sent to them.",
    "drill_failed": "A step of a drill did not happen in its time, from the alert's condition to its receiver.",
    "unknown_topic": "`truegauge explain` knows codes and the spec's alerts.",
}
