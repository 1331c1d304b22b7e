"""lamina lab --export: the page with recorded answers, as one file for a course site."""

from pathlib import Path

from lamina.cli.terminal import Terminal
from lamina.errors import SettingError
from lamina.laboratory.bench import Bench
from lamina.laboratory.exporting.one_file import one_file
from lamina.laboratory.exporting.recorded import MOST_STEPS, chosen_steps, recorded_answers
from lamina.sealed_file import replacing


def export(bench: Bench, page: Path, steps: int, terminal: Terminal) -> None:
    """Train, record, and write the page, whole or not at all.

    Raises
    ------
    SettingError
        `steps` is out of range.
    OSError
        The file cannot be written.
    """
    if not 1 <= steps <= MOST_STEPS:
        raise SettingError(f"--steps {steps}: expected a number from 1 to {MOST_STEPS:,}.")
    with replacing(page) as file:
        with terminal.working(f"training {steps:,} steps"):
            bench.play(steps, wait=True)
        chosen = chosen_steps(bench.head)
        with terminal.bar("recording step", len(chosen)) as done, terminal.working("recording what the page asks"):
            html = one_file(recorded_answers(bench, chosen, done), title=f"{bench.rows.title} · lamina lab")
        file.write(html.encode())
    size = f"{len(html.encode()) / 1e6:.1f} MB"
    terminal.say(f"{page}: {size}, one file that needs no server; {len(chosen)} of the steps 0 to {bench.head:,}")
