# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Byte pipes: a stream, whatever the sizes of writes and reads."""

import random

import pytest

from conftest import Call
from harness import E, Pair, fails, pattern


def test_writes_join(pair: Pair) -> None:
    """R2."""
    server, client = pair.ends(mode="byte")
    for i in range(100):
        server.write(bytes([i]))
    assert client.read(1000) == (bytes(range(100)), False)


@pytest.mark.parametrize("quota", [0, 1, 100, 5000, 65536])
def test_a_random_mix_of_writes_and_reads(pair: Pair, quota: int) -> None:
    """R2, WR3: every byte once, in order."""
    server, client = pair.ends(mode="byte", out_quota=quota)
    dice = random.Random(quota)
    data = pattern(60_000)
    sent = got = 0
    while got < len(data):
        size = min(dice.choice([1, 50, 240, 3000, 9000]), len(data) - sent)
        writing = server.begin.write(data[sent : sent + size], None) if size else None
        sent += size
        while got < sent:
            part, more = client.read(dice.choice([1, 100, 2000, 20_000]))
            assert part == data[got : got + len(part)]
            assert part
            assert not more
            got += len(part)
        if writing:
            assert writing.result() == size


def test_there_is_never_more(pair: Pair) -> None:
    """R3: 234 is for messages only."""
    server, client = pair.ends(mode="byte")
    server.write(b"abcdef")
    assert client.read(2) == (b"ab", False)
    assert client.read(4) == (b"cdef", False)


def test_the_rest_stays_readable_after_the_close(pair: Pair) -> None:
    """X2."""
    server, client = pair.ends(mode="byte")
    server.write(b"abc")
    server.write(b"def")
    assert client.read(2) == (b"ab", False)
    server.close()
    assert client.read(3) == (b"cde", False)
    assert client.read(3) == (b"f", False)
    with fails(E.BROKEN_PIPE):
        client.read(3)


def test_megabytes_through_a_small_quota(name: str, stream) -> None:
    """R9, WR3: both ends at full speed."""
    server, client = stream
    data = pattern(3_000_000)
    writing = Call(server.send, data)
    got = bytearray()
    while len(got) < len(data):
        got += client.read(50_000, timeout=20)
    assert got == data
    assert writing.result() == len(data)


def test_both_directions_at_full_speed(stream) -> None:
    """O2."""
    data = pattern(1_000_000)

    def receive(end) -> bytes:
        got = bytearray()
        while len(got) < len(data):
            got += end.recv(timeout=20)
        return bytes(got)

    receiving = [Call(receive, end) for end in stream]
    sending = [Call(end.send, data) for end in stream]
    assert [call.result() for call in receiving] == [data, data]
    assert [call.result() for call in sending] == [len(data)] * 2
