# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Ends of pipes, and operations on them that go on after the call.

An operation with an OVERLAPPED is tried at once. If it would have to wait, a
thread of its own waits for it. The core asks such a thread whether to go on:
before it sleeps, when it stands in the line that serves the operations of one
end in the order of their calls, and twenty times a second while it does. So
start() knows when the next operation may begin, and cancelling ends exactly one
of them while the others keep their places.
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


class PipeEnd(_handles.Waitable):
    """What the handle of a pipe stands for."""

    def __init__(self, pipe: Pipe, overlapped: bool) -> None:
        super().__init__(signalled=True)
        self.pipe = pipe
        self.overlapped = overlapped
        # Those that are pending, in the order of their calls.
        self.operations: list[Operation] = []
        # Whether anything of this client was read (S6).
        self.has_read = False

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
        if overlapped.hEvent:
            self.event = _handles.find_event(overlapped.hEvent, function)
        self.thread = threading.Thread(target=self._run, daemon=True)
        # Set when it waits, or is over without having waited.
        self.settled = threading.Event()
        self.waits = False
        self.pending = False
        self.cancelled = False
        self.code = 0
        self.count = 0
        self.failure: _errors.error | None = None

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
            self.end.reset()
            self.signalled.reset()

    def complete(self) -> None:
        """Give the OVERLAPPED back to the program. Not for what fails at once:
        that leaves it, and its event, as it is (I1, T1)."""
        code = self.failure.winerror if self.failure else self.code
        with _handles.changed:
            self.overlapped.Internal = _STATUS.get(code, _UNSUCCESSFUL)
            self.overlapped.InternalHigh = self.count
            self.signalled.signal()

    def wait_in_line(self) -> None:
        """Let its thread go on with it, and return when that waits."""
        self.thread.name = f"namedpipe.compat {self.function} {next(_numbers)}"
        self._set_pending(True)
        try:
            self.thread.start()
        except RuntimeError as problem:
            self._set_pending(False)
            raise _errors.failure(
                _errors.NO_SYSTEM_RESOURCES, self.function, str(problem)
            ) from None
        self.settled.wait()

    def _set_pending(self, on: bool) -> None:
        with _handles.changed:
            self.pending = on
            if on:
                _running.add(self)
                self.end.operations.append(self)
            else:
                _running.discard(self)
                self.end.operations.remove(self)
            _handles.changed.notify_all()

    def _asked(self) -> bool:
        self.waits = True
        self.settled.set()
        return self.cancelled

    def _run(self) -> None:
        _core._set_interrupt(self._asked)
        try:
            with self.end.calling(self.function):
                self.code, self.count = self.call(None)
        except _errors.error as problem:
            self.failure = problem
        except BaseException as problem:
            # Nobody waits in vain; threading.excepthook reports it.
            code, text = _errors.NO_SYSTEM_RESOURCES, repr(problem)
            self.failure = _errors.failure(code, self.function, text)
            raise
        finally:
            with _handles.changed:
                if self.waits:
                    self._translate()
                    self.complete()
                self._set_pending(False)
            self.settled.set()

    def _translate(self) -> None:
        """What the core says to a thread is not always what an operation that
        was pending is told."""
        code = self.failure.winerror if self.failure else self.code
        came = code in (_errors.PIPE_CONNECTED, _errors.NO_DATA)
        if self.function == "ConnectNamedPipe" and came:
            # A client came, be it that it has left again.
            self.code, self.failure = 0, None
        elif code == _errors.OPERATION_ABORTED and not self.cancelled:
            text = "the handle was closed"
            self.failure = _errors.error(_errors.BROKEN_PIPE, self.function, text)


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
            operation.code, operation.count = call(0 if end.overlapped else None)
            return _over(operation)
    operation.wait_in_line()
    return (_errors.IO_PENDING, 0) if operation.waits else _over(operation)


def _over(operation: Operation) -> tuple[int, int]:
    """The result of what did not have to wait."""
    if operation.failure:
        raise operation.failure
    # That a client was there before is an error with a good meaning.
    if operation.code != _errors.PIPE_CONNECTED:
        operation.complete()
    return operation.code, operation.count


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
            # Windows waits for the event, which takes an automatic one.
            if operation.signalled.auto_reset:
                operation.signalled.reset()
        if overlapped.Internal == PENDING:
            text = "the operation has not ended"
            raise _errors.failure(_errors.IO_INCOMPLETE, function, text)
    if operation.failure:
        problem = operation.failure
        raise _errors.failure(problem.winerror, function, problem.strerror)
    if operation.code:
        text = "the message is longer than the buffer"
        raise _errors.failure(operation.code, function, text)
    return overlapped.InternalHigh


def cancel(end: PipeEnd) -> None:
    """CancelIo: what this thread has pending there ends with 995."""
    with _handles.changed:
        for operation in end.operations:
            if operation.caller == threading.get_ident():
                operation.cancelled = True
