"""The lab: a page on which the lecture's network can be touched ([the lab](../../../docs/lab.md))."""
