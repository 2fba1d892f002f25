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
    "case_failed": "A test of a rule fails: the rule does not do what is said of it.",
    "mutant_survived": "A rule with one thing wrong passes all tests of the rule: they would not notice that it broke. "
    "Give a test, or an example, that tells the two apart.",
    "not_covered": "No test touches a rule, an alert that fires or is silent, or a label value that a rule names.",
    "unknown_alert": "A test looks at an alert that its rule files do not have; promtool calls that silent.",
    "nothing_proven": "There is nothing to prove: no rule, or no test. Success would hide that.",
    "low_score": "The tests notice a smaller share of wrong rules than `--min-score` asks for.",
    "low_coverage": "The tests touch a smaller share of the rules than `--min-coverage` asks for.",
    "yaml": "A rule or test file is not YAML.",
    "unknown_topic": "`truegauge explain` knows codes and the spec's alerts.",
}
