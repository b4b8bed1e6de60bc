# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Sections 17 to 19: cancelling; and how far calls on one handle wait for each
other."""

import pytest

from conformance.backend import Remote
from conformance.library import OK
from conformance.world import (
    BYTE,
    FOREVER,
    LISTENING,
    MESSAGE,
    World,
    both_types,
    data,
    one_process,
    rules,
)
from ground import E


@rules("I4")
def test_nothing_to_cancel(w: World) -> None:
    s, c = w.ends()
    assert s.cancel() == c.cancel() == E.NOT_FOUND
    s.close()
    assert c.cancel() == E.NOT_FOUND
    assert w.create().cancel() == E.NOT_FOUND


@rules("I4")
@both_types
def test_all_that_waits_on_a_handle_ends(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=0, in_quota=0)
    waiting = [
        s.begin.read(10, FOREVER).blocked(),
        s.begin.read(0, FOREVER).blocked(),
        s.begin.write(b"abc", FOREVER).blocked(),
        s.begin.write(b"def", FOREVER).blocked(),
        s.begin.flush(FOREVER).blocked(),
    ]
    assert s.cancel() == OK
    assert [call.result() for call in waiting] == [E.OPERATION_ABORTED] * 5
    assert s.cancel() == E.NOT_FOUND
    assert c.peek()[2] == 0
    reading = c.begin.read().blocked()
    assert s.write(b"works on") == (OK, 8)
    assert reading.result() == (OK, b"works on")


@rules("I4")
def test_the_other_end_is_not_touched(w: World) -> None:
    s, c = w.ends()
    reading = c.begin.read().blocked()
    assert s.cancel() == E.NOT_FOUND
    reading.blocked()
    s.write(b"x")
    assert reading.result() == (OK, b"x")


@rules("I4", "N5")
def test_an_accept_is_cancelled(w: World) -> None:
    s = w.create()
    accepts = [s.begin.accept(FOREVER).blocked() for _ in range(2)]
    assert s.cancel() == OK
    assert [accept.result() for accept in accepts] == [E.OPERATION_ABORTED] * 2
    assert s.state()[1] == LISTENING


@rules("I5")
@both_types
def test_a_cancelled_read_takes_nothing(w: World, mode: int) -> None:
    s, c = w.ends(mode)
    reading = c.begin.read(3).blocked()
    assert c.cancel() == OK
    assert reading.result() == E.OPERATION_ABORTED
    s.write(b"abcdef")
    assert c.peek()[2] == 6
    assert c.read() == (OK, b"abcdef")


@rules("I5", "R9")
@both_types
@pytest.mark.parametrize("size", [50, 200_000])
def test_a_cancelled_write_was_never_there(w: World, mode: int, size: int) -> None:
    s, c = w.ends(mode, out_quota=10)
    assert s.write(b"before") == (OK, 6)
    writing = s.begin.write(data(size), FOREVER).blocked()
    assert c.peek()[2] == 6 + size
    assert s.cancel() == OK
    assert writing.result() == E.OPERATION_ABORTED
    assert c.peek()[2] == 6
    assert s.write(b"next", 0) == (OK, 4)
    assert c.read(6) == (OK, b"before")
    assert c.read() == (OK, b"next")
    assert c.read(ms=0) == E.TIMEOUT


@rules("I5", "R3")
def test_the_unread_rest_of_a_cancelled_message_goes(w: World) -> None:
    s, c = w.ends(MESSAGE, out_quota=0)
    writing = s.begin.write(b"abcdefgh", FOREVER).blocked()
    assert c.read(3) == (E.MORE_DATA, b"abc")
    assert s.cancel() == OK
    assert writing.result() == E.OPERATION_ABORTED
    assert c.read(ms=0) == E.TIMEOUT
    reading = c.begin.read().blocked()
    s.write(b"next")
    assert reading.result() == (OK, b"next")


@rules("I5")
def test_the_unread_rest_of_cancelled_bytes_goes(w: World) -> None:
    s, c = w.ends(BYTE, out_quota=1)
    writing = s.begin.write(b"abcdefgh", FOREVER).blocked()
    assert c.read(3) == (OK, b"abc")
    writing.blocked()
    assert s.cancel() == OK
    assert writing.result() == E.OPERATION_ABORTED
    assert c.read(ms=0) == E.TIMEOUT
    assert s.write(b"x") == (OK, 1)
    assert c.read() == (OK, b"x")


@rules("I5", "WR4", "WR3")
@both_types
def test_who_waits_behind_a_write_that_is_taken_back(w: World, mode: int) -> None:
    """The first one's time is up; the second then fits, the third does not."""
    s, c = w.ends(mode, out_quota=10)
    first = s.begin.write(data(11), 400).blocked()
    second = s.begin.write(b"b" * 6).blocked()
    third = s.begin.write(b"c" * 6).blocked()
    assert first.result() == E.TIMEOUT
    assert second.result() == (OK, 6)
    third.blocked()
    assert c.peek()[2] == 12
    assert c.read(6) == (OK, b"b" * 6)
    assert third.result() == (OK, 6)
    assert c.read() == (OK, b"c" * 6)


@rules("I6", "X5")
@one_process
def test_a_processs_calls_end_with_it(w: World, victim: Remote) -> None:
    s = w.create(MESSAGE, MESSAGE, in_quota=1, out_quota=1, max_instances=1)
    c = w.open(read_mode=MESSAGE, by=victim)
    c.begin.read(10, FOREVER).blocked()
    c.begin.write(b"over quota", FOREVER).blocked()
    assert s.peek()[2] == 10
    victim.kill()
    assert s.read() == E.BROKEN_PIPE
    assert s.write(b"x") == E.NO_DATA


@rules("I7")
@both_types
def test_calls_on_a_handle_do_not_wait_for_each_other(w: World, mode: int) -> None:
    """On both systems: the library never makes synchronous handles."""
    s, c = w.ends(mode, out_quota=0, in_quota=0)
    reads = [end.begin.read().blocked() for end in (s, c)]
    assert s.peek() == c.peek() == (OK, b"", 0, 0)
    assert s.info()[0] == c.state()[0] == OK
    assert s.write(b"down") == (OK, 4)
    assert c.write(b"up") == (OK, 2)
    assert [read.result() for read in reads] == [(OK, b"up"), (OK, b"down")]


@rules("A1", "C12")
def test_what_an_anonymous_pipe_is_made_of(w: World) -> None:
    """One instance, bytes one way, the read end its server, both sizes alike."""
    reader = w.create(BYTE, access=1, max_instances=1, in_quota=4096, out_quota=4096)
    writer = w.open(2)
    assert writer.write(data(4096), 0) == (OK, 4096)
    assert writer.write(b"x", 0) == E.TIMEOUT
    assert reader.read() == (OK, data(4096))
    writer.close()
    assert reader.read() == E.BROKEN_PIPE
