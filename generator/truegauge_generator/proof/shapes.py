"""Boundary cases of hand-written expressions: a part that can be driven, compared with a constant.

Series are made for the expression and their course is evaluated here; promtool has to come to the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from truegauge_generator.cases import instance_of
from truegauge_generator.expressions import recorded
from truegauge_generator.proof.comparisons import Guard, driven, off_of
from truegauge_generator.proof.course import Case, Driven, Pace, Run, WorkedOut, alerts, runs, silent, turned
from truegauge_generator.proof.drives import Drive, Scope, bare, selectors
from truegauge_generator.proof.evaluate import LOOKBACK, NotWorkedOut, Series, selects
from truegauge_generator.proof.picks import alternatives, picked, refused
from truegauge_spec import Problem, Spec
from truegauge_spec.alert import Alert
from truegauge_spec.expr import Expr
from truegauge_spec.promql.parse import Fault, parse
from truegauge_spec.promql.syntax import Binary, Call, Node, Range, Selector
from truegauge_spec.quantities import duration, numeral

STEPS = (60_000, 30_000, 15_000, 10_000, 5_000, 2_000, 1_000)
LONG, PARTS = 3_600_000, 20
"""Milliseconds from which on a window is tested in so many steps."""
LEAST, MOST = 5, 2000
"""The fewest steps of a window, and the most of a whole case."""
NEAR = 10_000
"""The part of a step to the constant by which a calculated value may stay away from it and still count as at it."""


class Side(NamedTuple):
    """Whether a comparison holds below its constant, at it, and above; and what these are called."""

    holds: tuple[bool, bool, bool]
    below: str
    above: str


SIDES = {
    ">": Side((False, False, True), "just short of", "above"),
    ">=": Side((False, True, True), "just short of", "above"),
    "<": Side((True, False, False), "below", "just short of"),
    "<=": Side((True, True, False), "below", "just short of"),
    "==": Side((False, True, False), "below", "above"),
    "!=": Side((True, False, True), "below", "above"),
}


def worked_out(spec: Spec, system: str, alert: str) -> WorkedOut | str:
    """The boundary cases of an alert's hand-written expression, or why there are none."""
    declared = spec.systems[system].alerts[alert]
    assert isinstance(declared.when, Expr)
    return _worked_out(spec, system, alert)


@lru_cache(maxsize=1024)
def _worked_out(spec: Spec, system: str, alert: str) -> WorkedOut | str:
    one = spec.systems[system]
    scope = Scope(one, recorded(spec), {"job": system, "instance": instance_of(one)})
    try:
        return cases(one.alerts[alert], scope)
    except NotWorkedOut as reason:
        return str(reason)


def cases(alert: Alert, scope: Scope) -> WorkedOut:
    """The boundary cases of an alert. Raises NotWorkedOut."""
    assert isinstance(alert.when, Expr)
    node = parse(alert.when.expr)
    if isinstance(node, Fault):
        raise NotWorkedOut(node.message)
    inner = bare(node)
    if isinstance(inner, Call) and inner.name in ("absent", "absent_over_time"):
        return _absence(inner, scope, alert)
    guard = None
    if isinstance(inner, Binary) and inner.op in ("and", "unless"):
        guard = Guard(inner.right, inner.op == "and", *driven(inner.right, scope))
        inner = inner.left
    found, op, limit = driven(inner, scope)
    if guard and {name for name, _ in found.series} & {name for name, _ in guard.drive.series}:
        raise NotWorkedOut("what guards it is of the same series")
    return _boundary(node, found, op, limit, guard, scope, alert)


