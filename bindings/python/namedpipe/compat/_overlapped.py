# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Ends of pipes, and operations on them that go on after the call.

An operation with an OVERLAPPED is tried at once. If it would have to wait, a
thread of its own waits for it. The operations of one end are served in the
order of their calls: start() returns when the thread stands in the core's line.
Cancelling ends exactly one of them, as the core asks each thread whether to go
on (before it sleeps and twenty times a second); the others keep their places.
"""

import atexit
import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from namedpipe import Pipe, PipeError, PipeTimeoutError, _core

from . import _errors, _handles

# Takes a time-out, returns a Win32 code (0, or one of success of a kind) and
# how many bytes were moved.
Call: TypeAlias = Callable[[float | None], tuple[int, int]]

# What OVERLAPPED.Internal holds: NT's number of a result.
PENDING = 0x00000103
_STATUS = {
    0: 0x00000000,
    1: 0xC00000AF,
    5: 0xC0000022,
    6: 0xC0000008,
    87: 0xC000000D,
    109: 0xC000014B,
    230: 0xC00000AD,
    231: 0xC00000AE,
    232: 0xC00000B1,
    233: 0xC00000B0,
    234: 0x80000005,
    536: 0xC00000B3,
    995: 0xC0000120,
}
_UNSUCCESSFUL = 0xC0000001

# The one failure that comes with data, and as a code.
_LONGER = "the message is longer than the buffer"


class PipeEnd(_handles.Waitable):
    """What the handle of a pipe stands for."""

    def __init__(self, pipe: Pipe, overlapped: bool) -> None:
        super().__init__(signalled=True)
        self.pipe = pipe
        self.overlapped = overlapped
        # Those that are pending, in the order of their calls.
        self.operations: list[Operation] = []

    def close(self) -> None:
        self.pipe.close()

    @contextlib.contextmanager
    def calling(self, function: str) -> Iterator[None]:
        """Failures of the pipe become those of a Win32 function."""
        try:
            yield
        except PipeError as problem:
            raise _errors.translated(problem, function) from None
        except ValueError:
            if not self.pipe.closed:
                raise
            # Another thread was faster.
            text = "the handle was closed"
            raise _errors.failure(_errors.INVALID_HANDLE, function, text) from None


def find(handle: _handles.Handle, function: str) -> PipeEnd:
    found = _handles.find(handle, function)
    if not isinstance(found, PipeEnd):
        raise _errors.failure(
            _errors.INVALID_HANDLE, function, f"not the handle of a pipe: {handle!r}"
        )
    return found


class PyOVERLAPPED:
    """State of an operation that may go on after its call.

    hEvent is signalled when it ends. object is the program's own. Offset and
    OffsetHigh mean nothing to a pipe.
    """

    def __init__(self) -> None:
        self.Offset = 0
        self.OffsetHigh = 0
        self.hEvent: _handles.Handle = 0
        self.Internal = 0
        self.InternalHigh = 0
        self.dword = 0
        self.object: Any = None
        self._operation: Operation | None = None

    def _contents(self) -> tuple[Any, ...]:
        place = (self.Offset, self.OffsetHigh, _handles.number(self.hEvent))
        return (*place, self.Internal, self.InternalHigh, self.dword, self.object)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PyOVERLAPPED):
            return self._contents() == other._contents()
        return NotImplemented

    # As pywin32 has it: equal ones may be different keys.
    __hash__ = object.__hash__


_numbers = itertools.count(1)


class Operation:
    """One call with an OVERLAPPED."""

    def __init__(
        self, function: str, end: PipeEnd, call: Call, overlapped: PyOVERLAPPED
    ) -> None:
        self.function = function
        self.end = end
        self.call = call
        self.overlapped = overlapped
        self.caller = threading.get_ident()
        self.event: _handles.Event | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.in_line = threading.Event()
        self.pending = False
        self.cancelled = False
        self.code = 0
        self.text = ""
        if overlapped.hEvent:
            self.event = _handles.find_event(overlapped.hEvent, function)

    @property
    def signalled(self) -> _handles.Waitable:
        """What tells that it has ended: the handle, if there is no event."""
        return self.event or self.end

    def begin(self) -> None:
        with _handles.changed:
            before = self.overlapped._operation
            if before and before.pending:
                raise _errors.failure(
                    _errors.INVALID_PARAMETER,
                    self.function,
                    "this OVERLAPPED belongs to an operation that has not ended",
                )
            self.overlapped._operation = self
            self.overlapped.Internal = PENDING
            self.overlapped.InternalHigh = 0
            self.end.signalled = False
            self.signalled.signalled = False

    def end_with(self, code: int, count: int, text: str = _LONGER) -> None:
        with _handles.changed:
            if self.pending:
                self.end.operations.remove(self)
            self.pending = False
            self.code = code
            self.text = text
            self.overlapped.Internal = _STATUS.get(code, _UNSUCCESSFUL)
            self.overlapped.InternalHigh = count
            self.signalled.signalled = True
            _handles.changed.notify_all()

    def wait_in_line(self) -> None:
        """Let its thread go on with it."""
        self.thread.name = f"namedpipe.compat {self.function} {next(_numbers)}"
        with _handles.changed:
            self.pending = True
            self.end.operations.append(self)
        _running.add(self)
        try:
            self.thread.start()
        except RuntimeError as problem:
            _running.discard(self)
            with _handles.changed:
                self.pending = False
                self.end.operations.remove(self)
            raise _errors.failure(
                _errors.NO_SYSTEM_RESOURCES, self.function, str(problem)
            ) from None
        self.in_line.wait()

    def _asked(self) -> bool:
        self.in_line.set()
        return self.cancelled

    def _run(self) -> None:
        _core._set_interrupt(self._asked)
        try:
            with self.end.calling(self.function):
                code, count = self.call(None)
        except _errors.error as problem:
            self.end_with(problem.winerror, 0, problem.strerror)
        except BaseException as problem:
            # Nobody waits in vain; threading.excepthook reports it.
            self.end_with(_errors.NO_SYSTEM_RESOURCES, 0, repr(problem))
            raise
        else:
            # A client that came after the call is what it waited for.
            self.end_with(0 if code == _errors.PIPE_CONNECTED else code, count)
        finally:
            self.in_line.set()
            _running.discard(self)


# Those whose thread is in the core. It must have left before the interpreter
# goes, as a thread that asks for a GIL which is no more ends where it is.
_running: set[Operation] = set()
_LONG = 10.0


@atexit.register
def _end_all() -> None:
    for operation in tuple(_running):
        operation.end.close()
        operation.thread.join(_LONG)


def start(
    function: str,
    end: PipeEnd,
    call: Call,
    overlapped: PyOVERLAPPED | None,
    attempt: bool = True,
) -> tuple[int, int]:
    """The code of a call that did not fail, which may be IO_PENDING, and its
    count. attempt is False for what cannot be tried without doing half of it."""
    if overlapped is None:
        with end.calling(function):
            return call(None)
    if not isinstance(overlapped, PyOVERLAPPED):
        raise TypeError("The object is not a PyOVERLAPPED object")
    operation = Operation(function, end, call, overlapped)
    operation.begin()
    with end.calling(function), contextlib.suppress(PipeTimeoutError):
        if attempt or not end.overlapped:
            # Without FILE_FLAG_OVERLAPPED the call itself waits.
            code, count = call(0 if end.overlapped else None)
            # That a client was there before is an error with a good meaning,
            # and an error signals nothing.
            if code != _errors.PIPE_CONNECTED:
                operation.end_with(code, count)
            return code, count
    operation.wait_in_line()
    return _errors.IO_PENDING, 0


def result(overlapped: PyOVERLAPPED, wait: bool) -> int:
    """GetOverlappedResult: how many bytes were moved."""
    function = "GetOverlappedResult"
    if not isinstance(overlapped, PyOVERLAPPED):
        raise TypeError("The object is not a PyOVERLAPPED object")
    operation = overlapped._operation
    if operation is None:
        return overlapped.InternalHigh
    with _handles.changed:
        if operation.pending and wait:
            _handles.changed.wait_for(lambda: not operation.pending)
            if operation.signalled.auto_reset:
                operation.signalled.signalled = False
        if overlapped.Internal == PENDING:
            text = "the operation has not ended"
            raise _errors.failure(_errors.IO_INCOMPLETE, function, text)
    if operation.code:
        raise _errors.failure(operation.code, function, operation.text)
    return overlapped.InternalHigh


def cancel(end: PipeEnd) -> None:
    """CancelIo: what this thread has pending there ends with 995."""
    with _handles.changed:
        for operation in end.operations:
            if operation.caller == threading.get_ident():
                operation.cancelled = True
