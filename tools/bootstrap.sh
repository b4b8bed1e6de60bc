#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

# Bring this machine to where namedpipe can be built, and with the words "test",
# "check", "wine" or "bench" also tested, checked, built and tested for Windows,
# or compared with others:
#
#     tools/bootstrap.sh [test] [check] [wine] [bench]
#
# Looks for things, not for packages, so any way of having installed them will
# do. Silent and quick when nothing is missing. Otherwise installs Debian
# packages where that is allowed without a password, or says what to install.

set -eu

python=${PYTHON:-python3}
export DEBIAN_FRONTEND=noninteractive

# need PACKAGE COMMAND...: PACKAGE is missing when COMMAND fails.
need() {
    package=$1
    shift
    "$@" >/dev/null 2>&1 </dev/null || missing="$missing $package"
}

# want PACKAGE COMMAND...: the same, but it goes without.
want() {
    package=$1
    shift
    "$@" >/dev/null 2>&1 </dev/null || wanted="$wanted $package"
}

have_libc_headers() {
    printf '#include <pthread.h>\n' | cc -E -
}

have_cxx() {
    printf '#include <cstddef>\n' | c++ -E -x c++ -
}

have_python_headers() {
    "$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))'
}

have_wine64() {
    WINEDEBUG=-all wine --version
}

have_header() {
    printf '#include <%s>\n' "$1" | cc -E -
}

look() {
    missing=
    wanted=
    need gcc command -v cc
    need libc6-dev have_libc_headers
    need cmake command -v cmake
    need ninja-build command -v ninja
    need pkg-config command -v pkg-config
    need lua5.4 command -v lua5.4
    need liblua5.4-dev pkg-config --exists lua5.4
    need python3 command -v "$python"
    need python3-dev have_python_headers
    need python3-venv "$python" -c 'import ensurepip, venv'
    for purpose in "$@"; do
        case $purpose in
        test)
            need lua-busted lua5.4 -e 'require "busted"'
            need lua-socket lua5.4 -e 'require "socket"'
            ;;
        check)
            need clang-format command -v clang-format
            need lua-check command -v luacheck
            need luarocks command -v luarocks
            need shellcheck command -v shellcheck
            need g++ have_cxx
            ;;
        wine)
            need gcc-mingw-w64-x86-64 command -v x86_64-w64-mingw32-gcc
            need wine command -v wine
            need wine64 have_wine64
            need maven command -v mvn
            need lua-busted lua5.4 -e 'require "busted"'
            ;;
        bench)
            want lua-socket lua5.4 -e 'require "socket.unix"'
            want lua-luv lua5.4 -e 'require "luv"'
            want libuv1-dev have_header uv.h
            want libzmq3-dev have_header zmq.h
            want libnng-dev have_header nng/nng.h
            ;;
        *)
            echo "bootstrap.sh: unknown purpose: $purpose" >&2
            exit 2
            ;;
        esac
    done
}

# as_root ARGUMENT...: apt-get as root, never asking anything.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        apt-get "$@" </dev/null
    else
        sudo -n env DEBIAN_FRONTEND="$DEBIAN_FRONTEND" apt-get "$@" </dev/null
    fi
}

may_install() {
    command -v apt-get >/dev/null &&
        { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

# install PACKAGE...: what went wrong is shown.
install() {
    echo "installing: $*"
    log=$(mktemp)
    as_root -qq -y --no-install-recommends install "$@" >"$log" 2>&1 ||
        cat "$log" >&2
    rm -f "$log"
}

# The lists are left unquoted on purpose: they are split into packages.
# shellcheck disable=SC2086
install_all() {
    as_root -qq update >/dev/null || true # the installing shows it
    [ -z "$missing" ] || install $missing
    for package in $wanted; do
        install "$package"
    done
}

look "$@"
if [ -n "$missing$wanted" ] && may_install; then
    install_all
    look "$@"
fi
if [ -n "$wanted" ]; then
    echo "it goes without, but more can be measured with these Debian" \
        "packages:$wanted" >&2
fi
if [ -n "$missing" ]; then
    echo "namedpipe needs what these Debian packages bring; please install" \
        "them and run this again:$missing" >&2
    exit 1
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "namedpipe needs Python 3.11 or newer and $python is" \
        "$("$python" -V 2>&1); name another one: PYTHON=/path/to/python3" >&2
    exit 1
fi