def _pace(alert: Alert, window: int, lead: int = 0) -> Pace:
    """A step that is a part of the window, and as coarse as `for` allows."""
    if max(window, lead) >= LONG:
        size = max((window or lead) // PARTS // 1000, 1) * 1000
    else:
        bounds = [
            max(15_000, window // PARTS),
            *([window // LEAST] if window else []),
            *([alert.for_] if alert.for_ else []),
        ]
        size = next((one for one in STEPS if one <= min(filter(None, bounds))), STEPS[-1])
    found = Pace(size, *(-(-one // size) for one in (window, alert.for_, alert.keep_firing_for)))
    if sum(found[1:]) > MOST:
        raise NotWorkedOut(f"`for` is too long for steps of {duration(size)}")
    return found


def _boundary(
    node: Node, found: Drive, op: str, limit: Decimal, guard: Guard | None, scope: Scope, alert: Alert
) -> WorkedOut:
    behind = int(limit * 1000) if found.mode == "age" else 0
    pace = _pace(alert, max(found.window, guard.drive.window if guard else 0), behind)
    ahead = 2 + -(-behind // pace.size) if behind else 0
    number, side = numeral(limit), SIDES[op]
    whole = max(pace.settled, pace.settled + pace.wait)

    def series(*segments: tuple[list[Decimal], int], met: bool = True) -> list[Driven]:
        held = guard.series(met, ahead + sum(steps for _, steps in segments), pace) if guard else []
        return [
            *(
                Driven(name, labels, runs(found.mode, [(each[i], steps) for each, steps in segments], pace.size, ahead))
                for i, (name, labels) in enumerate(found.series)
            ),
            *held,
        ]

    def reached(level: Decimal, holds: bool) -> list[Decimal] | None:
        """The amounts for a level, where that is within reach and the expression holds there as it must."""
        if (found.least is not None and level < found.least) or (found.most is not None and level > found.most):
            return None
        try:
            amounts = found.amounts(level)
        except NotWorkedOut:
            return None
        return amounts if bool(alerts(node, series((amounts, whole)), pace)[-1]) == holds else None

    if op in ("==", "!=") and found.mode == "flow" and limit:
        raise NotWorkedOut("what is calculated of rates is never sure to be exactly a number")
    off = off_of(found, limit)
    levels = []
    for words, steps, holds in zip((side.below, "at", side.above), (-1, 0, 1), side.holds, strict=True):
        # What is calculated of rates may be a last bit off, so it comes within a millionth of the constant.
        tries = (limit + steps * off,) if steps else (limit, limit - off / NEAR, limit + off / NEAR)
        amounts = next((one for level in tries if (one := reached(level, holds)) is not None), None)
        if amounts is not None:
            levels.append((f"{words} {number}", amounts, holds))
    safe = [level for level in levels if not level[2]]
    breach = [level for level in levels if level[2]]
    if not safe or not breach:
        what = "make it true" if safe else "make it false"
        raise NotWorkedOut(f"no series are known that {what}")
    safe_words, calm, _ = safe[0 if op.startswith(">") else -1]
    worst, worst_amounts, _ = breach[0 if op.startswith("<") else -1]
    quiet = [silent(f"{words} stays silent", node, series((amounts, whole)), pace) for words, amounts, _ in safe]
    loud = [
        turned(f"{words} fires", node, series((calm, whole), (amounts, whole)), pace, ahead + whole)
        for words, amounts, _ in breach
    ]
    back = turned(
        f"no longer {worst} recovers",
        node,
        series((calm, whole), (worst_amounts, whole), (calm, whole)),
        pace,
        ahead + whole,
        ahead + 2 * whole,
    )
    calm_series = series((calm, whole))
    elsewhere = [
        silent(f"{worst} elsewhere stays silent", node, [*calm_series, *noise], pace)
        for noise in _noise(node, series((worst_amounts, whole)), scope)
    ]
    unmet = [
        silent(f"{worst}, but not what guards it, stays silent", node, series((worst_amounts, whole), met=False), pace)
        for _ in filter(None, [guard])
    ]
    beside = {} if guard else _beside(node, found, {label for labels, _ in back.firing for label in labels}, scope)
    shared = [
        _either(f"{words} {how}", node, _both(series((first, whole)), series((second, whole)), beside), pace, ahead)
        for words, how, first, second in (
            (worst, "shared by two series", _half(worst_amounts), _half(worst_amounts)),
            (safe_words, "shared by two series", _half(calm), _half(calm)),
            (worst, "for one of two series", worst_amounts, calm),
        )
        if beside
    ]
    return WorkedOut(pace.size, (*quiet, *loud, back, *unmet, *elsewhere, *shared))


def _half(amounts: list[Decimal]) -> list[Decimal]:
    return [amount / 2 for amount in amounts]


def _both(first: list[Driven], second: list[Driven], labels: dict[str, str]) -> list[Driven]:
    return [*first, *(one._replace(labels=labels) for one in second)]


def _either(name: str, node: Node, series: list[Driven], pace: Pace, first: int) -> Case:
    """A case whose outcome follows from how series are aggregated."""
    if alerts(node, series, pace)[-1]:
        return turned(f"{name} fires", node, series, pace, first)
    return silent(f"{name} stays silent", node, series, pace)


def _beside(node: Node, found: Drive, kept: set[str], scope: Scope) -> dict[str, str]:
    """The labels of a second series that is aggregated with the first; none where nothing is."""
    if len(found.series) > 1 or found.mode == "age":
        return {}
    ((name, labels),) = found.series
    chosen = [one for one in selectors(node) if one.name == name]
    for label in sorted(labels.keys() - kept):
        for other in alternatives(name, label, scope.known, labels):
            if all(selects(one, Series(name, other, ())) for one in chosen):
                return other
    return {}


def _noise(node: Node, worst: list[Driven], scope: Scope) -> Iterator[list[Driven]]:
    """The series that would make it true, under labels that no selector takes: all at once."""
    chosen = selectors(node)
    found: dict[str, Driven] = {}
    for one in worst:
        for selector in chosen:
            if selector.name == one.name and selects(selector, Series(one.name, one.labels, ())):
                for labels in refused(selector, scope.known, one.labels):
                    other = one._replace(labels=labels)
                    if not any(selects(each, other.sampled) for each in chosen):
                        found.setdefault(other.printed[0], other)
    if found:
        yield list(found.values())


def _absence(node: Call, scope: Scope, alert: Alert) -> WorkedOut:
    inner = bare(node.arguments[0])
    selected = inner.expr if isinstance(inner, Range) else inner
    if not isinstance(selected, Selector):
        raise NotWorkedOut("absent() is of more than one selector")
    window = inner.window.length if isinstance(inner, Range) else LOOKBACK
    pace = _pace(alert, window or LOOKBACK)
    labels, whole = picked(selected, scope.known, scope.wanted), pace.settled + pace.wait
    one, gone = Decimal(1), Run(None, Decimal(0), whole)

    def series(*found: Run, where: dict[str, str] = labels) -> Driven:
        return Driven(str(selected.name), where, list(found))

    there = Run(one, Decimal(0), whole)
    noise = [series(there, where=other) for other in refused(selected, scope.known, labels)]
    found = [
        silent("data stays silent", node, [series(there)], pace),
        turned("no more data fires", node, [series(there, gone)], pace, whole),
        turned("data again recovers", node, [series(there, gone, there)], pace, whole, 2 * whole),
    ]
    if noise:
        found.append(turned("data elsewhere fires", node, noise, pace, 0))
    return WorkedOut(pace.size, tuple(found))


def unproven(spec: Spec) -> Iterator[Problem]:
    """A warning for each alert that has neither an example nor boundary cases."""
    for name, system in spec.systems.items():
        for alert, declared in system.alerts.items():
            if isinstance(declared.when, Expr) and not declared.when.examples:
                found = worked_out(spec, name, alert)
                if isinstance(found, str):
                    message = f"no test proves {alert}: give `examples:`; no boundary cases: {found}"
                    problem = spec.problem(name, ("alerts", alert, "when", "expr"), message, "no_example")
                    yield problem._replace(severity="warning")
