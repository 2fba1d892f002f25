"""Whether what is there - on disk, in another version, in running servers - still means what the spec says."""
