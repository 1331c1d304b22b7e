"""The lesson: the lecture, told in twelve stops with the numbers of a network that is there."""
