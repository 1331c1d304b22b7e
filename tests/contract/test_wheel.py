"""The wheel: built from a clean copy, installed into an empty environment with the locked libraries, and used there."""

import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

OF_PAGES = {".html", ".css", ".js", ".svg", ".woff2", ".txt"}  # of the lab and the report

SMOKE = """
import lamina
from lamina import errors
from lamina.data import datasets
import pyarrow.parquet

assert lamina.__version__ == "{version}", lamina.__version__
assert "site-packages" in lamina.__file__, lamina.__file__
rows = {{name: pyarrow.parquet.read_metadata(datasets.path(name)).num_rows for name in datasets.names()}}
assert rows == {{"adult": 48842, "california_housing": 20640}}, rows
for name in lamina.__all__:
    getattr(lamina, name)
"""


def run(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def clean_copy(target: Path) -> Path:
    """What a build reads, without anything built: a wheel must not depend on leftovers of the working tree."""
    ignore = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
    shutil.copytree(ROOT / "src", target / "src", ignore=ignore)
    for name in ["pyproject.toml", "CMakeLists.txt", "README.md", "LICENSE"]:
        shutil.copy(ROOT / name, target)
    return target


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = clean_copy(tmp_path_factory.mktemp("source"))
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, source)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packaged = {name for name in names if name.startswith("lamina/")}
    assert {"lamina/__init__.py", "lamina/py.typed", "lamina/errors.py", "lamina/data/files/adult.parquet"} <= packaged
    pages = {name for name in packaged if Path(name).suffix in OF_PAGES}
    on_disk = {file for file in (ROOT / "src").rglob("lamina/*/**/*.*") if file.suffix in OF_PAGES}
    assert pages == {str(file.relative_to(ROOT / "src")) for file in on_disk} != set()
    assert {Path(name).suffix for name in packaged - pages} <= {".py", ".pyi", ".typed", ".parquet", ".so"}
    assert {re.sub(r"^lamina-[^/]+\.dist-info/.*", "metadata", name) for name in names - packaged} == {"metadata"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert sum(name.endswith("-LICENSE.txt") and "/licenses/" in name for name in names) == 2
    has_kernels = (ROOT / "src/lamina/kernels/module.cpp").exists()
    assert any(name.startswith("lamina/_kernels.") for name in names) == has_kernels


@pytest.mark.slow
def test_the_extension_is_small(wheel):
    """3 MB at most, unpacked: every instruction set in it is a copy of the kernels."""
    with zipfile.ZipFile(wheel) as archive:
        sizes = {one.filename: one.file_size for one in archive.infolist() if one.filename.endswith(".so")}
    assert {name: size for name, size in sizes.items() if size > 3_000_000} == {}
    if (ROOT / "src/lamina/kernels/module.cpp").exists():
        assert list(sizes) != []


@pytest.mark.slow
def test_wheel_works_in_an_empty_environment(wheel, tmp_path):
    """The locked libraries come from the declared dependencies alone, so an undeclared import fails here."""
    venv.create(tmp_path / "empty", with_pip=True)
    python = tmp_path / "empty" / "bin" / "python"
    run(python, "-m", "pip", "install", "--require-hashes", "-r", ROOT / "requirements" / "run.lock")
    run(python, "-m", "pip", "install", "--no-deps", wheel)
    run(python, "-m", "pip", "check")
    run(python, "-I", "-c", SMOKE.format(version=wheel.name.split("-")[1]))
    assert "train" in run(tmp_path / "empty" / "bin" / "lamina", "--help")
