# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""SECURITY_ATTRIBUTES, of which only what changes nothing can be granted.

A pipe is for the user who made it. A descriptor that names nobody, also one
whose access list is the null list, is accepted, and the pipe is no more open
than without; one that names somebody is refused. Handles cannot be inherited.
"""

from typing import Any, NoReturn

from . import _errors


class PySECURITY_DESCRIPTOR:
    """A security descriptor without an owner, a group or a list."""

    def Initialize(self) -> None:
        """Make it blank, which it is."""

    def IsValid(self) -> bool:
        return True

    def SetSecurityDescriptorDacl(
        self, bDaclPresent: int, DACL: Any, bDaclDefaulted: int, /
    ) -> None:
        if DACL is not None:
            _refuse("SetSecurityDescriptorDacl")

    def SetSecurityDescriptorSacl(self, *arguments: Any) -> NoReturn:
        _refuse("SetSecurityDescriptorSacl")

    def SetSecurityDescriptorOwner(self, *arguments: Any) -> NoReturn:
        _refuse("SetSecurityDescriptorOwner")

    def SetSecurityDescriptorGroup(self, *arguments: Any) -> NoReturn:
        _refuse("SetSecurityDescriptorGroup")


def _refuse(function: str) -> NoReturn:
    what = "pipes are for the user who made them, access lists cannot be set"
    raise _errors.unsupported(function, what)


class PySECURITY_ATTRIBUTES(PySECURITY_DESCRIPTOR):
    """Like pywin32's, it has the methods of its descriptor."""

    def __init__(self) -> None:
        self.bInheritHandle: int = 0
        self.SECURITY_DESCRIPTOR: PySECURITY_DESCRIPTOR | None = PySECURITY_DESCRIPTOR()


def check(attributes: PySECURITY_ATTRIBUTES | None, function: str) -> None:
    if attributes is None:
        return
    if not isinstance(attributes, PySECURITY_ATTRIBUTES):
        kind = type(attributes).__name__
        raise TypeError(f"The object is not a PySECURITY_ATTRIBUTES object: {kind}")
    if attributes.bInheritHandle:
        what = "handles cannot be inherited by another process (bInheritHandle)"
        raise _errors.unsupported(function, what)
    if not isinstance(
        attributes.SECURITY_DESCRIPTOR, PySECURITY_DESCRIPTOR | type(None)
    ):
        _refuse(function)
