# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The model: one name, written from the rules and knowing nothing of the
library's code. It is slow and simple on purpose.

A verb gives what the call gives, a code or a tuple as conformance.world has
them, or a Pending, if the call waits; a Pending gets its result in a later
step. `wait` says whether the call may wait or is to try once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.world import (
    BYTE,
    CLOSING,
    CONNECTED,
    DISCONNECTED,
    FLAG_FIRST,
    FLAG_NOWAIT,
    INBOUND,
    LISTENING,
    MESSAGE,
    NOWAIT,
    OUTBOUND,
    READ,
    READMODE_MESSAGE,
    WRITE,
    WRITE_ATTRIBUTES,
)
from ground import E
from model.direction import OK, Direction, Entry, Pending

Result = int | tuple


@dataclass(eq=False)
class End:
    instance: Instance
    server: bool
    access: int
    mode: int  # NOWAIT, READMODE_MESSAGE
    incoming: Direction
    outgoing: Direction
    thrown_out: bool = False  # a client, by a disconnect

    @property
    def state(self) -> int:
        return DISCONNECTED if self.thrown_out else self.instance.state


@dataclass(eq=False)
class Instance:
    access: int
    messages: bool
    in_quota: int
    out_quota: int
    most: int  # of the pipe, which may be gone before its last client
    turn: int = 0
    state: int = LISTENING
    server: End | None = None
    client: End | None = None
    accepts: list[Pending] = field(default_factory=list)

    def queues(self) -> tuple[Direction, Direction]:
        """New ones: to the server, to the client."""
        return (
            Direction(self.in_quota, self.messages),
            Direction(self.out_quota, self.messages),
        )


def pending(value: object) -> bool:
    return isinstance(value, Pending) and value.result is None


