"""What most would write: `yaml.safe_load`, a Jinja2 template of the rules, write. No checks, no tests, no docs.

`python plain.py LOADER SPEC.yaml RULES.yml`, where LOADER is `SafeLoader` (safe_load's own) or `CSafeLoader`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jinja2
import yaml

UNITS = {"ms": 0.001, "s": 1, "%": 0.01}
RULES = """\
groups:
- name: {{ system }}
  rules:
{% for name, alert in alerts.items() %}
  - alert: {{ name }}
    expr: {{ alert.when | promql | tojson }}
    for: {{ alert.for }}
    labels:
      severity: {{ alert.severity }}
{% for label, value in alert.labels.items() %}
      {{ label }}: {{ value }}
{% endfor %}
    annotations:
      summary: {{ alert.summary | tojson }}
      runbook_url: {{ docs_url }}#{{ name | lower }}
{% endfor %}
"""


def promql(when: dict[str, Any]) -> str:
    """The condition's expression."""
    metric = when["metric"]
    value = metric
    if "quantile" in when:
        rate = f"sum by (job, instance, le) (rate({metric}_bucket[{when['over']}]))"
        value = f"histogram_quantile({when['quantile']}, {rate})"
    elif "limit" in when:
        value = f"{metric} / {when['limit']}"
    elif "share_of" in when:
        total = " + ".join(f"increase({part}[{when['over']}])" for part in when["share_of"])
        value = f"increase({metric}[{when['over']}]) / ({total})"
    elif "increase_over" in when:
        value = f"increase({metric}[{when['increase_over']}])"
    return f"{value} > {number(when['above'])}" if "above" in when else f"{value} < {number(when['below'])}"


def number(written: str | float) -> float:
    """`250ms` in seconds, `90%` as a share."""
    text = str(written)
    unit = next((unit for unit in UNITS if text.endswith(unit)), "")
    return float(text.removesuffix(unit)) * UNITS.get(unit, 1)


def main(loader: str, source: str, target: str) -> None:
    """Render the rules of one system."""
    with Path(source).open(encoding="utf-8") as file:
        system = yaml.load(file, Loader=getattr(yaml, loader))  # noqa: S506 - both are safe loaders
    environment = jinja2.Environment(trim_blocks=True)
    environment.filters["promql"] = promql
    text = environment.from_string(RULES).render(system, docs_url="https://git.example.com/docs")
    Path(target).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
