"""The schedules at the places that their formulas name: beginning, end, peak, cycles, drops."""

import numpy as np
import pytest

from lamina.learning.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    Exponential,
    FlatThenCosine,
    FourCycle,
    InverseTime,
    OneCycle,
    Plateau,
    Step,
    rate_factor,
)

EPOCHS = 40
FALLING_COSTS = [1 / (1 + epoch) for epoch in range(EPOCHS)]


def curve(schedule, points=4001, epochs=EPOCHS):
    """Time as a part of the whole, and the factor there."""
    t = np.linspace(0, 1, points)
    return t, np.array(
        [rate_factor(schedule, part * epochs, epochs, FALLING_COSTS[: int(part * epochs)]) for part in t]
    )


@pytest.mark.parametrize("kind", SCHEDULES)
def test_factor_is_between_0_and_1_and_reaches_1(kind):
    _, factors = curve(SCHEDULES[kind]())
    assert factors.min() >= 0
    assert factors.max() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("kind", SCHEDULES)
def test_factor_is_a_plain_number_that_depends_on_nothing_but_its_arguments(kind):
    schedule = SCHEDULES[kind](warmup=2)
    arguments = (7.25, EPOCHS, FALLING_COSTS[:7])
    assert type(rate_factor(schedule, *arguments)) is float
    rate_factor(schedule, 30.0, EPOCHS, FALLING_COSTS)
    assert rate_factor(schedule, *arguments) == rate_factor(SCHEDULES[kind](warmup=2), *arguments)
    assert FALLING_COSTS[:7] == arguments[2]


@pytest.mark.parametrize("kind", SCHEDULES)
def test_warm_up_rises_in_a_straight_line_and_then_the_schedule_has_what_is_left(kind):
    plain, warm = SCHEDULES[kind](), SCHEDULES[kind](warmup=8)
    for epoch in (0, 1.5, 4, 7.9):
        assert rate_factor(warm, epoch, EPOCHS, []) == pytest.approx(epoch / 8)
    for epoch in (8, 12.5, 39):
        assert rate_factor(warm, epoch, EPOCHS, []) == pytest.approx(rate_factor(plain, epoch - 8, EPOCHS - 8, []))


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("epochs", [1, 3])
def test_shortest_trainings(kind, epochs):
    """Also where the warm-up takes all the epochs there are, or more."""
    for warmup in (0, 1, 5):
        factors = [rate_factor(SCHEDULES[kind](warmup=warmup), k / 4, epochs, []) for k in range(4 * epochs)]
        assert np.isfinite(factors).all()
        assert max(factors) <= 1


def test_constant():
    assert set(curve(Constant())[1]) == {1.0}


def test_step_drops_after_every_so_many_epochs():
    factors = [rate_factor(Step(every=10, drop=0.5), epoch, EPOCHS, []) for epoch in (0, 9.99, 10, 19.9, 20, 39)]
    assert factors == [1, 1, 0.5, 0.5, 0.25, 0.125]


def test_exponential_is_the_decay_to_the_epoch():
    """The course: learning_rate = 0.95^epoch * learning_rate0."""
    factors = [rate_factor(Exponential(), epoch, EPOCHS, []) for epoch in (0, 0.5, 1, 2.9, 3)]
    assert factors == pytest.approx([1, 1, 0.95, 0.9025, 0.857375])


def test_inverse_time():
    """The course, decay 1: learning rates 0.2, 0.1, 0.067, 0.05 from 0.2."""
    rates = [0.2 * rate_factor(InverseTime(), epoch, EPOCHS, []) for epoch in range(4)]
    assert [round(rate, 3) for rate in rates] == [0.2, 0.1, 0.067, 0.05]
    assert rate_factor(InverseTime(decay=0.5), 3, EPOCHS, []) == pytest.approx(0.4)


@pytest.mark.parametrize("final", [0.0, 0.2])
def test_cosine_has_its_ends_its_middle_and_falls(final):
    _, factors = curve(Cosine(final=final))
    assert factors[[0, 2000, -1]] == pytest.approx([1, (1 + final) / 2, final])
    assert (np.diff(factors) < 0).all()


@pytest.mark.parametrize(("rise", "start", "final"), [(0.3, 0.04, 4e-6), (0.5, 0.1, 0.0)])
def test_one_cycle_has_its_ends_and_its_peak(rise, start, final):
    t, factors = curve(OneCycle(rise=rise, start=start, final=final))
    assert factors[[0, -1]] == pytest.approx([start, final])
    assert t[factors.argmax()] == pytest.approx(rise)
    assert factors.max() == pytest.approx(1)
    peak = factors.argmax()
    assert (np.diff(factors[: peak + 1]) > 0).all()
    assert (np.diff(factors[peak:]) < 0).all()
    assert factors[peak // 2] == pytest.approx((1 + start) / 2)


@pytest.mark.parametrize("flat", [0.0, 0.5, 0.75])
def test_flat_then_cosine(flat):
    t, factors = curve(FlatThenCosine(flat=flat))
    assert (factors[t <= flat] == 1).all()
    assert (np.diff(factors[t >= flat]) < 0).all()
    assert factors[-1] == pytest.approx(0)
    assert np.interp((1 + flat) / 2, t, factors) == pytest.approx(0.5, abs=1e-6)


def test_four_cycle_has_four_cycles_each_twice_as_long():
    """Zeros at t = 0, 1/15, 3/15, 7/15, 1; ones between, where 1 + 15 t = sqrt(2) 2^k."""
    zeros, ones = np.array([0, 1, 3, 7, 15]) / 15, (np.sqrt(2) * 2.0 ** np.arange(4) - 1) / 15
    for t, value in [*((t, 0) for t in zeros), *((t, 1) for t in ones)]:
        assert rate_factor(FourCycle(), t * EPOCHS, EPOCHS, []) == pytest.approx(value, abs=1e-12)
    t, factors = curve(FourCycle(), points=15_001)
    peaks = (factors[1:-1] > factors[:-2]) & (factors[1:-1] > factors[2:])
    assert peaks.sum() == 4
    np.testing.assert_allclose(t[1:-1][peaks], ones, atol=1e-4)


def test_plateau_halves_after_so_many_epochs_without_a_new_lowest_cost():
    schedule = Plateau(patience=3, drop=0.5)
    costs = [5.0, 4.0, 4.1, 4.2, 4.3, 3.0, 3.1, 3.1, 3.1, 3.1, 3.1, 3.1]
    factors = [rate_factor(schedule, n, 99, costs[:n]) for n in range(len(costs) + 1)]
    assert factors == [1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]


def test_plateau_wants_more_than_the_tolerance():
    creeping, falling = [1.0, 0.9995, 0.999, 0.9985], [1.0, 0.998, 0.996, 0.994]
    for costs, factor in ((creeping, 0.5), (falling, 1)):
        assert rate_factor(Plateau(patience=3, tolerance=1e-3 * 1.9), 4, 99, costs) == factor
    assert rate_factor(Plateau(patience=3), 4, 99, [-1.0, -2.0, -3.0, -4.0]) == 1  # a log likelihood may be below 0


def test_plateau_does_not_take_what_is_not_finite_for_a_low():
    assert rate_factor(Plateau(patience=2), 4, 99, [1.0, float("nan"), float("inf"), 0.5]) == 0.5
