# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What can be seen of a process from outside: whether it waits in the core, and
what it holds open.

On Linux /proc tells. On Windows the threads tell, but there is no list of what is
open: what looks for leaks runs on Linux."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import time
from pathlib import Path

import windows_threads

WINDOWS = sys.platform == "win32"

# Seconds, within which a call that does not wait has ended.
AT_ONCE = 0.03

# Bytes that a call writes which does not fit any ring, or, on Windows, may be
# looked at: Wine 8.0 hands a write to its server through a Unix pipe of 64 KiB and
# looks at a thread by a signal. If this comes while the thread waits for room, Wine
# ends the program ("partial write 65536").
LARGE = 60_000 if WINDOWS else 1 << 20

# ppoll: what a blocked call of the core sits in, and nothing else does.
_PPOLL = {"x86_64": "271", "aarch64": "73"}


def _waits(thread: int) -> bool:
    if windows_threads.is_in(thread, windows_threads.WAIT):
        # A flush waits for a thread of its own, which may not have begun yet.
        time.sleep(AT_ONCE / 3)
        return True
    # WaitNamedPipe; but so are calls that do not wait.
    if not windows_threads.is_in(thread, windows_threads.CONTROL):
        return False
    time.sleep(AT_ONCE)
    return windows_threads.is_in(thread, windows_threads.CONTROL)


def may_look(written: int) -> bool:
    """Whether is_blocked is safe while a call writes so many bytes."""
    return not WINDOWS or written <= LARGE


def is_blocked(pid: int, thread: int | None = None) -> bool:
    """Whether the process, or its thread, waits in the core; for poll_until."""
    if WINDOWS:
        threads = windows_threads.of_process(pid) if thread is None else [thread]
        return any(map(_waits, threads))
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
