"""The glass box: every number of forward and backward under its lecture name, and the equations that they satisfy."""
