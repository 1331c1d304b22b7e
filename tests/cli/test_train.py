"""lamina train: what it prints, what it writes, and what it refuses."""

import errno
import re
import signal
import time

import numpy as np
import pytest

import lamina as package
from lamina.cli import files, pictures, rows_to_learn, train

QUICK = ("--preset", "sklearn", "--max-iter", "3", "--hidden-layer-sizes", "4", "--random-state", "1")
SMALL = ("--hidden-layer-sizes", "16,16", "--random-state", "1")  # with every other setting at its default


def test_a_classifier_from_a_csv_file(lamina, table):
    done = lamina("train", table, "--target", "income", "--early-stopping", "true", *QUICK)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == f"{table}: 200 rows, 5 columns to learn from"
    assert lines[1] == "target 'income': binary classification (text with 2 different values; --task overrides)"
    assert lines[2] == "training on 180 rows, validating on 20 others"
    assert lines[3].startswith("stopped after 3 epochs, ")
    assert "On the validation rows:" in lines
    assert any(line.split()[:1] == ["lamina"] for line in lines)
    assert any("majority class" in line for line in lines)
    assert lines[-2].startswith("model: people.lamina (")
    assert lines[-1].endswith(" show people.lamina")
    assert done.err.splitlines()[0].startswith("epoch 1/3  cost ")
    assert done.err.splitlines()[-1].startswith("epoch 3/3  cost ")
    model = package.load("people.lamina")
    assert model.target_name == "income"
    assert model.target.classes.tolist() == ["high", "low"]
    given = {"preset": "sklearn", "max_iter": 3, "hidden_layer_sizes": (4,), "random_state": 1}
    assert model.settings == {"early_stopping": True, **given}
    assert len(model.history) == 3


def test_a_regressor_with_json(lamina, table):
    done = lamina(
        "train", table, "--target", "price", "--out", "a.lamina", "--json", "--early-stopping", "true", *QUICK
    )
    assert done.code == 0
    found = done.json
    assert found["task"] == "regression"
    assert found["reason"].startswith("numbers with fractions")
    assert (found["file"], found["target"], found["model"]) == (str(table), "price", "a.lamina")
    assert (found["rows"], found["validation_rows"], found["epochs"], found["interrupted"]) == (180, 20, 3, False)
    assert set(found["scores"]) == set(found["baseline"]["scores"]) == {"rmse", "mae", "r2"}
    assert found["baseline"]["name"] == "mean"
    assert "training on 180 rows" in done.err  # what people read is still there, beside stdout


def test_parquet_gives_the_same_model_as_csv(lamina, table, folder):
    import pyarrow.csv
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.csv.read_csv(table), folder / "people.parquet")
    for name in ("people.csv", "people.parquet"):
        assert lamina("train", name, "--target", "price", "--out", f"{name}.lamina", *QUICK).code == 0
    one, other = (package.load(f"{name}.lamina") for name in ("people.csv", "people.parquet"))
    assert one.encoder.feature_names == other.encoder.feature_names
    assert np.array_equal(one.params, other.params)


def test_the_scores_are_those_of_scikit_learn_on_the_validation_file(lamina, trained, monkeypatch):
    from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

    monkeypatch.chdir(trained)
    words = ("--target", "income", "--drop", "price", "--validation", "new.csv", "--out", "v.lamina", "--json")
    found = lamina("train", "people.csv", *words, *QUICK).json
    import pandas

    rows = pandas.read_csv("new.csv", parse_dates=["since"])
    model = package.load("v.lamina")
    P = model.predict_proba(rows)
    assert found["validation_rows"] == 80
    assert found["scores"]["accuracy"] == pytest.approx(accuracy_score(rows.income, model.predict(rows)))
    assert found["scores"]["log_loss"] == pytest.approx(log_loss(rows.income, P), rel=1e-5)
    assert found["scores"]["roc_auc"] == pytest.approx(roc_auc_score(rows.income == "low", P[:, 1]), rel=1e-5)
    learned = pandas.read_csv("people.csv").income
    often = learned.value_counts().index[0]
    assert found["baseline"]["scores"]["accuracy"] == pytest.approx(np.mean(rows.income == often))


