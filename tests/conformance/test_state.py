# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Section 16: what is told about an end, and what can be set."""

import os

import pytest

from conformance.backend import Local
from conformance.library import OK
from conformance.world import (
    BYTE,
    CLOSING,
    CONNECTED,
    DUPLEX,
    FLAG_NOWAIT,
    INBOUND,
    MESSAGE,
    NOWAIT,
    OUTBOUND,
    READMODE_MESSAGE,
    Backend,
    World,
    both_types,
    data,
    rules,
)
from ground import E


def pid(backend: Backend) -> int:
    return os.getpid() if isinstance(backend, Local) else backend.pid


@rules("S1")
def test_state_tells_of_this_end_and_of_the_pipe(w: World) -> None:
    s = w.create(MESSAGE, MESSAGE, flags=FLAG_NOWAIT)
    w.create(MESSAGE)
    c = w.open()
    assert s.state() == (OK, CONNECTED, NOWAIT | READMODE_MESSAGE, 2)
    assert c.state() == (OK, CONNECTED, 0, 2)
    c.close()
    assert s.state() == (OK, CLOSING, NOWAIT | READMODE_MESSAGE, 2)


@rules("S2")
@both_types
def test_modes_that_can_be_set(w: World, mode: int) -> None:
    modes = [0, NOWAIT]
    if mode == MESSAGE:
        modes += [READMODE_MESSAGE, READMODE_MESSAGE | NOWAIT]
    for end in w.ends(mode):
        for bits in modes + modes[::-1]:
            assert end.set_state(bits) == OK
            assert end.state()[2] == bits


@rules("S2")
@both_types
def test_modes_that_cannot_be_set(w: World, mode: int) -> None:
    wrong = [4, 8, 0x100, 0x80000000, 7]
    if mode == BYTE:
        wrong += [READMODE_MESSAGE, READMODE_MESSAGE | NOWAIT]
    for end in w.ends(mode):
        before = end.state()
        for bits in wrong:
            assert end.set_state(bits) == E.INVALID_PARAMETER
        assert end.state() == before


@rules("S2")
@both_types
@pytest.mark.parametrize("side", [0, 1], ids=["server", "client"])
def test_nowait_while_a_read_waits(w: World, mode: int, side: int) -> None:
    ends = w.ends(mode)
    end, other = ends[side], ends[1 - side]
    reading = end.begin.read().blocked()
    assert end.set_state(NOWAIT) == E.PIPE_BUSY
    assert not end.state()[2] & NOWAIT
    assert other.set_state(NOWAIT) == OK
    reading.blocked()
    other.write(b"x")
    assert reading.result() == (OK, b"x")
    assert end.set_state(NOWAIT) == OK


@rules("S2")
@both_types
def test_nowait_while_a_write_waits(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=0)
    writing = s.begin.write(b"abc").blocked()
    assert s.set_state(NOWAIT) == E.PIPE_BUSY
    assert c.set_state(NOWAIT) == OK
    writing.blocked()
    assert c.read() == (OK, b"abc")
    assert writing.result() == (OK, 3)
    assert s.set_state(NOWAIT) == OK


@rules("S2", "C13", "F4")
def test_who_may_set(w: World) -> None:
    s, c = w.ends(access=INBOUND)
    assert s.set_state(0) == E.ACCESS_DENIED
    assert c.set_state(NOWAIT) == OK
    s.close()
    s, c = w.ends(access=OUTBOUND)
    assert s.set_state(NOWAIT) == OK
    assert c.set_state(NOWAIT) == E.ACCESS_DENIED


@rules("S2b")
@both_types
def test_a_mode_is_of_one_end(w: World, mode: int) -> None:
    s, c = w.ends(mode)
    before = s.state()[2]
    assert c.set_state(NOWAIT) == OK
    assert s.state()[2] == before
    reading = s.begin.read().blocked()
    assert c.read() == E.NO_DATA
    c.write(b"x")
    assert reading.result() == (OK, b"x")


@rules("S3")
@both_types
def test_info_is_of_the_pipe(w: World, mode: int) -> None:
    """The sizes are not exchanged for the client; no read or wait mode."""
    s, c = w.ends(mode, in_quota=11, out_quota=22, max_instances=9, flags=FLAG_NOWAIT)
    assert s.info() == (OK, 1, mode, DUPLEX, 22, 11, 9)
    assert c.info() == (OK, 0, mode, DUPLEX, 22, 11, 9)
    s.close()
    assert c.info() == (OK, 0, mode, DUPLEX, 22, 11, 9)


@rules("S4")
def test_who_is_on_the_other_end(w: World) -> None:
    s = w.create()
    assert s.peer() == E.NOT_FOUND
    c = w.open()
    assert s.peer() == (OK, pid(w.client))
    assert c.peer() == (OK, pid(w.server))
    s.disconnect()
    assert s.peer() == E.NOT_FOUND
    assert c.peer() == E.PIPE_NOT_CONNECTED


@rules("S4")
def test_who_it_was_is_known_after_a_close(w: World) -> None:
    s, c = w.ends()
    c.close()
    assert s.peer() == (OK, pid(w.client))
    s.close()
    s, c = w.ends()
    s.close()
    assert c.peer() == (OK, pid(w.server))


@rules("S7")
@both_types
def test_how_much_is_unread(w: World, mode: int) -> None:
    """What NT's queries tell: the quotas by info, the bytes by peek."""
    s, c = w.ends(mode, in_quota=5, out_quota=7)
    s.write(data(6))
    assert c.peek()[2] == 6
    assert sum(c.info()[4:6]) == 12


@rules("S8", "F7")
def test_pipes_are_listed(w: World) -> None:
    names = [f"{w.name}-{end}" for end in ("one", "Two", "three")]
    for name in names:
        w.create(name=name)
        w.create(name=name)
    assert w.names(f"{w.name}-*") == (OK, sorted(names))
    assert w.names(f"{w.name}-t*") == (OK, sorted(names[1:]))
    assert w.names(f"{w.name}-???") == (OK, sorted(names[:2]))
