"""The tables of mistakes: the steps are the course's equations, and every mistake shows in numbers of its own."""

import itertools
import random

import numpy as np
import pytest

from lamina import course
from lamina.glassbox.doctor import solutions
from lamina.glassbox.doctor.catalogue import PARTS
from lamina.glassbox.doctor.curriculum import PARTS as CURRICULUM
from lamina.glassbox.doctor.exercises import BY_NAME, EXERCISES
from lamina.glassbox.doctor.naming import Outcome, recognised, wrong_results

OF_THE_COURSE = [one for one in EXERCISES if hasattr(course, one.name)]
MODELS = ("two_layer_model", "L_layer_model")


QUICK = [
    one for one in EXERCISES if len(one.mistakes) < 100 and one.name not in (*MODELS, "softmax", "gradient_check_n")
]


def outcomes_of(exercise, function):
    return [
        Outcome(case, exercise.view(function(*case.arguments), case)) for case in exercise.all_cases if not case.kind
    ]


def test_the_steps_of_the_gradient_check_are_the_courses():
    exercise = BY_NAME["gradient_check_n"]
    for case in exercise.all_cases:
        found = course.gradient_check_n(*case.arguments, leave_out=False)
        assert exercise.expected(case)["difference"] == pytest.approx(found, rel=1e-6)


@pytest.mark.parametrize(
    "exercise",
    [one for one in OF_THE_COURSE if one.name not in (*MODELS, "gradient_check_n")],
    ids=lambda one: one.name,
)
def test_the_steps_without_a_mistake_are_the_courses_functions(exercise):
    for outcome in outcomes_of(exercise, getattr(course, exercise.name)):
        assert wrong_results(exercise, outcome) == []


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.name)
def test_the_solutions_are_right(exercise, monkeypatch):
    np.random.seed(0)  # noqa: NPY002
    if exercise.name in MODELS:
        for name in ("initialize_parameters", "initialize_parameters_deep"):
            monkeypatch.setattr(solutions, name, solutions.given_start)
    for case in exercise.all_cases:
        if not case.kind:
            monkeypatch.setattr(solutions, "START", case.around.get("start"))
            found = exercise.view(getattr(solutions, exercise.name)(*case.arguments), case)
            assert wrong_results(exercise, Outcome(case, found)) == []


def test_the_models_follow_the_courses_loop(monkeypatch):
    exercise = BY_NAME["L_layer_model"]
    for case in exercise.all_cases:
        X, Y, _, rate, iterations = case.arguments
        parameters = case.around["start"]
        for _ in range(iterations):
            AL, caches = course.L_model_forward(X, parameters)
            parameters = course.update_parameters(parameters, course.L_model_backward(AL, Y, caches), rate)
        assert wrong_results(exercise, Outcome(case, parameters)) == []


def test_there_are_many_mistakes():
    assert len({mistake.name for _, mistakes in PARTS for mistake in mistakes if "(" not in mistake.name}) > 200


def test_every_exercise_stands_in_the_course_once():
    named = [name for part in CURRICULUM for name in part.functions]
    assert sorted(named) == sorted(BY_NAME)
    assert set(solutions.NAMES) == set(BY_NAME)
    functions = {name for name in dir(course) if callable(getattr(course, name)) and name[0] != "_"}
    of_the_course = {
        n for n in functions if str(getattr(getattr(course, n), "__module__", "")).startswith("lamina.course")
    }
    assert of_the_course - set(BY_NAME) <= {"check"}


def simulated(exercise, mistakes):
    """What a function with these mistakes does on every case."""
    found = []
    for case in exercise.all_cases:
        if case.kind == "extreme":
            continue
        masks = {}
        if exercise.name == "forward_propagation_with_dropout":
            X, parameters, keep_prob = case.arguments
            rng = np.random.default_rng(5)
            for layer in (1, 2):
                drawn = rng.random((len(parameters[f"W{layer}"]), X.shape[1])) < keep_prob
                masks[f"D{layer}"] = drawn.astype(float)
        given = exercise.expected(case, mistakes, masks)
        found.append(Outcome(case, given) if given else Outcome(case, raised={"type": "ValueError"}))
    return found


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.name)
def test_no_two_mistakes_give_the_same_on_all_cases(exercise):
    """Each is recognised from what it gives alone; mistakes that look alike share a name."""
    sample = list(exercise.effective)
    random.Random(1).shuffle(sample)
    for mistake in sample[: 8 if exercise in QUICK else 2]:
        outcomes = simulated(exercise, (mistake,))
        if not any(outcome.found for outcome in outcomes):
            continue  # it raises whatever the shapes: the exception is explained instead
        assert any(wrong_results(exercise, one) for one in outcomes), mistake.name
        found = recognised(exercise, outcomes)
        assert [one.name for one in found.mistakes] == [mistake.name]
        assert not found.unexplained


@pytest.mark.parametrize("exercise", QUICK, ids=lambda one: one.name)
def test_two_mistakes_together_are_both_named(exercise):
    plain = [one for one in exercise.effective if "(" not in one.name]
    pairs = list(itertools.combinations(plain, 2))
    random.Random(2).shuffle(pairs)
    named = tried = 0
    for pair in pairs[:60]:
        if tried == 3:
            break
        outcomes = simulated(exercise, pair)
        alone = [simulated(exercise, (one,)) for one in pair]
        if not outcomes[0].found or any(looks_like(exercise, outcomes, one) for one in alone):
            continue  # one hides the other
        tried += 1
        found = recognised(exercise, outcomes)
        assert (
            not any(wrong_results(exercise, one, found.mistakes) for one in outcomes if one.judged) or found.unexplained
        )
        named += {one.name for one in found.mistakes} == {one.name for one in pair}
    assert named >= 0.75 * tried, f"{named} of {tried}"


def looks_like(exercise, outcomes, others):
    return all(str(one.found) == str(other.found) for one, other in zip(outcomes, others, strict=True) if one.judged)
