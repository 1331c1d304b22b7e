"""The bar and the lines that show training, without training: a run and a state are given numbers."""

import io
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from lamina import showing
from lamina.learning.state import Record
from lamina.learning.training import Progress
from lamina.showing import Bar, Lines


class Clock:
    """Time that passes when it is told to."""

    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    one = Clock()
    monkeypatch.setattr(showing, "time", one)
    return one


def run_of(epochs=40, patience=12, score_name="accuracy", max_time=None):
    recipe = SimpleNamespace(epochs=epochs, patience=patience)
    return SimpleNamespace(
        recipe=recipe, examples=None, n_rows=1000, score_name=score_name, settings={"max_time": max_time}, began=100.0
    )


def state_of(epoch=0, waited=0):  # the costs of the pass that has begun add up to 125
    return SimpleNamespace(epoch=epoch, waited=waited, rows=0, pass_cost=125.0)


def ended(epoch, validation=True):
    """The progress at the end of an epoch."""
    more = (0.25, 0.75, 0.875) if validation else (None, 0.75, None)
    return Progress(epoch, 0, 10 * epoch, Record(epoch, 0.5, *more, learning_rate=0.1, seconds=1.0))


def within(epoch, rows):
    return Progress(epoch, rows, 1, None)


# ---- lines ----


def test_a_line_at_first_then_every_two_seconds_and_at_the_end(clock):
    lines = []
    with Lines(run_of(), state_of(), lines.append) as shown:
        for epoch in range(1, 8):
            clock.now += 0.5
            shown.update(ended(epoch))
    assert [line.partition("  cost")[0] for line in lines] == ["epoch  1/40", "epoch  6/40", "epoch  7/40"]
    assert lines[0] == "epoch  1/40  cost 0.5  validation 0.25  accuracy 0.875  0.5 s"
    assert lines[-1].endswith("  3.5 s")


def test_a_long_epoch_has_lines_too(clock):
    lines = []
    with Lines(run_of(), state_of(epoch=4), lines.append) as shown:
        for rows in (100, 200, 300):
            clock.now += 1.5
            shown.update(within(4, rows))
    assert lines == [
        "epoch  5/40  10% of 1,000 rows  cost so far 1.25  0:00:14 to the end of the epoch  1.5 s",
        "epoch  5/40  30% of 1,000 rows  cost so far 0.4167  0:00:11 to the end of the epoch  4.5 s",
    ]


def test_without_validation_rows_the_score_is_of_training_rows(clock):
    lines = []
    Lines(run_of(score_name="r2"), state_of(), lines.append).update(ended(1, validation=False))
    assert lines == ["epoch  1/40  cost 0.5  r2 0.75  0.0 s"]


@pytest.mark.parametrize(
    ("waited", "patience", "text"),
    [(3, 12, "  no progress for 3 of 12 epochs"), (0, 12, ""), (3, 40, ""), (3, 2**31, "")],
)
def test_patience_that_is_used_up_is_said_where_it_can_end_training(clock, waited, patience, text):
    lines = []
    Lines(run_of(patience=patience), state_of(waited=waited), lines.append).update(ended(9))
    assert lines == [f"epoch  9/40  cost 0.5  validation 0.25  accuracy 0.875{text}  0.0 s"]


# ---- the bar ----


def last_seen(progresses, *, run=None, state=None, width=100):
    """What the terminal shows after the last progress."""
    text = io.StringIO()
    console = Console(file=text, width=width, force_terminal=True, color_system=None, legacy_windows=False)
    with Bar(run or run_of(epochs=2), state or state_of(), console) as bar:
        for progress in progresses:
            bar.update(progress)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.getvalue()).replace("\r", "\n").strip().split("\n")[-1].rstrip()


def test_the_bar_moves_within_an_epoch():
    progresses = [within(0, 0), within(0, 500), ended(1), within(1, 500), ended(2)]
    shown = [last_seen(progresses[: n + 1]) for n in range(5)]
    assert [line.count("━") for line in shown] == [0, 2, 4, 6, 8]
    assert [line.split()[1] for line in shown] == ["1/2", "1/2", "1/2", "2/2", "2/2"]
    assert [line.endswith("cost 0.5  validation 0.25  accuracy 0.875") for line in shown] == [False, False, *[True] * 3]


def test_before_anything_was_done_it_is_in_the_epoch_that_comes():
    assert last_seen([], run=run_of(), state=state_of(epoch=6)).startswith("epoch  7/40 ")
    assert last_seen([], run=run_of(), state=state_of(epoch=40)).startswith("epoch 40/40 ")


def test_elapsed_time_is_shown():
    assert re.search(r" \d:\d\d:\d\d ", last_seen([ended(1)]))


@pytest.mark.parametrize(
    ("width", "score_name", "text"),
    [
        (120, "accuracy", "cost 0.5  validation 0.25  accuracy 0.875  no progress for 3 of 12 epochs"),
        (80, "accuracy", "cost 0.5  validation 0.25  accuracy 0.875"),
        (80, "balanced_accuracy_of_all", "validation 0.25  balanced_accuracy_of_all 0.875"),
        (80, "the_balanced_accuracy_of_all_the_classes", "the_balanced_accuracy_of_all_the_classes 0.875"),
    ],
)
def test_what_matters_least_is_left_out_in_a_narrow_terminal(width, score_name, text):
    run = run_of(epochs=100, score_name=score_name)
    line = last_seen([ended(9)], run=run, state=state_of(waited=3), width=width)
    assert re.search(r" \d:\d\d:\d\d " + re.escape(text) + "$", line)
    assert len(line) <= width
    assert "…" not in line


def test_a_terminal_that_was_closed_ends_no_training():
    class Screen(io.StringIO):
        closed_by_its_user = False

        def write(self, text):
            if self.closed_by_its_user:
                raise OSError(5, "Input/output error")
            return super().write(text)

    screen = Screen()
    with Bar(run_of(), state_of(), Console(file=screen, force_terminal=True)) as bar:
        bar.update(ended(1))
        screen.closed_by_its_user = True


# ---- the likely end ----


def test_the_time_that_is_left_at_most(clock):
    run = run_of(epochs=40)
    assert showing.time_left(run, state_of(10), 4.0) == ["0:02:00 left at most"]
    assert showing.time_left(run, state_of(40), 4.0) == []
    clock.now = 130.0
    assert showing.time_left(run_of(epochs=40, max_time=50), state_of(10), 4.0) == ["0:00:20 left at most"]
    assert showing.time_left(run_of(epochs=40, max_time=20), state_of(10), 4.0) == []


def test_a_wide_bar_says_it(clock):
    text = io.StringIO()
    state = state_of(8)
    bar = Bar(run_of(), state, Console(file=text, width=160, force_terminal=True))
    clock.now, state.epoch = 106.0, 10  # two epochs in 6 seconds
    with bar:
        bar.update(ended(10))
    assert "0:01:30 left at most" in text.getvalue()
