# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What the tests of namedpipe.compat share: pipes as pywin32 makes them."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import LIMIT
from namedpipe.compat import pywintypes, win32event, win32file, win32pipe, winerror

# The same as a time-out of Win32.
SOON = int(LIMIT * 1000)

MESSAGES = win32pipe.PIPE_TYPE_MESSAGE | win32pipe.PIPE_READMODE_MESSAGE
BYTES = win32pipe.PIPE_TYPE_BYTE
DUPLEX = win32pipe.PIPE_ACCESS_DUPLEX
OVERLAPPED = win32file.FILE_FLAG_OVERLAPPED
PENDING = winerror.ERROR_IO_PENDING
READ_WRITE = win32file.GENERIC_READ | win32file.GENERIC_WRITE


def path(name: str) -> str:
    return rf"\\.\pipe\{name}"


def create(
    name: str,
    pipe_mode: int = MESSAGES,
    open_mode: int = DUPLEX,
    instances: int = 255,
    out_size: int = 4096,
    in_size: int = 4096,
    timeout: int = 0,
) -> pywintypes.HANDLE:
    return win32pipe.CreateNamedPipe(
        path(name),
        open_mode,
        pipe_mode,
        instances,
        out_size,
        in_size,
        timeout,
        None,
    )


def open_client(
    name: str, access: int = READ_WRITE, flags: int = 0, message_read: bool = False
) -> pywintypes.HANDLE:
    pipe = win32file.CreateFile(
        path(name), access, 0, None, win32file.OPEN_EXISTING, flags, None
    )
    if message_read:
        win32pipe.SetNamedPipeHandleState(
            pipe, win32pipe.PIPE_READMODE_MESSAGE, None, None
        )
    return pipe


def overlapped(manual: bool = True) -> Any:
    made = pywintypes.OVERLAPPED()
    made.hEvent = win32event.CreateEvent(None, manual, False, None)
    return made


def result(pipe: Any, operation: Any) -> int:
    return win32file.GetOverlappedResult(pipe, operation, True)


def is_set(handle: Any) -> bool:
    return win32event.WaitForSingleObject(handle, 0) == win32event.WAIT_OBJECT_0


def wait_for(handle: Any) -> None:
    assert win32event.WaitForSingleObject(handle, SOON) == win32event.WAIT_OBJECT_0


@contextlib.contextmanager
def fails(code: int, function: str) -> Iterator[None]:
    """The block raises pywintypes.error(code, function, some sentence)."""
    with pytest.raises(pywintypes.error) as caught:
        yield
    problem = caught.value
    assert (problem.winerror, problem.funcname) == (code, function), str(problem)
    assert problem.args == (code, function, problem.strerror)
    assert problem.strerror


Ends = tuple[pywintypes.HANDLE, pywintypes.HANDLE]


@contextlib.contextmanager
def connected(name: str) -> Iterator[Ends]:
    """The server's and the client's end, both overlapped and read by message."""
    server = create(name, open_mode=DUPLEX | OVERLAPPED)
    client = open_client(name, READ_WRITE, OVERLAPPED, message_read=True)
    win32pipe.ConnectNamedPipe(server)
    yield server, client
    client.Close()
    server.Close()
