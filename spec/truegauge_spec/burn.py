"""The condition that is said of an objective: how fast its error budget burns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from truegauge_spec.condition import Threshold
from truegauge_spec.model import Matchers, PositiveDuration, Text
from truegauge_spec.names import BURN_RATE
from truegauge_spec.quantities import duration


class Burn(Threshold):
    """How many times as fast as it may an objective's error budget burns, over a window that is recorded for it."""

    kind = "burn"
    key = "objective"
    types = frozenset({"gauge"})
    unit = ""
    per_target = False
    metric: Literal["job:slo_events:burn_rate"] = BURN_RATE
    objective: Text
    over: PositiveDuration

    @property
    def metrics(self) -> tuple[str, ...]:
        """None of the system's own: the objective's rules record what is compared."""
        return ()

    @property
    def selects(self) -> Matchers:
        """The objective and the window."""
        return {"slo": self.objective, "window": duration(self.over)}

    def labels(self, own: Iterable[str]) -> tuple[str, ...]:
        """Those of the objective's records, which are of all targets together."""
        return ("job", "system", "slo", "window")
