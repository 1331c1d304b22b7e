"""What no engine can take is refused before anything moves, in every engine alike. tests/oracles asks torch's."""

import numpy as np
import pytest

from lamina import native
from lamina.engine import EQUATIONS, KERNELS
from wrong_steps import NETWORK, WRONG, arguments, named, train

built = pytest.mark.skipif(not native.present(), reason="the kernels are not built")
ENGINES = pytest.mark.parametrize(
    "engine", [pytest.param(KERNELS, marks=built), EQUATIONS], ids=["kernels", "equations"]
)


@ENGINES
def test_right_arguments_train(engine):
    assert len(train(engine, **arguments())) == 3
    assert len(train(engine, seed=-1, **arguments())) == 3
    assert len(train(engine, **arguments(decays=np.arange(3), dropouts=[0, 1, 1.9]))) == 3
    assert len(train(engine, **arguments(order=np.arange(10, dtype=np.uint8)))) == 3
    assert len(train(engine, **arguments(order=list(range(10))))) == 3
    assert len(train(engine, **arguments(order=[], rates=[], examples=0))) == 0


@ENGINES
@pytest.mark.parametrize("wrong", WRONG, ids=named)
def test_wrong_arguments_are_refused(wrong, engine):
    given = arguments(**wrong)
    before = given["params"].copy()
    with pytest.raises((ValueError, TypeError, IndexError)):
        train(engine, **given)
    np.testing.assert_array_equal(given["params"], before)


@ENGINES
@pytest.mark.parametrize("row", [-1, 10])
def test_a_row_that_is_not_there_is_named(row, engine):
    with pytest.raises(IndexError, match=f"order: row {row} of 10"):
        train(engine, **arguments(order=np.array([0, 3, row, 4] * 3)))


@ENGINES
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"first": -1, "m": 10}, "of a batch of m = 10"),
        ({"first": 5, "m": 10}, "rows 5 to 11.* of a batch of m = 10"),
        ({"m": 5}, "of a batch of m = 5"),
        ({"m": 0}, "of a batch of m = 0"),
        ({"step": -1}, "at least one row"),
        ({"dropout": 2.5}, "a factor of 2.5.* on a rate of 0.5"),
        ({"Y": np.zeros((6, 1))}, "Y: "),
        ({"X": np.zeros((0, 3)), "Y": np.zeros((0, 2))}, "at least one row"),
    ],
    ids=str,
)
def test_a_gradient_of_wrong_arguments_is_refused(wrong, says, engine):
    given = {"X": np.zeros((6, 3)), "Y": np.zeros((6, 2))} | wrong
    with pytest.raises(ValueError, match=says):
        engine.gradients(NETWORK, np.zeros(NETWORK.size), **given)
