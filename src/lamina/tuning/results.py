"""What a search found."""

from dataclasses import dataclass, field
from typing import Any

from lamina.errors import MissingExtraError
from lamina.learning.search_ranges import written
from lamina.model import Model

SHOWN_TRIALS = 10


@dataclass(frozen=True, eq=False)
class Search:
    """What a search found; `print` it, or `plot` it.

    Attributes
    ----------
    best_params : dict
        The settings that were found, without those that were fixed. Empty where nothing was better than the defaults.
    best_score : float
        The mean over the folds, in the units that people know; `score_name` says of what.
    default_score : float or None
        The same of the settings as they were: what is searched left at its default. None where that trial diverged.
    score_name : str
        "log_loss", "rmse", "roc_auc", ...
    lower_is_better : bool
    settings : dict
        All settings of `model`: ``DeepClassifier(**settings).fit(X, y)`` gives the same.
    model : lamina.Model or None
        Fitted with them on all rows; None where another process of the same storage fits it, or `refit` is False.
    records : list of dict
        Each trial: number, state, score, seconds, epochs, why it ended early, its settings,
        and those among them that differ from the defaults (changed).
    importances : dict of str to float
        Which share of the differences between trials each setting explains; empty where there are too few trials.
    stopped : str
        Why the search ended before all its trials; empty where it did not.
    seed : int
    """

    best_params: dict[str, Any]
    best_score: float
    default_score: float | None
    score_name: str
    lower_is_better: bool
    settings: dict[str, Any]
    model: Model | None
    records: list[dict[str, Any]]
    importances: dict[str, float] = field(default_factory=dict)
    stopped: str = ""
    seed: int = 0

    @property
    def trials(self) -> Any:
        """The trials as a pandas data frame, one row each.

        Raises
        ------
        MissingExtraError
            pandas is not installed; `records` holds the same.
        """
        try:
            import pandas
        except ImportError:
            raise MissingExtraError("trials needs pandas: pip install pandas; records holds the same") from None
        plain = ("number", "state", "score", "seconds", "epochs", "why", "defaults")
        return pandas.DataFrame(
            [
                {name: row[name] for name in plain}
                | {name: written(one) if isinstance(one, tuple) else one for name, one in row["settings"].items()}
                for row in self.records
            ]
        )

    @property
    def ranked(self) -> list[dict[str, Any]]:
        """The trials that finished, the best first."""
        done = [one for one in self.records if one["state"] == "finished"]
        return sorted(done, key=lambda one: one["score"] if self.lower_is_better else -one["score"])

    def plot(self, axes: Any = None) -> Any:
        """Draw what each trial came to, and how much each setting mattered; return the two axes.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        """
        from lamina.plots import draw_search

        done = [one for one in self.records if one["state"] == "finished"]
        points = [(one["number"], one["score"]) for one in done]
        return draw_search(points, self.default_score, self.lower_is_better, self.score_name, self.importances, axes)

    def __str__(self) -> str:
        name, found = self.score_name, [f"{self.score_name} {self.best_score:.4g}"]
        if self.default_score is not None:
            found.append(f"with the defaults {self.default_score:.4g}")
        ended = {word: sum(one["state"] == word for one in self.records) for word in ("finished", "ended early")}
        lines = [", ".join(found), f"{ended['finished']} trials finished, {ended['ended early']} ended early"]
        if self.stopped:
            lines[1] += f"; stopped by {self.stopped}"
        if not self.best_params:
            lines.append("no trial was better than the defaults")
        lines += [f"  {setting} = {value!r}" for setting, value in self.best_params.items()]
        lines += ["", f"{'trial':>5}  {name:>12}  {'seconds':>8}  settings"]
        for one in self.ranked[:SHOWN_TRIALS]:
            changed = ", ".join(f"{key}={written(value)}" for key, value in one["changed"].items()) or "the defaults"
            lines.append(f"{one['number']:>5}  {one['score']:>12.5g}  {one['seconds']:>8.1f}  {changed}")
        return "\n".join(lines)
