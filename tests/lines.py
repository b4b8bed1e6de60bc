# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The lines another process writes, waited for with a bound."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import threading
import time
from typing import BinaryIO

from observe import WINDOWS


class SelectedLines:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer = b""

    def ready(self) -> bool:
        return self._fill(0) is None

    def read(self, seconds: float) -> str | None:
        """The next line without its end; "" when there is no other one, None
        when the time is up."""
        ended = self._fill(seconds)
        if ended is not None:
            return "" if ended else None
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode()

    def _fill(self, seconds: float) -> bool | None:
        """None: there is a line. Otherwise whether the other side has ended."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            left = max(0, deadline - time.monotonic())
            if not select.select([self._file], [], [], left)[0]:
                return False
            data = os.read(self._file.fileno(), 1 << 20)
            if not data:
                return True
            self._buffer += data
        return None


class ThreadedLines:
    """The same where select() is for sockets only."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._copy, daemon=True).start()

    def _copy(self) -> None:
        buffer = b""
        # Who has killed the process may close the file in between.
        with contextlib.suppress(OSError, ValueError):
            while data := os.read(self._file.fileno(), 1 << 20):
                *lines, buffer = (buffer + data).split(b"\n")
                for line in lines:
                    self._lines.put(line)
        self._lines.put(b"")

    def ready(self) -> bool:
        return not self._lines.empty()

    def read(self, seconds: float) -> str | None:
        try:
            return self._lines.get(timeout=seconds).decode().rstrip("\r")
        except queue.Empty:
            return None


Lines = ThreadedLines if WINDOWS else SelectedLines
