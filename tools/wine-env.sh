#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

# Make what runs Windows programs on this machine, in a folder:
#
#     tools/wine-env.sh [FOLDER]        (build/wine if not said)
#
#     prefix/    what Wine calls its prefix: drive C: and the registry
#     python/    CPython for Windows, with the test tools and pywin32
#     lua/       Lua 5.4 for Windows: bin, include, lib, and in modules the C
#                modules that busted needs
#
# Each part is made once and again when what is said about it here changes.
# Needs `tools/bootstrap.sh wine`. PYTHON names a Linux Python that has pip.

set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
mkdir -p "${1:-$root/build/wine}"
folder=$(cd "${1:-$root/build/wine}" && pwd)
export NAMEDPIPE_WINE="$folder"

cpython=org.bytedeco:cpython:3.13.0-1.5.11:jar:windows-x86_64
python_version=3.13
# colorama is what pytest wants on Windows only; pip resolves for this system.
wheels="pytest>=9.0 pytest-timeout>=2.4 hypothesis>=6.140 colorama pywin32==311"
lua_sources="lua5.4 lua-filesystem lua-term"

# once NAME WHAT: make_NAME unless it was made before with the same WHAT.
once() {
    if [ "$(cat "$folder/$1.stamp" 2>/dev/null)" = "$2" ]; then
        return
    fi
    echo "wine: making $1" >&2
    rm -f "$folder/$1.stamp"
    # In the background, because within a condition the shell forgets -e.
    "make_$1" >"$folder/$1.log" 2>&1 </dev/null &
    if ! wait $!; then
        cat "$folder/$1.log" >&2
        echo "wine-env.sh: $1 could not be made" >&2
        exit 1
    fi
    echo "$2" >"$folder/$1.stamp"
}

mingw() {
    x86_64-w64-mingw32-gcc -O2 -static-libgcc "$@"
}

make_prefix() {
    rm -rf "$folder/prefix"
    "$root/tools/wine.sh" wineboot --init
    # Wine would otherwise say that it is Windows 7.
    "$root/tools/wine.sh" winecfg -v win10
    # The registry is written when the last process has gone.
    WINEPREFIX="$folder/prefix" wineserver -w
}

make_python() {
    rm -rf "$folder/python" "$folder/unpacked" "$folder/download"
    mkdir "$folder/download" "$folder/unpacked"
    mvn -q -B dependency:copy -Dartifact="$cpython" \
        -DoutputDirectory="$folder/download"
    "$python" -m zipfile -e "$folder"/download/cpython-*.jar "$folder/unpacked"
    mv "$folder"/unpacked/org/bytedeco/cpython/windows-x86_64 "$folder/python"
    # Python's own tests, two thirds of all files; and what asks the system for
    # its version in a way that ends the process in Wine. Python can do without.
    rm -rf "$folder/python/lib/test" "$folder/python/lib/_wmi.pyd" \
        "$folder/unpacked" "$folder/download"
    build_python3_dll
}

# python3.dll, which the extension asks for, is missing from the artifact. It
# sends each name of the stable interface on to the DLL of this very version.
build_python3_dll() {
    cd "$folder/python"
    dll=$(basename python3?*.dll .dll)
    {
        echo EXPORTS
        x86_64-w64-mingw32-nm libs/python3.lib |
            sed -n "s/^.* I __imp_\(.*\)$/\1 = $dll.\1/p"
    } >python3.def
    mingw -shared -nostdlib -Wl,--entry=0 -o python3.dll python3.def
    rm python3.def
}

make_wheels() {
    # The list is left unquoted on purpose: it is split into requirements.
    # shellcheck disable=SC2086
    "$python" -m pip install --no-input --upgrade \
        --platform win_amd64 --python-version "$python_version" \
        --only-binary=:all: --target "$folder/python/lib/site-packages" $wheels
}

# fetch_sources NAME...: the original archives of Debian's source packages, of
# the mirror this system uses for its binary packages.
fetch_sources() {
    mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
    # apt-get fills in what looks like substitutions.
    # shellcheck disable=SC2016
    apt-get indextargets 'Created-By: Packages' 'Origin: Debian' --format \
        'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' |
        sort -u >"$folder/apt/sources.list"
    apt_with_sources -q update
    (cd "$folder/download" &&
        apt_with_sources -q --tar-only source "$@")
    rm -rf "$folder/apt"
}

apt_with_sources() {
    apt-get -o "Dir::Etc::SourceList=$folder/apt/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null \
        -o "Dir::State::Lists=$folder/apt/lists" \
        -o "Dir::Cache=$folder/apt/cache" "$@"
}

unpack() {
    mkdir "$folder/unpacked/$1"
    tar -xf "$folder"/download/"$1"_*.orig.tar.* --strip-components=1 \
        -C "$folder/unpacked/$1"
}

make_lua() {
    rm -rf "$folder/lua" "$folder/unpacked" "$folder/download"
    mkdir -p "$folder/download" "$folder/unpacked" "$folder/lua/bin" \
        "$folder/lua/include" "$folder/lua/lib" "$folder/lua/modules/term"
    # The list is left unquoted on purpose: it is split into packages.
    # shellcheck disable=SC2086
    fetch_sources $lua_sources
    for name in $lua_sources; do
        unpack "$name"
    done
    build_lua
    build_modules
    rm -rf "$folder/unpacked" "$folder/download"
}

build_lua() {
    cd "$folder/unpacked/lua5.4/src"
    mkdir programs
    mv lua.c luac.c programs
    mingw -DLUA_BUILD_AS_DLL -shared -o "$folder/lua/bin/lua54.dll" ./*.c \
        "-Wl,--out-implib,$folder/lua/lib/liblua54.dll.a"
    mingw -DLUA_BUILD_AS_DLL -I. -o "$folder/lua/bin/lua.exe" programs/lua.c \
        "$folder/lua/lib/liblua54.dll.a"
    cp lua.h luaconf.h lualib.h lauxlib.h lua.hpp "$folder/lua/include"
}

build_modules() {
    cd "$folder/unpacked"
    module lfs lua-filesystem/src/lfs.c
    module term/core lua-term/core.c
}

module() {
    output=$1
    shift
    mingw -DLUA_BUILD_AS_DLL "-I$folder/lua/include" -shared \
        -o "$folder/lua/modules/$output.dll" "$@" \
        "$folder/lua/lib/liblua54.dll.a"
}

once prefix "$(wine --version 2>/dev/null), as Windows 10"
once python "$cpython without _wmi"
once wheels "$(cat "$folder/python.stamp") $wheels"
once lua "$lua_sources, $(x86_64-w64-mingw32-gcc -dumpfullversion)"
