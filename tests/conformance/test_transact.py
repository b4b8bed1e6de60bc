# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Section 13: TransactNamedPipe and CallNamedPipe."""

import time

import pytest

from conformance.library import OK
from conformance.world import (
    BYTE,
    FLAG_NOWAIT,
    INBOUND,
    LISTENING,
    MESSAGE,
    NOWAIT,
    OUTBOUND,
    READ,
    READMODE_MESSAGE,
    World,
    data,
    rules,
)
from ground import E

either_end = pytest.mark.parametrize("asks", [0, 1], ids=["server", "client"])


def parties(w: World, asks: int, **options: int) -> tuple:
    """Who asks, and who answers."""
    ends = w.ends(MESSAGE, **options)
    return ends[asks], ends[1 - asks]


# --------------------------------------------------------------------------- transact


@rules("TR1", "TR3")
@either_end
def test_either_end_asks(w: World, asks: int) -> None:
    asker, other = parties(w, asks)
    asking = asker.begin.transact(b"question").blocked()
    assert other.read() == (OK, b"question")
    other.write(b"answer")
    assert asking.result() == (OK, b"answer")


@rules("TR1")
@either_end
def test_messages_must_be_read(w: World, asks: int) -> None:
    asker, other = parties(w, asks)
    assert asker.set_state(0) == OK
    assert asker.transact(b"x") == E.BAD_PIPE
    assert other.peek()[2] == 0
    assert asker.set_state(READMODE_MESSAGE) == OK
    assert asker.transact(b"x", ms=0) == E.TIMEOUT


@rules("TR1")
@either_end
def test_not_with_bytes(w: World, asks: int) -> None:
    asker = w.ends(BYTE)[asks]
    assert asker.transact(b"x") == E.BAD_PIPE


@rules("TR1")
@either_end
@pytest.mark.parametrize("access", [INBOUND, OUTBOUND])
def test_not_one_way(w: World, asks: int, access: int) -> None:
    asker, _ = parties(w, asks, access=access)
    assert asker.transact(b"x") == E.BAD_PIPE


@rules("TR2")
@either_end
def test_not_with_an_answer_unread(w: World, asks: int) -> None:
    asker, other = parties(w, asks)
    other.write(b"unasked")
    assert asker.transact(b"x") == E.PIPE_BUSY
    assert other.peek()[2] == 0
    assert asker.read(3) == (E.MORE_DATA, b"una")
    assert asker.transact(b"x") == E.PIPE_BUSY
    assert asker.read() == (OK, b"sked")
    assert asker.transact(b"x", ms=0) == E.TIMEOUT


@rules("TR2")
@either_end
def test_not_with_an_empty_message_unread(w: World, asks: int) -> None:
    asker, other = parties(w, asks)
    other.write(b"")
    assert asker.transact(b"x") == E.PIPE_BUSY
    assert asker.read() == (OK, b"")
    assert asker.transact(b"x", ms=0) == E.TIMEOUT


@rules("TR2")
@either_end
def test_not_while_a_read_waits(w: World, asks: int) -> None:
    asker, other = parties(w, asks)
    reading = asker.begin.read().blocked()
    assert asker.transact(b"x") == E.PIPE_BUSY
    assert other.peek()[2] == 0
    other.write(b"for the read")
    assert reading.result() == (OK, b"for the read")


@rules("TR3", "WR6")
@pytest.mark.parametrize("quota", [0, 3])
def test_a_question_needs_no_room(w: World, quota: int) -> None:
    s, c = w.ends(MESSAGE, in_quota=quota, out_quota=quota)
    asking = c.begin.transact(data(100_000)).blocked()
    answering = s.begin.read()
    assert answering.result() == (OK, data(100_000))
    writing = s.begin.write(b"answer")
    assert asking.result() == (OK, b"answer")
    assert writing.result() == (OK, 6)


@rules("TR3", "R3")
@either_end
def test_an_answer_longer_than_its_buffer(w: World, asks: int) -> None:
    asker, other = parties(w, asks)
    asking = asker.begin.transact(b"q", 3).blocked()
    assert other.read() == (OK, b"q")
    other.write(b"abcdef")
    assert asking.result() == (E.MORE_DATA, b"abc")
    assert asker.read() == (OK, b"def")


