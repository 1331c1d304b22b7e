"""What an import loads: names of modules, not seconds."""

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import lamina

ROOT = Path(__file__).parents[2]
PACKAGE = Path(lamina.__file__).parent
HEAVY = {
    "torch",
    "pyarrow",
    "rich",
    "matplotlib",
    "sklearn",
    "pandas",
    "polars",
    "scipy",
    "narwhals",
    "cyclopts",
    "safetensors",
}
FACES = {"estimators", "layer_features", "cli", "scoring"}
TORCH = {"tensors"}  # the room that needs it: imported where it is asked for

BELOW_THE_FACES = sorted(
    ".".join(["lamina", *file.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
    for file in PACKAGE.rglob("*.py")
    if file.relative_to(PACKAGE).with_suffix("").parts[0] not in FACES | TORCH
)


def loaded_by(statement: str) -> set[str]:
    """Top names of the modules that a fresh interpreter has loaded after the statement."""
    script = f"import sys, json\n{statement}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_import_lamina_loads_no_library_at_all():
    assert loaded_by("import lamina").isdisjoint(HEAVY | {"numpy"})


def test_dir_and_version_load_no_library_at_all():
    assert loaded_by("import lamina; dir(lamina); lamina.__version__").isdisjoint(HEAVY | {"numpy"})


def test_below_the_faces_libraries_are_imported_where_they_are_used():
    loaded = loaded_by("\n".join(f"import {name}" for name in BELOW_THE_FACES))
    assert "numpy" in loaded  # else the list was empty
    assert loaded.isdisjoint(HEAVY - {"scipy"})  # the equations use scipy.special


@pytest.mark.parametrize("name", lamina.__all__)
def test_every_public_name_is_there(name):
    assert getattr(lamina, name) is not None
    assert name in dir(lamina)
    assert name in vars(lamina) or name in lamina._SUBMODULES  # the next look-up is a plain one


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'lamina' has no attribute 'DeepClasifier'"):
        lamina.DeepClasifier  # noqa: B018


def test_type_checkers_and_the_interpreter_see_the_same_names():
    """The block under TYPE_CHECKING, read by ast, against the table that __getattr__ reads."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    seen = {
        alias.name: node.module.removeprefix("lamina").lstrip(".")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == lamina._HOME | dict.fromkeys(lamina._SUBMODULES, "")
    assert sorted(lamina.__all__) == sorted([*seen, "__version__"])


def test_version_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert lamina.__version__ == project["version"]