def test_class_weights_change_learning_but_not_what_counts_as_right(lamina, trained, monkeypatch, folder):
    (folder / "c.toml").write_text("[class_weight]\nhigh = 9\nlow = 1\n")
    words = ("--target", "income", "--drop", "price", "--config", "c.toml", "--validation", trained / "new.csv")
    found = lamina("train", trained / "people.csv", *words, "--out", "w.lamina", "--json", *QUICK).json
    import pandas

    rows, model = pandas.read_csv(trained / "new.csv", parse_dates=["since"]), package.load("w.lamina")
    assert model.settings["class_weight"] == {"high": 9, "low": 1}
    assert found["scores"]["accuracy"] == pytest.approx(np.mean(model.predict(rows) == rows.income))


def test_class_weights_of_classes_that_are_numbers(lamina, folder, people, write):
    rows = [{**row, "income": int(row["income"] == "high")} for row in people(60)]
    write(folder / "n.csv", rows)
    (folder / "c.toml").write_text("class_weight = {0 = 1, 1 = 2}\n")
    assert lamina("train", "n.csv", "--target", "income", "--config", "c.toml", *QUICK).code == 0
    assert package.load("n.lamina").settings["class_weight"] == {0: 1, 1: 2}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ("--target", "age", "--task", "classification", "--drop", "price"),
            "multiclass classification (as --task says)",
        ),
        (("--target", "level", "--task", "regression"), "regression (as --task says)"),
        (("--target", "level"), "multiclass classification (whole numbers with only 3 different values"),
        (("--target", "member"), "binary classification (booleans with 2 different values"),
    ],
)
def test_the_task_is_found_or_said(lamina, folder, people, write, words, expected):
    rows = [{**row, "age": row["age"] or 30, "level": i % 3} for i, row in enumerate(people(90))]
    write(folder / "p.csv", rows)
    done = lamina("train", "p.csv", *words, *QUICK)
    assert done.code == 0
    assert expected in done.out


def test_weights_and_dropped_columns_are_not_learned_from(lamina, table, folder):
    words = ("--target", "income", "--weights", "price", "--drop", "town", "--drop", "since")
    assert lamina("train", table, *words, *QUICK).code == 0
    assert package.load("people.lamina").encoder.names_in == ("age", "member")


def test_rows_of_weight_0_do_not_count(lamina, folder, people, write):
    rows = people(100)
    write(folder / "few.csv", rows[:60])
    write(folder / "all.csv", [{**row, "w": int(i < 60)} for i, row in enumerate(rows)])
    assert lamina("train", "few.csv", "--target", "price", *QUICK).code == 0
    assert lamina("train", "all.csv", "--target", "price", "--weights", "w", *QUICK).code == 0
    assert np.array_equal(package.load("few.lamina").params, package.load("all.lamina").params)


def test_flags_win_over_the_file(lamina, table, folder):
    (folder / "a.toml").write_text('max_iter = 2\nactivation = "tanh"\nhidden_layer_sizes = [5]\n')
    assert lamina("train", table, "--target", "income", "--config", "a.toml", "--activation", "gelu").code == 0
    model = package.load("people.lamina")
    chosen = {name: value for name, value in model.settings.items() if name != "random_state"}  # which was drawn
    assert chosen == {"max_iter": 2, "activation": "gelu", "hidden_layer_sizes": (5,)}


def test_without_validation_rows_it_says_that_scores_are_too_good(lamina, table):
    done = lamina("train", table, "--target", "income", *QUICK)
    assert "On the training rows:" in done.out
    assert "Without validation rows these scores are too good" in done.out


def test_an_older_file_is_mentioned(lamina, table):
    assert "replacing an older file" not in lamina("train", table, "--target", "income", *QUICK).out
    assert "replacing an older file" in lamina("train", table, "--target", "income", *QUICK).out


def test_a_scorer_is_watched(lamina, table):
    done = lamina("train", table, "--target", "income", "--scoring", "roc_auc", "--early-stopping", "true", *QUICK)
    assert done.code == 0
    assert "roc_auc " in done.err
    assert "validation_roc_auc" in package.load("people.lamina").scores
    done = lamina("train", table, "--target", "income", "--scoring", "roc-auc", *QUICK)
    assert done.err.startswith(
        "error: scoring='roc-auc': expected 'cost', a scikit-learn scorer or its name, like 'roc_auc'. Did you mean"
    )


def test_a_scorer_agrees_with_scikit_learn(lamina, trained, monkeypatch):
    from sklearn.metrics import f1_score

    monkeypatch.chdir(trained)
    words = ("--target", "income", "--drop", "price", "--validation", "new.csv", "--out", "f.lamina")
    assert lamina("train", "people.csv", *words, "--scoring", "f1_macro", *QUICK).code == 0
    import pandas

    rows, model = pandas.read_csv("new.csv", parse_dates=["since"]), package.load("f.lamina")
    expected = f1_score(rows.income, model.predict(rows), average="macro")
    assert model.scores["validation_f1_macro"] == pytest.approx(expected)


