# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Events, and waiting for events and pipes.

The handle of a pipe is signalled while nothing is pending on it: reset when an
operation with an OVERLAPPED begins, set when it ends, unless the OVERLAPPED
names an event, which is then set instead.
"""

from collections.abc import Sequence
from typing import Any, Final

from . import _errors, _handles, _security

error = _errors.error

INFINITE: Final = -1
MAXIMUM_WAIT_OBJECTS: Final = _handles.MAXIMUM_WAIT_OBJECTS
WAIT_FAILED: Final = -1
WAIT_OBJECT_0: Final = 0
WAIT_ABANDONED: Final = 0x80
WAIT_ABANDONED_0: Final = 0x80
WAIT_IO_COMPLETION: Final = 0xC0
WAIT_TIMEOUT: Final = 0x102
EVENT_ALL_ACCESS: Final = 0x1F0003
EVENT_MODIFY_STATE: Final = 2
SYNCHRONIZE: Final = 0x100000
UNICODE: Final = 1


def CreateEvent(
    EventAttributes: _security.PySECURITY_ATTRIBUTES | None,
    bManualReset: int,
    bInitialState: int,
    Name: str | None,
    /,
) -> _handles.PyHANDLE:
    """Make an event; one with a name would be shared, and is refused."""
    _security.check(EventAttributes, "CreateEvent")
    if Name:
        what = f"events cannot have names, this one is {Name!r}"
        raise _errors.unsupported("CreateEvent", what)
    return _handles.new(_handles.Event(bool(bInitialState), not bManualReset))


def SetEvent(hEvent: _handles.Handle, /) -> None:
    _handles.find_event(hEvent, "SetEvent").signal()


def ResetEvent(hEvent: _handles.Handle, /) -> None:
    _handles.find_event(hEvent, "ResetEvent").reset()


def WaitForSingleObject(hHandle: _handles.Handle, milliseconds: int, /) -> int:
    thing = _handles.find(hHandle, "WaitForSingleObject")
    found = _handles.wait([thing], False, milliseconds)
    return WAIT_TIMEOUT if found is None else WAIT_OBJECT_0


def WaitForMultipleObjects(
    handlelist: Sequence[_handles.Handle], bWaitAll: int, milliseconds: int, /
) -> int:
    """WAIT_OBJECT_0 + the index of one that is signalled, or WAIT_TIMEOUT."""
    function = "WaitForMultipleObjects"
    if not 1 <= len(handlelist) <= MAXIMUM_WAIT_OBJECTS:
        raise _errors.failure(
            _errors.INVALID_PARAMETER,
            function,
            f"can wait for 1 to {MAXIMUM_WAIT_OBJECTS} handles, not {len(handlelist)}",
        )
    things = [_handles.find(handle, function) for handle in handlelist]
    found = _handles.wait(things, bool(bWaitAll), milliseconds)
    return WAIT_TIMEOUT if found is None else WAIT_OBJECT_0 + found


def WaitForSingleObjectEx(
    hHandle: _handles.Handle, milliseconds: int, bAlertable: int, /
) -> int:
    """There are no calls that an alertable wait could be interrupted by."""
    return WaitForSingleObject(hHandle, milliseconds)


def WaitForMultipleObjectsEx(
    handlelist: Sequence[_handles.Handle],
    bWaitAll: int,
    milliseconds: int,
    bAlertable: int,
    /,
) -> int:
    """There are no calls that an alertable wait could be interrupted by."""
    return WaitForMultipleObjects(handlelist, bWaitAll, milliseconds)


def __getattr__(name: str) -> Any:
    raise _errors.missing("win32event", name)
