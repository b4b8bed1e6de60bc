# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What the model test has found, shrunk. Each failed once."""

from __future__ import annotations

import pytest

from conformance.backend import Local
from conformance.world import BYTE, DUPLEX, MESSAGE, READ, READMODE_MESSAGE, WRITE
from model.player import Step, replay

pytestmark = pytest.mark.linux("differential.py compares the model with Windows")

SERVER, CLIENT = 0, 1


def ends(mode: int, in_quota: int, out_quota: int) -> list[Step]:
    """A server's end, which is 0, and a client's, 1."""
    created = {
        "mode": mode,
        "read_mode": 0,
        "access": DUPLEX,
        "most": 255,
        "quotas": (in_quota, out_quota),
        "flags": 0,
    }
    opened = {"access": READ | WRITE, "read_mode": mode, "flags": 0}
    return [("create", created), ("open", opened)]


def step(verb: str, whom: int, **rest: object) -> Step:
    return verb, {"whom": whom, **rest}


def test_a_flush_waits_for_writes_that_wait_in_line(backend: Local) -> None:
    """FL1: it ended when the first of them had been read."""
    replay(
        backend,
        [
            *ends(MESSAGE, 5, 10),
            step("write", CLIENT, size=10, wait=True),
            step("write", CLIENT, size=6, wait=True),
            step("flush", CLIENT, wait=True),
            step("read", SERVER, size=240, wait=False),
            step("peek", SERVER, size=1),
        ],
    )


def test_a_flush_waits_for_an_empty_message_in_line(backend: Local) -> None:
    """FL1, WR4: it did not count it."""
    replay(
        backend,
        [
            *ends(MESSAGE, 5, 10),
            step("write", CLIENT, size=10, wait=True),
            step("write", CLIENT, size=0, wait=True),
            step("flush", CLIENT, wait=True),
            step("read", SERVER, size=240, wait=False),
            step("peek", SERVER, size=1),
            step("peek", SERVER, size=1),
        ],
    )


def test_writing_nothing_to_a_stream_waits_for_nobody(backend: Local) -> None:
    """WR1: it stood in line behind a write that waited."""
    replay(
        backend,
        [
            *ends(BYTE, 1, 5),
            step("write", SERVER, size=700, wait=True),
            step("write", SERVER, size=0, wait=True),
        ],
    )


def test_peek_copies_what_came_since_the_last_peek(backend: Local) -> None:
    """P2: it was counted, but not copied."""
    replay(
        backend,
        [
            *ends(BYTE, 10, 5),
            step("write", CLIENT, size=5, wait=True),
            step("peek", SERVER, size=20),
            step("write", CLIENT, size=4, wait=True),
            step("peek", SERVER, size=20),
        ],
    )


def test_a_cancel_ends_all_writes_at_once(backend: Local) -> None:
    """I4, I5: the second one, first in line by the cancel of the first, was
    served before it heard of its own (rarely)."""
    for _ in range(20):
        replay(
            backend,
            [
                *ends(BYTE, 1, 10),
                step("write", SERVER, size=20, wait=True),
                step("write", SERVER, size=5, wait=True),
                step("cancel", SERVER),
            ],
        )


def test_an_empty_message_behind_a_write_survives_its_cancel(backend: Local) -> None:
    """WR4, X2: it was owed, and lost when the end closed (rarely)."""
    for _ in range(20):
        replay(
            backend,
            [
                *ends(MESSAGE, 0, 10),
                step("set_state", CLIENT, mode=READMODE_MESSAGE),
                step("write", CLIENT, size=20, wait=True),
                step("write", CLIENT, size=10, wait=True),
                step("write", CLIENT, size=0, wait=True),
                step("cancel", CLIENT),
                step("close", CLIENT),
                step("read", SERVER, size=1, wait=False),
            ],
        )


def test_an_empty_message_behind_a_write_survives_the_close(backend: Local) -> None:
    """WR4, X5: the write was left for the reader, the message behind it not."""
    replay(
        backend,
        [
            *ends(MESSAGE, 5, 10),
            step("write", CLIENT, size=20, wait=True),
            step("write", CLIENT, size=0, wait=True),
            step("close", CLIENT),
            step("read", SERVER, size=20, wait=False),
            step("read", SERVER, size=20, wait=False),
        ],
    )
