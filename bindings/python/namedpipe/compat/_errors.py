# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""pywintypes.error, and how a failure becomes one."""

import threading
from typing import Any

from namedpipe import PipeError

INVALID_HANDLE = 6
ACCESS_DENIED = 5
NOT_SUPPORTED = 50
INVALID_PARAMETER = 87
INVALID_NAME = 123
BROKEN_PIPE = 109
BAD_PATHNAME = 161
NO_DATA = 232
MORE_DATA = 234
PIPE_CONNECTED = 535
OPERATION_ABORTED = 995
IO_INCOMPLETE = 996
IO_PENDING = 997
NOT_FOUND = 1168
CANNOT_IMPERSONATE = 1368
NO_SYSTEM_RESOURCES = 1450

# Codes of ours that Windows has no number for, and what it would say instead.
_INTERRUPTED = 0x20000001
_SERVER_NOT_TRUSTED = 0x20000002
_OWN = {_INTERRUPTED: OPERATION_ABORTED, _SERVER_NOT_TRUSTED: ACCESS_DENIED}


class error(Exception):
    """What every failing call raises: error(winerror, funcname, strerror)."""

    __module__ = "pywintypes"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.winerror, self.funcname, self.strerror = (*args, None, None, None)[:3]


class _LastError(threading.local):
    code = 0


# Of each thread, for win32api.GetLastError.
last = _LastError()


def failure(code: int, function: str, text: str) -> error:
    last.code = code
    return error(code, function, text)


def translated(problem: PipeError, function: str) -> error:
    code = problem.winerror or 0
    return failure(_OWN.get(code, code), function, problem.strerror or "")


def unsupported(function: str, what: str) -> error:
    return failure(NOT_SUPPORTED, function, f"namedpipe.compat: {what}")


def missing(module: str, name: str) -> AttributeError:
    return AttributeError(
        f"namedpipe.compat has no {module}.{name}: it offers of pywin32 what"
        " programs need that use named pipes, and nothing else"
    )
