# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_peek: looking without taking."""

import pytest

from conftest import Call, ends
from harness import FOREVER, E, Pair, Peer, fails, pattern
from observe import LARGE


def left_on_a_byte_pipe(peer: Peer, copied: int) -> int:
    """P4: C mirrors Windows, the object layers say 0."""
    return -copied & 0xFFFFFFFF if peer.language == "c" else 0


def test_peek_takes_nothing(pair: Pair) -> None:
    """P1: bytes, available, left in the message."""
    server, client = pair.ends(mode="message")
    server.write(b"abcdef")
    for _ in range(3):
        assert client.peek(4) == (b"abcd", 6, 2)
    assert client.read(10) == (b"abcdef", False)
    assert client.peek(4) == (b"", 0, 0)


def test_peek_never_waits(pair: Pair) -> None:
    """P1: an empty pipe has nothing, at once."""
    server, client = pair.ends()
    assert client.peek(10) == (b"", 0, 0)
    assert server.peek(0) == (b"", 0, 0)


def test_peek_at_a_stream_crosses_writes(pair: Pair) -> None:
    """P2, P4."""
    server, client = pair.ends(mode="byte")
    server.write(b"abc")
    server.write(b"def")
    left = left_on_a_byte_pipe(pair.client, 5)
    assert client.peek(5) == (b"abcde", 6, left)
    left = left_on_a_byte_pipe(pair.client, 6)
    assert client.peek(100) == (b"abcdef", 6, left)
    assert client.peek(0) == (b"", 6, 0)


def test_peek_sees_what_was_written_since_the_last_one(pair: Pair) -> None:
    """P2: it counted the new bytes, and copied only the old ones."""
    server, client = pair.ends(mode="byte")
    server.write(b"abc")
    assert client.peek(0) == (b"", 3, 0)
    server.write(b"def")
    left = left_on_a_byte_pipe(pair.client, 6)
    assert client.peek(100) == (b"abcdef", 6, left)


@pytest.mark.parametrize("read_mode", ["byte", "message"])
def test_peek_at_messages_sees_the_first_only(pair: Pair, read_mode: str) -> None:
    """P2, P3: whatever the read mode; available counts the later ones as well."""
    server, client = pair.ends(mode="message", read_mode=read_mode)
    server.write(b"abc")
    server.write(b"defgh")
    assert client.peek(2) == (b"ab", 8, 1)
    assert client.peek(100) == (b"abc", 8, 0)
    assert client.peek(0) == (b"", 8, 3)


def test_peek_at_an_empty_message(pair: Pair) -> None:
    """P5: nothing copied, nothing left, but what follows is available."""
    server, client = pair.ends(mode="message")
    server.write(b"")
    assert client.peek(10) == (b"", 0, 0)
    server.write(b"abc")
    assert client.peek(10) == (b"", 3, 0)
    assert client.read(10) == (b"", False)
    assert client.peek(10) == (b"abc", 3, 0)


def test_peek_inside_a_message(pair: Pair) -> None:
    """P4: what is left is left of its unread part."""
    server, client = pair.ends(mode="message")
    server.write(b"abcdefgh")
    server.write(b"ij")
    assert client.read(3) == (b"abc", True)
    assert client.peek(2) == (b"de", 7, 3)
    assert client.peek(0) == (b"", 7, 5)


@pytest.mark.parametrize("mode", ["byte", "message"])
def test_peek_sees_what_a_blocked_writer_has(pair: Pair, mode: str) -> None:
    """P3: all of it is available."""
    server, client = pair.ends(mode=mode, out_quota=10)
    data = pattern(3000)
    writing = server.begin.write(data, FOREVER)
    server.until_blocked()
    assert client.peek(100)[:2] == (data[:100], 3000)
    assert client.read(500)[0] == data[:500]
    assert client.peek(100)[:2] == (data[500:600], 2500)
    while client.peek(0)[1]:
        client.read(1000)
    assert writing.result() == 3000


def test_peek_counts_all_who_wait(name: str) -> None:
    """P3: also writes that wait behind another one."""
    sizes = [LARGE, 5, LARGE - 1]
    for server, client in ends(name, "message", out_quota=100):
        writes = [Call(server.send, bytes(size)).blocked() for size in sizes]
        assert client.peek(0) == (b"", sum(sizes), sizes[0])
        for size in sizes:
            assert len(client.recv()) == size
        assert [write.result() for write in writes] == sizes


def test_peek_does_not_disturb_a_waiting_read(stream) -> None:
    """P1: it looks past it."""
    server, client = stream
    reading = Call(client.recv).blocked()
    assert client.peek(10).available == 0
    server.send(b"x")
    assert reading.result() == b"x"


# ------------------------------------------------------------------------- states


def test_peek_before_there_is_a_client(pair: Pair) -> None:
    """Section 3: 230."""
    server = pair.server.create(pair.name)
    with fails(E.BAD_PIPE):
        server.peek(10)


@pytest.mark.parametrize("mode", ["byte", "message"])
def test_peek_after_the_other_end_closed(pair: Pair, mode: str) -> None:
    """Section 3: what is unread, then 109."""
    server, client = pair.ends(mode=mode)
    server.write(b"abc")
    server.close()
    assert client.peek(2)[:2] == (b"ab", 3)
    client.read(10)
    with fails(E.BROKEN_PIPE):
        client.peek(2)


def test_peek_at_a_last_empty_message(pair: Pair) -> None:
    """P5, section 3: an unread empty message is data as well."""
    server, client = pair.ends(mode="message")
    server.write(b"")
    server.close()
    assert client.peek(2) == (b"", 0, 0)
    assert client.recv() == b""
    with fails(E.BROKEN_PIPE):
        client.peek(2)


def test_peek_after_a_disconnect(pair: Pair) -> None:
    """Section 3: 230 for the server, 233 for the client."""
    server, client = pair.ends()
    client.write(b"lost")
    server.write(b"lost")
    server.disconnect()
    with fails(E.BAD_PIPE):
        server.peek(2)
    with fails(E.PIPE_NOT_CONNECTED):
        client.peek(2)
