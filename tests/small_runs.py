"""A run of any network over encoded rows, without a table and settings: what the loop is given in its tests."""

import dataclasses

import numpy as np

from lamina.data.learning import Columns
from lamina.data.number_targets import Numbers
from lamina.engine import choose
from lamina.learning.run import Run


def run_of(network, how, rows, validation=None, **more):
    """Return a run with the equations as its engine; `more` are fields of Run."""
    run = Run(
        network=network,
        engine=choose(network, "equations"),
        recipe=how,
        columns=Columns(None, Numbers(np.zeros(1), np.ones(1), flat=True), None, rows.n),
        examples=rows,
        validation=validation,
        settings={},
        given={},
        task="regressor",
        target_name="y",
        score=None,
        score_name="r2",
        n_rows_first_run=rows.n,
        rows={},
    )
    return dataclasses.replace(run, **more)
