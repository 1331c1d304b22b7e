#!/usr/bin/env bash
# Compile the kernels for arm64 and run their tests on an emulated processor: `make neon`, on Debian or its kin, amd64.
# A cross compiler, qemu and an arm64 Python come as Debian's packages and are unpacked into build/neon: nothing is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
uv=$(realpath -s "${1:?expected the uv of build/release}")
py=$(realpath -s "${2:?expected the Python of an environment with the dev packages}")
here=$PWD/build/neon
tools=$here/tools arm=$here/arm64 packages=$here/packages

of_this_machine="qemu-user-static binutils-aarch64-linux-gnu binutils-common
    gcc-12-aarch64-linux-gnu g++-12-aarch64-linux-gnu cpp-12-aarch64-linux-gnu
    libgcc-12-dev-arm64-cross libstdc++-12-dev-arm64-cross libc6-dev-arm64-cross libc6-arm64-cross
    linux-libc-dev-arm64-cross libgcc-s1-arm64-cross libstdc++6-arm64-cross"
of_arm64="libc6 libgcc-s1 libstdc++6 zlib1g libexpat1 libssl3 libffi8 libbz2-1.0 liblzma5 libsqlite3-0 libuuid1
    python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libpython3.11-dev"

fetch() { # apt with lists of its own: bookworm's, whose Python 3.11 and GCC 12 belong together
    mkdir -p "$packages"/{lists/partial,cache/archives/partial,amd64,arm64}
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main" \
        > "$packages/sources.list"
    cat > "$packages/apt.conf" <<EOF
Dir::Etc::sourcelist "$packages/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$packages/lists";
Dir::Cache "$packages/cache";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
EOF
    export APT_CONFIG=$packages/apt.conf
    apt-get -qq update
    (cd "$packages/amd64" && apt-get -qq download $of_this_machine)
    (cd "$packages/arm64" && apt-get -qq download $(printf '%s:arm64 ' $of_arm64))
    for deb in "$packages"/amd64/*.deb; do dpkg-deb -x "$deb" "$tools"; done
    for deb in "$packages"/arm64/*.deb; do dpkg-deb -x "$deb" "$arm"; done
    # The linker's scripts name the place where the packages would have been installed.
    sed -i "s|/usr/aarch64-linux-gnu|$tools/usr/aarch64-linux-gnu|g" "$tools"/usr/aarch64-linux-gnu/lib/lib{c,m}.so
    touch "$here/.fetched"
}

libraries() { # the wheels of arm64, of the locked versions
    "$uv" pip install --quiet --python "$py" --python-platform aarch64-manylinux_2_28 --python-version 3.11 \
        --target "$here/site" --require-hashes -r requirements/run.lock
    grep -oE '^(pytest|hypothesis|pandas)==[^ ]+' requirements/dev.lock > "$here/tests.txt"
    "$uv" pip install --quiet --python "$py" --python-platform aarch64-manylinux_2_28 --python-version 3.11 \
        --target "$here/site" -r "$here/tests.txt"
    touch "$here/.libraries"
}

build() {
    cat > "$here/arm64.cmake" <<EOF
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER $tools/usr/bin/aarch64-linux-gnu-g++-12)
set(CMAKE_CXX_FLAGS_INIT "-B$tools/usr/bin/aarch64-linux-gnu- -idirafter $arm/usr/include")
EOF
    rm -rf "$here/package" && mkdir -p "$here/package"
    export LD_LIBRARY_PATH=$tools/usr/lib/x86_64-linux-gnu # of the assembler and the linker
    cmake -S . -B "$here/kernels" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON \
        -DCMAKE_TOOLCHAIN_FILE="$here/arm64.cmake" \
        -DPython_EXECUTABLE="$py" -DPython_INCLUDE_DIR="$arm/usr/include/python3.11" \
        -Dnanobind_DIR="$("$py" -m nanobind --cmake_dir)"
    cmake --build "$here/kernels"
    unset LD_LIBRARY_PATH
    cp -r src/lamina "$here/package/"
    cp "$here/kernels"/_kernels*.so "$here/package/lamina/_kernels.so"
}

[[ -e $here/.fetched ]] || fetch
[[ -e $here/.libraries ]] || libraries
build

on_arm64() {
    PYTHONPATH="$here/package:$here/site" OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1 \
        "$tools"/usr/bin/qemu-aarch64-static -L "$arm" "$arm"/usr/bin/python3.11 "$@"
}

# The same bits as on this processor: what a few networks learn and predict.
digest='
import hashlib, sys
sys.path[:0] = ["tests/contract"]
from lamina import _kernels
from test_same_bits import of_all_networks
print(*_kernels.paths(), hashlib.sha256(of_all_networks()).hexdigest())
'
here_digest=$("$py" -c "$digest") there_digest=$(on_arm64 -c "$digest")
printf 'this processor: %s\narm64:          %s\n' "$here_digest" "$there_digest"
[[ ${here_digest##* } == "${there_digest##* }" ]] || { echo "other bits on arm64" >&2; exit 1; }

# Within one process: an emulated Python can start no other. NumPy's products of single precision raise flags here that
# mean nothing: all their numbers are finite, and agree.
on_arm64 -m pytest -q -p no:cacheprovider -p no:xdist -W "ignore:divide by zero encountered in matmul:RuntimeWarning" \
    tests/contract/test_engines_agree.py tests/kernels/test_elementary.py tests/contract/test_same_bits.py \
    -k "not process and not fork and not in_any_company and not threads"
