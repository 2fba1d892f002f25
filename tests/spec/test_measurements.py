"""What the spec may name under `measure:` is what the exporter offers. Neither package imports the other."""

from __future__ import annotations

from duckdb_exporter.engine.measurements import MEASUREMENTS as OFFERED
from truegauge_spec.measurements import MEASUREMENTS as NAMED

PLAIN = {"1": "", "1/s": ""}
"""How the exporter writes that there is no unit to convert."""


def test_the_spec_names_every_measurement_of_the_exporter_with_its_type_unit_and_labels() -> None:
    offered = {name: (one.type, PLAIN.get(one.unit, one.unit), one.dimensions) for name, one in OFFERED.items()}
    assert {name: (one.type, one.unit, one.dimensions) for name, one in NAMED.items()} == offered
