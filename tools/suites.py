# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Run the test suites that `./run test` has built and add up their results.

    suites.py all | c | lua | py [pytest arguments]

The last line is "N passed, N failed", with ", N skipped" if any were. A suite
that gives no result counts as one failure.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "results"
# Far above what any suite takes: a hang in a runner itself must not last.
TIME_LIMIT = 20 * 60


class Result(NamedTuple):
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0


def execute(
    command: list[str], limit: float = TIME_LIMIT, **options
) -> subprocess.CompletedProcess | None:
    """Run a suite, showing what it prints; None if it did not end."""
    print("\n$", " ".join(command), flush=True)
    try:
        return subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            timeout=limit,
            check=False,
            **options,
        )
    except subprocess.TimeoutExpired:
        print(f"not finished after {limit} s", flush=True)
        return None


def from_junit(name: str, report: Path, command: list[str], **options) -> Result:
    """Run a command that writes a JUnit report."""
    report.unlink(missing_ok=True)
    process = execute(command, **options)
    if process is None or not report.exists():
        return Result(name, failed=1)
    root = ET.parse(report).getroot()
    suites = [root] if root.tag == "testsuite" else root.findall("testsuite")

    def count(*keys: str) -> int:
        return sum(int(s.get(key, 0)) for s in suites for key in keys)

    failed = count("failures", "errors")
    skipped = count("skipped", "disabled")
    passed = count("tests") - failed - skipped
    if process.returncode != 0 and failed == 0:
        failed = 1
    return Result(name, passed, failed, skipped)


def ctest(preset: str) -> Result:
    report = RESULTS / f"ctest-{preset}.xml"
    # The stress tests keep two processors busy each; a few at a time are fine.
    jobs = str(os.cpu_count() or 1)
    return from_junit(
        f"c, {preset}",
        report,
        ["ctest", "--preset", preset, "-j", jobs, "--output-junit", str(report)],
    )


def pytest(arguments: list[str]) -> Result:
    report = RESULTS / "pytest.xml"
    command = [sys.executable, "-X", "dev", "-m", "pytest"]
    command += ["-o", f"cache_dir={ROOT}/build/cache/pytest"]
    return from_junit("python", report, [*command, f"--junitxml={report}", *arguments])


def busted(name: str, command: list[str], **options) -> Result:
    process = execute(
        [*command, "-o", "plainTerminal", "tests/lua"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        **options,
    )
    if process is None:
        return Result(name, failed=1)
    print(process.stdout, end="", flush=True)
    numbers = re.search(
        r"(\d+) success\w* / (\d+) failure\w* / (\d+) error\w* / (\d+) pending",
        process.stdout,
    )
    if not numbers:
        return Result(name, failed=1)
    passed, failures, errors, skipped = map(int, numbers.groups())
    failed = failures + errors
    if process.returncode != 0 and failed == 0:
        failed = 1
    return Result(name, passed, failed, skipped)


def run(part: str, arguments: list[str]) -> list[Result]:
    results = []
    if part in ("all", "c"):
        results += [ctest("release"), ctest("asan-ubsan"), ctest("tsan")]
    if part in ("all", "lua"):
        results.append(busted("lua", ["busted", "--lua=lua5.4"]))
    if part in ("all", "py"):
        results.append(pytest(arguments))
    return results


def sum_up(results: list[Result]) -> int:
    """Say how it went; the exit status."""
    print()
    for result in results:
        state = "FAILED" if result.failed or not result.passed else "ok"
        print(f"{result.name:16} {state:6}", *result[1:])
    passed, failed, skipped = (sum(r[i] for r in results) for i in (1, 2, 3))
    # Nothing run is nothing shown.
    empty = sum(1 for r in results if not any(r[1:]))
    failed += empty
    line = f"{passed} passed, {failed} failed"
    print(f"{line}, {skipped} skipped" if skipped else line, flush=True)
    return 1 if failed else 0


def main() -> int:
    RESULTS.mkdir(parents=True, exist_ok=True)
    # Tests have runtime directories of their own; what forgets to must not meet
    # the user's pipes.
    with tempfile.TemporaryDirectory(prefix="np-tests-") as directory:
        os.environ["NAMEDPIPE_DIR"] = directory
        results = run(sys.argv[1], sys.argv[2:])
    return sum_up(results)


if __name__ == "__main__":
    # A shell starts what it puts into the background with Ctrl-C ignored, and
    # the tests about Ctrl-C would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
