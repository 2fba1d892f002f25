"""A comparison with a constant: what it measures, how far from the constant a case is, and what may guard it."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from truegauge_generator.conditions.kind import step
from truegauge_generator.proof.course import Driven, Pace, alerts, runs
from truegauge_generator.proof.drives import Drive, Scope, bare, constant, drive
from truegauge_generator.proof.evaluate import NotWorkedOut
from truegauge_spec.promql.syntax import COMPARISONS, Binary, Node
from truegauge_spec.promql.values import mirrored


def driven(node: Node, scope: Scope) -> tuple[Drive, str, Decimal]:
    """What brings the compared value to a level, the comparison, and its constant. Raises NotWorkedOut."""
    measured, op, limit = _compared(bare(node))
    return drive(measured, scope), op, limit


def _compared(node: Node) -> tuple[Node, str, Decimal]:
    if not isinstance(node, Binary):
        raise NotWorkedOut("it compares nothing with a constant")
    if node.op not in COMPARISONS:
        raise NotWorkedOut(f"it joins two expressions with `{node.op}`")
    if node.is_bool:
        raise NotWorkedOut("`bool` gives a result whether it holds or not")
    left, right = constant(node.left), constant(node.right)
    if (left is None) == (right is None):
        raise NotWorkedOut("it compares two metrics" if left is None else "it compares two constants")
    if right is not None:
        return node.left, node.op, right
    assert left is not None
    return node.right, mirrored(node.op), left


def off_of(found: Drive, limit: Decimal) -> Decimal:
    """How far from the constant a case is: one of what is counted, else one percent."""
    if found.mode == "age":
        return max(abs(limit) // 100, Decimal(1))
    off = step(limit, "" if found.counted else "ratio")
    if found.most is not None and limit < found.most:
        off = min(off, (found.most - limit) / 2)
    return off


class Guard(NamedTuple):
    """The right side of `and` or `unless`: it has to hold, or not to hold, for the left side to count."""

    node: Node
    holds: bool
    drive: Drive
    op: str
    limit: Decimal

    def series(self, met: bool, steps: int, pace: Pace) -> list[Driven]:
        """Series with which it is met all the time, or never."""
        off = off_of(self.drive, self.limit)
        for level in (self.limit + off, self.limit - off, self.limit):
            try:
                amounts = self.drive.amounts(level)
            except NotWorkedOut:
                continue
            found = [
                Driven(name, labels, runs(self.drive.mode, [(amount, steps)], pace.size))
                for (name, labels), amount in zip(self.drive.series, amounts, strict=True)
            ]
            if bool(alerts(self.node, found, pace._replace(wait=0, keep=0))[-1]) == (met == self.holds):
                return found
        raise NotWorkedOut("no series are known for what guards it")