def test_the_seed_that_was_drawn_is_shown_and_repeats_the_run(lamina, table):
    words = (
        "train",
        table,
        "--target",
        "income",
        "--preset",
        "sklearn",
        "--max-iter",
        "2",
        "--hidden-layer-sizes",
        "4",
    )
    first = lamina(*words, "--out", "a.lamina")
    seed = re.search(r"^seed drawn: --random-state (\d+) gives the same model again$", first.out, re.MULTILINE)[1]
    again = lamina(*words, "--out", "b.lamina", "--random-state", seed)
    assert "seed drawn" not in again.out
    assert np.array_equal(package.load("a.lamina").params, package.load("b.lamina").params)
    assert not np.array_equal(lamina(*words, "--json").json["seed"], int(seed))


def test_long_work_is_named(lamina, table, monkeypatch):
    monkeypatch.setattr("lamina.cli.terminal.SECONDS_OF_SILENCE", 0.01)
    real = rows_to_learn.all_of

    def slowly(file, *words):
        time.sleep(0.2)
        return real(file, *words)

    monkeypatch.setattr(rows_to_learn, "all_of", slowly)
    done = lamina("train", table, "--target", "income", *QUICK)
    assert f"reading {table} ...\n" in done.err
    monkeypatch.setattr("lamina.cli.terminal.SECONDS_OF_SILENCE", 60)
    assert "..." not in lamina("train", table, "--target", "income", *QUICK).err


# ---- signals ----


@pytest.mark.parametrize(
    ("number", "name", "code"), [("SIGINT", "Ctrl-C", 130), ("SIGTERM", "SIGTERM", 143), ("SIGHUP", "SIGHUP", 129)]
)
def test_a_signal_keeps_the_best_weights_so_far(lamina, table, signalled, number, name, code):
    signalled(2, getattr(signal, number))
    done = lamina("train", table, "--target", "income", "--json", "--max-iter", "50", "--random-state", "1")
    assert done.code == code
    found = done.json
    assert (found["interrupted"], found["stopped"], found["epochs"]) == (True, name, 2)
    assert [record["epoch"] for record in package.load("people.lamina").history] == [1, 2]
    assert "A run can be resumed after an interruption if it is started with --checkpoint FOLDER" in done.err


def test_ctrl_c_within_the_first_epoch_keeps_what_was_learned(lamina, table, signalled):
    signalled(0)
    code, out, _ = lamina("train", table, "--target", "income", *QUICK, "--batch-size", "32", "--plot", "c.svg")
    assert code == 130
    assert "learning curve: c.svg" in out
    assert "stopped in epoch 1, " in out
    assert "kept: the weights of step 1, before the first epoch ended" in out
    model = package.load("people.lamina")
    assert (model.best_epoch, model.stopped, model.history) == (0, "Ctrl-C", [])


def test_ctrl_c_before_training_writes_nothing(lamina, table, monkeypatch, folder):
    monkeypatch.setattr(rows_to_learn, "prepared", lambda *_: signal.raise_signal(signal.SIGINT))
    assert lamina("train", table, "--target", "income").code == 130
    assert not (folder / "people.lamina").exists()


def test_ctrl_c_while_the_model_is_written_lets_it_be_written(lamina, table, monkeypatch):
    real = train.finish

    def finish(run, state):
        signal.raise_signal(signal.SIGINT)
        return real(run, state)

    monkeypatch.setattr(train, "finish", finish)
    done = lamina("train", table, "--target", "income", *QUICK)
    assert (done.code, package.load("people.lamina").stopped) == (130, "all 3 epochs were done")


# ---- disks ----


def test_a_model_that_cannot_be_written_is_written_elsewhere(lamina, table, monkeypatch, tmp_path):
    real = train.save

    def save(model, path):
        if path.parent == tmp_path:
            raise package.errors.ModelFileError(f"cannot write {str(path)!r}: No space left on device.")
        real(model, path)

    monkeypatch.setattr(train, "save", save)
    out = tmp_path / "full.lamina"
    done = lamina("train", table, "--target", "income", "--out", out, *QUICK)
    assert done.code == 1
    start = f"error: cannot write '{out}': No space left on device. The model was written to '"
    last = done.err.splitlines()[-1]
    assert last.startswith(start)
    assert last.endswith("' instead.")
    elsewhere = last.removeprefix(start).removesuffix("' instead.")
    assert len(package.load(elsewhere).history) == 3


