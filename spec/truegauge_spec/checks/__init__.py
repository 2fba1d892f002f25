"""One module for each part of a spec that is checked."""
