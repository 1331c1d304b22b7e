"""Flags and TOML say what the table of settings says."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

import lamina as package
from lamina.cli.run_file import as_toml, read_toml
from lamina.cli.settings import NOT_HERE, OFFERED, Flags, expected, from_flags, joined, spelled
from lamina.equations.optimisers import Adam
from lamina.errors import SettingError
from lamina.learning.hyperparameters import GROUPS, SETTINGS, YES_NO, settings_for


def parsed(**flags):
    return from_flags(Flags(**flags))


def toml(path, text):
    path.write_text(text, encoding="utf-8")
    return read_toml(path).settings


def test_every_setting_has_a_flag_but_two():
    assert [field.name for field in fields(Flags)] == [one.name for one in SETTINGS if one.name not in NOT_HERE]
    assert NOT_HERE == ("warm_start", "verbose")


def test_the_help_holds_each_setting_s_help_range_and_default(lamina, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")  # nothing is wrapped
    text = lamina("train", "--help").out.replace("│", " ")
    words = " ".join(text.split())
    for one in OFFERED.values():
        assert f"--{one.name.replace('_', '-')} " in words
        assert one.help in words
        default = one.default if not isinstance(one.default, float) else f"{one.default:g}"
        assert f"[default: {spelled(default)}]" in words
        if one.kind != YES_NO:
            assert expected(one)[1:] in words


def test_a_flag_with_the_default_gives_the_default():
    for one in OFFERED.values():
        text = one.default if isinstance(one.default, bool) and one.name != "early_stopping" else spelled(one.default)
        assert parsed(**{one.name: text}) == {one.name: one.default}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("hidden_layer_sizes", "64", (64,)),
        ("hidden_layer_sizes", "[64, 32,16]", (64, 32, 16)),
        ("hidden_layer_sizes", "", ()),
        ("activation", "tanh", "tanh"),
        ("activation", "tanh,relu", ("tanh", "relu")),
        ("normalization", "none", None),
        ("normalization", "batch", "batch"),
        ("scaling", "none", "none"),
        ("categorical", "none", None),
        ("categorical", "zip", ("zip",)),
        ("categorical", "zip, 3", ("zip", 3)),
        ("splines", "jagged", "jagged"),
        ("splines", "none", None),
        ("splines", "gain", ("gain",)),
        ("embed_above", "none", None),
        ("embed_above", "9", 9),
        ("batch_size", "auto", "auto"),
        ("batch_size", "64", 64),
        ("early_stopping", "true", True),
        ("early_stopping", "False", False),
        ("alpha", "1e-3", 0.001),
        ("random_state", "7", 7),
        ("random_state", "none", None),
        ("class_weight", "balanced", "balanced"),
        ("optimizer", "adam(beta1=0.95)", "adam(beta1=0.95)"),
        ("scoring", "roc_auc", "roc_auc"),
        ("shuffle", False, False),
    ],
)
def test_what_texts_mean(name, text, value):
    found = parsed(**{name: text})[name]
    assert found == value
    assert type(found) is type(value)


def test_what_is_not_given_is_not_there():
    assert from_flags(None) == {}
    assert parsed(max_iter="3") == {"max_iter": 3}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("batch_size", "0", "batch_size=0: expected a whole number of at least 1 or 'auto'"),
        ("batch_size", "-5", "batch_size=-5: expected"),
        ("batch_size", "many", "batch_size='many': expected"),
        ("hidden_layer_sizes", "0", "0 is not a hidden layer"),
        ("hidden_layer_sizes", "a,b", "'a' is not a hidden layer"),
        ("dropout", "1", r"dropout=1: expected a number in \[0, 1\)"),
        ("activation", "rleu", "Did you mean 'relu'"),
        ("optimizer", "adma", "Did you mean 'adam'"),
        ("optimizer", "adam(beta9=2)", "adam has no setting 'beta9'"),
        ("optimizer", "__import__('os')", "cannot be read|expected one of"),
    ],
)
def test_values_outside_their_range(name, text, message):
    with pytest.raises(SettingError, match=message):
        parsed(**{name: text})


def test_the_written_file_holds_every_setting_at_its_default(tmp_path):
    assert sorted(tomllib.loads(as_toml())) == sorted(OFFERED)
    assert toml(tmp_path / "a.toml", as_toml()) == {name: one.default for name, one in OFFERED.items()}


@pytest.mark.parametrize("task", ["classifier", "regressor"])
def test_the_written_file_serves_both_tasks(tmp_path, task):
    settings = joined(toml(tmp_path / "a.toml", as_toml()), {}, task)
    assert settings == {n: one.default for n, one in settings_for(task).items() if n not in NOT_HERE}


def test_the_written_file_explains_every_setting():
    text = " ".join(line.removeprefix("# ") for line in as_toml().splitlines())
    for one in OFFERED.values():
        assert one.help in text
    assert max(map(len, as_toml().splitlines())) <= 100


def test_flags_win(tmp_path):
    config = toml(tmp_path / "a.toml", "max_iter = 5\ndropout = 0.5\n")
    assert joined(config, {"dropout": 0.25}, "classifier") == {"max_iter": 5, "dropout": 0.25}


def test_toml_may_spell_choices_as_tables_and_weights_by_class(tmp_path):
    text = 'optimizer = {kind = "adam", beta1 = 0.9}\nhidden_layer_sizes = [4]\n[class_weight]\n"no" = 1\nyes = 2.5\n'
    found = toml(tmp_path / "a.toml", text)
    assert found["optimizer"] == {"kind": "adam", "beta1": Adam().beta1}
    assert found["hidden_layer_sizes"] == (4,)
    assert found["class_weight"] == {"no": 1, "yes": 2.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_iter = 5\ndropout = = 3\n", r"a\.toml is not valid TOML: .*line 2"),
        ("max_itre = 5\n", r"a\.toml: there is no setting 'max_itre'\. Did you mean 'max_iter'"),
        ("verbose = true\n", "there is no setting 'verbose'"),
        ("max_iter = 0\n", r"a\.toml: max_iter=0: expected a whole number of at least 1"),
        ('max_iter = "5"\n', r"max_iter='5': expected a whole number"),
        ('max_iter = "none"\n', r"max_iter=None: expected a whole number"),
        ("[optimizer]\nkind = 'adam'\nbeta = 1\n", "adam has no setting 'beta'"),
    ],
)
def test_bad_toml(tmp_path, text, message):
    with pytest.raises(SettingError, match=message):
        toml(tmp_path / "a.toml", text)


def test_toml_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(SettingError, match=r"there is no file '.*x\.toml': `lamina init --out .*x\.toml` writes one"):
        read_toml(tmp_path / "x.toml")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match=r"b\.toml is not valid TOML"):
        read_toml(tmp_path / "b.toml")


def test_settings_of_the_other_task_are_refused_unless_they_are_the_default():
    with pytest.raises(SettingError, match="scale_target is only for numbers, and the target holds classes"):
        joined({}, {"scale_target": True}, "classifier")
    with pytest.raises(SettingError, match="label_smoothing is only for classes, and the target holds numbers"):
        joined({"label_smoothing": 0.1}, {}, "regressor")
    assert joined({"label_smoothing": "auto"}, {}, "regressor") == {}


def test_init_writes_the_file_once(lamina, folder):
    first = lamina("init")
    assert first.code == 0
    assert first.out.startswith("lamina.toml written.")
    assert (folder / "lamina.toml").read_text() == as_toml()
    (folder / "lamina.toml").write_text("max_iter = 7\n")
    code, _, err = lamina("init")
    assert code == 1
    assert err == ("error: 'lamina.toml' already exists: choose another name with --out, or replace it with --force\n")
    assert (folder / "lamina.toml").read_text() == "max_iter = 7\n"
    assert lamina("init", "--out", "other.toml").code == 0
    assert lamina("init", "--force").code == 0
    assert (folder / "lamina.toml").read_text() == (folder / "other.toml").read_text() == as_toml()


# ---- class weights on the command line ----


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("yes=2,no=1", {"yes": 2, "no": 1}),
        (" yes = 2 , no=0.5", {"yes": 2, "no": 0.5}),
        ('{"yes": 2, "no": 1}', {"yes": 2, "no": 1}),
        ("<=50K=1,>50K=2", {"<=50K": 1, ">50K": 2}),
        ('"a,b=2",c=1', {"a,b": 2, "c": 1}),
        ("1=1e3", {"1": 1000}),
    ],
)
def test_class_weights_as_a_flag(text, weights):
    assert parsed(class_weight=text) == {"class_weight": weights}


@pytest.mark.parametrize(
    ("classes", "flag", "known"),
    [
        (("high", "low"), "high=2,low=1", {"high": 2, "low": 1}),
        ((0, 1), "0=1,1=2", {0: 1, 1: 2}),
        ((-1, 1), "-1=3", {-1: 3}),
        (("true", "false"), "true=3,false=1", {True: 3, False: 1}),
        (("True", "False"), "True=3", {True: 3}),
    ],
)
def test_class_weights_name_the_classes_of_the_target(lamina, folder, classes, flag, known):
    (folder / "a.csv").write_text("x,y\n" + "".join(f"{i},{classes[i % 2]}\n" for i in range(40)))
    words = ("train", "a.csv", "--target", "y", "--preset", "sklearn", "--max-iter", "1", "--hidden-layer-sizes", "2")
    done = lamina(*words, "--task", "classification", f"--class-weight={flag}")
    assert done.code == 0, done.err
    assert package.load("a.lamina").settings["class_weight"] == known


# ---- help ----


def test_every_setting_is_in_one_group():
    names = [name for group in GROUPS.values() for name in group]
    assert sorted(names) == sorted(one.name for one in SETTINGS)


def test_the_help_begins_with_ten_settings(lamina, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    text = lamina("train", "--help").out
    panels = [line.strip("╭─╮ ") for line in text.splitlines() if line.startswith("╭")]
    assert panels == ["Arguments", "Parameters", *GROUPS]
    first = text.partition("Settings most runs need")[2].partition("╰")[0]
    assert len(re.findall(r"^│ --", first, re.MULTILINE)) == 10


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_commands_and_flags(lamina, folder, monkeypatch, shell):
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / ".config"))
    done = lamina("--install-completion", "--shell", shell)
    assert (done.code, done.err) == (0, "")
    path = done.out.partition(" written: ")[0]
    script = Path(path).read_text()
    for word in ("train", "predict", "max-iter", "hidden-layer-sizes", "checkpoint"):
        assert word in script
