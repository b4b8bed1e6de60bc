# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The programs of examples/win32, compiled unedited, with each other and with
peers in C, Lua and Python.

NAMEDPIPE_EXAMPLES names the directory they were built in; the same programs with
16-bit TCHARs are in its subdirectory unicode.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness
import namedpipe
from harness import LIMIT, poll_until
from observe import WINDOWS

# What the examples say.
NAME = "np_example"
REPLY = "the server says hello"
# On Windows, arguments and chars are of an 8-bit code page.
GREETING = "grüße" if WINDOWS else "grüße, 世界 😀"
CHARS = "mbcs" if WINDOWS else "utf-8"

ENCODINGS = {"": CHARS, "unicode": "utf-16-le"}
ECHO_SERVERS = ["echo_threads", "overlapped_server"]


class Program:
    """A running example."""

    def __init__(self, path: Path, encoding: str, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [path, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding=encoding,
        )

    def until_blocked(self) -> None:
        assert poll_until(lambda: harness.is_blocked(self.process.pid))

    def lines(self) -> list[str]:
        """All it has printed; it has ended well and did not complain."""
        output, complaints = self.process.communicate(timeout=LIMIT)
        assert not complaints
        assert self.process.returncode == 0
        return output.splitlines()

    def failure(self) -> str:
        _, complaints = self.process.communicate(timeout=LIMIT)
        assert self.process.returncode == 1
        return complaints.strip()


class Examples:
    def __init__(
        self, directory: Path, prints: str, running: contextlib.ExitStack
    ) -> None:
        self.directory = directory
        self.prints = prints
        self.running = running

    def start(self, name: str, *arguments: object) -> Program:
        program = Program(self.directory / name, self.prints, *arguments)
        process = self.running.enter_context(program.process)
        self.running.callback(process.kill)
        return program

    def serve(self, name: str, clients: int) -> Program:
        """A server that can be reached."""
        program = self.start(name, clients)
        assert poll_until(lambda: namedpipe.exists(NAME)), f"{name} does not serve"
        return program

    def run(self, name: str, *arguments: object) -> list[str]:
        return self.start(name, *arguments).lines()


def _examples(kind: str) -> Iterator[Examples]:
    directory = os.environ.get("NAMEDPIPE_EXAMPLES")
    if not directory:
        pytest.skip("NAMEDPIPE_EXAMPLES does not name the built examples")
    with contextlib.ExitStack() as running:
        # Those with 16-bit TCHARs print UTF-8 everywhere.
        prints = "utf-8" if kind == "unicode" else CHARS
        yield Examples(Path(directory) / kind, prints, running)


@pytest.fixture
def examples() -> Iterator[Examples]:
    yield from _examples("")


@pytest.fixture(params=list(ENCODINGS), ids=["ansi", "unicode"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def of_kind(kind: str) -> Iterator[Examples]:
    """The examples with chars and with 16-bit TCHARs."""
    yield from _examples(kind)


# ---------------------------------------------------------------- with each other


def is_listening() -> bool:
    try:
        namedpipe.wait(NAME, 0)
    except (namedpipe.PipeNotFoundError, namedpipe.PipeTimeoutError):
        return False
    return True


def test_the_tutorials_client_gets_the_servers_reply(of_kind: Examples) -> None:
    """O4, N1, FL1, D1: flushed before the disconnect, the reply is never lost."""
    server = of_kind.serve("server_tutorial", 3)
    for text in (GREETING, "x" * 200, "the last"):
        # Between two clients there is no pipe for a moment, or the last one's.
        assert poll_until(is_listening)
        assert of_kind.run("client_tutorial", text) == [REPLY]
    assert server.lines() == [GREETING, "x" * 200, "the last"]


@pytest.mark.parametrize("server_name", ECHO_SERVERS)
def test_each_client_gets_back_what_it_sent(
    of_kind: Examples, server_name: str
) -> None:
    """TR3, CL1, P1, R3: longer replies than the client's buffer come in parts."""
    server = of_kind.serve(server_name, 4)
    texts = ["one", "more than sixteen characters", "", "two"]
    assert of_kind.run("transact_client", *texts) == texts
    assert of_kind.run("peek_loop", *texts[:2], "last") == [*texts[:2], "last"]
    assert of_kind.run("call_client", "called") == ["called"]
    assert of_kind.run("client_tutorial", GREETING) == [GREETING]
    server.lines()


@pytest.mark.parametrize("server_name", ECHO_SERVERS)
def test_clients_are_served_at_the_same_time(
    examples: Examples, server_name: str
) -> None:
    server = examples.serve(server_name, 8)
    texts = [[f"{i}: {j}" for j in range(20)] for i in range(8)]
    clients = [examples.start("transact_client", *words) for words in texts]
    assert [client.lines() for client in clients] == texts
    server.lines()


def test_a_thread_counts_its_clients_messages(examples: Examples) -> None:
    server = examples.serve("echo_threads", 2)
    examples.run("transact_client", "a", "b", "c")
    examples.run("peek_loop", "a")
    counts = sorted(server.lines())
    assert counts == ["a client sent 1 messages", "a client sent 3 messages"]


# ------------------------------------------------------------------ with the library


def test_a_client_without_a_server_fails(examples: Examples) -> None:
    """F1, WT2, CL1"""
    assert examples.start("client_tutorial").failure() == "CreateFile: error 2"
    waiting = examples.start("transact_client")
    assert waiting.failure() == "WaitNamedPipe: error 2"
    assert examples.start("call_client").failure() == "CallNamedPipe: error 2"


@pytest.mark.parametrize("wait", ["forever", "default", "20000"])
def test_the_tutorials_client_waits_for_a_free_instance(
    examples: Examples, wait: str
) -> None:
    """WT1, WT3, WT4"""
    with namedpipe.create(
        NAME, mode="message", max_instances=1, default_timeout=LIMIT
    ) as server:
        with namedpipe.open(NAME):
            client = examples.start("client_tutorial", "at last", wait)
            client.until_blocked()
            server.disconnect()
        server.accept(LIMIT)
        assert server.recv() == b"at last"
        server.send(b"well")
        assert client.lines() == ["well"]


def test_the_tutorials_client_gives_up(examples: Examples) -> None:
    """WT2, WT4"""
    with namedpipe.create(NAME, mode="message"), namedpipe.open(NAME):
        for wait in ("1", "default"):
            client = examples.start("client_tutorial", "never", wait)
            assert client.failure() == "CreateFile: error 121"


def test_a_call_to_a_byte_pipe_fails(examples: Examples) -> None:
    """CL1"""
    with namedpipe.create(NAME, mode="byte"):
        call = examples.start("call_client")
        assert call.failure() == "CallNamedPipe: error 87"


def test_a_server_survives_clients_that_leave(examples: Examples) -> None:
    """X4, X6, O4"""
    server = examples.serve("overlapped_server", 6)
    for _ in range(5):
        namedpipe.connect(NAME, timeout=LIMIT).close()
    with namedpipe.connect(NAME, timeout=LIMIT) as pipe:
        assert pipe.transact(b"still there?", timeout=LIMIT) == b"still there?"
    server.lines()


# ----------------------------------------------------------------------- with peers


@pytest.mark.parametrize("server_name", ECHO_SERVERS)
def test_peers_are_clients_of_the_echo_servers(
    examples: Examples, server_name: str, peer: harness.Peer
) -> None:
    """Whole messages, empty ones too, and one as long as the server's buffer."""
    server = examples.serve(server_name, 2)
    client = peer.connect(NAME)
    for message in (b"one", b"", b"x" * 4096):
        client.write(message)
        assert client.recv() == message
    assert client.transact(b"asked") == (b"asked", False)
    client.close()
    assert peer.call(NAME, b"called") == (b"called", False)
    server.lines()


def test_peers_are_clients_of_the_tutorials_server(
    of_kind: Examples, kind: str, peer: harness.Peer
) -> None:
    encoding = ENCODINGS[kind]
    server = of_kind.serve("server_tutorial", 1)
    client = peer.connect(NAME)
    client.write(GREETING.encode(encoding))
    assert client.recv().decode(encoding) == REPLY
    client.close()
    assert server.lines() == [GREETING]


def test_peers_are_servers_of_the_tutorials_client(
    of_kind: Examples, kind: str, peer: harness.Peer
) -> None:
    encoding = ENCODINGS[kind]
    server = peer.create(NAME, mode="message")
    client = of_kind.start("client_tutorial", GREETING)
    server.accept()
    assert server.recv().decode(encoding) == GREETING
    reply = "much longer than the client's buffer " * 40
    server.write(reply.encode(encoding))
    assert client.lines() == [reply]


@pytest.mark.parametrize("client_name", ["transact_client", "peek_loop", "call_client"])
def test_peers_are_servers_of_the_other_clients(
    examples: Examples, client_name: str, peer: harness.Peer
) -> None:
    server = peer.create(NAME, mode="message")
    client = examples.start(client_name, "question")
    server.accept()
    assert server.recv() == b"question"
    server.write(b"a long and winding answer")
    assert client.lines() == ["a long and winding answer"]
