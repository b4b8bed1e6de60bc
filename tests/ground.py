# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What the tests stand on: names and codes, languages, waiting for conditions."""

from __future__ import annotations

import contextlib
import enum
import functools
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "tests" / "peers"
NAMES_H = (ROOT / "core/include/namedpipe/names.h").read_text(encoding="utf-8")

# Seconds after which something that should have happened has not.
LIMIT = 20.0
# The same as a time-out in milliseconds: what a call gets that is not to wait
# for ever if the thing under test is broken.
SOON = 10_000
FOREVER = None

BYTE, MESSAGE = 1, 2
DISCONNECTED, LISTENING, CONNECTED, CLOSING = 1, 2, 3, 4
NOWAIT, READMODE_MESSAGE = 1, 2


def _table(macro: str) -> list[tuple[str, ...]]:
    """The rows of an X-macro table of names.h."""
    body = NAMES_H.split(f"#define {macro}(X)")[1].split("\n\n")[0]
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL).replace("\\\n", "\n")
    rows = re.findall(r'X\(((?:[^()"]|"[^"]*")*)\)', body)
    return [tuple(re.sub(r"\s+", " ", c).strip() for c in _cells(row)) for row in rows]


def _cells(row: str) -> list[str]:
    return re.findall(r'"[^"]*"|[^,"]+', row.replace("\n", " "))


def _rows(macro: str) -> Iterator[tuple[str, ...]]:
    for row in _table(macro):
        yield tuple(cell for cell in row if cell)


E = enum.IntEnum("E", [(row[0], int(row[1], 0)) for row in _rows("NP_ERRORS")])
TEXTS = {int(row[1], 0): row[4].strip('"') for row in _rows("NP_ERRORS")}
CLASSES = {int(row[1], 0): row[3] for row in _rows("NP_ERRORS")}
CONSTANTS = {row[0]: int(row[1], 0) for row in _rows("NP_CONSTANTS")}


class Failure(Exception):
    """A peer's answer "err CODE"."""

    def __init__(self, code: int, line: str) -> None:
        super().__init__(f"{error_name(code)} from: {line}")
        self.winerror = code


def error_name(code: int | None) -> str:
    try:
        return f"{code} ({E(code).name})"
    except ValueError:
        return str(code)


@contextlib.contextmanager
def fails(*codes: int) -> Iterator[None]:
    """The block ends with one of these codes, in a peer or in this process."""
    wanted = " or ".join(map(error_name, codes))
    try:
        yield
    except (Failure, OSError) as error:
        code = getattr(error, "winerror", None)
        if code is None:
            raise
        assert code in codes, f"{error_name(code)} instead of {wanted}: {error}"
    else:
        pytest.fail(f"succeeded instead of failing with {wanted}")


def outcome(function: Callable, *arguments: object, **options: object) -> object:
    """What a call returned, or its code."""
    try:
        return function(*arguments, **options)
    except (Failure, OSError) as error:
        if getattr(error, "winerror", None) is None:
            raise
        return E(error.winerror)


# ------------------------------------------------------------------ languages


def _c_peer() -> list[str]:
    return [os.environ.get("NAMEDPIPE_C_PEER", "")]


def lua_command() -> str:
    return shutil.which("lua5.4") or "lua"


COMMANDS = {
    "c": _c_peer,
    "lua": lambda: [lua_command(), str(PEERS / "peer.lua")],
    "py": lambda: [
        *(sys.executable, "-X", "dev", "-X", "utf8", "-W", "error"),
        str(PEERS / "peer.py"),
    ],
}


def environment(**changes: object) -> dict[str, str]:
    result = dict(os.environ)
    directory = os.environ.get("NAMEDPIPE_LUA_CPATH")
    if directory:
        result["LUA_CPATH"] = f"{directory}/?.so;;"
    result.update({name: str(value) for name, value in changes.items()})
    return result


@functools.cache
def missing(language: str) -> str | None:
    """Why peers of a language cannot be run, or None."""
    if language == "c":
        path = os.environ.get("NAMEDPIPE_C_PEER")
        if not path:
            return "NAMEDPIPE_C_PEER does not name the C peer"
        return None if os.access(path, os.X_OK) else f"there is no C peer {path}"
    if language == "lua":
        if not shutil.which(lua_command()):
            return "there is no Lua 5.4"
        load = [lua_command(), "-e", 'require "namedpipe"']
        found = subprocess.run(
            load, env=environment(), capture_output=True, check=False, timeout=LIMIT
        )
        return None if found.returncode == 0 else "Lua finds no module namedpipe"
    return None


def require(*languages: str) -> None:
    for language in languages:
        reason = missing(language)
        if reason:
            pytest.skip(reason)


def poll_until(condition: Callable[[], bool], seconds: float = LIMIT) -> bool:
    """Wait for something that another process does; False if it did not."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.0005)
    return True
