"""The line search, on the six functions of More and Thuente (1994), which were made to be hard."""

import numpy as np
import pytest

from lamina.learning.line_search import ENOUGH, FLAT, Point, search


def rational(t, beta=2.0):
    return -t / (t**2 + beta)


def power(t, beta=0.004):
    return (t + beta) ** 5 - 2 * (t + beta) ** 4


def wavy(t, beta=0.01, waves=39):
    """Falls to 1 along a line that is rounded there, with small waves on it."""
    corner = np.where(t <= 1 - beta, 1 - t, np.where(t >= 1 + beta, t - 1, (t - 1) ** 2 / (2 * beta) + beta / 2))
    return corner + 2 * (1 - beta) / (waves * np.pi) * np.sin(waves * np.pi * t / 2)


def yanai(first, second):
    def cost(t):
        a, b = (np.sqrt(1 + k**2) - k for k in (first, second))
        return a * np.sqrt((1 - t) ** 2 + second**2) + b * np.sqrt(t**2 + first**2)

    return cost


FUNCTIONS = {
    "rational": rational,
    "yanai 1": yanai(0.001, 0.001),
    "yanai 2": yanai(0.01, 0.001),
    "yanai 3": yanai(0.001, 0.01),
}
NEARLY_FLAT_AT_THE_START = {"power": (power, 1.6 - 0.004), "wavy": (wavy, 1.0)}  # and where they are lowest


def line(cost, tried):
    """The function, with its slope by central differences."""

    def along(step):
        tried.append(step)
        h = 1e-7 * max(step, 1e-3)
        slope = (cost(step + h) - cost(step - h)) / (2 * h)
        return Point(step, float(cost(step)), float(slope), np.array([step]), np.array([slope]))

    return along


@pytest.mark.parametrize("first", [1e-3, 1e-1, 1e1, 1e3])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_conditions_hold_after_a_few_evaluations(name, first):
    tried = []
    along = line(FUNCTIONS[name], tried)
    start = along(0.0)
    found = search(along, start, first)
    assert found.cost <= start.cost + ENOUGH * found.step * start.slope
    assert abs(found.slope) <= FLAT * abs(start.slope)
    assert len(tried) <= 12


@pytest.mark.parametrize("first", [1e-3, 1e-1, 1e1, 1e3])
@pytest.mark.parametrize("name", NEARLY_FLAT_AT_THE_START)
def test_a_start_so_flat_that_hardly_anything_is_flatter(name, first):
    """It is not worth the evaluations: a tenth of the step around the lowest point will do, or both conditions."""
    cost, lowest = NEARLY_FLAT_AT_THE_START[name]
    tried = []
    along = line(cost, tried)
    start = along(0.0)
    found = search(along, start, first)
    assert found.cost <= start.cost + ENOUGH * found.step * start.slope
    assert abs(found.step - lowest) <= 0.1 * lowest or abs(found.slope) <= FLAT * abs(start.slope)
    assert len(tried) <= 16


def test_the_first_step_is_taken_where_it_will_do():
    tried = []
    along = line(lambda t: (t - 1) ** 2, tried)
    assert search(along, along(0.0), 0.9).step == 0.9
    assert tried == [0.0, 0.9]


def test_the_cubic_finds_the_lowest_point_of_a_cubic():
    """From 0 and 4 the next trial of t^3 - 3t, which is lowest at 1, is 1."""
    tried = []
    along = line(lambda t: t**3 - 3 * t, tried)
    search(along, along(0.0), 4.0)
    assert tried[2] == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("wall", [1e-3, 0.3, 2.0])
def test_a_wall_behind_which_nothing_is_finite(wall):
    along = line(lambda t: np.where(np.asarray(t) < wall, (t - 3.0) ** 2, np.nan), [])
    found = search(along, along(0.0), 10.0)
    assert 0 < found.step < wall
    assert found.cost < 9


def test_a_kink_takes_few_evaluations():
    """|slope| is the same on both sides, so nothing is flat enough: the best of a narrow interval is taken."""
    tried = []
    along = line(lambda t: abs(t - 0.37), tried)
    found = search(along, along(0.0), 1.0)
    assert found.cost < 0.37
    assert len(tried) <= 12


def test_a_slope_that_lies():
    """It says down, and everything is up: None, after not too many evaluations."""
    tried = []

    def along(step):
        tried.append(step)
        return Point(step, step, -1.0, np.array([step]), np.array([-1.0]))

    assert search(along, along(0.0), 1.0) is None
    assert len(tried) <= 21
