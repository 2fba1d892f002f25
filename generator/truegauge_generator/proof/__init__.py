"""What shows that the rendered files do what the spec says."""
