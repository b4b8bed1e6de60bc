# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Handles, what they stand for, and waiting for it.

A handle is a number; a table says which object it stands for. PyHANDLE holds
one such number and closes it when it is collected. Every object is either
signalled or not, which one condition guards for all of them. Who signals one
settles the waits that this satisfies, the oldest first: an automatic event ends
one of them, and what is reset right after has still ended those there were.
"""

import itertools
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self, TypeAlias

from . import _errors

INFINITE: Final = 0xFFFFFFFF
MAXIMUM_WAIT_OBJECTS: Final = 64

changed = threading.Condition()


class Waitable:
    """What a handle may stand for."""

    def __init__(self, signalled: bool, auto_reset: bool = False) -> None:
        self.signalled = signalled
        # The wait that sees it signalled resets it.
        self.auto_reset = auto_reset

    def signal(self) -> None:
        with changed:
            self.signalled = True
            for waiting in tuple(_waits):
                waiting.settle()
            changed.notify_all()

    def reset(self) -> None:
        with changed:
            self.signalled = False

    def close(self) -> None:
        """Its handle was closed."""


class Event(Waitable):
    """What win32event.CreateEvent makes."""


_objects: dict[int, Waitable] = {}
# Multiples of four, as on Windows. None is used twice: a number that was closed
# stays invalid.
_numbers = itertools.count(0x100, 4)


class PyHANDLE:
    """A handle that is closed with its object."""

    __slots__ = ("__weakref__", "_number")

    def __init__(self, handle: "Handle" = 0, /) -> None:
        self._number = 0  # should the next line raise
        self._number = number(handle)

    @property
    def handle(self) -> int:
        return self._number

    def Close(self) -> None:
        """Close it; nothing happens if that was done before."""
        value, self._number = self._number, 0
        if value:
            close(value)

    close = Close

    def Detach(self) -> int:
        """Return the number, which is the caller's to close from here on."""
        value, self._number = self._number, 0
        return value

    def __int__(self) -> int:
        return self._number

    def __bool__(self) -> bool:
        return self._number != 0

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PyHANDLE | int):
            return self._number == int(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._number)

    def __repr__(self) -> str:
        return f"<PyHANDLE:{self._number}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self.Close()

    def __del__(self) -> None:
        # Its number may have been closed behind its back. At the end of the
        # interpreter the table may be gone before the last handle is.
        found = _objects.pop(self._number, None) if _objects is not None else None
        if found is not None:
            found.close()


# None is the null handle.
Handle: TypeAlias = PyHANDLE | int | None


def number(handle: Handle) -> int:
    if handle is None:
        return 0
    if isinstance(handle, PyHANDLE | int):
        return int(handle)
    raise TypeError(f"The object is not a PyHANDLE object (got {type(handle)!r})")


def new(thing: Waitable) -> PyHANDLE:
    value = next(_numbers)
    _objects[value] = thing
    return PyHANDLE(value)


def find(handle: Handle, function: str) -> Waitable:
    found = _objects.get(number(handle))
    if found is None:
        raise _invalid(handle, function)
    return found


def find_event(handle: Handle, function: str) -> Event:
    found = find(handle, function)
    if not isinstance(found, Event):
        raise _invalid(handle, function)
    return found


def _invalid(handle: Handle, function: str) -> _errors.error:
    return _errors.failure(
        _errors.INVALID_HANDLE, function, f"the handle is invalid: {handle!r}"
    )


def close(handle: Handle) -> None:
    """CloseHandle."""
    if isinstance(handle, PyHANDLE):
        handle.Close()
        return
    found = _objects.pop(number(handle), None)
    if found is None:
        raise _invalid(handle, "CloseHandle")
    found.close()


def seconds(milliseconds: int) -> float | None:
    """A DWORD of milliseconds; signed numbers are taken as C does."""
    value = milliseconds & INFINITE
    # The core has a meaning of its own for the number below INFINITE.
    return None if value == INFINITE else min(value, INFINITE - 0xFF) / 1000


class _Wait:
    def __init__(self, things: Sequence[Waitable], every: bool) -> None:
        self.things = things
        self.every = every
        self.found: int | None = None

    def settle(self) -> None:
        states = [thing.signalled for thing in self.things]
        if not (all(states) if self.every else any(states)):
            return
        self.found = states.index(True)
        for thing in self.things if self.every else [self.things[self.found]]:
            if thing.auto_reset:
                thing.signalled = False
        _waits.remove(self)


_waits: list[_Wait] = []


def wait(things: Sequence[Waitable], every: bool, milliseconds: int) -> int | None:
    """The index of the first that is signalled, 0 for all; None: not in time."""
    waiting = _Wait(things, every)
    with changed:
        _waits.append(waiting)
        waiting.settle()
        try:
            changed.wait_for(lambda: waiting.found is not None, seconds(milliseconds))
        finally:
            if waiting.found is None:
                _waits.remove(waiting)
    return waiting.found