class Pipe:
    def __init__(self) -> None:
        self.instances: list[Instance] = []  # with a server's end
        self.ends: list[End] = []
        self.waits: list[Pending] = []
        self.turns = 0
        self.mode = self.access = self.most = 0

    # ---------------------------------------------------------------- the name

    def create(
        self,
        mode: int,
        read_mode: int,
        access: int,
        most: int,
        quotas: tuple[int, int],
        flags: int,
    ) -> End | int:
        if mode == BYTE and read_mode == MESSAGE:
            return E.INVALID_PARAMETER  # C3
        if self.instances:  # C4
            if len(self.instances) >= self.most:
                return E.PIPE_BUSY
            if flags & FLAG_FIRST or access != self.access:
                return E.ACCESS_DENIED
            if read_mode == MESSAGE and self.mode == BYTE:
                return E.INVALID_PARAMETER  # C7
        else:
            self.mode, self.access, self.most = mode, access, most
        bits = NOWAIT if flags & FLAG_NOWAIT else 0
        if (read_mode or self.mode) == MESSAGE and self.mode == MESSAGE:
            bits |= READMODE_MESSAGE
        instance = Instance(self.access, self.mode == MESSAGE, *quotas, self.most)
        instance.server = End(instance, True, access, bits, *instance.queues())
        self.instances.append(instance)
        self.ends.append(instance.server)
        self._listen(instance)
        return instance.server

    def _listen(self, instance: Instance) -> None:
        self.turns += 1
        instance.turn = self.turns
        instance.state = LISTENING
        instance.client = None
        for wait in self.waits:
            wait.finish(OK)  # WT3
        self.waits.clear()

    def _listening(self) -> list[Instance]:
        return [i for i in self.instances if i.state == LISTENING]

    def open(self, access: int, read_mode: int, flags: int) -> End | int:
        if not self.instances:
            return E.FILE_NOT_FOUND  # F1
        allowed = WRITE_ATTRIBUTES
        allowed |= READ if self.access & OUTBOUND else 0
        allowed |= WRITE if self.access & INBOUND else 0
        if access & ~allowed:
            return E.ACCESS_DENIED  # F2, F3
        if read_mode == MESSAGE and self.mode == BYTE:
            return E.INVALID_PARAMETER
        if not self._listening():
            return E.PIPE_BUSY
        instance = min(self._listening(), key=lambda i: i.turn)  # F6
        bits = NOWAIT if flags & FLAG_NOWAIT else 0
        bits |= READMODE_MESSAGE if read_mode == MESSAGE else 0  # F5
        server = instance.server
        assert server
        instance.client = End(
            instance, False, access, bits, server.outgoing, server.incoming
        )
        self.ends.append(instance.client)
        instance.state = CONNECTED
        for accept in instance.accepts:
            accept.finish(OK)
        instance.accepts.clear()
        return instance.client

    def exists(self) -> int:
        return OK if self.instances else E.FILE_NOT_FOUND

    def names(self, name: str) -> Result:
        return OK, [name] if self.instances else []

    def wait(self, wait: bool) -> int | Pending:
        if not self.instances:
            return E.FILE_NOT_FOUND  # WT2
        if self._listening():
            return OK  # WT1
        if not wait:
            return E.SEM_TIMEOUT
        self.waits.append(Pending("wait", None))
        return self.waits[-1]

    # ----------------------------------------------------------- coming, going

    def accept(self, end: End, wait: bool) -> int | Pending:
        if not end.server:
            return E.INVALID_FUNCTION  # N6
        instance = end.instance
        if instance.state == DISCONNECTED:
            self._listen(instance)
        if instance.state == CONNECTED:
            return E.PIPE_CONNECTED
        if instance.state == CLOSING:
            return E.NO_DATA
        if end.mode & NOWAIT:
            return E.PIPE_LISTENING
        if not wait:
            return E.TIMEOUT
        instance.accepts.append(Pending("accept", end))
        return instance.accepts[-1]

    def disconnect(self, end: End) -> int:
        instance = end.instance
        gone = end.state == DISCONNECTED
        if not end.server:
            return E.PIPE_NOT_CONNECTED if gone else E.INVALID_FUNCTION
        if gone:
            return E.PIPE_NOT_CONNECTED  # D3
        for accept in instance.accepts:
            accept.finish(E.PIPE_NOT_CONNECTED)  # O4
        instance.accepts.clear()
        end.incoming.drop(E.PIPE_NOT_CONNECTED)  # D1, D2
        end.outgoing.drop(E.PIPE_NOT_CONNECTED)
        end.incoming, end.outgoing = instance.queues()
        if instance.client:
            instance.client.thrown_out = True
        instance.client = None
        instance.state = DISCONNECTED
        return OK

    def close(self, end: End) -> None:
        self._cancel(end, closing=True)
        self.ends.remove(end)
        instance = end.instance
        if end.server:
            self.instances.remove(instance)  # O6
            if not self.instances:
                for wait in self.waits:
                    wait.finish(E.FILE_NOT_FOUND)  # WT2
                self.waits.clear()
        if end.state in (CONNECTED, CLOSING):
            instance.state = CLOSING
            end.incoming.drop(E.BROKEN_PIPE)  # X3
            end.outgoing.fail_reads(E.BROKEN_PIPE)

    def cancel(self, end: End) -> int:
        return OK if self._cancel(end, closing=False) else E.NOT_FOUND

    def _cancel(self, end: End, closing: bool) -> bool:
        """All calls of one end: 995. A write that a close cuts off stays for
        the reader (X5), those behind it do not."""
        instance = end.instance
        accepts = instance.accepts if end.server else []
        calls = [*accepts, *end.incoming.reads, *end.outgoing.flushes]
        calls += end.outgoing.writers()
        for accept in accepts:
            accept.finish(E.OPERATION_ABORTED)
        if end.server:
            instance.accepts = []
        end.incoming.fail_reads(E.OPERATION_ABORTED)
        end.outgoing.fail_flushes(E.OPERATION_ABORTED)
        if closing:
            self._leave_first(end.outgoing)
        end.outgoing.withdraw(E.OPERATION_ABORTED)
        end.outgoing.settle()
        return bool(calls)

    def expire(self, call: Pending) -> None:
        """The time of one call is up: it ends, and nothing has moved."""
        if call.verb == "wait":
            self.waits.remove(call)
            call.finish(E.SEM_TIMEOUT)
            return
        end = call.end
        assert isinstance(end, End)
        if call.verb == "write":
            end.outgoing.withdraw_one(call, E.TIMEOUT)
            return
        for calls in (end.instance.accepts, end.incoming.reads, end.outgoing.flushes):
            if call in calls:
                calls.remove(call)
        call.finish(E.TIMEOUT)

    def _leave_first(self, direction: Direction) -> None:
        for entry in direction.entries:
            if entry.writer:
                entry.writer.finish(E.OPERATION_ABORTED)
                entry.writer = None
                return

    # -------------------------------------------------------------------- data

    def _write_code(self, end: End) -> int:
        """§3, WR9."""
        state = end.state
        if not end.access & WRITE:
            return E.ACCESS_DENIED
        if state == LISTENING:
            return E.PIPE_LISTENING
        if state == DISCONNECTED:
            return E.PIPE_NOT_CONNECTED
        return E.NO_DATA if state == CLOSING else OK

    def write(self, end: End, data: bytes, wait: bool) -> Result | Pending:
        code = self._write_code(end)
        if code:
            return code
        queue = end.outgoing
        if not data or queue.fits(len(data)):
            queue.put(data)
            return OK, len(data)
        if end.mode & NOWAIT:
            return OK, self._put_nowait(queue, data)
        if not wait:
            return E.TIMEOUT, 0
        call = Pending("write", end, len(data))
        queue.put(data, call)
        queue.settle()
        return call

    def _put_nowait(self, queue: Direction, data: bytes) -> int:
        """WR7."""
        if queue.messages:
            return 0
        taken = len(data) - queue.rest_after_reads(len(data))
        if taken:
            queue.put(data[:taken])
        return taken

    def _read_code(self, end: End) -> int:
        state = end.state
        if not end.access & READ:
            return E.ACCESS_DENIED
        if state == LISTENING:
            return E.PIPE_LISTENING
        if state == DISCONNECTED:
            return E.PIPE_NOT_CONNECTED
        if state == CLOSING and not end.incoming.entries:
            return E.BROKEN_PIPE  # X2
        return OK

    def read_waits(self, end: End) -> bool:
        return not self._read_code(end) and not end.incoming.entries

    def least(self, end: End, size: int) -> int:
        """What a read of a stream gives at least, if it does not wait."""
        if self._read_code(end) or end.mode & READMODE_MESSAGE:
            return size
        return end.incoming.least_bytes(size)

    def read(self, end: End, size: int, wait: bool) -> Result | Pending:
        code = self._read_code(end)
        if code:
            return code
        queue = end.incoming
        messages = bool(end.mode & READMODE_MESSAGE)
        if queue.entries:
            taken = queue.take_message(size) if messages else queue.take_bytes(size)
            queue.settle()
            return taken
        if end.mode & NOWAIT:
            return E.NO_DATA  # R1
        if not wait:
            return E.TIMEOUT
        queue.reads.append(Pending("read", end, size, messages))
        return queue.reads[-1]

    def recv(self, end: End, size: int, wait: bool) -> Result | Pending:
        """A read that takes all there is to take, or nothing."""
        entries = end.incoming.entries
        if not self._read_code(end) and entries:
            whole = end.incoming.unread()
            if end.mode & READMODE_MESSAGE:
                whole = len(entries[0].data)
            if whole > size:
                return E.INSUFFICIENT_BUFFER, whole
        return self.read(end, size, wait)

    def peek(self, end: End, size: int) -> Result:
        state = end.state
        if not end.access & READ:
            return E.ACCESS_DENIED
        if state == LISTENING:
            return E.BAD_PIPE
        if state == DISCONNECTED:
            return E.BAD_PIPE if end.server else E.PIPE_NOT_CONNECTED
        queue = end.incoming
        if state == CLOSING and not queue.entries:
            return E.BROKEN_PIPE
        if queue.messages:  # P2
            first = queue.entries[0].data if queue.entries else b""
            seen = first[:size]
            return OK, seen, queue.unread(), len(first) - len(seen)
        seen = b"".join(entry.data for entry in queue.entries)[:size]
        return OK, seen, queue.unread(), -len(seen) % (1 << 32)  # P4

    def transact(
        self, end: End, data: bytes, size: int, wait: bool
    ) -> Result | Pending:
        state = end.state
        duplex = end.instance.access == INBOUND | OUTBOUND
        if duplex and end.access & (READ | WRITE) != READ | WRITE:
            return E.ACCESS_DENIED
        if state == DISCONNECTED and not end.server:
            return E.PIPE_NOT_CONNECTED
        if not duplex or not end.mode & READMODE_MESSAGE:
            return E.BAD_PIPE  # TR1
        if state != CONNECTED:
            return E.BAD_PIPE
        queue = end.incoming
        if queue.entries or queue.reads:
            return E.PIPE_BUSY  # TR2
        end.outgoing.put(data)  # TR3
        if not wait:
            return E.TIMEOUT
        queue.reads.append(Pending("transact", end, size, True))
        return queue.reads[-1]

    def flush(self, end: End, wait: bool) -> int | Pending:
        state = end.state
        if not end.access & WRITE:
            return E.ACCESS_DENIED
        if state == DISCONNECTED and not end.server:
            return E.PIPE_NOT_CONNECTED
        queue = end.outgoing
        if state != CONNECTED or not queue.entries:
            return OK
        if not wait:
            return E.TIMEOUT
        call = Pending("flush", end, before=list(queue.entries))
        queue.flushes.append(call)
        return call

    # ------------------------------------------------------------------- state

    def _may_ask(self, end: End) -> int:
        if end.state == DISCONNECTED and not end.server:
            return E.PIPE_NOT_CONNECTED
        if end.server and not end.access & READ:
            return E.ACCESS_DENIED  # C13
        return OK

    def state(self, end: End) -> Result:
        code = self._may_ask(end)
        if code:
            return code
        return OK, end.state, end.mode, min(len(self.instances), 255)

    def info(self, end: End) -> Result:
        code = self._may_ask(end)
        if code:
            return code
        instance = end.instance
        mode = MESSAGE if instance.messages else BYTE
        return (
            OK,
            int(end.server),
            mode,
            instance.access,
            instance.out_quota,
            instance.in_quota,
            instance.most,
        )

    def set_state(self, end: End, mode: int) -> int:
        if end.state == DISCONNECTED and not end.server:
            return E.PIPE_NOT_CONNECTED
        if not end.access & (WRITE | WRITE_ATTRIBUTES):
            return E.ACCESS_DENIED  # C13, F4
        if mode & READMODE_MESSAGE and not end.instance.messages:
            return E.INVALID_PARAMETER
        busy = end.incoming.reads or end.outgoing.writers()
        if mode & NOWAIT and not end.mode & NOWAIT and busy:
            return E.PIPE_BUSY  # S2
        end.mode = mode
        return OK


__all__ = ["OK", "End", "Entry", "Pending", "Pipe", "Result", "pending"]
