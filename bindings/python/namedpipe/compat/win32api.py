# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The few functions that programs with pipes take from here."""

import os as _os
import threading as _threading
import time as _time
from typing import Any

from . import _errors, _handles

error = _errors.error


def CloseHandle(handle: _handles.Handle, /) -> None:
    _handles.close(handle)


def GetLastError() -> int:
    """The number of the last error that was raised in this thread."""
    return _errors.last.code


def SetLastError(errVal: int, /) -> None:
    _errors.last.code = errVal


def GetCurrentProcessId() -> int:
    return _os.getpid()


def GetCurrentThreadId() -> int:
    return _threading.get_native_id()


def Sleep(time: int, bAlterable: int = 0, /) -> int:
    """Sleep for milliseconds."""
    limit = _handles.seconds(time)
    while limit is None:
        _time.sleep(1)
    _time.sleep(limit)
    return 0


def __getattr__(name: str) -> Any:
    raise _errors.missing("win32api", name)
