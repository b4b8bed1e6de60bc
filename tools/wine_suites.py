# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Run the tests under Wine that `./run wine-test` has built.

    wine_suites.py all | c | lua | py [pytest arguments]
    wine_suites.py differential [COUNT [SEED]]

The last line is that of suites.py. What is run is what Windows users get: the
wheel in a CPython for Windows, the DLL in a Lua for Windows.

Each suite has a server of Wine's to itself, and a limit of time. When that
server dies, which Wine 8.0's does now and then, the suite has no result: it is
said, and the suite is run a second time. Tests that fail are never repeated.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from reports import LINUX, Result, sum_up, tell_systems
from suites import RESULTS, ROOT, busted, execute, from_junit
from wine_server import WineServer

WINE = ROOT / "tools" / "wine.sh"
FOLDER = ROOT / "build" / "wine"
BUILT = ROOT / "build" / "mingw"
TESTS = ROOT / "tests"
PYTHON = FOLDER / "python" / "python.exe"
LUA = FOLDER / "lua" / "bin" / "lua.exe"

# Seconds: several times what the suite takes, as hangs must not last.
C_LIMIT = 5 * 60
LUA_LIMIT = 3 * 60
PYTHON_LIMIT = 20 * 60
DIFFERENTIAL_LIMIT = 10 * 60

# The parts of pytest's suite that are suites of their own here.
OWN_SUITES = ("conformance", "foreign")

# About a minute; always the same sequences, as others might meet a difference
# that nobody has explained yet.
SEQUENCES = "200"
SEED = "1"

Suite = Callable[[], Result]


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
    shims = TESTS / "lua" / "windows"
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
    result = from_junit("c", report, command, limit=C_LIMIT, env=environment())
    # As tests/c/CMakeLists.txt chooses them.
    programs = {path.stem for path in TESTS.glob("c/test_*.c")}
    native = sum(1 for name in programs if name.startswith("test_native_"))
    left_out = len(programs) - result.passed - result.failed
    return result._replace(
        skipped=left_out,
        skips=(f"{LINUX}C: transport, fork, signals, Win32 spelling",) * left_out,
        only=("C: the calls of core/win32",) * native,
    )


def lua() -> Result:
    helper = windows(TESTS / "lua" / "windows" / "wine.lua")
    command = [str(WINE), str(LUA), windows(shutil.which("busted"))]
    command.append(f"--helper={helper}")
    return busted("lua", command, limit=LUA_LIMIT, env=environment())


def pytest(name: str, arguments: list[str]) -> Result:
    report = RESULTS / f"pytest-wine-{name}.xml"
    command = [str(WINE), str(PYTHON), "-X", "dev", "-m", "pytest"]
    command += ["-o", f"cache_dir={windows(ROOT / 'build' / 'cache' / 'pytest-wine')}"]
    command += [f"--junitxml={windows(report)}", *arguments]
    return from_junit(name, report, command, limit=PYTHON_LIMIT, env=environment())


def differential(count: str = SEQUENCES, seed: str = SEED) -> Result:
    """One test: the same random calls here and under Wine."""
    library = windows(BUILT / "libnamedpipe.dll")
    command = [sys.executable, "-u", "-m", "model.differential", count, seed]
    command += [str(WINE), str(PYTHON), "-m", "conformance.backend", library]
    paths = {"PYTHONPATH": str(TESTS), "NAMEDPIPE_WINE": str(FOLDER)}
    process = execute(command, limit=DIFFERENTIAL_LIMIT, env=os.environ | paths)
    done = process is not None and process.returncode == 0
    return Result("differential", passed=int(done), failed=int(not done))


def run(suite: Suite) -> Result:
    """With a server of its own; once more if that dies."""
    started = time.monotonic()
    for again in (True, False):
        with WineServer(FOLDER / "prefix") as server:
            result = suite()
            death = server.death()
        seconds = round(time.monotonic() - started)
        if not death:
            print(f"{result.name}: {seconds} s", flush=True)
            return result
        print(
            f"\nWINE'S SERVER HAS DIED ({death}) under the suite {result.name}, after"
            f" {seconds} s: what that has shown means nothing.",
            "It is run once more." if again else "It has been run twice.",
            flush=True,
        )
    return Result(result.name, failed=1)


def suites(part: str, arguments: list[str]) -> list[Suite]:
    if part == "py" and arguments:
        return [partial(pytest, "python", arguments)]
    if part == "differential":
        return [partial(differential, *arguments)]
    own = [f"tests/{name}" for name in OWN_SUITES]
    python: list[Suite] = [
        partial(pytest, "verbs", ["tests", *(f"--ignore={name}" for name in own)]),
        *(partial(pytest, name, [f"tests/{name}"]) for name in OWN_SUITES),
    ]
    parts = {"c": [ctest], "lua": [lua], "py": python}
    if part == "all":
        return [ctest, lua, *python, differential]
    return parts[part]


def main() -> int:
    part, *arguments = sys.argv[1:]
    RESULTS.mkdir(parents=True, exist_ok=True)
    results = [run(suite) for suite in suites(part, arguments)]
    tell_systems(results)
    return sum_up(results)


if __name__ == "__main__":
    sys.exit(main())
