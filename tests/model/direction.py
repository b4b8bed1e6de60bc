# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The model's queues: one direction of one instance.

Either reads wait, or there are entries, or neither (O2). An entry is what one
write left: its unread bytes, and the write itself while that still waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ground import E

OK = 0


@dataclass(eq=False)
class Pending:
    """A call that was begun and has not ended; result is None until it has."""

    verb: str
    end: object  # whose call it is; None for a call upon the name
    size: int = 0
    message: bool = False  # a read in message mode
    before: list[Entry] = field(default_factory=list)  # of a flush
    result: object = None

    def finish(self, result: object) -> None:
        assert self.result is None
        self.result = result


@dataclass(eq=False)
class Entry:
    data: bytes
    writer: Pending | None = None


class Direction:
    def __init__(self, quota: int, messages: bool) -> None:
        self.quota = quota
        self.messages = messages
        self.entries: list[Entry] = []
        self.reads: list[Pending] = []
        self.flushes: list[Pending] = []

    def unread(self) -> int:
        return sum(len(entry.data) for entry in self.entries)

    def writers(self) -> list[Pending]:
        return [entry.writer for entry in self.entries if entry.writer]

    def empty_behind_writer(self) -> bool:
        waiting = False
        for entry in self.entries:
            if waiting and not entry.data:
                return True
            waiting |= entry.writer is not None
        return False

    # ---------------------------------------------------------------- writing

    def rest_after_reads(self, size: int) -> int:
        """Of so many bytes, what the reads that wait would not take (WR2)."""
        for read in self.reads:
            size -= min(size, read.size)
        return size

    def fits(self, size: int) -> bool:
        """WR3, WR4: what is left must fit behind what is there."""
        rest = self.rest_after_reads(size)
        if rest == 0:
            return True
        return not self.writers() and self.unread() + rest <= self.quota

    def put(self, data: bytes, writer: Pending | None = None) -> None:
        """Serve the reads that wait, queue the rest (WR1, WR2)."""
        if not data and not self.messages:
            return
        done = False
        while self.reads and not done:
            read = self.reads.pop(0)
            part, data = data[: read.size], data[read.size :]
            done = not data
            read.finish((OK if done or not read.message else E.MORE_DATA, part))
        if not done:
            self.entries.append(Entry(data, writer))
        elif writer:
            writer.finish((OK, writer.size))

    # ---------------------------------------------------------------- reading

    def take_message(self, size: int) -> tuple[int, bytes]:
        """R3, R5: at most one message."""
        entry = self.entries[0]
        part, entry.data = entry.data[:size], entry.data[size:]
        if entry.data:
            return E.MORE_DATA, part
        self.entries.pop(0)
        self._remember(entry)
        return OK, part

    def take_bytes(self, size: int) -> tuple[int, bytes]:
        """R2: over the bounds of writes; empty messages in the way vanish."""
        taken = b""
        if size == 0 and self.entries[0].data:
            return OK, b""
        while self.entries and (len(taken) < size or not self.entries[0].data):
            if len(taken) == size and size > 0:
                break  # no room is left: an empty message stays
            entry = self.entries[0]
            room = size - len(taken)
            taken += entry.data[:room]
            entry.data = entry.data[room:]
            if entry.data:
                break
            self.entries.pop(0)
            self._remember(entry)
            if size == 0:
                break
        return OK, taken

    def least_bytes(self, size: int) -> int:
        """What a byte read takes at least: what writes that wait offer may
        come with the next read."""
        sure = 0
        for entry in self.entries:
            if entry.writer:
                break
            sure += len(entry.data)
        return min(size, max(sure, 1), self.unread())

    def _remember(self, entry: Entry) -> None:
        """A write whose last byte has been read is done."""
        if entry.writer:
            entry.writer.finish((OK, entry.writer.size))
            entry.writer = None

    def settle(self) -> None:
        """After every change: end the writes that fit and the flushes whose
        data is gone (WR3, FL1)."""
        unread = 0
        for entry in self.entries:
            unread += len(entry.data)
            if entry.writer and unread <= self.quota:
                entry.writer.finish((OK, entry.writer.size))
                entry.writer = None
        for flush in list(self.flushes):
            if not any(entry in self.entries for entry in flush.before):
                self.flushes.remove(flush)
                flush.finish(OK)

    # ----------------------------------------------------------------- endings

    def withdraw(self, code: int) -> None:
        """I5: the writes that wait are taken back with their unread rest."""
        for writer in self.writers():
            self._remove(writer, code)

    def withdraw_one(self, writer: Pending, code: int) -> None:
        self._remove(writer, code)
        self.settle()

    def _remove(self, writer: Pending, code: int) -> None:
        """It says how much of it has been read."""
        (entry,) = [entry for entry in self.entries if entry.writer is writer]
        writer.finish((code, writer.size - len(entry.data)))
        self.entries.remove(entry)

    def fail_reads(self, code: int) -> None:
        for read in self.reads:
            read.finish(code)
        self.reads.clear()

    def fail_flushes(self, code: int) -> None:
        for flush in self.flushes:
            flush.finish(code)
        self.flushes.clear()

    def drop(self, code: int) -> None:
        """Nothing of it is left; what waits fails (D2, X3)."""
        for writer in self.writers():
            writer.finish(code)
        self.entries.clear()
        self.fail_reads(code)
        self.fail_flushes(code)
