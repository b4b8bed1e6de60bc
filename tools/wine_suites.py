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

Programs under Wine wait for its server half of the time, so two suites run at
once, each in a prefix of its own; what one prints is shown when it has ended.
"""

import os
import queue
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

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

# How many suites run at once.
LANES = min(2, os.cpu_count() or 1)


class Lane(NamedTuple):
    """Where a suite runs, and where that which it prints goes."""

    prefix: Path
    output: IO[bytes] | None = None

    def options(self, **variables: str) -> dict[str, Any]:
        found = os.environ | {"NAMEDPIPE_WINE_PREFIX": str(self.prefix)} | variables
        if self.output is None:
            return {"env": found}
        return {"env": found, "stdout": self.output, "stderr": subprocess.STDOUT}


Suite = Callable[[Lane], Result]


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


def variables() -> dict[str, str]:
    modules = [BUILT / "lua" / "?.dll", FOLDER / "lua" / "modules" / "?.dll"]
    return {
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


def ctest(lane: Lane) -> Result:
    report = RESULTS / "ctest-mingw.xml"
    command = ["ctest", "--preset", "mingw", "--output-junit", str(report)]
    options = lane.options(**variables())
    result = from_junit("c", report, command, limit=C_LIMIT, **options)
    # As tests/c/CMakeLists.txt chooses them.
    programs = {path.stem for path in TESTS.glob("c/test_*.c")}
    native = sum(1 for name in programs if name.startswith("test_native_"))
    left_out = len(programs) - result.passed - result.failed
    return result._replace(
        skipped=left_out,
        skips=(f"{LINUX}C: transport, fork, signals, Win32 spelling",) * left_out,
        only=("C: the calls of core/win32",) * native,
    )


def lua(lane: Lane) -> Result:
    helper = windows(TESTS / "lua" / "windows" / "wine.lua")
    command = [str(WINE), str(LUA), windows(shutil.which("busted"))]
    command.append(f"--helper={helper}")
    # What it prints is collected anyway.
    options = lane._replace(output=None).options(**variables())
    return busted("lua", command, limit=LUA_LIMIT, **options)


def pytest(name: str, arguments: list[str], lane: Lane) -> Result:
    report = RESULTS / f"pytest-wine-{name}.xml"
    command = [str(WINE), str(PYTHON), "-X", "dev", "-m", "pytest"]
    cache = ROOT / "build" / "cache" / f"pytest-wine-{name}"
    command += ["-o", f"cache_dir={windows(cache)}"]
    command += [f"--junitxml={windows(report)}", *arguments]
    options = lane.options(**variables())
    return from_junit(name, report, command, limit=PYTHON_LIMIT, **options)


def differential(arguments: list[str], lane: Lane) -> Result:
    """One test: the same random calls here and under Wine."""
    library = windows(BUILT / "libnamedpipe.dll")
    numbers = [*arguments, *[SEQUENCES, SEED][len(arguments) :]]
    command = [sys.executable, "-u", "-m", "model.differential", *numbers]
    command += [str(WINE), str(PYTHON), "-m", "conformance.backend", library]
    paths = {"PYTHONPATH": str(TESTS), "NAMEDPIPE_WINE": str(FOLDER)}
    process = execute(command, limit=DIFFERENTIAL_LIMIT, **lane.options(**paths))
    done = process is not None and process.returncode == 0
    return Result("differential", passed=int(done), failed=int(not done))


def run(suite: Suite, lane: Lane) -> Result:
    """With a server of its own; once more if that dies."""
    started = time.monotonic()
    for again in (True, False):
        with WineServer(lane.prefix) as server:
            result = suite(lane)
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


def prefix(number: int) -> Path:
    """A prefix like the first, with the same files and a registry of its own; each
    prefix has a server of its own."""
    first = FOLDER / "prefix"
    if number == 0:
        return first
    made = FOLDER / f"prefix-{number}"
    shutil.rmtree(made, ignore_errors=True)
    skipped = shutil.ignore_patterns("drive_c")
    shutil.copytree(first, made, symlinks=True, ignore=skipped)
    (made / "drive_c").symlink_to(first / "drive_c")
    return made


def run_in_lanes(suites: list[Suite]) -> list[Result]:
    """In their order, as prefixes become free."""
    free: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for number in range(LANES):
        free.put(prefix(number))

    def run_in_one(suite: Suite) -> Result:
        where = free.get()
        log = FOLDER / f"{where.name}.txt"
        try:
            with log.open("wb") as output:
                result = run(suite, Lane(where, output))
            # In one piece, whatever the others print.
            head = f"\n{'-' * 30} {result.name}\n"
            print(head + log.read_text(errors="replace"), end="", flush=True)
            return result
        finally:
            free.put(where)

    with ThreadPoolExecutor(LANES) as pool:
        return list(pool.map(run_in_one, suites))


def python_suites() -> list[Suite]:
    """The long ones first."""
    own = [partial(pytest, name, [f"tests/{name}"]) for name in OWN_SUITES]
    files = sorted(
        path.relative_to(ROOT).as_posix()
        for path in TESTS.rglob("test_*.py")
        if path.parent.name not in OWN_SUITES
    )
    halves = [partial(pytest, f"verbs-{i + 1}", files[i::2]) for i in range(2)]
    return [*halves, *own]


def suites(part: str, arguments: list[str]) -> list[Suite]:
    if part == "py" and arguments:
        return [partial(pytest, "python", arguments)]
    if part == "differential":
        return [partial(differential, arguments)]
    parts: dict[str, list[Suite]] = {"c": [ctest], "lua": [lua], "py": python_suites()}
    if part == "all":
        return [*parts["py"], partial(differential, []), lua, ctest]
    return parts[part]


def main() -> int:
    part, *arguments = sys.argv[1:]
    RESULTS.mkdir(parents=True, exist_ok=True)
    chosen = suites(part, arguments)
    if len(chosen) == 1:
        results = [run(chosen[0], Lane(prefix(0)))]
    else:
        results = run_in_lanes(chosen)
    tell_systems(results)
    return sum_up(results)


if __name__ == "__main__":
    sys.exit(main())
