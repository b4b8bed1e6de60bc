# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Message pipes: what was written as one is read as one."""

import random

import pytest

from conftest import Call
from harness import FOREVER, E, Pair, fails, pattern


def test_bounds_are_kept(pair: Pair) -> None:
    """R3, X2: also those of empty messages, and after the writer has closed."""
    server, client = pair.ends(mode="message")
    sent = [b"one", b"", b"three", b"", b"", b"six" * 1000]
    for message in sent:
        server.write(message)
    assert [client.recv() for _ in sent[:2]] == sent[:2]
    server.close()
    assert [client.recv() for _ in sent[2:]] == sent[2:]
    with fails(E.BROKEN_PIPE):
        client.recv()


def test_lengths_around_the_record_formats(pair: Pair) -> None:
    """WR5: a short and a long record look the same from outside."""
    server, client = pair.ends(mode="message")
    sent = [pattern(n, n) for n in (0, 1, 238, 239, 240, 241, 255, 256, 257)]
    for write in [server.begin.write(message) for message in sent * 3]:
        write.result()
    reads = [client.begin.recv() for _ in sent * 3]
    assert [read.result() for read in reads] == sent * 3


@pytest.mark.parametrize("quota", [0, 1, 100, 5000])
def test_a_random_mix_of_sizes(pair: Pair, quota: int) -> None:
    """WR3, R9: over and under the quota, none joined, cut or lost."""
    server, client = pair.ends(mode="message", out_quota=quota)
    dice = random.Random(quota)
    for _ in range(12):
        message = pattern(
            dice.choice([0, 1, 99, 240, 3000, 20_000]), dice.randrange(99)
        )
        receiving = client.begin.recv(FOREVER)
        assert server.write(message) == len(message)
        assert receiving.result() == message


def test_a_backlog_within_the_quota(pair: Pair) -> None:
    """WR3: many messages wait without a reader."""
    server, client = pair.ends(mode="message", out_quota=20_000)
    dice = random.Random(5)
    sent = [pattern(dice.randrange(150), i) for i in range(200)]
    for write in [server.begin.write(message, 0) for message in sent]:
        write.result()
    assert client.peek(0)[1] == sum(map(len, sent))
    reads = [client.begin.recv() for _ in sent]
    assert [read.result() for read in reads] == sent


def test_both_directions_at_once(pair: Pair) -> None:
    """O2: two queues that know nothing of each other."""
    server, client = pair.ends(mode="message")
    down, up = [[b"%s %d" % (word, i) for i in range(10)] for word in (b"down", b"up")]
    writes = [server.begin.write(message) for message in down]
    writes += [client.begin.write(message) for message in up]
    for write in writes:
        write.result()
    got_up, got_down = ([e.begin.recv() for _ in range(10)] for e in (server, client))
    assert [read.result() for read in got_up] == up
    assert [read.result() for read in got_down] == down


def test_an_echo(pair: Pair) -> None:
    """R3: what a server does all day."""
    server, client = pair.ends(mode="message")
    for size in (0, 1, 4096, 65536, 200_000):
        message = pattern(size)
        writing = client.begin.write(message, FOREVER)
        request = server.recv()
        assert writing.result() == size
        reply = server.begin.write(request, FOREVER)
        assert client.recv() == message
        assert reply.result() == size


def test_a_message_of_several_megabytes(messages) -> None:
    """WR5: any size; the ring is far smaller."""
    server, client = messages
    message = pattern(9_000_001)
    writing = Call(server.send, message)
    assert client.recv(timeout=20) == message
    assert writing.result() == len(message)


def test_two_writers_do_not_mix(name: str, messages) -> None:
    """WR4: messages of several threads stay whole."""
    server, client = messages
    sent = [
        bytes([i]) * size for i, size in enumerate((70_000, 1, 90_000, 300, 66_000))
    ]
    writing = [Call(server.send, message) for message in sent]
    got = [client.recv(timeout=20) for _ in sent]
    assert sorted(got) == sorted(sent)
    assert [call.result() for call in writing] == [len(message) for message in sent]
