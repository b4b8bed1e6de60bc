# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Section 2: pipes, instances, ends; the four states and what leads from one to
another."""

import pytest

from conformance.library import OK
from conformance.world import (
    BYTE,
    CLOSING,
    CONNECTED,
    DISCONNECTED,
    DUPLEX,
    FLAG_NOWAIT,
    INBOUND,
    LISTENING,
    MESSAGE,
    MODE_DEFAULT,
    NOWAIT,
    OUTBOUND,
    READ,
    READMODE_MESSAGE,
    World,
    both_types,
    data,
    rules,
)
from ground import E

# -------------------------------------------------------------------- the objects


@rules("O1", "S2b")
def test_modes_belong_to_an_end(w: World) -> None:
    s, c = w.ends(MESSAGE, read_mode=BYTE)
    assert s.state()[2] == READMODE_MESSAGE
    assert c.state()[2] == 0
    assert c.set_state(NOWAIT) == OK
    assert s.state()[2] == READMODE_MESSAGE
    assert s.set_state(0) == OK
    assert c.state()[2] == NOWAIT


@rules("O1")
def test_instances_are_conversations_of_their_own(w: World) -> None:
    first, second = w.create(), w.create()
    one, two = w.open(), w.open()
    one.write(b"one")
    two.write(b"two")
    assert first.read() == (OK, b"one")
    assert second.read() == (OK, b"two")
    one.close()
    assert first.state()[1] == CLOSING
    assert second.state()[1] == CONNECTED


@rules("O2", "WR3")
@both_types
def test_each_direction_has_its_queue_and_quota(w: World, mode: int) -> None:
    s, c = w.ends(mode, in_quota=20, out_quota=10)
    assert s.write(data(10)) == (OK, 10)
    assert s.write(b"x", 0) == E.TIMEOUT
    assert c.write(data(20)) == (OK, 20)
    assert c.write(b"x", 0) == E.TIMEOUT
    assert s.read() == (OK, data(20))
    assert s.write(b"x", 0) == E.TIMEOUT
    assert c.read() == (OK, data(10))


@rules("O2")
@both_types
def test_what_a_waiting_read_takes_is_never_queued(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=4)
    reading = c.begin.read(4).blocked()
    assert s.write(b"1234") == (OK, 4)
    assert reading.result() == (OK, b"1234")
    assert c.peek()[2] == 0
    assert s.write(b"5678", 0) == (OK, 4)


@rules("O3", "C6")
def test_the_first_instance_fixes_what_the_pipe_is(w: World) -> None:
    w.create(MESSAGE, max_instances=3, in_quota=1, out_quota=2)
    second = w.create(BYTE, max_instances=9, in_quota=30, out_quota=40)
    assert second.info() == (OK, 1, MESSAGE, DUPLEX, 40, 30, 3)


@rules("O3")
def test_quotas_belong_to_an_instance(w: World) -> None:
    w.create(in_quota=1, out_quota=2)
    second = w.create(in_quota=30, out_quota=40)
    w.open()
    client = w.open()
    assert client.info()[4:6] == (40, 30)
    assert client.write(data(30), 0) == (OK, 30)
    assert second.write(data(40), 0) == (OK, 40)
    assert second.write(b"x", 0) == E.TIMEOUT


@rules("O3")
def test_read_and_wait_modes_belong_to_an_instance(w: World) -> None:
    first = w.create(MESSAGE, BYTE)
    second = w.create(MESSAGE, MESSAGE, flags=FLAG_NOWAIT)
    assert first.state()[2] == 0
    assert second.state()[2] == READMODE_MESSAGE | NOWAIT


@rules("O6", "S1")
@both_types
def test_a_name_goes_with_its_last_server(w: World, mode: int) -> None:
    s, c = w.ends(mode, max_instances=1)
    s.write(b"left")
    s.close()
    assert c.state()[3] == 0
    assert w.open() == E.FILE_NOT_FOUND
    assert w.wait(0) == E.FILE_NOT_FOUND
    # Another pipe, of all a pipe may differ in, while that client lives on.
    other = w.create(3 - mode, access=INBOUND, max_instances=7)
    assert w.open(2).info()[2:4] == (3 - mode, INBOUND)
    assert other.state()[3] == 1
    assert c.read() == (OK, b"left")


@rules("O6", "C4")
def test_a_place_is_free_as_soon_as_its_server_has_gone(w: World) -> None:
    first, kept = w.ends(max_instances=2)
    w.create()
    assert w.create() == E.PIPE_BUSY
    first.close()
    assert kept.state()[1] == CLOSING
    assert kept.state()[3] == 1
    third = w.create()
    assert third.state()[3] == 2
    assert w.create() == E.PIPE_BUSY


# --------------------------------------------------------------------- the states


@rules("O4", "WT1")
def test_a_new_instance_can_be_connected_at_once(w: World) -> None:
    s = w.create()
    assert s.state()[1] == LISTENING
    assert w.wait(0) == OK
    c = w.open()
    assert s.state()[1] == c.state()[1] == CONNECTED
    assert c.write(b"before the server looks") == (OK, 23)
    assert s.read() == (OK, b"before the server looks")


@rules("O4")
def test_a_server_may_write_first_without_accepting(w: World) -> None:
    s, c = w.ends()
    assert s.write(b"hello") == (OK, 5)
    assert c.read() == (OK, b"hello")


@rules("O4", "F5")
def test_each_client_begins_with_bytes_and_waiting(w: World) -> None:
    s = w.create(MESSAGE, max_instances=1)
    for _ in range(2):
        c = w.open()
        assert c.state()[2] == 0
        assert c.set_state(READMODE_MESSAGE | NOWAIT) == OK
        s.disconnect()
        c.close()
        s.accept(0)


@rules("O4", "N1")
def test_a_client_ends_all_accepts_that_wait(w: World) -> None:
    s = w.create()
    accepts = [s.begin.accept().blocked() for _ in range(2)]
    w.open()
    assert [accept.result() for accept in accepts] == [OK, OK]
    assert s.state()[1] == CONNECTED


@rules("O4", "N3")
def test_a_nowait_accept_leaves_it_listening(w: World) -> None:
    s = w.create(flags=FLAG_NOWAIT)
    assert s.accept() == E.PIPE_LISTENING
    assert s.state()[1] == LISTENING
    w.open()
    assert s.state()[1] == CONNECTED


@rules("O4", "D1")
def test_a_disconnect_while_it_listens(w: World) -> None:
    s = w.create()
    accepts = [s.begin.accept().blocked() for _ in range(2)]
    assert s.disconnect() == OK
    assert [accept.result() for accept in accepts] == [E.PIPE_NOT_CONNECTED] * 2
    assert s.state()[1] == DISCONNECTED
    assert w.open() == E.PIPE_BUSY


@rules("O4")
def test_closing_what_listens_ends_its_accepts(w: World) -> None:
    """Windows says 109; here a handle's own close ends its calls with 995."""
    s = w.create()
    accept = s.begin.accept().blocked()
    s.close()
    assert accept.result() == E.OPERATION_ABORTED
    assert w.open() == E.FILE_NOT_FOUND