@rules("TR3", "WR2")
def test_a_question_to_who_waits_for_it(w: World) -> None:
    s, c = w.ends(MESSAGE)
    reading = s.begin.read().blocked()
    asking = c.begin.transact(b"q").blocked()
    assert reading.result() == (OK, b"q")
    s.write(b"a")
    assert asking.result() == (OK, b"a")


@rules("TR3")
def test_an_empty_question_and_an_empty_answer(w: World) -> None:
    s, c = w.ends(MESSAGE)
    asking = c.begin.transact(b"").blocked()
    assert s.read() == (OK, b"")
    s.write(b"")
    assert asking.result() == (OK, b"")


@rules("TR4", "I4")
def test_a_cancel_ends_the_wait_alone(w: World) -> None:
    s, c = w.ends(MESSAGE)
    asking = c.begin.transact(b"question").blocked()
    assert c.cancel() == OK
    assert asking.result() == E.OPERATION_ABORTED
    assert s.read() == (OK, b"question")
    s.write(b"late answer")
    assert c.transact(b"next") == E.PIPE_BUSY
    assert c.read() == (OK, b"late answer")


@rules("TR4")
def test_nowait_does_not_apply(w: World) -> None:
    s, c = w.ends(MESSAGE, in_quota=2, out_quota=2)
    assert c.set_state(READMODE_MESSAGE | NOWAIT) == OK
    asking = c.begin.transact(b"question").blocked()
    assert s.read() == (OK, b"question")
    writing = s.begin.write(b"answer")
    assert asking.result() == (OK, b"answer")
    assert writing.result() == (OK, 6)


@rules("TR5", "X4")
def test_a_question_that_nobody_will_answer(w: World) -> None:
    s, c = w.ends(MESSAGE)
    asking = c.begin.transact(b"question").blocked()
    assert s.read() == (OK, b"question")
    s.close()
    assert asking.result() == E.BROKEN_PIPE


# -------------------------------------------------------------------------------- call


@rules("CL1")
def test_a_call(w: World) -> None:
    s = w.create(MESSAGE)
    calling = w.begin_call(b"question").blocked()
    assert s.accept() == E.PIPE_CONNECTED
    assert s.read() == (OK, b"question")
    s.write(b"answer")
    assert calling.result() == (OK, b"answer")
    assert s.accept() == E.NO_DATA
    assert s.read() == E.BROKEN_PIPE


@rules("CL1")
def test_a_call_waits_for_an_instance(w: World) -> None:
    s, c = w.ends(MESSAGE, max_instances=1)
    calling = w.begin_call(b"question").blocked()
    c.close()
    s.disconnect()
    assert s.accept() in (OK, E.PIPE_CONNECTED)
    assert s.read() == (OK, b"question")
    s.write(b"answer")
    assert calling.result() == (OK, b"answer")


@rules("CL1", "CL2")
@pytest.mark.parametrize("ms", [1, 30])
def test_a_call_without_an_instance(w: World, ms: int) -> None:
    assert w.call(b"x", ms=ms) == E.FILE_NOT_FOUND
    w.ends(MESSAGE)
    began = time.monotonic()
    assert w.call(b"x", ms=ms) == E.SEM_TIMEOUT
    assert time.monotonic() - began >= ms / 1000 - 0.005


@rules("CL1")
def test_a_call_to_bytes_has_connected(w: World) -> None:
    s = w.create(BYTE)
    assert w.call(b"x") == E.INVALID_PARAMETER
    assert s.accept() == E.NO_DATA
    assert s.read() == E.BROKEN_PIPE


@rules("CL1")
@pytest.mark.parametrize("access", [INBOUND, OUTBOUND])
def test_a_call_needs_both_ways(w: World, access: int) -> None:
    s = w.create(MESSAGE, access=access, flags=FLAG_NOWAIT)
    assert w.call(b"x") == E.ACCESS_DENIED
    w.open(READ if access == OUTBOUND else 2)
    s.close()


@rules("CL1", "R3")
def test_the_rest_of_a_long_answer_is_lost(w: World) -> None:
    s = w.create(MESSAGE)
    calling = w.begin_call(b"q", 3).blocked()
    assert s.read() == (OK, b"q")
    s.write(b"abcdef")
    assert calling.result() == (E.MORE_DATA, b"abc")
    assert s.accept() == E.NO_DATA
    s.disconnect()
    s.accept(0)
    assert s.state()[1] == LISTENING
