# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Sections 8 and 9: ConnectNamedPipe and DisconnectNamedPipe."""

import pytest

from conformance.library import OK
from conformance.world import (
    CONNECTED,
    DISCONNECTED,
    FLAG_NOWAIT,
    FOREVER,
    LISTENING,
    MESSAGE,
    NOWAIT,
    World,
    both_types,
    data,
    rules,
)
from ground import E

# ------------------------------------------------------------------------- connecting


@rules("N1")
def test_accept_waits_for_a_client(w: World) -> None:
    s = w.create()
    assert s.accept(0) == E.TIMEOUT
    accept = s.begin.accept(FOREVER).blocked()
    w.open()
    assert accept.result() == OK


@rules("N1")
def test_a_client_that_is_there_already(w: World) -> None:
    s, c = w.ends()
    for _ in range(2):
        assert s.accept() == E.PIPE_CONNECTED
    c.write(b"x")
    assert s.read() == (OK, b"x")
    assert s.accept() == E.PIPE_CONNECTED


@rules("N1", "D3")
def test_a_client_that_has_gone_is_in_the_way(w: World) -> None:
    s, c = w.ends(max_instances=1)
    c.close()
    for _ in range(2):
        assert s.accept() == E.NO_DATA
    assert w.open() == E.PIPE_BUSY
    assert s.disconnect() == OK
    accept = s.begin.accept().blocked()
    w.open()
    assert accept.result() == OK


@rules("N3")
def test_a_nowait_end_never_succeeds(w: World) -> None:
    s = w.create(flags=FLAG_NOWAIT)
    assert s.accept(FOREVER) == E.PIPE_LISTENING
    c = w.open()
    assert s.accept(FOREVER) == E.PIPE_CONNECTED
    c.close()
    assert s.accept(FOREVER) == E.NO_DATA
    s.disconnect()
    for _ in range(2):
        assert s.accept(FOREVER) == E.PIPE_LISTENING
    w.open()
    assert s.accept(FOREVER) == E.PIPE_CONNECTED


@rules("N3", "S2")
def test_an_end_becomes_nowait_and_waits_again(w: World) -> None:
    s = w.create()
    assert s.set_state(NOWAIT) == OK
    assert s.accept(FOREVER) == E.PIPE_LISTENING
    assert s.set_state(0) == OK
    accept = s.begin.accept().blocked()
    w.open()
    assert accept.result() == OK


@rules("N5", "I4")
def test_a_cancelled_accept_leaves_it_listening(w: World) -> None:
    s = w.create()
    for _ in range(2):
        accept = s.begin.accept().blocked()
        assert s.cancel() == OK
        assert accept.result() == E.OPERATION_ABORTED
        assert s.state()[1] == LISTENING
    w.open()
    assert s.accept() == E.PIPE_CONNECTED


@rules("N5", "O4")
def test_a_cancelled_accept_has_armed_it_again(w: World) -> None:
    s, _ = w.ends(max_instances=1)
    s.disconnect()
    accept = s.begin.accept().blocked()
    assert s.cancel() == OK
    assert accept.result() == E.OPERATION_ABORTED
    assert s.state()[1] == LISTENING
    w.open()
    assert s.state()[1] == CONNECTED


@rules("N6", "D1")
def test_a_client_neither_accepts_nor_disconnects(w: World) -> None:
    s, c = w.ends()
    assert c.accept() == E.INVALID_FUNCTION
    assert c.disconnect() == E.INVALID_FUNCTION
    assert s.state()[1] == CONNECTED
    s.close()
    assert c.accept() == E.INVALID_FUNCTION
    assert c.disconnect() == E.INVALID_FUNCTION


# ---------------------------------------------------------------------- disconnecting


@rules("D1")
@both_types
def test_a_disconnect_drops_what_is_unread(w: World, mode: int) -> None:
    """Both ways, also what the client was sent long ago."""
    s, c = w.ends(mode)
    s.write(b"down")
    c.write(b"up")
    assert s.disconnect() == OK
    assert s.read() == E.PIPE_NOT_CONNECTED
    for code in (c.read(), c.read(0), c.write(b"x"), c.write(b""), c.peek()):
        assert code == E.PIPE_NOT_CONNECTED
    for code in (c.flush(), c.info(), c.state(), c.set_state(0), c.peer()):
        assert code == E.PIPE_NOT_CONNECTED


@rules("D1")
def test_the_rest_of_a_message_is_dropped_too(w: World) -> None:
    s, c = w.ends(MESSAGE, max_instances=1)
    s.write(b"abcdef")
    assert c.read(3) == (E.MORE_DATA, b"abc")
    s.disconnect()
    assert c.read(3) == E.PIPE_NOT_CONNECTED
    accept = s.begin.accept().blocked()
    other = w.open(read_mode=MESSAGE)
    assert accept.result() == OK
    assert other.peek()[2] == 0
    assert other.read(ms=0) == E.TIMEOUT


@rules("D1", "FL1")
def test_after_a_flush_nothing_is_lost(w: World) -> None:
    s, c = w.ends(MESSAGE)
    s.write(b"all")
    flush = s.begin.flush().blocked()
    assert c.read() == (OK, b"all")
    assert flush.result() == OK
    s.disconnect()
    assert c.read() == E.PIPE_NOT_CONNECTED


@rules("D2")
@both_types
@pytest.mark.parametrize("side", [0, 1], ids=["server", "client"])
def test_a_disconnect_ends_what_waits(w: World, mode: int, side: int) -> None:
    ends = w.ends(mode, in_quota=2, out_quota=2)
    s, end = ends[0], ends[side]
    waiting = [
        end.begin.read().blocked(),
        end.begin.read(0).blocked(),
        end.begin.write(data(9)).blocked(),
        end.begin.write(b"x").blocked(),
        end.begin.flush().blocked(),
    ]
    assert s.disconnect() == OK
    assert [call.result() for call in waiting] == [E.PIPE_NOT_CONNECTED] * 5


@rules("D2", "TR3")
@pytest.mark.parametrize("side", [0, 1], ids=["server", "client"])
def test_a_disconnect_ends_a_transact(w: World, side: int) -> None:
    ends = w.ends(MESSAGE)
    waiting = ends[side].begin.transact(b"question").blocked()
    assert ends[0].disconnect() == OK
    assert waiting.result() == E.PIPE_NOT_CONNECTED


@rules("D2", "D3")
def test_the_client_has_to_close_all_the_same(w: World) -> None:
    s, old = w.ends(max_instances=1)
    s.disconnect()
    accept = s.begin.accept().blocked()
    new = w.open()
    assert accept.result() == OK
    new.write(b"new")
    assert old.write(b"old") == E.PIPE_NOT_CONNECTED
    assert s.read() == (OK, b"new")
    old.close()
    assert s.state()[1] == CONNECTED


@rules("D3")
def test_twice(w: World) -> None:
    s, _ = w.ends(max_instances=1)
    assert s.disconnect() == OK
    assert s.disconnect() == E.PIPE_NOT_CONNECTED
    assert s.state()[1] == DISCONNECTED
    assert w.open() == E.PIPE_BUSY
    assert w.wait(0) == E.SEM_TIMEOUT
