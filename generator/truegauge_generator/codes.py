"""What the codes mean that are not of the spec: of files, tools, proofs, changes, and of what runs."""

from __future__ import annotations

from truegauge_generator.drift.codes import FINDINGS

_FILES = {
    "changed": "A rendered file on disk is not what the spec says. Change the spec and run `truegauge render`; "
    "`truegauge check --fix` undoes what was edited by hand.",
    "missing": "A file that the spec stands for is not on disk. Run `truegauge render`.",
    "stray": "A file in `rendered/` or in a generated exporter that nothing in the spec stands for; Prometheus or "
    "Grafana may still load it. `truegauge render --prune` removes it; `keep:` in the file with `stack:` lets it be.",
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
    "not_listening": "`truegauge drift --watch` cannot serve its findings at the address of `--listen`: it is in "
    "use, or none of this machine's. Choose another one.",
    "no_code": "`truegauge drift --code` found no Python file; that nothing was compared is no success.",
    "code_syntax": "A Python file cannot be read, so the metrics that it defines are not known.",
    "code_undeclared": "Code defines a metric by hand that the spec does not have: no rule, panel or test knows it.",
    "code_differs": "Code defines a metric by hand with another type, label, help or bucket than the spec declares.",
    "code_unreadable": "Code defines a metric by hand whose name is worked out when it runs, so it cannot be compared.",
    "unknown_topic": "`truegauge explain` knows codes and the spec's alerts.",
}
_PROOF = {
    "case_failed": "A test of a rule fails: the rule does not do what is said of it.",
    "mutant_survived": "A rule with one thing wrong passes all tests of the rule: they would not notice that it broke. "
    "Give a test, or an example, that tells the two apart.",
    "not_covered": "No test touches a rule, an alert that fires or is silent, or a label value that a rule names.",
    "unknown_alert": "A test looks at an alert that its rule files do not have; promtool calls that silent.",
    "nothing_proven": "There is nothing to prove: no rule, or no test. Success would hide that.",
    "low_score": "The tests notice a smaller share of wrong rules than `--min-score` asks for.",
    "low_coverage": "The tests touch a smaller share of the rules than `--min-coverage` asks for.",
    "yaml": "A rule or test file is not YAML.",
    "panel_variable": "A panel names a variable that its dashboard does not have; Grafana would send it as it is.",
    "no_example": "A hand-written expression has no example, and no boundary cases can be worked out of it: no test "
    "proves the alert.",
}
_CHANGES = {
    "unused_keep": "An entry of `keep:` fits no file that would be stray without it; it would hide a later one.",
    "overdue_metric": "A deprecated metric is past its day. Remove it, or give those who read it another day.",
    "breaking_change": "Who reads a series, is told by an alert or gets its notifications must follow this change.",
    "behavioural_change": "An alert fires at another time than before, or another value is measured or shown.",
    "additive_change": "Something is new, and nothing else is otherwise for it.",
    "cosmetic_change": "Only words or looks are others.",
    "unknown_version": "What `truegauge diff` shall compare with is neither a file or folder nor a revision of git.",
    "unreadable_version": "This version of Truegauge cannot read a version of the spec, so nothing can be compared.",
}
_RUNNING = {code: f"{kind.meaning[0].upper()}{kind.meaning[1:]}. To do: {kind.fix}." for code, kind in FINDINGS.items()}
GUIDES = {"docs/howto.md": _FILES, "docs/prove.md": _PROOF, "docs/diff.md": _CHANGES, "docs/drift.md": _RUNNING}
"""The guide that speaks of each code."""
CODES = {code: meaning for codes in GUIDES.values() for code, meaning in codes.items()}
