# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Sections 14 and 15: WaitNamedPipe and FlushFileBuffers."""

import pytest

from conformance.library import OK
from conformance.world import (
    BYTE,
    CONNECTED,
    FLAG_NOWAIT,
    FOREVER,
    LISTENING,
    MESSAGE,
    USE_DEFAULT,
    End,
    World,
    both_types,
    rules,
)
from ground import E

# Ample for a flush that has to end, and short for Wine, which waits in vain.
BOUND = 4_000

# ------------------------------------------------------------------------------- wait


@rules("WT1", "WT4")
@pytest.mark.parametrize("ms", [0, FOREVER, USE_DEFAULT], ids=["0", "ever", "default"])
def test_an_instance_that_listens(w: World, ms: int) -> None:
    """Nobody need be in an accept; and nothing is taken."""
    s = w.create(max_instances=1)
    for _ in range(3):
        assert w.wait(ms) == OK
    assert s.state()[1] == LISTENING
    assert isinstance(w.open(), End)
    assert s.state()[1] == CONNECTED


@rules("WT1")
def test_one_of_many(w: World) -> None:
    w.ends()
    w.create()
    assert w.wait(0) == OK


@rules("WT2")
@pytest.mark.parametrize("ms", [0, FOREVER, USE_DEFAULT], ids=["0", "ever", "default"])
def test_no_such_pipe(w: World, ms: int) -> None:
    assert w.wait(ms) == E.FILE_NOT_FOUND


@rules("WT2")
@pytest.mark.parametrize("ms", [0, 1, 30])
def test_no_instance_in_time(w: World, ms: int) -> None:
    s, _ = w.ends()
    assert w.wait(ms) == E.SEM_TIMEOUT
    s.disconnect()
    assert w.wait(ms) == E.SEM_TIMEOUT


@rules("WT2", "O6")
def test_the_last_instance_goes_meanwhile(w: World) -> None:
    s, _ = w.ends()
    waits = [w.begin_wait().blocked() for _ in range(2)]
    s.close()
    assert [wait.result() for wait in waits] == [E.FILE_NOT_FOUND] * 2


@rules("WT2")
def test_one_instance_of_two_goes_meanwhile(w: World) -> None:
    first, _ = w.ends()
    second, _ = w.ends()
    wait = w.begin_wait().blocked()
    first.close()
    wait.blocked()
    second.close()
    assert wait.result() == E.FILE_NOT_FOUND


@rules("WT3")
def test_a_new_instance_wakes_all(w: World) -> None:
    w.ends()
    waits = [w.begin_wait(FOREVER).blocked() for _ in range(3)]
    s = w.create()
    assert [wait.result() for wait in waits] == [OK] * 3
    assert s.state()[1] == LISTENING


@rules("WT3", "N1")
def test_an_accept_after_a_disconnect_wakes_all(w: World) -> None:
    s, _ = w.ends(max_instances=1)
    waits = [w.begin_wait(FOREVER).blocked() for _ in range(2)]
    s.disconnect()
    for wait in waits:
        wait.blocked()
    assert s.accept(0) == E.TIMEOUT
    assert [wait.result() for wait in waits] == [OK] * 2


@rules("WT3", "N3")
def test_a_nowait_accept_wakes_too(w: World) -> None:
    s, _ = w.ends(max_instances=1, flags=FLAG_NOWAIT)
    wait = w.begin_wait(FOREVER).blocked()
    s.disconnect()
    assert s.accept() == E.PIPE_LISTENING
    assert wait.result() == OK


@rules("WT3", "WT4", "F1")
def test_nothing_is_reserved(w: World) -> None:
    s = w.create(max_instances=1)
    assert w.wait(0) == OK
    assert isinstance(w.open(), End)
    assert w.open() == E.PIPE_BUSY
    s.close()
    assert w.open() == E.FILE_NOT_FOUND


# ------------------------------------------------------------------------------ flush


