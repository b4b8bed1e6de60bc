# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_recv: whole or not at all."""

import pytest

import namedpipe
from conftest import Call
from harness import FOREVER, NOWAIT, E, Pair, fails, pattern

SIZES = [0, 1, 511, 512, 513, 4095, 4096, 4097, 65536, 70_000, 1 << 20]


@pytest.mark.parametrize("size", SIZES)
def test_a_message_comes_whole(pair: Pair, size: int) -> None:
    """R3, R7: however long it is."""
    server, client = pair.ends(mode="message")
    writing = server.begin.fill(7, size, FOREVER)
    assert client.recv() == b"\7" * size
    assert writing.result() == size


def test_every_message_for_itself(pair: Pair) -> None:
    """R3: also when several are there."""
    server, client = pair.ends(mode="message")
    sent = [pattern(n, n) for n in (3, 0, 5000, 1, 0, 0, 600, 20_000)]
    for message in sent:
        server.write(message)
    assert [client.recv() for _ in sent] == sent


def test_a_stream_comes_as_far_as_it_is_there(pair: Pair) -> None:
    """R2: all that is there, over the bounds of writes."""
    server, client = pair.ends(mode="byte")
    server.write(b"abc")
    server.write(b"def")
    assert client.recv() == b"abcdef"
    server.fill(1, 50_000)
    assert client.recv() == b"\1" * 50_000


def test_recv_waits(pair: Pair) -> None:
    """R1."""
    server, client = pair.ends(mode="message")
    with fails(E.TIMEOUT):
        client.recv(0)
    receiving = client.begin.recv(FOREVER)
    client.until_blocked()
    writing = server.begin.fill(3, 200_000, FOREVER)
    assert receiving.result() == b"\3" * 200_000
    assert writing.result() == 200_000


def test_recv_of_a_nowait_end(pair: Pair) -> None:
    """R1: 232."""
    server, client = pair.ends(mode="message")
    client.setstate(NOWAIT | 2)
    with fails(E.NO_DATA):
        client.recv(FOREVER)
    server.write(b"")
    assert client.recv(FOREVER) == b""


def test_recv_takes_the_rest_of_a_message(pair: Pair) -> None:
    """R3: what read has left of it, and no more."""
    server, client = pair.ends(mode="message")
    server.write(pattern(5000))
    server.write(b"next")
    assert client.read(100) == (pattern(5000)[:100], True)
    assert client.recv() == pattern(5000)[100:]
    assert client.recv() == b"next"


def test_recv_ends_with_the_pipe(pair: Pair) -> None:
    """X2: data first, then 109."""
    server, client = pair.ends(mode="message")
    server.fill(1, 10_000)
    server.write(b"")
    server.close()
    assert client.recv() == b"\1" * 10_000
    assert client.recv() == b""
    with fails(E.BROKEN_PIPE):
        client.recv()


def test_a_limit_gives_the_part_and_keeps_the_rest(messages) -> None:
    """R3: MoreDataError has the beginning; nothing is lost."""
    server, client = messages
    server.send(b"abcdefgh")
    with pytest.raises(namedpipe.MoreDataError) as caught:
        client.recv(3)
    assert caught.value.winerror == E.MORE_DATA
    assert caught.value.partial == b"abc"
    assert client.recv(5) == b"defgh"


@pytest.mark.parametrize("limit", [4095, 4096, 4097, 9999])
def test_a_limit_on_a_long_message(messages, limit: int) -> None:
    """R3: the same where the message does not fit the first look."""
    server, client = messages
    data = pattern(10_000)
    server.send(data)
    with pytest.raises(namedpipe.MoreDataError) as caught:
        client.recv(limit)
    assert caught.value.partial == data[:limit]
    assert client.recv() == data[limit:]


def test_many_threads_get_whole_messages(messages) -> None:
    """R3: of very different lengths, none is cut, lost or given out twice. (Who
    gets a long one is open: its room is made after the first look.)"""
    server, client = messages
    sizes = [1, 60_000, 0, 5000, 100, 9000, 3, 40_000]
    sent = [bytes([i]) * size for i, size in enumerate(sizes)]
    receiving = [Call(client.recv).blocked() for _ in sizes]
    for message in sent:
        server.send(message, 10)
    assert sorted(call.result() for call in receiving) == sorted(sent)
