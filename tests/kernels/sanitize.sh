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
           --deselect tests/kernels/test_leaks.py
           # Long, and in a process of its own, which would take the installed kernels.
           --deselect tests/contract/test_many_at_once.py::test_ctrl_c_stops_all_of_them
           # Whole trainings, for half a minute, through kernels that the others reach.
           --deselect tests/contract/test_bfloat16.py::test_scores_are_those_of_float32_within_noise
           --deselect tests/contract/test_bfloat16.py::test_steps_lower_the_cost_as_those_of_float32_do)
every_kernel=(tests/kernels tests/contract/test_{engines_agree,bfloat16,many_at_once}.py)

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

check address libasan.so "${every_kernel[@]}"
check undefined libubsan.so "${every_kernel[@]}"
check thread libtsan.so tests/contract/test_same_bits.py tests/contract/test_many_at_once.py -k "threads and not fork"
