# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Section 6: CreateFile, the client's open."""

import pytest

from conformance.library import OK
from conformance.world import (
    BYTE,
    CONNECTED,
    DUPLEX,
    INBOUND,
    LISTENING,
    MESSAGE,
    NOWAIT,
    OUTBOUND,
    READ,
    READMODE_MESSAGE,
    WRITE,
    WRITE_ATTRIBUTES,
    End,
    World,
    both_types,
    rules,
)
from ground import E

NOTHING = 0


def connected(servers: list[End]) -> list[int]:
    return [i for i, s in enumerate(servers) if s.state()[1] == CONNECTED]


@rules("F1")
def test_open_never_waits(w: World) -> None:
    assert w.open() == E.FILE_NOT_FOUND
    w.ends()
    assert w.open() == E.PIPE_BUSY
    w.create()
    assert isinstance(w.open(), End)


@rules("F2")
@pytest.mark.parametrize("direction", [INBOUND, OUTBOUND, DUPLEX])
@pytest.mark.parametrize("access", [NOTHING, READ, WRITE, READ | WRITE])
def test_access_and_direction(w: World, direction: int, access: int) -> None:
    s = w.create(access=direction)
    allowed = {INBOUND: WRITE, OUTBOUND: READ, DUPLEX: READ | WRITE}[direction]
    opened = w.open(access)
    if access & ~allowed:
        assert opened == E.ACCESS_DENIED
        # It has not taken the instance.
        opened = w.open(allowed)
    assert isinstance(opened, End)
    assert w.open(allowed) == E.PIPE_BUSY
    s.close()


@rules("F2", "F4", "C13")
def test_access_to_nothing_takes_an_instance(w: World) -> None:
    s = w.create(max_instances=1)
    c = w.open(NOTHING)
    assert s.accept() == E.PIPE_CONNECTED
    assert c.info()[0] == c.state()[0] == OK
    for code in (c.read(ms=0), c.write(b"x", 0), c.peek(), c.flush(), c.set_state(0)):
        assert code == E.ACCESS_DENIED
    c.close()
    assert s.accept() == E.NO_DATA


@rules("F3")
def test_wrong_access_is_found_before_busy(w: World) -> None:
    w.ends(access=OUTBOUND)
    assert w.open(WRITE) == E.ACCESS_DENIED
    assert w.open(READ) == E.PIPE_BUSY


@rules("F4", "S2")
def test_only_who_may_write_attributes_sets_modes(w: World) -> None:
    for _ in range(4):
        w.create(MESSAGE)
    reader, setter = w.open(READ), w.open(READ | WRITE_ATTRIBUTES)
    writer, queries = w.open(WRITE), w.open(WRITE_ATTRIBUTES)
    for end in (reader, setter, writer, queries):
        assert end.info()[0] == OK
        assert end.state()[0] == OK
    assert reader.set_state(READMODE_MESSAGE) == E.ACCESS_DENIED
    for end in (setter, writer, queries):
        assert end.set_state(READMODE_MESSAGE) == OK
        assert end.state()[2] == READMODE_MESSAGE


@rules("C13", "F2")
def test_an_end_does_what_it_asked_for(w: World) -> None:
    servers = [w.create(MESSAGE), w.create(MESSAGE)]
    reader, writer = w.open(READ), w.open(WRITE)
    assert reader.write(b"x", 0) == E.ACCESS_DENIED
    assert reader.flush() == E.ACCESS_DENIED
    assert writer.read(ms=0) == E.ACCESS_DENIED
    assert writer.peek() == E.ACCESS_DENIED
    assert writer.write(b"up") == (OK, 2)
    assert servers[1].read() == (OK, b"up")
    assert servers[0].write(b"down") == (OK, 4)
    assert reader.read() == (OK, b"down")


@rules("F5")
@both_types
@pytest.mark.parametrize("read_mode", [BYTE, MESSAGE])
def test_a_client_reads_bytes_at_first(w: World, mode: int, read_mode: int) -> None:
    w.create(mode, read_mode if mode == MESSAGE else BYTE, flags=NOWAIT)
    c = w.open()
    assert c.state()[2] == 0


@rules("F6")
def test_the_one_that_has_listened_longest(w: World) -> None:
    servers = [w.create() for _ in range(3)]
    order = []
    for _ in servers:
        before = connected(servers)
        w.open()
        (taken,) = set(connected(servers)) - set(before)
        order.append(taken)
    assert order == [0, 1, 2]


@rules("F6")
def test_an_instance_that_listens_again_is_the_last(w: World) -> None:
    servers = [w.create() for _ in range(3)]
    w.open().close()
    assert servers[0].disconnect() == OK
    assert servers[0].accept(0) == E.TIMEOUT
    assert servers[0].state()[1] == LISTENING
    w.open()
    assert connected(servers) == [1]
    w.open()
    assert connected(servers) == [1, 2]
    w.open()
    assert connected(servers) == [0, 1, 2]


@rules("F6")
def test_the_order_is_that_of_listening_not_of_disconnecting(w: World) -> None:
    servers = [w.create() for _ in range(3)]
    for _ in servers:
        w.open().close()
    for i in (0, 1, 2):
        assert servers[i].disconnect() == OK
    for i in (1, 2, 0):
        assert servers[i].accept(0) == E.TIMEOUT
    order: list[int] = []
    for _ in servers:
        w.open()
        order += set(connected(servers)) - set(order)
    assert order == [1, 2, 0]


@rules("F6")
def test_an_accept_that_waits_gives_no_priority(w: World) -> None:
    first, second = w.create(), w.create()
    accept = second.begin.accept().blocked()
    w.open()
    assert first.state()[1] == CONNECTED
    assert second.state()[1] == LISTENING
    accept.blocked()
    w.open()
    assert accept.result() == OK


@rules("F7", "S8")
def test_looking_takes_nothing(w: World) -> None:
    """Here there is no path to open: to look is a call of its own."""
    s = w.create(max_instances=1)
    assert w.exists() == OK
    assert w.names(w.name) == (OK, [w.name])
    assert s.state()[1] == LISTENING
    assert isinstance(w.open(), End)
    assert w.exists() == OK
    s.close()
    assert w.exists() == E.FILE_NOT_FOUND
    assert w.names(w.name) == (OK, [])
