#!/usr/bin/env bash
# Build the kernels with sanitizers into build/sanitize and run their tests on each build: `make sanitize`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
py=$(realpath -s "${1:?expected the Python of an environment with the dev packages}")
export PATH="$(dirname "$py"):$PATH" OMP_NUM_THREADS=2 OPENBLAS_NUM_THREADS=1

# Tests within the process, on the package in front of the path: an editable install would step in otherwise.
run='
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "ScikitBuild" not in type(finder).__name__]
sys.path.insert(0, sys.argv.pop(1))
import pytest
from lamina import _kernels
print(_kernels.__file__)
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[1:]]))
'

# Its allocator is the sanitizer's: these ask the operating system how much memory is used or left.
not_these=(--deselect tests/kernels/test_safety.py::test_a_failed_allocation_is_a_memory_error
           --deselect tests/kernels/test_safety.py::test_a_prediction_too_large_says_what_it_needs
           --deselect tests/kernels/test_leaks.py)

check() { # sanitizer, library, tests...
    local folder=build/sanitize/$1 library=$2
    mkdir -p "$folder/package"
    cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=None -DLAMINA_SANITIZE="$1" -DLAMINA_WITHOUT_V4=ON \
        -DPython_EXECUTABLE="$py" -Dnanobind_DIR="$("$py" -m nanobind --cmake_dir)"
    cmake --build "$folder"
    cp -r src/lamina "$folder/package/"
    cp "$folder"/_kernels*.so "$folder/package/lamina/"
    LD_PRELOAD="$(gcc -print-file-name="$library") $(gcc -print-file-name=libstdc++.so.6)" \
        ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1 \
        "$py" -c "$run" "$folder/package" "${@:3}" "${not_these[@]}"
}

check address libasan.so tests/kernels tests/contract/test_engines_agree.py
check undefined libubsan.so tests/kernels tests/contract/test_engines_agree.py
check thread libtsan.so tests/contract/test_same_bits.py tests/contract/test_many_at_once.py -k "threads and not fork"
