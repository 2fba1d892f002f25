"""Fire drills: an alert is made true on running servers, followed to its receiver, and cleared up."""
