# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Who talks to whom, as what, in which mode: the table of foreign peers.

A row is a server, a client and a mode. "byte": a byte pipe. "message": a message
pipe that both read by messages. "mixed": a message pipe that the client reads as
a stream. One side is ours, but for the controls, in which two foreign programs
talk: what fails there is not our doing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

MODES = ("byte", "message", "mixed")


@dataclass(frozen=True)
class Kind:
    """What a program, or a variant of one, can do."""

    # The modes of the pipes it makes, and in which it opens one.
    serves: tuple[str, ...] = MODES
    opens: tuple[str, ...] = MODES
    # Sees everything as a stream, message pipes too.
    streams: bool = False
    # Reads a message in parts.
    parts: bool = True
    disconnects: bool = False
    # How its reads tell that the other end is closed: a code, or "eof".
    end: int | str = 109
    # What a write after that gives, or None if it is not told.
    write_end: int | None = 232
    # With whom it is put into the controls.
    control: str = "winapi"


MULTIPROCESSING = {
    "serves": ("message", "mixed"),
    "opens": ("message",),
    "parts": False,
    "end": "eof",
}

KINDS = {
    "pywin32": Kind(disconnects=True),
    "pywin32-overlapped": Kind(disconnects=True),
    "winapi": Kind(control="pywin32-overlapped"),
    "winapi-overlapped": Kind(),
    "multiprocessing": Kind(**MULTIPROCESSING),
    "multiprocessing-authkey": Kind(
        **MULTIPROCESSING, control="multiprocessing-authkey"
    ),
    "asyncio": Kind(
        serves=("message", "mixed"),
        opens=("byte", "mixed"),
        streams=True,
        parts=False,
        end="eof",
        write_end=None,
    ),
}

OURS = Kind(disconnects=True)


def kind(name: str) -> Kind:
    return KINDS.get(name, OURS)


def ours(foreign: str) -> str:
    """Our program that goes with a foreign one."""
    authkey = foreign.endswith("-authkey")
    return "namedpipe-authkey" if authkey else "namedpipe"


@dataclass(frozen=True)
class Row:
    server: str
    client: str
    mode: str

    def __str__(self) -> str:
        return f"{self.server}--{self.client}--{self.mode}"

    def works(self) -> bool:
        serves, opens = kind(self.server).serves, kind(self.client).opens
        return self.mode in serves and self.mode in opens

    def is_control(self) -> bool:
        return self.server in KINDS and self.client in KINDS


@dataclass(frozen=True)
class Way:
    """A row, and in which direction of it."""

    row: Row
    to_client: bool

    def __str__(self) -> str:
        return f"{self.row}--to-{'client' if self.to_client else 'server'}"

    @property
    def sender(self) -> Kind:
        return kind(self.row.server if self.to_client else self.row.client)

    @property
    def receiver(self) -> Kind:
        return kind(self.row.client if self.to_client else self.row.server)

    @property
    def bounded(self) -> bool:
        """Whether the receiver reads messages."""
        by_mode = self.row.mode == "message"
        if self.row.mode == "mixed":
            by_mode = not self.to_client
        return by_mode and not self.receiver.streams

    @property
    def empties(self) -> bool:
        """Whether an empty message can be sent, and be told from the end."""
        if self.row.mode == "byte":
            return False
        return not (self.sender.streams or self.receiver.streams)


def _pairs() -> Iterator[tuple[str, str]]:
    for name, foreign in KINDS.items():
        yield ours(name), name
        yield name, ours(name)
        yield foreign.control, name
        yield name, foreign.control


def _all_rows() -> Iterator[Row]:
    for server, client in dict.fromkeys(_pairs()):
        for mode in MODES:
            row = Row(server, client, mode)
            if row.works():
                yield row


ROWS = list(_all_rows())
WAYS = [Way(row, to_client) for row in ROWS for to_client in (True, False)]


def each_row(wanted: Callable[[Row], bool] = lambda row: True):
    return pytest.mark.parametrize("row", list(filter(wanted, ROWS)), ids=str)


def each_way(wanted: Callable[[Way], bool] = lambda way: True):
    return pytest.mark.parametrize("way", list(filter(wanted, WAYS)), ids=str)
