"""Pictures of the commands; they need matplotlib, which is an extra."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lamina.cli.files import check_place
from lamina.errors import MissingExtraError, SettingError
from lamina.model import Model
from lamina.sealed_file import replacing

DOTS_PER_INCH = 150
ENDINGS = (".png", ".svg", ".pdf")


def can_draw() -> bool:
    """Return whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def check_picture(path: Path | None) -> None:
    """Find out before the work whether the picture can be drawn after it.

    Raises
    ------
    MissingExtraError, SettingError
    """
    if path is None:
        return
    if path.suffix.lower() not in ENDINGS:
        raise SettingError(f"--plot {path}: expected a name that ends in {', '.join(ENDINGS)}")
    check_place("--plot", path)
    if not can_draw():
        raise MissingExtraError("--plot needs matplotlib: pip install 'lamina[plot]'")


def draw_curve(path: Path, model: Model, score_name: str) -> None:
    """Write cost and score per epoch to a picture."""
    from lamina.plots import LearningCurveDisplay

    without_windows()
    display = LearningCurveDisplay(model.history, score_name, model.best_epoch, model.watched_rows)
    write_picture(display.plot().figure_, path)


def write_picture(figure: Any, path: Path) -> None:
    """Write a figure of matplotlib, whole or not at all.

    Raises
    ------
    OSError
        With the name of the file.
    """
    with replacing(path) as file:
        figure.savefig(file, dpi=DOTS_PER_INCH, format=path.suffix.lower().removeprefix("."))


def without_windows() -> None:
    """Let matplotlib draw into files only."""
    import matplotlib

    matplotlib.use("Agg")