@rules("FL1")
@both_types
def test_flush_waits_until_all_is_read(w: World, mode: int) -> None:
    s, c = w.ends(mode)
    s.write(b"abc")
    s.write(b"def")
    flush = s.begin.flush(FOREVER).blocked()
    assert c.read(3) == (OK, b"abc")
    assert c.read(2)[1] == b"de"
    flush.blocked()
    assert c.read(1) == (OK, b"f")
    assert flush.result() == OK


@rules("FL1")
@both_types
def test_what_is_written_later_does_not_delay_it(w: World, mode: int) -> None:
    s, c = w.ends(mode)
    s.write(b"before")
    flush = s.begin.flush(BOUND).blocked()
    s.write(b"after")
    assert c.read(6) == (OK, b"before")
    assert flush.result() == OK
    assert c.read() == (OK, b"after")


@rules("FL1")
def test_flushes_of_several_marks(w: World) -> None:
    s, c = w.ends(MESSAGE)
    s.write(b"one")
    first = s.begin.flush(BOUND).blocked()
    s.write(b"two")
    second = s.begin.flush(BOUND).blocked()
    assert c.read() == (OK, b"one")
    assert first.result() == OK
    second.blocked()
    assert c.read() == (OK, b"two")
    assert second.result() == OK


@rules("FL1", "R9")
@both_types
def test_flush_waits_for_a_write_that_waits(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=4)
    writing = s.begin.write(b"abcdef").blocked()
    flush = s.begin.flush().blocked()
    assert c.read(2)[1] == b"ab"
    assert writing.result() == (OK, 6)
    flush.blocked()
    assert c.read() == (OK, b"cdef")
    assert flush.result() == OK


@rules("FL1", "WR1")
def test_flush_waits_for_an_empty_message(w: World) -> None:
    s, c = w.ends(MESSAGE)
    s.write(b"")
    flush = s.begin.flush().blocked()
    assert c.read() == (OK, b"")
    assert flush.result() == OK


@rules("FL2")
@both_types
def test_nothing_unread_is_nothing_to_flush(w: World, mode: int) -> None:
    s, c = w.ends(mode)
    assert s.flush() == c.flush() == OK
    s.write(b"x")
    c.read()
    assert s.flush() == OK
    reading = c.begin.read().blocked()
    assert s.flush() == OK
    reading.blocked()
    assert c.flush() == OK


@rules("FL2", "I5")
@both_types
def test_a_write_that_is_taken_back_releases_it(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=0)
    writing = s.begin.write(b"never read", 300).blocked()
    flush = s.begin.flush().blocked()
    assert writing.result() == E.TIMEOUT
    assert flush.result() == OK
    assert c.peek()[2] == 0


@rules("FL3")
@both_types
def test_flush_when_the_other_end_closes(w: World, mode: int) -> None:
    for side in (0, 1):
        ends = w.ends(mode)
        ends[side].write(b"unread")
        flush = ends[side].begin.flush().blocked()
        ends[1 - side].close()
        assert flush.result() == E.BROKEN_PIPE
        ends[side].close()


@rules("FL3", "D2")
@pytest.mark.parametrize("side", [0, 1], ids=["server", "client"])
def test_flush_when_the_server_disconnects(w: World, side: int) -> None:
    ends = w.ends()
    ends[side].write(b"unread")
    flush = ends[side].begin.flush().blocked()
    assert ends[0].disconnect() == OK
    assert flush.result() == E.PIPE_NOT_CONNECTED


@rules("FL3")
def test_two_that_flush_wait_for_each_other(w: World) -> None:
    s, c = w.ends()
    for end in (s, c):
        end.write(b"unread")
    flushes = [end.begin.flush().blocked() for end in (s, c)]
    for flush in flushes:
        flush.blocked()
    assert s.cancel() == c.cancel() == OK
    assert [flush.result() for flush in flushes] == [E.OPERATION_ABORTED] * 2


@rules("FL3")
def test_flush_waits_on_a_nowait_end(w: World) -> None:
    s, c = w.ends(BYTE, flags=FLAG_NOWAIT)
    s.write(b"x")
    flush = s.begin.flush().blocked()
    assert c.read() == (OK, b"x")
    assert flush.result() == OK
