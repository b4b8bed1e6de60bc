# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Nothing is left over: descriptors, mappings, threads, memory, files."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import namedpipe
from conftest import Call
from harness import (
    LIMIT,
    E,
    Pair,
    Peer,
    environment,
    fails,
    outcome,
    poll_until,
)

pytestmark = pytest.mark.linux("/proc tells what is open")


def threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


def resident(pid: int) -> int:
    """Private bytes in memory."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    lines = dict(line.split(":", 1) for line in text.splitlines()[1:])
    return int(lines["Private_Dirty"].split()[0]) * 1024


def footprint(peer: Peer) -> tuple[object, ...]:
    return sorted(peer.descriptors()), peer.mappings(), threads(peer.pid)


def talk(pair: Pair) -> None:
    server, client = pair.ends(mode="message")
    client.write(b"x" * 100)
    server.recv()
    server.close()
    client.close()


def talk_and_disconnect(pair: Pair) -> None:
    server, client = pair.ends()
    client.write(b"unread")
    server.disconnect()
    client.close()
    server.close()


def over_quota(pair: Pair) -> None:
    server, client = pair.ends(mode="message", in_quota=10)
    with fails(E.TIMEOUT):
        client.fill(1, 100_000, 0)
    writing = client.begin.fill(1, 100_000)
    assert len(server.recv()) == 100_000
    writing.result()
    client.close()
    server.close()


def half_read(pair: Pair) -> None:
    server, client = pair.ends(mode="message", in_quota=0)
    writing = client.begin.fill(1, 100_000, 200)
    client.until_blocked()
    assert server.read(70_000)[1]
    with fails(E.TIMEOUT):
        writing.result()
    client.close()
    server.close()


def never_accepted(pair: Pair) -> None:
    server = pair.server.create(pair.name)
    client = pair.client.open(pair.name)
    client.write(b"x")
    server.close()
    client.close()


def refused(pair: Pair) -> None:
    server = pair.server.create(pair.name, max_instances=1)
    for wrong in ({}, {"first": True}, {"access": "in"}, {"max_instances": 0}):
        assert outcome(pair.client.create, pair.name, **wrong) in (231, 87)
    client = pair.client.open(pair.name)
    assert outcome(pair.client.open, pair.name) == 231
    assert outcome(pair.client.wait, pair.name, 0) == 121
    assert outcome(pair.client.connect, pair.name, ms=1) == 121
    assert outcome(pair.client.call, pair.name, b"x", ms=1) == 121
    client.close()
    server.close()
    assert outcome(pair.client.open, pair.name) == 2


def served(pair: Pair) -> None:
    server = pair.server.listen(pair.name, mode="message")
    calling = pair.client.begin.call(pair.name, b"question")
    end = server.saccept()
    end.write(end.recv())
    assert calling.result() == (b"question", False)
    server.close()
    end.close()


def waited_for(pair: Pair) -> None:
    connecting = pair.client.begin.connect(pair.name, wait="server")
    pair.client.until_blocked()
    server = pair.server.create(pair.name)
    client = connecting.result()
    server.close()
    client.close()


@pytest.mark.parametrize(
    "scene",
    [
        talk,
        talk_and_disconnect,
        over_quota,
        half_read,
        never_accepted,
        refused,
        served,
        waited_for,
    ],
)
def test_a_scene_leaves_nothing(pair: Pair, scene: Callable[[Pair], None]) -> None:
    """After each the process is what it was, and so is the directory."""
    peers = (pair.server, pair.client)
    before = [footprint(peer) for peer in peers]
    for _ in range(4):
        scene(pair)
        same = poll_until(lambda: [footprint(peer) for peer in peers] == before)
        assert same, [footprint(peer) for peer in peers]
        assert namedpipe.names() == []


def test_memory_does_not_grow(peer: Peer, name: str) -> None:
    """Hundreds of conversations take no memory for good."""

    def many(count: int) -> None:
        for _ in range(count):
            server = peer.create(name, mode="message")
            client = peer.open(name)
            client.write(b"x" * 100)
            assert server.recv() == b"x" * 100
            server.close()
            client.close()

    many(50)
    before = resident(peer.pid)
    many(200)
    # Allocators breathe; a leak of a kilobyte a conversation would show.
    assert resident(peer.pid) - before < 200 * 1024


def test_a_pipe_costs_one_descriptor_a_client_and_few_a_server(pair: Pair) -> None:
    """So that many can be open."""
    server_idle, client_idle = (
        len(p.descriptors()) for p in (pair.server, pair.client)
    )
    ends = []
    for _ in range(10):
        ends.append(pair.server.create(pair.name))
        ends.append(pair.client.open(pair.name))
        ends[-2].accept()
    assert len(pair.client.descriptors()) == client_idle + 10
    assert len(pair.server.descriptors()) <= server_idle + 30


def test_waiting_threads_take_their_eventfds_with_them(messages) -> None:
    """Each thread that ever waited had one."""
    _server, client = messages
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        calls = [Call(client.recv).blocked() for _ in range(10)]
        assert len(os.listdir("/proc/self/fd")) >= before + 10
        client.cancel()
        for call in calls:
            with fails(E.OPERATION_ABORTED):
                call.result()
    assert poll_until(lambda: len(os.listdir("/proc/self/fd")) <= before)


def test_the_descriptor_of_a_pipe_goes_with_it(name: str) -> None:
    """The epoll descriptor too."""
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with namedpipe.listen(name) as server, namedpipe.open(name) as client:
            server.fileno()
            with server.accept() as pipe:
                pipe.fileno()
                client.fileno()
    assert poll_until(lambda: sorted(os.listdir("/proc/self/fd")) == before, 5)


def test_descriptors_are_not_the_standard_ones() -> None:
    """Who closed them does not find a pipe there, nor prints into one."""
    script = """
import os, namedpipe
for fd in (0, 1, 2):
    os.close(fd)
with namedpipe.create("low") as server, namedpipe.open("low") as client:
    client.send(b"x")
    try:
        client.recv(timeout=0.01)
    except namedpipe.PipeTimeoutError:
        pass
    low = [fd for fd in (0, 1, 2) if os.path.exists(f"/proc/self/fd/{fd}")]
    ok = server.recv() == b"x" and not low
os._exit(0 if ok else 1)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), timeout=LIMIT, check=False
    )
    assert done.returncode == 0
