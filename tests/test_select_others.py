# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A select that waits, and others who use the same end meanwhile: neither is to
notice the other. On Windows it has an operation in the kernel, which has to step
aside for them."""

import random
import threading
from collections.abc import Callable, Iterator

import pytest

import namedpipe
from conftest import LIMIT, Call, Ends
from harness import E, fails


def try_to_read(pipe: namedpipe.Pipe) -> None:
    with fails(E.TIMEOUT):
        pipe.recv(timeout=0)


def look(pipe: namedpipe.Pipe) -> None:
    assert pipe.peek(10) == (b"", 0, 0)


def change_modes(pipe: namedpipe.Pipe) -> None:
    """S2: a select is no call that waits for data."""
    pipe.read_mode = "byte"
    pipe.nowait = True
    pipe.nowait = False
    pipe.read_mode = "message"


def ask_for_the_state(pipe: namedpipe.Pipe) -> None:
    assert (pipe.state, pipe.instances) == ("connected", 1)


MEANWHILE = (try_to_read, look, change_modes, ask_for_the_state)


@pytest.mark.parametrize("content", [b"", b"x", b"more than one"])
@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_a_select_sleeps_on(
    messages: Ends, meanwhile: Callable[[namedpipe.Pipe], None], content: bytes
) -> None:
    """And what comes then is there as it was sent."""
    server, client = messages
    selecting = Call(namedpipe.select, [client], LIMIT).blocked()
    for _ in range(5):
        meanwhile(client)
    assert selecting.blocked().is_alive()
    server.send(content)
    assert selecting.result() == [client]
    assert client.peek(20) == (content, len(content), 0)
    assert client.recv(timeout=0) == content
    look(client)


def test_a_request_is_not_refused(messages: Ends) -> None:
    """TR2: a select is no other reader."""
    server, client = messages
    selecting = Call(namedpipe.select, [client, server], LIMIT).blocked()
    asking = Call(client.transact, b"?")
    assert selecting.result() == [server]
    assert server.recv() == b"?"
    server.send(b"!")
    assert asking.result() == b"!"


@pytest.mark.parametrize("content", [b"", b"old"])
def test_a_disconnect_drops_what_a_select_has_seen(name: str, content: bytes) -> None:
    """D1: the next client's first message is its own."""
    for i in range(20):
        with namedpipe.create(name, mode="message") as server:
            with namedpipe.connect(name) as client:
                server.accept(LIMIT)
                selecting = Call(namedpipe.select, [server], LIMIT)
                client.send(content)
                server.disconnect()
                assert selecting.result() == [server]
            accepting = Call(server.accept, LIMIT)
            with namedpipe.connect(name, LIMIT) as client:
                accepting.result()
                client.send(b"new %d" % i)
                assert server.recv(timeout=LIMIT) == b"new %d" % i


class Selecting(threading.Thread):
    """Selects again and again, until it is told not to."""

    def __init__(self, pipe: namedpipe.Pipe) -> None:
        super().__init__(daemon=True)
        self.pipe = pipe
        self.ended = threading.Event()
        self.rounds = 0
        self.start()

    def run(self) -> None:
        while not self.ended.is_set():
            namedpipe.select([self.pipe], 0.001)
            self.rounds += 1

    def end(self) -> None:
        self.ended.set()
        self.join(LIMIT)
        assert not self.is_alive()
        assert self.rounds > 0


@pytest.fixture
def selecting(messages: Ends) -> Iterator[Selecting]:
    """Two at once upon the client's end."""
    both = [Selecting(messages[1]), Selecting(messages[1])]
    yield both[0]
    for thread in both:
        thread.end()


def send_all(server: namedpipe.Pipe, contents: list[bytes]) -> None:
    for content in contents:
        server.send(content, LIMIT)


@pytest.mark.parametrize("timeout", [0, LIMIT])
def test_messages_arrive_as_they_were_sent(
    messages: Ends, selecting: Selecting, timeout: float
) -> None:
    """Empty ones too, with selects, peeks and reads in every order."""
    server, client = messages
    chance = random.Random(7)
    contents = [b"%d" % i * chance.choice((0, 1, 300)) for i in range(500)]
    sending = Call(send_all, server, contents)
    got: list[bytes] = []
    while len(got) < len(contents):
        if chance.random() < 0.3:
            seen = client.peek(2000).data
            assert contents[len(got)].startswith(seen)
        try:
            got.append(client.recv(timeout=timeout))
        except namedpipe.PipeTimeoutError:
            assert timeout == 0
    sending.result()
    assert got == contents
    with fails(E.TIMEOUT):
        client.recv(timeout=0)


def test_bytes_arrive_as_they_were_sent(stream: Ends) -> None:
    """A byte pipe, read with buffers of any size."""
    server, client = stream
    selecting = Selecting(client)
    chance = random.Random(8)
    data = chance.randbytes(20000)
    pieces = [data[i : i + 97] for i in range(0, len(data), 97)]
    sending = Call(send_all, server, pieces)
    got = b""
    while len(got) < len(data):
        got += client.read(chance.randrange(1, 200), LIMIT)
    sending.result()
    selecting.end()
    assert got == data
