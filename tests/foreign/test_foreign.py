# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Conversations with programs that know nothing of this library, as their server
and as their client: every row of matrix.py."""

from __future__ import annotations

import time

import pytest

from foreign.matrix import Row, Way, each_row, each_way, kind, ours
from foreign.programs import End, Ended, Programs
from ground import Failure, fails
from harness import pattern
from observe import AT_ONCE

pytestmark = pytest.mark.windows("foreign programs use the system's own pipes")

SIZES = [1, 64, 4096, 65536, 1 << 20]

Ends = tuple[End, End]


def connect(programs: Programs, row: Row, name: str) -> Ends:
    """The server's end and the client's."""
    server = programs[row.server, "server"].end()
    client = programs[row.client, "client"].end()
    server.ask("listen", name, row.mode)
    server.start("accept")
    client.ask("open", name, row.mode)
    server.finish()
    return server, client


@pytest.fixture
def ends(programs: Programs, row: Row, name: str) -> Ends:
    return connect(programs, row, name)


@pytest.fixture
def flow(programs: Programs, way: Way, name: str) -> Ends:
    """The sender's end and the receiver's."""
    server, client = connect(programs, way.row, name)
    return (server, client) if way.to_client else (client, server)


def take(receiver: End, size: int) -> bytes:
    """So many bytes of a stream."""
    data = b""
    while len(data) < size:
        part, more = receiver.ask("recv", size - len(data))
        assert part, f"an empty read after {len(data)} bytes"
        assert not more
        data += part
    return data


def until_blocked(end: End) -> None:
    """Nothing tells where a foreign program waits, so it is given time to get there:
    a test that is too early for once meets the easier order of events, and passes
    as well."""
    time.sleep(AT_ONCE)


def assert_reads_end(end: End) -> None:
    told = kind(end.program.kind).end
    if told == "eof":
        with pytest.raises(Ended):
            end.ask("recv", 100)
    else:
        with fails(told):
            end.ask("recv", 100)


# ----------------------------------------------------------------------- data


@each_way()
def test_data_of_every_size_arrives(way: Way, flow: Ends) -> None:
    """R2, R3, WR3: 1 MiB is more than any quota here, and one message still."""
    sender, receiver = flow
    for size in SIZES:
        data = pattern(size, seed=size % 13)
        sender.start("send", data)
        if way.bounded:
            assert receiver.ask("recv", size + 1) == (data, False)
        else:
            assert take(receiver, size) == data
        sender.finish()


@each_row()
def test_requests_and_replies_take_turns(row: Row, ends: Ends) -> None:
    server, client = ends
    for n in range(1, 20):
        request, reply = pattern(n * 50, n), pattern(n * 70, n + 1)
        client.ask("send", request)
        assert take(server, len(request)) == request
        server.ask("send", reply)
        assert take(client, len(reply)) == reply


@each_way(lambda way: way.bounded)
def test_messages_keep_their_bounds(way: Way, flow: Ends) -> None:
    """R3, R7: also the empty ones."""
    sender, receiver = flow
    sizes = [1, 0, 0, 64, 3000, 2, 0, 5] if way.empties else [1, 64, 3000, 2, 5]
    sent = [pattern(size, size) for size in sizes]
    for message in sent:
        sender.ask("send", message)
    read = [receiver.ask("recv", 4096) for _ in sent]
    assert read == [(message, False) for message in sent]


@each_way(lambda way: not way.bounded)
def test_a_stream_joins_what_was_written(way: Way, flow: Ends) -> None:
    """R2: also on a message pipe."""
    sender, receiver = flow
    sent = [pattern(size, size) for size in [1, 64, 3000, 2, 5]]
    for data in sent:
        sender.ask("send", data)
    together = b"".join(sent)
    assert take(receiver, len(together)) == together


@each_way(lambda way: way.empties)
def test_an_empty_message_ends_a_waiting_read(way: Way, flow: Ends) -> None:
    """WR1, R7: it is not the end."""
    sender, receiver = flow
    receiver.start("recv", 100)
    until_blocked(receiver)
    sender.ask("send", b"")
    assert receiver.finish() == (b"", False)
    sender.ask("send", b"more")
    assert receiver.ask("recv", 100) == (b"more", False)


@each_way(lambda way: way.row.mode == "byte")
def test_writing_nothing_to_a_byte_pipe_does_nothing(way: Way, flow: Ends) -> None:
    """WR1."""
    sender, receiver = flow
    sender.ask("send", b"")
    sender.ask("send", b"more")
    assert receiver.ask("recv", 100) == (b"more", False)


@each_way(lambda way: way.bounded and way.receiver.parts)
def test_a_long_message_is_read_in_parts(way: Way, flow: Ends) -> None:
    """R3: 234 until the last part, and then the next message."""
    sender, receiver = flow
    sender.ask("send", b"0123456789")
    sender.ask("send", b"next")
    assert receiver.ask("recv", 4) == (b"0123", True)
    assert receiver.ask("recv", 4) == (b"4567", True)
    assert receiver.ask("recv", 4) == (b"89", False)
    assert receiver.ask("recv", 4) == (b"next", False)


@each_way(lambda way: way.receiver.parts)
def test_a_write_over_the_quota_is_written_once(way: Way, flow: Ends) -> None:
    """WR2, WR3: a waiting read takes its part of it at once, the rest waits."""
    sender, receiver = flow
    data = pattern(20_000)  # all servers here have a quota of 8192
    receiver.start("recv", 4)
    until_blocked(receiver)
    sender.start("send", data)
    assert receiver.finish() == (data[:4], way.bounded)
    assert take(receiver, len(data) - 4) == data[4:]
    sender.finish()
    sender.ask("send", b"next")
    assert receiver.ask("recv", 100) == (b"next", False)


# -------------------------------------------------------------------- the end


@each_way()
def test_what_was_written_before_the_close_is_read(way: Way, flow: Ends) -> None:
    """X2, X4: then reads tell the end, and writes as well."""
    sender, receiver = flow
    sender.ask("send", b"goodbye")
    sender.close()
    assert take(receiver, 7) == b"goodbye"
    assert_reads_end(receiver)
    if way.receiver.write_end:
        with fails(way.receiver.write_end):
            receiver.ask("send", b"x")


@each_way()
def test_a_close_ends_a_waiting_read(way: Way, flow: Ends) -> None:
    """X4."""
    sender, receiver = flow
    receiver.start("recv", 100)
    until_blocked(receiver)
    sender.close()
    told = way.receiver.end
    with pytest.raises((Ended, Failure)) as caught:
        receiver.finish()
    assert getattr(caught.value, "winerror", "eof") == told


@each_way(lambda way: not way.sender.streams)
def test_a_close_ends_a_waiting_write(way: Way, flow: Ends) -> None:
    """X3."""
    sender, receiver = flow
    sender.start("send", pattern(1 << 20))
    until_blocked(sender)
    receiver.close()
    # 232 if the close was faster.
    with fails(109, 232):
        sender.finish()


@each_row(lambda row: kind(row.server).disconnects)
def test_a_disconnect_ends_the_client_s_calls(row: Row, ends: Ends) -> None:
    """D1, D2: what was not read is lost."""
    server, client = ends
    server.ask("send", b"lost unless it is read at once")
    server.ask("disconnect")
    if kind(row.client).streams:
        # It may have read what was sent before it was asked to.
        with pytest.raises((Ended, Failure)) as caught:
            take(client, 1000)
        assert getattr(caught.value, "winerror", 233) == 233
    else:
        with fails(233):
            client.ask("recv", 100)
        with fails(233):
            client.ask("send", b"x")


def has_plain_row(way: Way) -> bool:
    """Starting programs anew takes time: once for each program and role."""
    programs = {way.row.server, way.row.client}
    first = "mixed" if programs == {"namedpipe", "asyncio"} else "message"
    variants = any("-" in program for program in programs)
    return way.row.mode == first and not variants and not way.row.is_control()


@each_way(has_plain_row)
def test_the_death_of_a_program_ends_the_conversation(way: Way, flow: Ends) -> None:
    """X1: what it had written is read first."""
    sender, receiver = flow
    sender.ask("send", b"goodbye")
    sender.program.kill()
    assert take(receiver, 7) == b"goodbye"
    assert_reads_end(receiver)


@each_row()
def test_a_pipe_is_gone_with_its_server(
    row: Row, ends: Ends, programs: Programs, name: str
) -> None:
    """WT2, F1."""
    server, client = ends
    client.close()
    server.close()
    with fails(2):
        programs[row.client, "client"].end().ask("open", name, row.mode)


@each_row()
def test_a_server_talks_to_one_client_after_the_other(
    row: Row, programs: Programs, name: str
) -> None:
    for turn in range(3):
        server, client = connect(programs, row, name)
        client.ask("send", b"%d" % turn)
        assert take(server, 1) == b"%d" % turn
        client.close()
        server.close()


# ------------------------------------------------ what only one of them does so


@each_row(lambda row: row.client == "asyncio" and row.mode == "mixed")
def test_asyncio_takes_an_empty_message_for_the_end(row: Row, ends: Ends) -> None:
    server, client = ends
    server.ask("send", b"")
    with pytest.raises(Ended):
        client.ask("recv", 100)


@pytest.mark.parametrize("client", ["multiprocessing", "multiprocessing-authkey"])
def test_multiprocessing_refuses_a_byte_pipe(
    programs: Programs, client: str, name: str
) -> None:
    """S2: it cannot have it read by messages."""
    server = programs[ours(client), "server"].end()
    server.ask("listen", name, "byte")
    with fails(87):
        programs[client, "client"].end().ask("open", name, "byte")
