# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Run the test suites that `./run test` has built and add up their results.

    suites.py all | c | lua | py [pytest arguments]

The last line is "N passed, N failed", with ", N skipped" and ", N xfailed" if any
were. A suite that gives no result counts as one failure.
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from reports import Result, read_busted, read_junit, sum_up, tell_reasons

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "results"
# Far above what any suite takes: a hang in a runner itself must not last.
TIME_LIMIT = 20 * 60


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


def with_status(result: Result, status: int) -> Result:
    """A runner that fails has found something, whatever its report says."""
    return result._replace(failed=1) if status and not result.failed else result


def from_junit(name: str, report: Path, command: list[str], **options) -> Result:
    """Run a command that writes a JUnit report."""
    report.unlink(missing_ok=True)
    process = execute(command, **options)
    if process is None or not report.exists():
        return Result(name, failed=1)
    return with_status(read_junit(name, report), process.returncode)


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
    return with_status(read_busted(name, process.stdout), process.returncode)


def run(part: str, arguments: list[str]) -> list[Result]:
    results = []
    if part in ("all", "c"):
        results += [ctest("release"), ctest("asan-ubsan"), ctest("tsan")]
    if part in ("all", "lua"):
        results.append(busted("lua", ["busted", "--lua=lua5.4"]))
    if part in ("all", "py"):
        results.append(pytest(arguments))
    return results


def main() -> int:
    RESULTS.mkdir(parents=True, exist_ok=True)
    # Tests have runtime directories of their own; what forgets to must not meet
    # the user's pipes.
    with tempfile.TemporaryDirectory(prefix="np-tests-") as directory:
        os.environ["NAMEDPIPE_DIR"] = directory
        results = run(sys.argv[1], sys.argv[2:])
    print("\nTests")
    tell_reasons("skipped:", [skip for r in results for skip in r.skips])
    return sum_up(results)


if __name__ == "__main__":
    # A shell starts what it puts into the background with Ctrl-C ignored, and
    # the tests about Ctrl-C would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
