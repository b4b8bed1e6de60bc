# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A process is killed at each of the points where it matters (NPI_POINT)."""

import contextlib
import re
import signal

import pytest

import namedpipe
from conftest import Call
from harness import (
    LIMIT,
    ROOT,
    E,
    Peer,
    fails,
    faults_missing,
    outcome,
    spawn,
)
from victims import GONE, clean, settled

pytestmark = pytest.mark.linux("the fault points are those of the Linux transport")

POINTS = sorted(
    {
        point
        for file in (ROOT / "core").rglob("*.c")
        for point in re.findall(r'NPI_POINT\("([^"]+)"\)', file.read_text())
    }
)


def server_tour(name: str) -> list[str]:
    """All a server does, in two conversations; the client is `visit`."""
    return [
        f"create {name} message default duplex 2 100 100 0",
        f"create {name} message default duplex 2 100 100 0",
        "disconnect 1",
        "close 1",
        "accept 0 5000",
        "recv 0 5000",
        "fill 0 7 20 5000",
        "fill 0 8 500 5000",
        "flush 0 5000",
        "disconnect 0",
        "accept 0 5000",
        "recv 0 5000",
        "fill 0 9 20 5000",
        "close 0",
        f"listen {name} message 2",
        "saccept 2 5000",
        "recv 3 5000",
        "fill 3 9 20 5000",
        "close 2",
        "close 3",
        "quit",
    ]


def visit(name: str, victim: Peer) -> set[int]:
    """A client that comes again and again until the server is dead or done."""
    codes = set()
    while victim.alive():
        code = outcome(one_visit, name)
        if isinstance(code, int):
            codes.add(code)
    return codes


def one_visit(name: str) -> str:
    with namedpipe.connect(name, 0.2) as pipe:
        pipe.send(b"request", 5)
        while True:
            data = pipe.recv(timeout=5)
            assert data in (b"\7" * 20, b"\x08" * 500, b"\t" * 20)


def client_tour(name: str) -> list[str]:
    """All a client does; the server is `serve`."""
    return [
        f"exists {name}",
        f"wait {name} 5000",
        f"connect {name} message 5000 instance",
        "fill 0 1 50 5000",
        "recv 0 5000",
        "fill 0 2 500 5000",
        "recv 0 5000",
        "flush 0 5000",
        "transact 0 01 1000 5000",
        "close 0",
        f"call {name} 0202 1000 5000",
        f"open {name}-gone rw byte",
        "quit",
    ]


def serve(server: namedpipe.Server, victim: Peer) -> set[int]:
    codes = set()
    while victim.alive():
        code = outcome(serve_one, server)
        if isinstance(code, int):
            codes.add(code)
    return codes


def serve_one(server: namedpipe.Server) -> None:
    with server.accept(0.02) as pipe:
        while True:
            message = pipe.recv(timeout=5)
            assert message == message[:1] * len(message)
            assert len(message) in (1, 2, 50, 500)
            pipe.send(message, 5)


def serve_the_living(server: namedpipe.Server) -> None:
    """Serve one; what the dead have left in the queue comes first."""
    served = False
    while not served:
        with server.accept(LIMIT) as pipe:
            with contextlib.suppress(namedpipe.BrokenPipe):
                pipe.send(pipe.recv(timeout=LIMIT))
                pipe.flush(LIMIT)
                served = True


def leave_a_corpse(name: str) -> None:
    """For the points of collecting: a killed server's files."""
    with spawn("c") as dead:
        dead.create(name)
        dead.kill()


@pytest.mark.parametrize("turn", [1, 2, 3, 5])
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point(point: str, turn: int, name: str) -> None:
    """At the first, second and third pass, as a server and as a client."""
    if faults_missing():
        pytest.skip(faults_missing())
    killed = killed_server(point, turn, name) + killed_client(point, turn, name)
    assert killed or turn > 1, "no tour passes this point: extend them"


def ended(victim: Peer) -> bool:
    """Whether it was killed by its point; else it went the whole tour."""
    status = victim.process.wait(LIMIT)
    assert status in (0, -signal.SIGKILL), victim.complaints()
    return status == -signal.SIGKILL


def killed_server(point: str, turn: int, name: str) -> bool:
    with spawn("c", NPI_KILL_AT=f"{point}:{turn}") as victim:
        victim.send("\n".join(server_tour(name)))
        visiting = Call(visit, name, victim)
        killed = ended(victim)
        codes = settled(visiting)
    assert codes <= GONE | {E.FILE_NOT_FOUND, E.SEM_TIMEOUT, E.PIPE_BUSY}, codes
    clean(name)
    return killed


def killed_client(point: str, turn: int, name: str) -> bool:
    leave_a_corpse(f"{name}-gone")
    with namedpipe.listen(name, mode="message", in_quota=100) as server:
        with spawn("c", NPI_KILL_AT=f"{point}:{turn}") as victim:
            victim.send("\n".join(client_tour(name)))
            serving = Call(serve, server, victim)
            killed = ended(victim)
            codes = settled(serving)
        assert codes <= GONE | {E.TIMEOUT}, codes
        # The next client is served as if nothing had happened.
        serving = Call(serve_the_living, server)
        with namedpipe.connect(name, 10) as pipe:
            assert pipe.transact(b"\1", 10) == b"\1"
        settled(serving)
    with fails(E.FILE_NOT_FOUND):
        namedpipe.open(f"{name}-gone")
    return killed


def test_the_point_before_a_hello_is_no_client(name: str) -> None:
    """Whoever dies there never was connected: the accept waits on."""
    if faults_missing():
        pytest.skip(faults_missing())
    with namedpipe.create(name, max_instances=1) as server:
        accepting = Call(server.accept).blocked()
        with spawn("c", NPI_KILL_AT="before-hello") as victim:
            victim.send(f"open {name} rw byte")
            assert ended(victim)
        with namedpipe.connect(name, 10):
            assert accepting.result() is True


def test_the_point_after_a_hello_is_a_client(name: str) -> None:
    """T5, X6: whoever dies there was connected, and has left."""
    if faults_missing():
        pytest.skip(faults_missing())
    with namedpipe.create(name, max_instances=1) as server:
        with spawn("c", NPI_KILL_AT="after-hello") as victim:
            victim.send(f"open {name} rw byte")
            assert ended(victim)
        assert outcome(server.accept, 10) in (E.NO_DATA, True)
        with fails(E.BROKEN_PIPE):
            server.recv(timeout=5)
