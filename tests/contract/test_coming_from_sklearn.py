"""The table of docs/scikit-learn.md for those who come from scikit-learn's MLPClassifier, against both libraries."""

import re
from pathlib import Path

import pytest
from sklearn.neural_network import MLPClassifier

from lamina import DeepClassifier

PAGE = (Path(__file__).parents[2] / "docs" / "scikit-learn.md").read_text(encoding="utf-8")
TABLE = PAGE[PAGE.index("| MLPClassifier |") :].split("\n\n")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.splitlines()[2:]]
HERE = {name: here for theirs, here, _ in ROWS for name in re.findall(r"`(\w+)`", theirs)}


def test_every_setting_has_a_row():
    assert set(HERE) == set(MLPClassifier().get_params())


@pytest.mark.parametrize("name", HERE)
def test_the_row_says_what_the_message_says(name):
    """The messages take what other libraries say from `learning/foreign_names.py`."""
    if HERE[name] == "the same":
        assert name in DeepClassifier().get_params()
        return
    if name == "learning_rate":  # elsewhere it is the rate itself; in scikit-learn its schedule
        return
    with pytest.raises(TypeError, match=f"Did you mean '?{HERE[name].strip('`')}") as caught:
        DeepClassifier(**{name: 1})
    assert str(caught.value).startswith(f"DeepClassifier has no setting '{name}'.")


def test_what_the_remarks_show_is_taken():
    settings = re.findall(r"`(optimizer|schedule|activation)=\"([^\"]+)\"`", TABLE)
    settings += [("schedule", kind) for kind in ("inverse_time", "plateau")]
    assert len(settings) >= 5
    for name, value in settings:
        if value != "logistic":  # theirs
            DeepClassifier(preset="sklearn", max_iter=1, **{name: value}).fit([[0.0], [1.0], [2.0]], [0, 1, 1])
