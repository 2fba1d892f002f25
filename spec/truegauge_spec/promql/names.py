"""What a misspelled name was meant to be."""

from __future__ import annotations

from truegauge_spec.names import nearest
from truegauge_spec.promql.catalogue import Catalogue

# What clients and conventions add to a metric's name, so that a reader expects it there.
SUFFIXES = (
    "_total",
    "_count",
    "_sum",
    "_bucket",
    "_seconds",
    "_bytes",
    "_ratio",
    "_created",
)


def offered(name: str, catalogue: Catalogue) -> str:
    """A hint with the series that an unknown name was meant for; looked for once for each name."""
    key = ("offered", name)
    if key not in catalogue.inferred:
        catalogue.inferred[key] = _offered(name, catalogue)
    return str(catalogue.inferred[key])


def _offered(name: str, catalogue: Catalogue) -> str:
    forms = [name.removesuffix(suffix) for suffix in SUFFIXES] + [name + suffix for suffix in SUFFIXES]
    for form in forms:
        if form != name and form in catalogue.series:
            return f"; it is exposed as {form!r}"
    return nearest(name, (*catalogue.series, *catalogue.histograms))
