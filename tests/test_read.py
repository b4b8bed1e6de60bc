# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_read: what one read takes, and when it waits."""

import pytest

import namedpipe
from conftest import Call
from harness import FOREVER, NOWAIT, READMODE_MESSAGE, E, Pair, fails, pattern

# ------------------------------------------------------------------------ waiting


def test_an_empty_pipe_makes_a_read_wait(pair: Pair) -> None:
    """R1."""
    server, client = pair.ends()
    reading = client.begin.read(10, FOREVER)
    client.until_blocked()
    server.write(b"now")
    assert reading.result() == (b"now", False)


@pytest.mark.parametrize("mode", ["byte", "message"])
def test_a_deadline_takes_nothing(pair: Pair, mode: str) -> None:
    """R1: 258, and what comes later is all there."""
    server, client = pair.ends(mode=mode)
    for ms in (0, 1, 30):
        with fails(E.TIMEOUT):
            client.read(10, ms)
    server.write(b"later")
    assert client.read(10) == (b"later", False)


@pytest.mark.parametrize("mode", ["byte", "message"])
def test_nowait_reads_what_is_there_or_fails(pair: Pair, mode: str) -> None:
    """R1: 232 on an empty pipe, whatever the time-out."""
    server, client = pair.ends(mode=mode)
    client.setstate(NOWAIT)
    for ms in (0, FOREVER):
        with fails(E.NO_DATA):
            client.read(10, ms)
    server.write(b"here")
    assert client.read(10, FOREVER) == (b"here", False)
    server.close()
    with fails(E.BROKEN_PIPE):
        client.read(10, FOREVER)


def test_reads_are_served_in_the_order_of_their_calls(name: str) -> None:
    """R8."""
    with namedpipe.create(name, mode="message") as server, namedpipe.connect(name) as p:
        reads = [Call(p.recv).blocked() for _ in range(4)]
        for i in range(4):
            server.send(b"%d" % i)
        assert [read.result() for read in reads] == [b"0", b"1", b"2", b"3"]


def test_a_read_that_gave_up_is_skipped(name: str) -> None:
    """R8: the next in line gets what it did not wait for."""
    with namedpipe.create(name, mode="message") as server, namedpipe.connect(name) as p:
        first = Call(p.recv, None, 0.05).blocked()
        second = Call(p.recv).blocked()
        with fails(E.TIMEOUT):
            first.result()
        server.send(b"for the second")
        assert second.result() == b"for the second"


# --------------------------------------------------------------------- byte reads


def test_a_byte_read_crosses_writes(pair: Pair) -> None:
    """R2: min(size, available), never waiting to fill."""
    server, client = pair.ends()
    for part in (b"ab", b"cde", b"", b"f"):
        server.write(part)
    assert client.read(4) == (b"abcd", False)
    assert client.read(100) == (b"ef", False)
    with fails(E.TIMEOUT):
        client.read(100, 0)


def test_a_read_sees_what_was_written_after_a_peek(pair: Pair) -> None:
    """R2: all that is available now counts, not what somebody saw before."""
    server, client = pair.ends()
    server.write(b"abc")
    assert client.peek(1)[:2] == (b"a", 3)
    server.write(b"def")
    assert client.read(4) == (b"abcd", False)
    server.write(b"ghi")
    assert client.read(100) == (b"efghi", False)


def test_a_byte_read_joins_messages(pair: Pair) -> None:
    """R2: also on a pipe of message type; empty ones in between are swallowed."""
    server, client = pair.ends(mode="message", read_mode="byte")
    for message in (b"ab", b"", b"cd", b"ef"):
        server.write(message)
    assert client.read(3) == (b"abc", False)
    assert client.read(100) == (b"def", False)


def test_a_trailing_empty_message_is_swallowed(pair: Pair) -> None:
    """R2: where there is room left in the buffer."""
    server, client = pair.ends(mode="message", read_mode="byte")
    server.write(b"ab")
    server.write(b"")
    assert client.read(100) == (b"ab", False)
    with fails(E.TIMEOUT):
        client.read(100, 0)


def test_an_empty_message_alone_is_a_read_of_nothing(pair: Pair) -> None:
    """R2, R7: success with 0 bytes, which is never the end."""
    server, client = pair.ends(mode="message", read_mode="byte")
    server.write(b"")
    assert client.read(100) == (b"", False)
    server.write(b"x")
    assert client.read(100) == (b"x", False)
    server.close()
    with fails(E.BROKEN_PIPE):
        client.read(100)


# ------------------------------------------------------------------ message reads


def test_a_message_read_takes_one_message(pair: Pair) -> None:
    """R3."""
    server, client = pair.ends(mode="message")
    server.write(b"one")
    server.write(b"two")
    assert client.read(100) == (b"one", False)
    assert client.read(3) == (b"two", False)


def test_a_message_comes_in_parts(pair: Pair) -> None:
    """R3: 234 with a full buffer, the rest next; the last part is a success."""
    server, client = pair.ends(mode="message")
    server.write(b"abcdefgh")
    server.write(b"next")
    assert client.read(3) == (b"abc", True)
    assert client.read(3) == (b"def", True)
    assert client.read(3) == (b"gh", False)
    assert client.read(3) == (b"nex", True)
    assert client.read(1) == (b"t", False)


