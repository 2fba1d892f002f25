"""What happened when: printed as it happens, and as a table at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

STEPS = ("cause", "pending", "firing", "webhook", "remedy", "resolved")


class Timeline:
    """The first time of each step of each alert, in seconds since the start."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._steps: dict[str, dict[str, float]] = {}

    def note(self, alert: str, step: str, detail: str = "") -> None:
        """Print a step the first time that it happens. `resolved` counts only after the remedy."""
        steps = self._steps.setdefault(alert, {})
        if step in steps or (step == "resolved" and "remedy" not in steps and "cause" in steps):
            return
        steps[step] = time.monotonic() - self._started
        self._clear()
        print(f"{steps[step]:7.1f}s  {alert:<24}{step:<10}{detail}", flush=True)

    def has(self, alert: str, *steps: str) -> bool:
        """Whether the alert got to each of the steps."""
        return set(steps) <= set(self._steps.get(alert, {}))

    def open(self, alerts: Iterable[str]) -> dict[str, str]:
        """The next step of each alert that is not through."""
        waiting = {
            alert: [step for step in STEPS if step != "pending" and not self.has(alert, step)] for alert in alerts
        }
        return {alert: steps[0] for alert, steps in waiting.items() if steps}

    def show(self) -> None:
        """How long it has been going on; on a terminal only."""
        if sys.stdout.isatty():
            print(f"\r{time.monotonic() - self._started:7.1f}s  …", end="", flush=True)

    def end(self) -> None:
        """Take the running line away."""
        self._clear()

    def table(self, alerts: Iterable[str]) -> None:
        """Seconds from each step to the next."""
        print(f"\n{'alert':<24}{'cause → firing':>16}{'→ webhook':>12}{'→ remedy':>12}{'→ resolved':>13}")
        for alert in alerts:
            at = self._steps[alert]
            spans = [at["firing"] - at["cause"], at["webhook"] - at["firing"], at["remedy"] - at["firing"]]
            spans.append(at["resolved"] - at["remedy"])
            print(f"{alert:<24}{spans[0]:>14.1f} s{spans[1]:>10.1f} s{spans[2]:>10.1f} s{spans[3]:>11.1f} s")

    def _clear(self) -> None:
        if sys.stdout.isatty():
            print("\r\x1b[K", end="")
