# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Run the tests under Wine that `./run wine-test` has built.

    wine_suites.py all | c | lua | py [pytest arguments]

The last line is that of suites.py. What is run is what Windows users get: the
wheel in a CPython for Windows, the DLL in a Lua for Windows.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from suites import RESULTS, ROOT, Result, busted, from_junit, sum_up

WINE = ROOT / "tools" / "wine.sh"
FOLDER = ROOT / "build" / "wine"
BUILT = ROOT / "build" / "mingw"
PYTHON = FOLDER / "python" / "python.exe"
LUA = FOLDER / "lua" / "bin" / "lua.exe"
TIME_LIMIT = 40 * 60


def windows(path: Path | str) -> str:
    """A path as programs under Wine have it; all of / is drive Z:."""
    return f"Z:{path}".replace("/", "\\")


def debian_lua_files() -> str:
    """Where this system has busted and what it needs, in plain Lua."""
    script = 'print((package.searchpath("busted.core", package.path)))'
    found = subprocess.run(
        ["lua5.4", "-e", script], capture_output=True, text=True, check=True
    )
    folder = Path(found.stdout.strip()).parent.parent
    shims = ROOT / "tests" / "lua" / "windows"
    files = [shims / "?.lua", folder / "?.lua", folder / "?" / "init.lua"]
    return ";".join([*map(windows, files), ".\\?.lua"])


def environment() -> dict[str, str]:
    modules = [BUILT / "lua" / "?.dll", FOLDER / "lua" / "modules" / "?.dll"]
    return {
        **os.environ,
        "NAMEDPIPE_WINE": str(FOLDER),
        "NAMEDPIPE_LIBRARY": windows(BUILT / "libnamedpipe.dll"),
        "NAMEDPIPE_C_PEER": windows(BUILT / "tests" / "peers" / "peer.exe"),
        "NAMEDPIPE_EXAMPLES": windows(BUILT / "examples" / "win32"),
        "LUA": windows(LUA),
        "LUA_PATH": debian_lua_files(),
        "LUA_CPATH": ";".join(map(windows, modules)),
        # For whatever starts lua.exe by its name, in front of Windows' PATH.
        "WINEPATH": windows(LUA.parent),
    }


def ctest() -> Result:
    report = RESULTS / "ctest-mingw.xml"
    command = ["ctest", "--preset", "mingw", "--output-junit", str(report)]
    return from_junit("c, wine", report, command, env=environment())


def lua() -> Result:
    helper = windows(ROOT / "tests" / "lua" / "windows" / "wine.lua")
    command = [str(WINE), str(LUA), windows(shutil.which("busted"))]
    command.append(f"--helper={helper}")
    return busted("lua, wine", command, env=environment())


def pytest(arguments: list[str]) -> Result:
    report = RESULTS / "pytest-wine.xml"
    command = [str(WINE), str(PYTHON), "-X", "dev", "-m", "pytest"]
    command += ["-o", f"cache_dir={windows(ROOT / 'build' / 'cache' / 'pytest-wine')}"]
    command += [f"--junitxml={windows(report)}", *arguments]
    return from_junit(
        "python, wine", report, command, limit=TIME_LIMIT, env=environment()
    )


def stop_wine() -> None:
    """End what a suite may have left: a hang in one leaves its processes."""
    prefix = {"WINEPREFIX": str(FOLDER / "prefix")}
    subprocess.run(["wineserver", "-k"], env=os.environ | prefix, check=False)


def main() -> int:
    part, *arguments = sys.argv[1:]
    RESULTS.mkdir(parents=True, exist_ok=True)
    results = []
    try:
        if part in ("all", "c"):
            results.append(ctest())
        if part in ("all", "lua"):
            results.append(lua())
        if part in ("all", "py"):
            results.append(pytest(arguments))
    finally:
        stop_wine()
    return sum_up(results)


if __name__ == "__main__":
    sys.exit(main())