def test_any_thread_may_read_the_rest(messages) -> None:
    """R3: where a message was left is a matter of the pipe."""
    server, client = messages
    server.send(b"abcdef")
    assert client.recv_into(bytearray(2)) == (2, True)
    assert Call(client.recv).result() == b"cdef"


def test_the_mode_may_change_inside_a_message(pair: Pair) -> None:
    """R6: the stream goes on where the message was left."""
    server, client = pair.ends(mode="message")
    server.write(b"abcdef")
    server.write(b"ghi")
    assert client.read(2) == (b"ab", True)
    client.setstate(0)
    assert client.read(1) == (b"c", False)
    client.setstate(READMODE_MESSAGE)
    assert client.read(2) == (b"de", True)
    client.setstate(0)
    assert client.read(3) == (b"fgh", False)
    client.setstate(READMODE_MESSAGE)
    assert client.read(10) == (b"i", False)


# -------------------------------------------------------------- reads of no bytes


def test_reading_nothing_waits_for_data(pair: Pair) -> None:
    """R5: completed by the next data, of which it takes nothing."""
    server, client = pair.ends()
    with fails(E.TIMEOUT):
        client.read(0, 0)
    reading = client.begin.read(0, FOREVER)
    client.until_blocked()
    server.write(b"abc")
    assert reading.result() == (b"", False)
    assert client.read(10) == (b"abc", False)


def test_reading_nothing_of_a_message_says_more(pair: Pair) -> None:
    """R5: 234 if the message is not empty, whether it waited or not."""
    server, client = pair.ends(mode="message")
    reading = client.begin.read(0, FOREVER)
    client.until_blocked()
    server.write(b"abc")
    assert reading.result() == (b"", True)
    assert client.read(0) == (b"", True)
    assert client.read(10) == (b"abc", False)


def test_reading_nothing_with_data_there(pair: Pair) -> None:
    """R5: a byte read succeeds at once."""
    server, client = pair.ends(mode="message", read_mode="byte")
    server.write(b"abc")
    assert client.read(0) == (b"", False)
    assert client.read(10) == (b"abc", False)


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("read_mode", ["byte", "message"])
def test_reading_nothing_takes_an_empty_message(
    pair: Pair, read_mode: str, waits: bool
) -> None:
    """R5: which is consumed by it."""
    server, client = pair.ends(mode="message", read_mode=read_mode)
    if waits:
        reading = client.begin.read(0, FOREVER)
        client.until_blocked()
        server.write(b"")
        assert reading.result() == (b"", False)
    else:
        server.write(b"")
        assert client.read(0) == (b"", False)
    server.write(b"next")
    assert client.read(10) == (b"next", False)


def test_reading_nothing_from_a_closed_pipe(pair: Pair) -> None:
    """R7, X2: the end is the end for it too."""
    server, client = pair.ends()
    server.write(b"x")
    server.close()
    assert client.read(0) == (b"", False)
    assert client.read(1) == (b"x", False)
    with fails(E.BROKEN_PIPE):
        client.read(0)


# ------------------------------------------------------------------------- amounts


@pytest.mark.parametrize("mode", ["byte", "message"])
def test_what_a_blocked_writer_has_is_readable(pair: Pair, mode: str) -> None:
    """R9: beyond the quota."""
    server, client = pair.ends(mode=mode, out_quota=10)
    data = pattern(5000)
    writing = server.begin.write(data, FOREVER)
    server.until_blocked()
    assert client.peek(0)[1] == 5000
    assert client.read(5000) == (data, False)
    assert writing.result() == 5000


SIZES = [1, 2, 239, 240, 241, 4095, 4096, 4097, 65535, 65536, 65537, 300_000, 1 << 20]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["byte", "message"])
def test_every_size_arrives(pair: Pair, mode: str, size: int) -> None:
    """R2, R3, WR5: up to far more than the quota and the ring."""
    server, client = pair.ends(mode=mode)
    writing = server.begin.fill(size & 255, size, FOREVER)
    got = bytearray()
    while len(got) < size:
        data, more = client.read(size)
        got += data
        assert mode == "byte" or (len(data) == size and not more)
    assert got == bytes([size & 255]) * size
    assert writing.result() == size
    assert client.peek(0)[1] == 0


def test_a_message_larger_than_the_ring_in_parts(pair: Pair) -> None:
    """R3: it streams through, and stays one message."""
    server, client = pair.ends(mode="message", out_quota=100)
    data = pattern(100_000)
    writing = server.begin.write(data, FOREVER)
    got, more = b"", True
    while more:
        part, more = client.read(7001)
        got += part
    assert got == data
    assert writing.result() == len(data)


def test_a_read_that_gives_up_inside_a_large_message_loses_nothing(
    pair: Pair,
) -> None:
    """R3, deadline: bytes copied out of the ring come first in the next read."""
    server, client = pair.ends(mode="message", out_quota=0)
    data = pattern(60_000)
    reading = client.begin.read(60_000, FOREVER)
    client.until_blocked()
    assert server.write(data) == 60_000
    assert reading.result() == (data, False)
    writing = server.begin.write(data, FOREVER)
    server.until_blocked()
    first, more = client.read(100)
    assert more
    rest, more = client.read(60_000)
    assert first + rest == data
    assert not more
    assert writing.result() == 60_000
