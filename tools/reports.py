# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What the reports of test runners say, and how it is told."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import NamedTuple

# How the reason begins for which a test is skipped on Windows.
LINUX = "Linux only: "


class Result(NamedTuple):
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    # Those that failed as a table says they must.
    xfailed: int = 0
    # Why tests were skipped; why tests that ran are for this system only.
    skips: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


def read_junit(name: str, report: Path) -> Result:
    cases = list(ET.parse(report).getroot().iter("testcase"))
    # A test and what was made for it may fail both; pytest counts that twice.
    failed = sum(len(c.findall("failure") + c.findall("error")) for c in cases)
    broken = sum(1 for c in cases if {"failure", "error"} & {e.tag for e in c})
    not_run = [e for c in cases for e in c.findall("skipped")]
    xfailed = sum(1 for e in not_run if e.get("type") == "pytest.xfail")
    skips = tuple(
        e.get("message", "") for e in not_run if e.get("type") != "pytest.xfail"
    )
    properties = [e for c in cases for e in c.iter("property")]
    only = tuple(e.get("value", "") for e in properties if e.get("name") == "only")
    passed = len(cases) - broken - len(not_run)
    return Result(name, passed, failed, len(skips), xfailed, skips, only)


def read_busted(name: str, output: str) -> Result:
    numbers = re.search(
        r"(\d+) success\w* / (\d+) failure\w* / (\d+) error\w* / (\d+) pending", output
    )
    if not numbers:
        return Result(name, failed=1)
    passed, failures, errors, skipped = map(int, numbers.groups())
    pending = re.findall(r"^Pending -> .*\n(.*)$", output, re.MULTILINE)
    skips = tuple(
        re.sub(r"^(.*) \(Linux only\)$", rf"{LINUX}\1", title) for title in pending
    )
    return Result(name, passed, failures + errors, skipped, skips=skips)


def tell_reasons(title: str, reasons: list[str]) -> None:
    if not reasons:
        return
    print(f"{len(reasons):6} {title}")
    for reason, times in Counter(reasons).most_common():
        print(f"       {times:6} {reason}")


def tell_systems(results: list[Result]) -> None:
    """Under Wine: how many tests are for both systems, how many for one, and why."""
    ran = sum(r.passed + r.failed + r.xfailed for r in results)
    windows = [reason for r in results for reason in r.only]
    skips = [reason for r in results for reason in r.skips]
    linux = [s.removeprefix(LINUX) for s in skips if s.startswith(LINUX)]
    others = [s for s in skips if not s.startswith(LINUX)]
    print(f"\nTests\n{ran - len(windows):6} that ran, and run on Linux too")
    tell_reasons("that ran, and are for Windows only:", windows)
    tell_reasons("for Linux only:", linux)
    tell_reasons("skipped for another reason:", others)


def sum_up(results: list[Result]) -> int:
    """Say how it went; the exit status."""
    print(f"\n{'':16}        {'passed':>7} {'failed':>7} {'skipped':>7} {'xfailed':>7}")
    for result in results:
        state = "FAILED" if result.failed or not result.passed else "ok"
        numbers = " ".join(f"{number:7}" for number in result[1:5])
        print(f"{result.name:16} {state:6} {numbers}")
    passed, failed, skipped, xfailed = (sum(r[i] for r in results) for i in range(1, 5))
    # Nothing run is nothing shown.
    failed += sum(1 for r in results if not any(r[1:5]))
    line = f"{passed} passed, {failed} failed"
    line += f", {skipped} skipped" if skipped else ""
    print(line + (f", {xfailed} xfailed" if xfailed else ""), flush=True)
    return 1 if failed else 0