def test_too_little_space_is_said_before_training(lamina, table, monkeypatch, folder):
    usage = type("Usage", (), {"free": 1024})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    wide = ("--target", "income", "--preset", "sklearn", "--hidden-layer-sizes", "64,64")
    code, _, err = lamina("train", table, *wide)
    assert code == 1
    message = err.splitlines()[-1].removeprefix("error: ")
    assert message.endswith("are needed in '.', and 1 KiB are free. Free some space, or choose another place")
    assert message.startswith("--out: ")
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 0 if "c" in str(path) else 10**9}))
    assert "are needed in 'c', and 0 KiB are free" in lamina("train", table, "--checkpoint", "c", *wide).err
    assert not (folder / "people.lamina").exists()


def test_a_read_only_folder_is_said_before_training(lamina, table, monkeypatch):
    def none(**_):  # the tests may run as root, who may do everything
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(files, "TemporaryFile", none)
    assert refused(lamina, table, "--target", "income") == (
        "--out: no file can be written to the folder '.' (Read-only file system). Choose another place"
    )


def test_a_checkpoint_that_cannot_be_written_costs_no_model(lamina, table, monkeypatch, folder):
    """The disk of the checkpoints gets full in the second epoch; the model is on another."""
    from lamina.learning import checkpoints

    real = checkpoints.Folder.save

    def save(self, step, arrays, scalars):
        if scalars["epoch"] > 1:
            raise package.errors.CheckpointError("cannot save: no space left")
        real(self, step, arrays, scalars)

    monkeypatch.setattr(checkpoints.Folder, "save", save)
    assert refused(lamina, table, "--target", "income", "--checkpoint", "c") == "cannot save: no space left"
    assert [record["epoch"] for record in package.load("people.lamina").history] == [1, 2]
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    assert lamina("resume", "c").code == 0
    assert len(package.load("people.lamina").history) == 3


# ---- pictures ----


def test_the_learning_curve_is_drawn(lamina, table, folder):
    done = lamina("train", table, "--target", "income", "--plot", "curve.png", *QUICK)
    assert done.code == 0
    assert "learning curve: curve.png" in done.out
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("plot", "message"),
    [
        ("curve.gif", "--plot curve.gif: expected a name that ends in .png, .svg, .pdf"),
        ("nowhere/curve.png", "--plot: there is no folder 'nowhere'"),
    ],
)
def test_a_picture_that_cannot_be_is_refused_before_training(lamina, table, plot, message):
    assert lamina("train", table, "--target", "income", "--plot", plot) == (1, "", f"error: {message}\n")


def test_without_matplotlib_it_says_what_to_install(lamina, table, monkeypatch):
    monkeypatch.setattr(pictures, "can_draw", lambda: False)
    done = lamina("train", table, "--target", "income", "--plot", "curve.png")
    assert done == (1, "", "error: --plot needs matplotlib: pip install 'lamina[plot]'\n")


def test_a_picture_on_a_full_disk_costs_no_model(lamina, table, folder, monkeypatch):
    from matplotlib.figure import Figure

    def full(self, file, **_):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    (folder / "c.png").write_bytes(b"old")
    message = refused(lamina, table, "--target", "income", "--plot", "c.png")
    assert message == "--plot c.png: No space left on device. The model is written: people.lamina"
    assert (folder / "c.png").read_bytes() == b"old"
    assert package.load("people.lamina").history
    assert lamina("explain", "people.lamina", table, "--plot", "c.png").err.startswith("error: c.png: No space left")


# ---- what it refuses ----


def refused(lamina, *words):
    code, _, err = lamina("train", *words, *QUICK)
    assert code == 1
    last = err.splitlines()[-1]
    assert last.startswith("error: ")
    return last.removeprefix("error: ")


def test_a_target_that_is_not_there(lamina, table, folder):
    message = refused(lamina, table, "--target", "incom")
    assert message == (
        f"--target: {table} has no column 'incom'. Did you mean 'income'? "
        "It has age, town, member, since, income, price"
    )
    assert "Did you mean 'price'?" in refused(lamina, table, "--target", "income", "--weights", "prize")
    assert "Did you mean 'town'?" in refused(lamina, table, "--target", "income", "--drop", "age", "--drop", "twon")
    assert not (folder / "people.lamina").exists()


def test_no_target_lists_the_columns(lamina, table):
    code, _, err = lamina("train", table)
    assert code == 2
    assert err.splitlines()[0] == (
        f"error: which column of {table} is to be predicted? --target is one of age, town, member, since, income, price"
    )