@rules("O4", "D1", "D2")
def test_a_disconnect_of_a_conversation(w: World) -> None:
    s, c = w.ends()
    s.write(b"down")
    c.write(b"up")
    assert s.disconnect() == OK
    assert s.state()[1] == DISCONNECTED
    for end in (s, c):
        assert end.read(ms=0) == E.PIPE_NOT_CONNECTED


@rules("O4", "X2")
def test_the_close_of_either_end(w: World) -> None:
    for closes in (0, 1):
        ends = w.ends()
        ends[closes].close()
        assert ends[1 - closes].state()[1] == CLOSING
        ends[1 - closes].close()
        assert w.exists() == E.FILE_NOT_FOUND


@rules("O4", "D1")
def test_a_disconnect_after_the_client_has_gone(w: World) -> None:
    s, c = w.ends()
    c.write(b"unread")
    c.close()
    assert s.disconnect() == OK
    assert s.state()[1] == DISCONNECTED
    assert s.read(ms=0) == E.PIPE_NOT_CONNECTED


@rules("O4", "N1", "D3")
def test_an_accept_listens_again(w: World) -> None:
    s, c = w.ends(max_instances=1)
    s.disconnect()
    assert w.open() == E.PIPE_BUSY
    accept = s.begin.accept().blocked()
    assert s.state()[1] == LISTENING
    assert c.read(ms=0) == E.PIPE_NOT_CONNECTED
    next_one = w.open()
    assert accept.result() == OK
    next_one.write(b"x")
    assert s.read() == (OK, b"x")


@rules("O4", "N3")
def test_a_nowait_accept_listens_again(w: World) -> None:
    s, _ = w.ends(max_instances=1, flags=FLAG_NOWAIT)
    s.disconnect()
    assert s.accept() == E.PIPE_LISTENING
    assert s.state()[1] == LISTENING
    w.open()
    assert s.accept() == E.PIPE_CONNECTED


@rules("O4")
def test_a_disconnected_client_stays_so(w: World) -> None:
    s, c = w.ends()
    s.disconnect()
    s.close()
    assert c.read(ms=0) == E.PIPE_NOT_CONNECTED
    assert c.write(b"x", 0) == E.PIPE_NOT_CONNECTED
    w.create()
    w.open()
    assert c.read(ms=0) == E.PIPE_NOT_CONNECTED


@rules("O4")
@pytest.mark.parametrize("access", [INBOUND, OUTBOUND])
def test_the_states_of_one_way_pipes(w: World, access: int) -> None:
    s, c = w.ends(access=access)
    there, here = (s, c) if access == OUTBOUND else (c, s)
    there.write(b"last words")
    assert w.open(READ if access == OUTBOUND else 2, MODE_DEFAULT) == E.PIPE_BUSY
    there.close()
    assert here.read() == (OK, b"last words")
    assert here.read() == E.BROKEN_PIPE
