"""The findings on an expression: every code, how severe it is, and what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from truegauge_spec.promql.scan import Span


class Finding(NamedTuple):
    """What is wrong with the part of an expression at `span`."""

    code: str
    severity: str
    message: str
    span: Span


class Code(NamedTuple):
    """How severe a finding is, and what it is about, in a sentence."""

    severity: str
    doc: str


CODES: dict[str, Code] = {
    "promql_syntax": Code("error", "An expression is one that Prometheus 3.5 reads."),
    "unknown_series": Code("error", "A selector names series that are exposed or recorded."),
    "bare_histogram": Code("error", "A histogram has no series of its own name, only _bucket, _sum and _count."),
    "unknown_series_label": Code("error", "A matcher names a label that the series has."),
    "impossible_value": Code("error", "A matcher names a value that the label can have."),
    "counter_without_rate": Code(
        "error", "A counter only grows until it restarts: what counts is its rate or increase."
    ),
    "delta_of_counter": Code("error", "delta, deriv and predict_linear are for gauges: a restart makes them negative."),
    "rate_of_gauge": Code("error", "rate, irate and increase are for counters: they take each fall for a restart."),
    "quantile_without_le": Code("error", "histogram_quantile reads the buckets' bounds from the label le."),
    "quantile_without_rate": Code("error", "Buckets count since the start: a quantile of now needs their rate."),
    "quantile_outside_0_1": Code("error", "A quantile lies between 0 and 1; outside it is infinite."),
    "buckets_added_up": Code(
        "error", "Buckets are cumulative: adding them over le counts each observation many times."
    ),
    "short_range": Code("error", "A range holds enough scrapes: two, and four for a rate."),
    "unit_mismatch": Code("error", "What is compared or added is in the same unit."),
    "duration_literal": Code(
        "error", "A duration among numbers is its seconds: 100ms is 0.1, whatever the metric's unit."
    ),
    "no_common_labels": Code("error", "The two sides of an operator can have equal labels, else nothing ever matches."),
    "many_to_one": Code(
        "error", "Where one side has several series for one of the other, group_left or group_right says so."
    ),
    "label_removed": Code("error", "A grouping, matching or label function uses labels that can still be there."),
    "not_a_vector": Code("error", "The result is an instant vector or a number."),
    "always_true": Code("warning", "A comparison can fail; one that cannot is no condition."),
    "always_empty": Code("error", "Something can be selected; what is always empty never fires."),
    "constant_comparison": Code("warning", "A comparison depends on series."),
    "no_condition": Code(
        "error", "An alert compares something; without a comparison it fires as long as there are series."
    ),
    "plain_regexp": Code(
        "warning", "A regexp matcher is needed only for more than one value, and not for all of them."
    ),
    "useless_grouping": Code("warning", "A grouping names each label once, and only labels that make a difference."),
    "late": Code("warning", "An alert looks at now; with an offset or a fixed time everywhere it is late."),
    "experimental_function": Code("warning", "A function needs no feature flag of Prometheus."),
}


def finding(code: str, message: str, span: Span) -> Finding:
    """A finding with its code's severity."""
    return Finding(code, CODES[code].severity, message, span)
