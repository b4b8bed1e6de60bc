# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Processes that a test presses Ctrl-C for.

On Windows Ctrl-C goes to all processes of a console, so each gets a console of
its own, and a process that does nothing else joins it for a moment. Wine has no
window for it, and does all the same."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

from observe import WINDOWS

# Seconds.
LIMIT = 20.0

_PRESS = """
import ctypes, sys
kernel32 = ctypes.WinDLL("kernel32")
kernel32.FreeConsole()
assert kernel32.AttachConsole(int(sys.argv[1]))
assert kernel32.SetConsoleCtrlHandler(None, True)  # not for this process
assert kernel32.GenerateConsoleCtrlEvent(0, 0)
"""


@contextlib.contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """What is to get Ctrl-C: its three streams are pipes. It does not outlive
    the block, nor its time, so that who reads from it does not wait for ever."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        creationflags=getattr(subprocess, "CREATE_NEW_CONSOLE", 0),
    ) as process:
        timer = threading.Timer(2 * LIMIT, process.kill)
        timer.start()
        try:
            yield process
        finally:
            timer.cancel()
            process.kill()


def press(process: subprocess.Popen[bytes]) -> None:
    if WINDOWS:
        presser = [sys.executable, "-c", _PRESS, str(process.pid)]
        subprocess.run(
            presser,
            stdin=subprocess.DEVNULL,
            check=True,
            capture_output=True,
            timeout=LIMIT,
        )
    else:
        os.kill(process.pid, signal.SIGINT)
