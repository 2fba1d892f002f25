"""PromQL against the catalogue: what each part of an expression is, and what cannot be true of it.

known = catalogue(spec, "duckdb")
found = infer("duckdb_query_latency_ms > 100ms", known)
found.type, found.findings, found.parts
"""

from truegauge_spec.promql.catalogue import Catalogue, Record, Series, catalogue, recorded
from truegauge_spec.promql.codes import CODES, Finding
from truegauge_spec.promql.infer import Inferred, Piece, infer
from truegauge_spec.promql.parse import prettified
from truegauge_spec.promql.types import Kind, Type, template_labels

__all__ = [
    "CODES",
    "Catalogue",
    "Finding",
    "Inferred",
    "Kind",
    "Piece",
    "Record",
    "Series",
    "Type",
    "catalogue",
    "infer",
    "prettified",
    "recorded",
    "template_labels",
]
