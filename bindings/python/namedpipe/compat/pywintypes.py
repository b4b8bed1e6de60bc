# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What the other modules share: handles, OVERLAPPED, errors."""

from typing import Any, Final

from . import _errors, _handles, _overlapped, _security

error = _errors.error

HANDLE = _handles.PyHANDLE
HANDLEType = _handles.PyHANDLE
OVERLAPPED = _overlapped.PyOVERLAPPED
OVERLAPPEDType = _overlapped.PyOVERLAPPED
SECURITY_ATTRIBUTES = _security.PySECURITY_ATTRIBUTES
SECURITY_DESCRIPTOR = _security.PySECURITY_DESCRIPTOR

FALSE: Final = False
TRUE: Final = True


def __getattr__(name: str) -> Any:
    raise _errors.missing("pywintypes", name)
