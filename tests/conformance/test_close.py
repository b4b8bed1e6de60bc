# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Section 7: what closing an end does, and the death of its process."""

import pytest

from conformance.backend import Remote
from conformance.library import OK
from conformance.world import (
    BYTE,
    CLOSING,
    FLAG_NOWAIT,
    FOREVER,
    MESSAGE,
    World,
    both_types,
    data,
    one_process,
    rules,
)
from ground import E

both_ends = pytest.mark.parametrize("closes", [0, 1], ids=["server", "client"])


def parted(w: World, closes: int, mode: int, **options: int) -> tuple:
    """The end that will close, and the one that stays."""
    ends = w.ends(mode, **options)
    return ends[closes], ends[1 - closes]


# ------------------------------------------------------------------ what was written


@rules("X2", "R7")
@both_types
@both_ends
def test_what_was_written_can_be_read(w: World, mode: int, closes: int) -> None:
    leaves, stays = parted(w, closes, mode)
    for part in (b"one", b"", b"three"):
        assert leaves.write(part)[0] == OK
    leaves.close()
    assert stays.state()[1] == CLOSING
    if mode == MESSAGE:
        for part in (b"one", b"", b"three"):
            assert stays.read() == (OK, part)
    else:
        assert stays.read() == (OK, b"onethree")
    for _ in range(2):
        assert stays.read() == E.BROKEN_PIPE
        assert stays.read(0) == E.BROKEN_PIPE
        assert stays.peek() == E.BROKEN_PIPE


@rules("X2", "R3")
@both_ends
def test_a_half_read_message_can_be_read_to_its_end(w: World, closes: int) -> None:
    leaves, stays = parted(w, closes, MESSAGE)
    leaves.write(b"abcdef")
    assert stays.read(2) == (E.MORE_DATA, b"ab")
    leaves.close()
    assert stays.read(2) == (E.MORE_DATA, b"cd")
    assert stays.peek(9) == (OK, b"ef", 2, 0)
    assert stays.read(2) == (OK, b"ef")
    assert stays.read(2) == E.BROKEN_PIPE


@rules("X2", "R1")
@both_types
def test_a_nowait_reader_sees_the_end_too(w: World, mode: int) -> None:
    s, c = w.ends(mode, flags=FLAG_NOWAIT)
    assert s.read() == E.NO_DATA
    c.write(b"x")
    c.close()
    assert s.read() == (OK, b"x")
    assert s.read() == E.BROKEN_PIPE


@rules("X6", "N1")
@both_types
def test_a_client_may_come_write_and_leave_before_the_accept(
    w: World, mode: int
) -> None:
    s = w.create(mode)
    c = w.open()
    assert c.write(b"was here") == (OK, 8)
    c.close()
    assert s.accept() == E.NO_DATA
    assert s.read() == (OK, b"was here")
    assert s.accept() == E.NO_DATA
    assert s.read() == E.BROKEN_PIPE


@rules("X7", "R2", "FL1")
def test_an_empty_message_as_an_end_of_writing(w: World) -> None:
    """What programs do for want of a half-close."""
    s, c = w.ends(MESSAGE, read_mode=BYTE)
    s.write(b"all of it")
    flushing = s.begin.flush().blocked()
    assert c.read() == (OK, b"all of it")
    assert flushing.result() == OK
    s.write(b"")
    assert c.read() == (OK, b"")
    assert c.write(b"still here") == (OK, 10)
    assert s.read() == (OK, b"still here")


# ----------------------------------------------------------------- what was not read


@rules("X3")
@both_types
@both_ends
def test_writers_and_flushers_of_what_was_not_read(
    w: World, mode: int, closes: int
) -> None:
    leaves, stays = parted(w, closes, mode, in_quota=3, out_quota=3)
    waiting = [
        stays.begin.write(b"over quota").blocked(),
        stays.begin.write(b"next").blocked(),
        stays.begin.flush().blocked(),
    ]
    leaves.close()
    assert [call.result() for call in waiting] == [E.BROKEN_PIPE] * 3
    assert stays.flush() == OK


