# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What can be seen of a process from outside: whether it waits in the core, and
what it holds open.

On Linux /proc tells. On Windows nothing tells a wait in the core from another
one, so there who was asked to wait is given time to get there: a test that is
too early for once meets the easier order of events, and passes as well. Nor is
there a list of what is open: what looks for leaks runs on Linux."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import time
from pathlib import Path

WINDOWS = sys.platform == "win32"

# Seconds.
GRACE = 0.03

# ppoll: what a blocked call of the core sits in, and nothing else does.
_PPOLL = {"x86_64": "271", "aarch64": "73"}


def is_blocked(pid: int, thread: int | None = None) -> bool:
    """Whether the process, or its thread, waits in the core; for poll_until."""
    if WINDOWS:
        time.sleep(GRACE)
        return True
    try:
        text = Path(f"/proc/{pid}/task/{thread or pid}/syscall").read_text()
    except OSError:
        return False
    return text.split()[0] == _PPOLL[platform.machine()]


def descriptors(pid: int) -> dict[int, str]:
    """What is open, by number; always empty on Windows."""
    found: dict[int, str] = {}
    if WINDOWS:
        return found
    directory = f"/proc/{pid}/fd"
    for number in os.listdir(directory):
        with contextlib.suppress(OSError):
            found[int(number)] = os.readlink(f"{directory}/{number}")
    return found


def mappings(pid: int) -> int:
    """How much shared memory of pipes is mapped: the number of maps."""
    if WINDOWS:
        return 0
    return Path(f"/proc/{pid}/maps").read_text().count("memfd:namedpipe")
