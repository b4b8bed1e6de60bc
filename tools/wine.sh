#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

# Run a Windows program under Wine, in the prefix that tools/wine-env.sh made:
#
#     tools/wine.sh PROGRAM.exe [ARGUMENT...]
#
# NAMEDPIPE_WINE names the folder of that environment if it is not build/wine,
# NAMEDPIPE_WINE_PREFIX Wine's prefix if it is not the one there.

set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
folder=${NAMEDPIPE_WINE:-$root/build/wine}
export WINEPREFIX="${NAMEDPIPE_WINE_PREFIX:-$folder/prefix}"
export WINEARCH=win64
export WINEDEBUG="${WINEDEBUG:--all}"
# No .NET, no HTML: neither is there, and Wine would offer to download them.
export WINEDLLOVERRIDES="mscoree,mshtml="
unset DISPLAY WAYLAND_DISPLAY

# Python for Windows does not start with a terminal or a regular file as one of
# its standard streams.
if [ -t 0 ] || [ -f /dev/fd/0 ]; then
    exec </dev/null
fi
if [ -p /dev/fd/1 ] && [ -p /dev/fd/2 ]; then
    exec wine "$@"
fi
exec 3>&1
status=$({
    {
        wine "$@" 2>&1 3>&- 4>&- || echo $? >&4
    } | cat >&3
} 4>&1)
exit "${status:-0}"
