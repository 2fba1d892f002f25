"""What proves a spec's rules and panels: series, and what must come of them, for promtool to compare."""