def test_where_no_model_can_be_written(lamina, table, folder):
    words = (table, "--target", "income", "--out")
    assert refused(lamina, *words, "nowhere/a.lamina") == "--out: there is no folder 'nowhere'"
    assert "is a folder: name a file in it" in refused(lamina, *words, folder)


def test_only_the_target(lamina, folder, people, write):
    write(folder / "a.csv", people(20), ["income"])
    assert refused(lamina, "a.csv", "--target", "income") == "a.csv: no column is left to learn from"


BAD_FILES = {
    "empty": ("", "'a.csv' is empty: a header line and rows expected"),
    "only a header": ("x,y\n", "'a.csv' has a header (x, y) and no rows"),
    "a broken row": ("x,y\n1,a\n2,b\n3,b,9\n", "'a.csv', line 4: 2 fields expected, as in the header, found 3"),
    "a column twice": ("x,x,y\n1,2,a\n", "column names occur more than once: 'x'"),
    "a target that is missing": (
        "x,y\n1,a\n2,\n3,b\n",
        "a.csv, line 3, column 'y': has no value: 1 row, this is the first",
    ),
    "infinity": ("x,y\n1,a\ninf,b\n3,b\n", "a.csv, line 3, column 'x': contains infinity"),
    "negative weights": (
        "x,w,y\n1,1,a\n2,-1,b\n",
        "a.csv, line 3, column 'w': sample weights are not negative; found -1",
    ),
    "weights of 0": ("x,w,y\n1,0,a\n2,0,b\n", "all sample weights are zero"),
    "a missing weight": ("x,w,y\n1,1,a\n2,,b\n", "a.csv, line 3, column 'w': sample weights are finite; found nan"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_bad_files(lamina, folder, kind):
    text, message = BAD_FILES[kind]
    (folder / "a.csv").write_text(text)
    weights = ("--weights", "w") if ",w," in text else ()
    assert message in refused(lamina, "a.csv", "--target", "y", *weights)


def test_a_file_that_is_not_there(lamina, table):
    assert refused(lamina, "peple.csv", "--target", "income") == "no file 'peple.csv'. Did you mean 'people.csv'?"


def test_one_class_is_trained_with_a_warning(lamina, folder):
    (folder / "a.csv").write_text("x,y\n" + "".join(f"{i},yes\n" for i in range(20)))
    done = lamina("train", "a.csv", "--target", "y", *QUICK)
    assert done.code == 0
    assert "warning: target 'y' has a single class: there is nothing to tell apart" in done.err


def test_a_batch_larger_than_the_rows_is_a_warning(lamina, table):
    done = lamina("train", table, "--target", "income", "--batch-size", "1000", *QUICK)
    assert done.code == 0
    assert "warning: batch_size=1000 is larger than the 200 training rows" in done.err


def test_targets_at_the_end_of_the_floats(lamina, folder):
    (folder / "a.csv").write_text("x,y\n" + "".join(f"{i},{'1e308' if i == 3 else i + 0.5}\n" for i in range(30)))
    done = lamina("train", "a.csv", "--target", "y", "--json", *QUICK)
    assert done.code == 0
    assert done.json["scores"].get("rmse") is None  # its square is no float: left out, not NaN


def test_divergence_says_where_and_what_to_try(lamina, table):
    message = refused(
        *(lamina, table, "--target", "income", "--learning-rate-init", "1e30"),
        *("--optimizer", "gradient_descent", "--batch-size", "32"),
    )
    assert message.startswith("training diverged in epoch 1, batch 2 of ")
    assert "Try a smaller learning_rate_init" in message


def test_a_validation_file_without_the_target(lamina, table, folder, people, write):
    write(folder / "v.csv", people(10), ["age", "town"])
    assert "no column 'income'" in refused(lamina, table, "--target", "income", "--validation", "v.csv")


def test_text_in_the_training_file_is_text_in_the_validation_file(lamina, folder):
    """ "007" and "7" are two codes, whatever the second file alone would look like."""
    (folder / "a.csv").write_text("code,y\n" + "x1,a\n007,b\n7,a\n" * 10)
    (folder / "v.csv").write_text("code,y\n007,b\n7,a\n")
    done = lamina("train", "a.csv", "--target", "y", "--validation", "v.csv", "--json", *SMALL, "--max-iter", "60")
    assert done.code == 0
    assert done.json["scores"]["accuracy"] == 1
