# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""namedpipe.compat: what its functions take, and what its names stand for."""

import inspect

import pytest

import namedpipe
from namedpipe.compat import (
    pywintypes,
    win32api,
    win32con,
    win32event,
    win32file,
    win32pipe,
    winerror,
)

# How many arguments must and may be given, all of them by position.
FUNCTIONS = {
    win32pipe: {
        "CallNamedPipe": (4, 4),
        "ConnectNamedPipe": (1, 2),
        "CreateNamedPipe": (8, 8),
        "CreatePipe": (2, 2),
        "DisconnectNamedPipe": (1, 1),
        "GetNamedPipeClientProcessId": (1, 1),
        "GetNamedPipeHandleState": (1, 3),
        "GetNamedPipeInfo": (1, 1),
        "GetNamedPipeServerProcessId": (1, 1),
        "GetOverlappedResult": (3, 3),
        "PeekNamedPipe": (2, 2),
        "SetNamedPipeHandleState": (4, 4),
        "TransactNamedPipe": (3, 4),
        "WaitNamedPipe": (2, 2),
    },
    win32file: {
        "AllocateReadBuffer": (1, 1),
        "CancelIo": (1, 1),
        "CloseHandle": (1, 1),
        "CreateFile": (7, 7),
        "CreateFileW": (6, 10),
        "FlushFileBuffers": (1, 1),
        "GetFileType": (1, 1),
        "GetOverlappedResult": (3, 3),
        "ReadFile": (2, 3),
        "WriteFile": (2, 3),
    },
    win32event: {
        "CreateEvent": (4, 4),
        "ResetEvent": (1, 1),
        "SetEvent": (1, 1),
        "WaitForMultipleObjects": (3, 3),
        "WaitForMultipleObjectsEx": (4, 4),
        "WaitForSingleObject": (2, 2),
        "WaitForSingleObjectEx": (3, 3),
    },
    win32api: {
        "CloseHandle": (1, 1),
        "GetCurrentProcessId": (0, 0),
        "GetCurrentThreadId": (0, 0),
        "GetLastError": (0, 0),
        "SetLastError": (1, 1),
        "Sleep": (1, 2),
    },
}
# The only one that takes its arguments by name as well.
BY_NAME = {"CreateFileW"}

CONSTANTS = {
    win32pipe: {
        "FILE_FLAG_FIRST_PIPE_INSTANCE": 0x80000,
        "NMPWAIT_NOWAIT": 1,
        "NMPWAIT_USE_DEFAULT_WAIT": 0,
        "NMPWAIT_WAIT_FOREVER": -1,
        "PIPE_ACCEPT_REMOTE_CLIENTS": 0,
        "PIPE_ACCESS_DUPLEX": 3,
        "PIPE_ACCESS_INBOUND": 1,
        "PIPE_ACCESS_OUTBOUND": 2,
        "PIPE_NOWAIT": 1,
        "PIPE_READMODE_BYTE": 0,
        "PIPE_READMODE_MESSAGE": 2,
        "PIPE_REJECT_REMOTE_CLIENTS": 8,
        "PIPE_TYPE_BYTE": 0,
        "PIPE_TYPE_MESSAGE": 4,
        "PIPE_UNLIMITED_INSTANCES": 255,
        "PIPE_WAIT": 0,
    },
    win32file: {
        "FILE_ATTRIBUTE_NORMAL": 0x80,
        "FILE_FLAG_OVERLAPPED": 0x40000000,
        "FILE_FLAG_WRITE_THROUGH": -0x80000000,
        "FILE_TYPE_PIPE": 3,
        "GENERIC_READ": -0x80000000,
        "GENERIC_WRITE": 0x40000000,
        "INVALID_HANDLE_VALUE": -1,
        "OPEN_ALWAYS": 4,
        "OPEN_EXISTING": 3,
    },
    win32event: {
        "INFINITE": -1,
        "MAXIMUM_WAIT_OBJECTS": 64,
        "WAIT_FAILED": -1,
        "WAIT_OBJECT_0": 0,
        "WAIT_TIMEOUT": 258,
    },
    winerror: {
        "ERROR_IO_INCOMPLETE": 996,
        "ERROR_IO_PENDING": 997,
        "ERROR_SUCCESS": 0,
        "NO_ERROR": 0,
        "WAIT_TIMEOUT": 258,
    },
}


def arguments_of(function) -> tuple[int, int]:
    parameters = inspect.signature(function).parameters.values()
    required = sum(p.default is p.empty for p in parameters)
    return required, len(parameters)


@pytest.mark.parametrize("module", FUNCTIONS, ids=lambda module: module.__name__)
def test_every_function_takes_pywin32s_arguments(module):
    found = {
        name: function
        for name, function in vars(module).items()
        if inspect.isfunction(function) and not name.startswith("_")
    }
    assert {n: arguments_of(f) for n, f in found.items()} == FUNCTIONS[module]
    for name, function in found.items():
        kinds = {p.kind for p in inspect.signature(function).parameters.values()}
        assert name in BY_NAME or kinds <= {inspect.Parameter.POSITIONAL_ONLY}


@pytest.mark.parametrize("module", CONSTANTS, ids=lambda module: module.__name__)
def test_constants(module):
    wanted = CONSTANTS[module]
    assert {name: getattr(module, name) for name in wanted} == wanted


def constants_of(module) -> dict[str, int]:
    return {n: v for n, v in vars(module).items() if n.isupper() and type(v) is int}


def test_modules_agree_on_their_constants():
    seen: dict[str, int] = {}
    for module in (win32con, win32pipe, win32file, win32event):
        for name, value in constants_of(module).items():
            assert seen.setdefault(name, value) == value, name


def test_every_error_of_namedpipe_has_its_name():
    """Those of Win32; WAIT_TIMEOUT is the one without ERROR_ in front."""
    known = set(constants_of(winerror).items())
    for error in namedpipe.E:
        if error < 0x20000000:
            name = "WAIT_TIMEOUT" if error.name == "TIMEOUT" else f"ERROR_{error.name}"
            assert (name, error.value) in known


def test_types():
    assert pywintypes.TRUE == 1
    assert pywintypes.FALSE == 0
    assert inspect.isclass(pywintypes.OVERLAPPEDType)
    assert inspect.isclass(pywintypes.HANDLEType)