@rules("X4")
@both_types
@both_ends
def test_reads_that_wait_end(w: World, mode: int, closes: int) -> None:
    leaves, stays = parted(w, closes, mode)
    waiting = [stays.begin.read(size).blocked() for size in (10, 0, 1)]
    leaves.close()
    assert [call.result() for call in waiting] == [E.BROKEN_PIPE] * 3


@rules("X4", "TR3")
@both_ends
def test_a_transact_that_waits_ends(w: World, closes: int) -> None:
    leaves, stays = parted(w, closes, MESSAGE)
    waiting = stays.begin.transact(b"question").blocked()
    leaves.close()
    assert waiting.result() == E.BROKEN_PIPE


@rules("X4", "WR9")
@both_types
@both_ends
def test_writes_after_it(w: World, mode: int, closes: int) -> None:
    leaves, stays = parted(w, closes, mode)
    leaves.write(b"unread")
    leaves.close()
    for content in (b"x", b""):
        assert stays.write(content) == E.NO_DATA
    assert stays.read() == (OK, b"unread")
    assert stays.write(b"x") == E.NO_DATA


@rules("X5")
@both_types
@both_ends
def test_a_write_that_waits_outlives_its_end(w: World, mode: int, closes: int) -> None:
    """Where the process lives on. The call itself is ended by its handle's close."""
    leaves, stays = parted(w, closes, mode, in_quota=4, out_quota=4)
    sent = data(100)
    writing = leaves.begin.write(sent).blocked()
    leaves.close()
    assert writing.result() == E.OPERATION_ABORTED
    assert stays.read(60)[1] + stays.read()[1] == sent
    assert stays.read() == E.BROKEN_PIPE


# ------------------------------------------------------------------- a process's end


@rules("X1", "X2")
@one_process
@both_types
def test_death_closes_an_end(w: World, victim: Remote, mode: int) -> None:
    s = w.create(mode)
    c = w.open(by=victim)
    assert c.write(b"last words") == (OK, 10)
    assert s.read(4)[1] == b"last"
    reading = s.begin.read(0, FOREVER)
    assert reading.result()[0] == (E.MORE_DATA if mode == MESSAGE else OK)
    victim.kill()
    assert s.read() == (OK, b" words")
    assert s.read() == E.BROKEN_PIPE
    assert s.write(b"x") == E.NO_DATA
    assert s.state()[1] == CLOSING
    assert s.disconnect() == OK
    assert s.accept(0) == E.TIMEOUT


@rules("X1", "X4", "X3")
@one_process
@both_types
def test_death_ends_what_waits_for_it(w: World, victim: Remote, mode: int) -> None:
    w.create(mode, out_quota=1, in_quota=1, by=victim)
    reader = w.open()
    reading = reader.begin.read().blocked()
    writing = reader.begin.write(b"over quota").blocked()
    victim.kill()
    assert reading.result() == E.BROKEN_PIPE
    assert writing.result() == E.BROKEN_PIPE
    assert w.open() == E.FILE_NOT_FOUND


@rules("X1", "O6")
@one_process
def test_death_frees_the_name(w: World, victim: Remote) -> None:
    w.create(MESSAGE, max_instances=1, by=victim)
    assert w.create() == E.PIPE_BUSY
    c = w.open()
    victim.kill()
    assert c.read() == E.BROKEN_PIPE
    assert w.open() == E.FILE_NOT_FOUND
    assert w.create(BYTE).state()[3] == 1


@rules("X5", "I6")
@one_process
@pytest.mark.parametrize("taken", [0, 3])
def test_an_unfinished_message_dies_with_its_process(
    w: World, victim: Remote, taken: int
) -> None:
    """Also when a part of it was read already."""
    s = w.create(MESSAGE, MESSAGE, in_quota=10)
    c = w.open(by=victim)
    assert c.write(b"complete") == (OK, 8)
    c.begin.write(data(1000)).blocked()
    assert s.peek()[2] == 1008
    assert s.read() == (OK, b"complete")
    if taken:
        assert s.read(taken) == (E.MORE_DATA, data(taken))
    victim.kill()
    assert s.read() == E.BROKEN_PIPE
