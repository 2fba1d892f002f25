"""How a spec is rendered, checked and proven."""
