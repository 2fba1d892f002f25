"""PromQL against the catalogue: what each part of an expression is, and what cannot be true of it.

known = catalogue.catalogue(spec, "duckdb")
found = infer.infer("duckdb_query_latency_ms > 100ms", known)
found.type, found.findings, found.parts

Nothing is imported here: the codes are needed for every spec, the parser only where there is PromQL to read.
"""
