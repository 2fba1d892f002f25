"""Everything that needs DuckDB: instrumented connections, the poller, the readings."""
