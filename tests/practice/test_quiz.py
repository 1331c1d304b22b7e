"""Which mistake is this: a seed decides, one of four is right, and the numbers tell them apart."""

import numpy as np
import pytest

from lamina import course
from lamina.errors import SettingError
from lamina.glassbox.practice.quiz import Quiz, Rows


@pytest.fixture(scope="module")
def quiz():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(5, 7))
    Y = (X[0] * X[1] > 0).astype(float).reshape(1, 7)
    return Quiz(Rows(X, Y, course.initialize_parameters_he([5, 4, 3, 1], seed=10), 0.5))


def test_four_choices_and_the_answer_is_among_them(quiz):
    for seed in range(40):
        choices = quiz.choices(seed)
        assert len({one.key for one in choices}) == 4
        assert quiz.answer(seed).key in {one.key for one in choices}
        assert len({one.mistake.sentence for one in choices}) == 4
        assert any(one.function == quiz.answer(seed).function for one in choices if one != quiz.answer(seed)) or (
            any(set(one.mistake.look) & set(quiz.answer(seed).mistake.look) for one in choices)
        )


def test_the_answer_stands_at_every_place(quiz):
    places = [quiz.choices(seed).index(quiz.answer(seed)) for seed in range(80)]
    assert set(places) == {0, 1, 2, 3}


def test_many_mistakes_of_every_function_are_asked_for(quiz):
    answers = [quiz.answer(seed) for seed in range(150)]
    assert len({one.key for one in answers}) > 50
    assert len({one.function for one in answers}) > 10
    assert not any("iteration" in one.mistake.name for one in answers)


def test_choices_show_in_numbers_of_their_own(quiz):
    """So no other choice explains what is shown."""
    for seed in range(15):
        shown = [quiz.rows.trained(one) for one in quiz.choices(seed)]
        right = quiz.rows.trained()
        for k, one in enumerate([right, *shown]):
            for other in [right, *shown][:k]:
                same = (
                    np.allclose(one.costs, other.costs, rtol=1e-7, equal_nan=True)
                    and np.allclose(one.printed, other.printed, rtol=1e-7, equal_nan=True)
                    if len(one.costs) == len(other.costs) and len(one.printed) == len(other.printed)
                    else False
                )
                gradients = [[m.found for m in t.moments[0].gradients] for t in (one, other)]
                alike = all(
                    a.shape == b.shape and np.allclose(a, b, rtol=1e-7, equal_nan=True)
                    for a, b in zip(*gradients, strict=False)
                )
                assert not (same and alike and one.notes == other.notes)


def test_a_seed_asks_the_same_question_again(quiz):
    again = Quiz(quiz.rows)
    assert [again.answer(seed).key for seed in range(10)] == [quiz.answer(seed).key for seed in range(10)]
    assert again.choices(3) == quiz.choices(3)


def test_a_negative_seed_is_refused(quiz):
    with pytest.raises(SettingError, match="expected 0 or more"):
        quiz.answer(-1)
