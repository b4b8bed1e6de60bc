# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Pipe.makefile(): a pipe as one of Python's file objects."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, cast

from ._core import BrokenPipe, E, Pipe, PipeTimeoutError

if TYPE_CHECKING:
    from typing_extensions import Buffer


class PipeIO(io.RawIOBase):
    """The unbuffered file over a pipe. Closing it leaves the pipe open."""

    def __init__(self, pipe: Pipe, mode: str) -> None:
        self._pipe = pipe
        self._timed_out = False
        self.mode = mode

    @property
    def name(self) -> str:
        return self._pipe.path

    def _check(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")

    def readable(self) -> bool:
        self._check()
        return "r" in self.mode

    def writable(self) -> bool:
        self._check()
        return "w" in self.mode

    def readinto(self, buffer: Buffer, /) -> int | None:
        self._check()
        if "r" not in self.mode:
            raise io.UnsupportedOperation("not readable")
        if self._timed_out:
            # What a buffer above us held when the time was up is lost.
            raise OSError("cannot read from a file that has timed out")
        try:
            return self._pipe.readinto(buffer)
        except PipeTimeoutError:
            self._timed_out = True
            raise
        except BrokenPipe as error:
            if error.winerror == E.NO_DATA:  # a nowait end, nothing there
                return None
            raise

    def write(self, data: Buffer, /) -> int | None:
        self._check()
        if "w" not in self.mode:
            raise io.UnsupportedOperation("not writable")
        written = self._pipe.write(data)
        if written == 0 and memoryview(data).nbytes > 0:  # a nowait end, full
            return None
        return written

    def __repr__(self) -> str:
        return f"<namedpipe file {self.mode!r} over {self._pipe!r}>"


def _buffered(raw: PipeIO, size: int) -> IO[bytes]:
    if raw.mode == "rw":
        return cast("IO[bytes]", io.BufferedRWPair(raw, raw, size))
    if raw.mode == "r":
        return io.BufferedReader(raw, size)
    return io.BufferedWriter(raw, size)


def makefile(
    pipe: Pipe,
    mode: str = "r",
    buffering: int | None = None,
    *,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> IO[str] | IO[bytes] | PipeIO:
    letters = set(mode)
    if len(letters) != len(mode) or not letters <= {*"rwb"} or not letters & {*"rw"}:
        raise ValueError(
            f"mode must be 'r', 'w' or 'rw', with or without 'b': {mode!r}"
        )
    binary = "b" in mode
    if binary and (encoding or errors or newline is not None):
        raise ValueError("a binary file has no encoding, errors or newline")
    if pipe.closed:
        raise ValueError("I/O operation on closed pipe")
    raw = PipeIO(pipe, "".join(letter for letter in "rw" if letter in letters))
    size = io.DEFAULT_BUFFER_SIZE if buffering is None or buffering < 0 else buffering
    if size == 0:
        if not binary:
            raise ValueError("a text file must be buffered")
        return raw
    buffer = _buffered(raw, size)
    if binary:
        return buffer
    text = io.TextIOWrapper(buffer, encoding, errors, newline)
    text.mode = mode  # type: ignore[misc]
    return text
