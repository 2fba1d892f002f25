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
    "no_code": "`truegauge drift --code` found no Python file; that nothing was compared is no success.",
    "code_syntax": "A Python file cannot be read, so the metrics that it defines are not known.",
    "code_undeclared": "Code defines a metric by hand that the spec does not have: no rule, panel or test knows it.",
    "code_differs": "Code defines a metric by hand with another type, label, help or bucket than the spec declares.",
    "code_unreadable": "Code defines a metric by hand whose name is worked out when it runs, so it cannot be compared.",
    "unknown_topic": "`truegauge explain` knows codes and the spec's alerts.",
}
