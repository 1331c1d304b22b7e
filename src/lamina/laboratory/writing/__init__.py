"""Copy as Python: the steps that a page shows, as a script that gives its numbers; and the table of dialects."""

from collections.abc import Callable, Mapping

from lamina.laboratory.writing.course_script import course_script
from lamina.laboratory.writing.episode import Episode as Episode
from lamina.laboratory.writing.episode import episode_of as episode_of
from lamina.laboratory.writing.lamina_script import Fit as Fit
from lamina.laboratory.writing.lamina_script import lamina_script
from lamina.laboratory.writing.numpy_script import numpy_script
from lamina.laboratory.writing.script import Script as Script

DIALECTS: Mapping[str, Callable[[Episode, Fit | None], Script]] = {
    "course": lambda episode, fit: course_script(episode),
    "lamina": lamina_script,
    "numpy": lambda episode, fit: numpy_script(episode),
}
