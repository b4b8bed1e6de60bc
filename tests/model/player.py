# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Plays a step on the library and on the model, and compares.

After each step: the results of all calls that it has ended, and what can be
seen of every end. A call that the model says waits must wait: it is awaited
until it does. Whatever else the library did too much or too early shows in
what is seen next.
"""

from __future__ import annotations

import os
import time

from conformance.backend import Local
from conformance.world import FOREVER, READMODE_MESSAGE, data
from model.both import Both
from model.pipe import End, Pending, Pipe, pending

# On Windows names are the whole machine's.
NAME = f"modelled-{os.getpid()}"

# Seconds.
LIMIT = 2.0

# Milliseconds: the time-out of a call that is to give up.
BRIEF = 1

# More than a write of these tests has: who waits for all can have all.
ROOM = 1000


Step = tuple[str, dict[str, object]]


def code_of(result: object) -> object:
    return result[0] if isinstance(result, tuple) else result


class Player:
    """`write` is the verb for it: write_counted, where the backend has that."""

    def __init__(self, backend: Local | Both, write: str = "write") -> None:
        self.backend = backend
        self.write_verb = write
        self.model = Pipe()
        self.handles: dict[End, int] = {}
        self.calls: dict[int, Pending] = {}
        self.history: list[tuple[str, dict]] = []
        self._written = 0

    def play(self, verb: str, **step: object) -> None:
        """Steps upon an end that does not exist mean nothing."""
        if "whom" in step:
            if not self.model.ends:
                return
            whom = step["whom"]
            assert isinstance(whom, int)
            end = self.model.ends[whom % len(self.model.ends)]
            rest = {key: value for key, value in step.items() if key != "whom"}
            self.history.append((verb, step))
            getattr(self, verb)(end, **rest)
        else:
            self.history.append((verb, step))
            getattr(self, verb)(**step)
        self._collect()
        self._look()

    # ----------------------------------------------------------------- compare

    def same(self, what: str, real: object, expected: object) -> None:
        if what == "write" and isinstance(real, int) != isinstance(expected, int):
            # How much was read is not told by all backends, nor of a write that
            # a close leaves to the reader.
            real, expected = code_of(real), code_of(expected)
        assert real == expected, f"{what}: {real}, the model says {expected}"

    def _collect(self) -> None:
        """What the step has ended, and nothing else."""
        for number, call in list(self.calls.items()):
            if call.result is None:
                early = self.backend.calls[number].result
                assert early is None, f"{call.verb} has ended early: {early}"
            else:
                del self.calls[number]
                self.same(call.verb, self.backend.result(number), call.result)

    def _look(self) -> None:
        for end, handle in self.handles.items():
            self.same("state", self.backend.do("state", handle), self.model.state(end))
            self.same("info", self.backend.do("info", handle), self.model.info(end))
            self._look_into(end, handle)
        self.same("exists", self.backend.do("exists", NAME), self.model.exists())

    def _look_into(self, end: End, handle: int) -> None:
        """A write that waited behind another one enters the queue when its
        thread has run."""
        deadline = time.monotonic() + LIMIT
        expected = self.model.peek(end, 1)
        while (peek := self.backend.do("peek", handle, 1)) != expected:
            if time.monotonic() > deadline:
                self.same("peek", peek, expected)
            time.sleep(0)

    def finish(self) -> None:
        """Whoever waits still, waits for the close of its own end."""
        try:
            self._collect()
            for end in list(self.model.ends):
                self.close(end)
                self._collect()
            assert not self.calls, "calls without an end"
        finally:
            self.backend.reset()

    # ------------------------------------------------------------------- calls

    def _call(
        self, expected: object, wait: bool, verb: str, *arguments: object
    ) -> None:
        """Do it, or begin it and leave it waiting."""
        what = "write" if verb == self.write_verb else verb
        ms = FOREVER if wait else 0
        if not wait:
            self.same(what, self.backend.do(verb, *arguments, ms), expected)
            return
        number = self.backend.begin(verb, *arguments, ms)
        if pending(expected):
            assert isinstance(expected, Pending)
            self.calls[number] = expected
            self.backend.blocked(number)
            return
        if isinstance(expected, Pending):
            expected = expected.result
        self.same(what, self.backend.result(number), expected)

    def give_up(self, end: End, what: str, size: int) -> None:
        """A call whose time is up before anything else happens."""
        if what == "write" and end.outgoing.reads:
            return  # what they take of it depends on who is faster
        if what == "read" and not self.model.read_waits(end):
            return  # an ordinary read
        handle, model = self.handles[end], self.model
        calls = {
            "accept": lambda: (model.accept(end, True), ()),
            "read": lambda: (model.read(end, size, True), (size,)),
            "write": lambda: (model.write(end, bytes(size), True), (bytes(size),)),
            "flush": lambda: (model.flush(end, True), ()),
            "wait": lambda: (model.wait(True), ()),
        }
        expected, arguments = calls[what]()
        if isinstance(expected, Pending):
            if expected.result is None:
                model.expire(expected)
            expected = expected.result
        name = NAME if what == "wait" else handle
        made = self.write_verb if what == "write" else what
        real = self.backend.do(made, name, *arguments, BRIEF)
        self.same(what, real, expected)

    def create(
        self,
        mode: int,
        read_mode: int,
        access: int,
        most: int,
        quotas: tuple[int, int],
        flags: int,
    ) -> None:
        if len(self.model.ends) >= 8:
            return
        made = self.model.create(mode, read_mode, access, most, quotas, flags)
        values = (mode, read_mode, access, most, *quotas, 50, flags)
        self._made(self.backend.do("create", NAME, *values), made)

    def open(self, access: int, read_mode: int, flags: int) -> None:
        made = self.model.open(access, read_mode, flags)
        real = self.backend.do("open", NAME, access, read_mode, flags, 0)
        self._made(real, made)

    def _made(self, real: object, made: End | int) -> None:
        if isinstance(made, End):
            assert isinstance(real, tuple), f"{real}, the model says it is made"
            self.handles[made] = real[1]
        else:
            self.same("create or open", real, made)

    def accept(self, end: End, wait: bool) -> None:
        self._call(self.model.accept(end, wait), wait, "accept", self.handles[end])

    def write(self, end: End, size: int, wait: bool) -> None:
        """Other bytes each time."""
        self._written += 1
        content = data(size + self._written)[self._written :]
        expected = self.model.write(end, content, wait)
        self._call(expected, wait, self.write_verb, self.handles[end], content)

    def read(self, end: End, size: int, wait: bool) -> None:
        handle = self.handles[end]
        if end.incoming.empty_behind_writer() and not end.mode & READMODE_MESSAGE:
            return  # docs, "differs", R2: whether it is joined is not said
        if self.model.read_waits(end):
            self._call(self.model.read(end, size, wait), wait, "read", handle, size)
            return
        real = self.backend.do("read", handle, size, FOREVER if wait else 0)
        size = self._granted(end, size, real)
        self.same("read", real, self.model.read(end, size, wait))

    def recv(self, end: End, size: int, wait: bool) -> None:
        queue = end.incoming
        if queue.writers() and not end.mode & READMODE_MESSAGE:
            return  # docs, "differs", R2: how much is there is not said
        if wait and self.model.read_waits(end):
            size = ROOM
        expected = self.model.recv(end, size, wait)
        self._call(expected, wait, "recv", self.handles[end], size)

    def _granted(self, end: End, size: int, real: object) -> int:
        """Of a stream, what writes that wait offer may come later: docs,
        "differs", R2 and P2. Less than the model gives must be enough, then."""
        most = min(size, end.incoming.unread())
        if isinstance(real, tuple) and self.model.least(end, size) <= len(real[1]):
            return len(real[1]) if len(real[1]) < most else size
        return size

    def peek(self, end: End, size: int) -> None:
        real = self.backend.do("peek", self.handles[end], size)
        if not end.incoming.messages:
            size = self._granted(end, size, real)
        self.same("peek", real, self.model.peek(end, size))

    def transact(self, end: End, size: int, room: int, wait: bool) -> None:
        if end.outgoing.writers():
            return  # its request would wait in line behind them
        content = data(size)
        expected = self.model.transact(end, content, room, wait)
        self._call(expected, wait, "transact", self.handles[end], content, room)

    def flush(self, end: End, wait: bool) -> None:
        self._call(self.model.flush(end, wait), wait, "flush", self.handles[end])

    def disconnect(self, end: End) -> None:
        expected = self.model.disconnect(end)
        self.same(
            "disconnect", self.backend.do("disconnect", self.handles[end]), expected
        )

    def cancel(self, end: End) -> None:
        expected = self.model.cancel(end)
        self.same("cancel", self.backend.do("cancel", self.handles[end]), expected)

    def set_state(self, end: End, mode: int) -> None:
        if end.incoming.reads:
            return  # reads that wait read in the mode they began in
        expected = self.model.set_state(end, mode)
        real = self.backend.do("set_state", self.handles[end], mode)
        self.same("set_state", real, expected)

    def close(self, end: End) -> None:
        self.model.close(end)
        self.backend.do("close", self.handles.pop(end))

    def names(self) -> None:
        self.same("names", self.backend.do("names", NAME), self.model.names(NAME))

    def wait(self, wait: bool) -> None:
        self._call(self.model.wait(wait), wait, "wait", NAME)


def replay(backend: Local | Both, steps: list[Step]) -> None:
    """Play what was recorded, in Player.history or by hand."""
    player = Player(backend)
    try:
        for verb, arguments in steps:
            player.play(verb, **arguments)
    finally:
        player.finish()
