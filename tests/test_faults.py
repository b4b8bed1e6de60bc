# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A system call fails: the call of ours that needed it says so with a clean code,
nothing is leaked, nothing hangs, and afterwards everything works.

The C peer is built with places to fail in (NPI_FAULT in the core); each is made
to fail at its first, second, ... pass, and at every pass."""

import errno
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import (
    FOREVER,
    ROOT,
    E,
    End,
    Failure,
    Peer,
    fails,
    faults_missing,
    poll_until,
    spawn,
)

pytestmark = pytest.mark.linux("the fault points are those of the Linux transport")

SITES = sorted(
    {
        site
        for file in (ROOT / "core").rglob("*.c")
        for site in re.findall(r'NPI_FAULT\("([^"]+)"\)', file.read_text())
    }
)

# What a failed system call may become for the caller.
RESOURCES = {E.NO_SYSTEM_RESOURCES, E.NOT_ENOUGH_MEMORY}
# What the other end, which nothing fails for, may see of it.
OUTSIDE = {
    E.FILE_NOT_FOUND,
    E.BROKEN_PIPE,
    E.SEM_TIMEOUT,
    E.PIPE_BUSY,
    E.NO_DATA,
    E.PIPE_NOT_CONNECTED,
    E.TIMEOUT,
    # Of a tour's later steps, when an earlier one did not bring about its state.
    E.BAD_PIPE,
    E.PIPE_LISTENING,
}


@pytest.fixture
def other() -> Iterator[Peer]:
    """The one nothing fails for."""
    if faults_missing():
        pytest.skip(faults_missing())
    with spawn("c") as peer:
        yield peer


class Tour:
    """Verbs of a peer that may fail, with codes that are expected of them."""

    def __init__(self, *allowed: int) -> None:
        self.allowed = set(allowed)
        self.failures: list[tuple[int, str]] = []

    def __call__(self, function, *arguments: object, **options: object) -> object:
        """The result, or None."""
        try:
            return function(*arguments, **options)
        except Failure as failure:
            assert failure.winerror in self.allowed, str(failure)
            self.failures.append((failure.winerror, str(failure)))
            return None


def serve_and_wait(victim: Peer, other: Peer, name: str) -> Tour:
    """All a server does; `other` is the client."""
    ours, theirs = Tour(*RESOURCES, *OUTSIDE), Tour(*OUTSIDE)
    server = ours(victim.create, name, "message", max_instances=2, in_quota=50)
    if server:
        accepting = server.begin.accept(300)
        client = theirs(other.connect, name, "message", 300)
        if ours(accepting.result) is None and ours.failures:
            ours(server.accept, 300)
        converse(ours, server, theirs, client)
        ours(server.disconnect)
        ours(server.accept, 0)
        client = theirs(other.connect, name, "message", 300)
        ours(server.accept, 300)
        ours(server.write, b"x", 0)
    listener = ours(victim.listen, f"{name}-listened", "message")
    if listener:
        client = theirs(other.connect, f"{name}-listened", "message", 300)
        pipe = ours(listener.saccept, 300)
        if pipe:
            converse(ours, pipe, theirs, client)
    victim.close_all()
    other.close_all()
    return ours


def visit_and_wait(victim: Peer, other: Peer, name: str) -> Tour:
    """All a client does; `other` is the server."""
    ours, theirs = Tour(*RESOURCES, *OUTSIDE), Tour(*OUTSIDE)
    ours(victim.connect, name, ms=1, wait="server")
    server = other.create(name, mode="message", max_instances=2, out_quota=50)
    ours(victim.exists, name)
    ours(victim.wait, name, 300)
    accepting = server.begin.accept(300)
    client = ours(victim.connect, name, "message", 300)
    theirs(accepting.result)
    converse(ours, client, theirs, server)
    theirs(server.disconnect)
    theirs(server.accept, 0)
    calling = victim.begin.call(name, b"question", ms=300)
    if theirs(server.accept, 300) is None and theirs(server.recv, 300):
        theirs(server.write, b"answer", 300)
    ours(calling.result)
    victim.close_all()
    other.close_all()
    return ours


def converse(ours: Tour, here: End | None, theirs: Tour, there: End | None) -> None:
    """Both ways, waiting and not."""
    if not here or not there:
        return
    reading = here.begin.recv(300)
    theirs(there.write, b"a", 300)
    ours(reading.result)
    writing = there.begin.fill(1, 5000, 300)
    ours(here.recv, 300)
    theirs(writing.result)
    ours(here.write, b"b", 300)
    ours(here.flush, 0)
    theirs(there.recv, 300)
    writing = here.begin.fill(1, 5000, 300)
    theirs(there.recv, 300)
    ours(writing.result)
    asking = here.begin.transact(b"c", ms=300)
    if theirs(there.recv, 300) is not None:
        theirs(there.write, b"d", 300)
    ours(asking.result)
    # A late reply or message of a call that failed must not disturb the rest.
    for tour, end in ((ours, here), (theirs, there)):
        for _ in range(3):
            tour(end.read, 10_000, 0)


TOURS = {"server": serve_and_wait, "client": visit_and_wait}


def healthy(tour: Tour) -> bool:
    """Whether only what a tour brings about on purpose has failed."""
    return not {code for code, _ in tour.failures} & RESOURCES


@pytest.fixture(scope="module")
def idle(runtime_directory: Path) -> dict[str, int]:
    """How many descriptors a peer has after a tour when nothing fails."""
    if faults_missing():
        pytest.skip(faults_missing())
    found = {}
    for side, tour in TOURS.items():
        with spawn("c") as first, spawn("c") as second:
            assert healthy(tour(first, second, f"healthy-{side}"))
            found[side] = len(first.descriptors())
    return found


@pytest.mark.parametrize("turn", [1, 2, 3, 5, 0])
@pytest.mark.parametrize("side", TOURS)
@pytest.mark.parametrize("site", SITES)
def test_a_call_fails(
    site: str, side: str, turn: int, idle: dict[str, int], other: Peer, name: str
) -> None:
    """F9: at its k-th pass (0: at each) with EMFILE."""
    tour = TOURS[side]
    with spawn("c", NPI_FAIL_AT=f"{site}:{turn}") as victim:
        tour(victim, other, name)
        assert poll_until(lambda: len(victim.descriptors()) <= idle[side])
        assert victim.mappings() == 0
        # Its one failure may still be to come; that goes by as well.
        assert not turn or any(healthy(tour(victim, other, name)) for _ in range(3))
        assert poll_until(lambda: len(victim.descriptors()) <= idle[side])
        assert victim.alive()
    # Neither a name nor a file is left, and the name can be used by anybody.
    for left in (name, f"{name}-listened"):
        with fails(E.FILE_NOT_FOUND):
            other.open(left)
        other.create(left, first=True, max_instances=1)
        other.open(left)


# Sites whose failing has one meaning: the call, the error, what it becomes.
MEANINGS = [
    ("open", errno.EACCES, "create", E.ACCESS_DENIED),
    ("open", errno.EPERM, "create", E.ACCESS_DENIED),
    ("open", errno.EROFS, "create", E.ACCESS_DENIED),
    ("open", errno.ENOTDIR, "create", E.ACCESS_DENIED),
    ("open", errno.ELOOP, "create", E.ACCESS_DENIED),
    ("open", errno.EMFILE, "create", E.NO_SYSTEM_RESOURCES),
    ("open", errno.ENFILE, "create", E.NO_SYSTEM_RESOURCES),
    ("open", errno.ENOMEM, "create", E.NO_SYSTEM_RESOURCES),
    ("open", errno.EINTR, "create", None),
    ("lock", errno.ENOLCK, "create", E.NO_SYSTEM_RESOURCES),
    ("lock", errno.EINTR, "create", None),
    ("pwrite", errno.ENOSPC, "create", E.NO_SYSTEM_RESOURCES),
    ("pwrite", errno.EDQUOT, "create", E.NO_SYSTEM_RESOURCES),
    ("pwrite", errno.EIO, "create", E.NO_SYSTEM_RESOURCES),
    ("socket", errno.EMFILE, "create", E.NO_SYSTEM_RESOURCES),
    ("bind", errno.ENOSPC, "create", E.NO_SYSTEM_RESOURCES),
    ("bind", errno.EDQUOT, "create", E.NO_SYSTEM_RESOURCES),
    ("listen", errno.ENOMEM, "create", E.NO_SYSTEM_RESOURCES),
    ("rename", errno.ENOSPC, "create", E.NO_SYSTEM_RESOURCES),
    ("socket", errno.ENFILE, "open", E.NO_SYSTEM_RESOURCES),
    ("memfd_create", errno.EMFILE, "open", E.NO_SYSTEM_RESOURCES),
    ("ftruncate", errno.ENOSPC, "open", E.NO_SYSTEM_RESOURCES),
    ("mmap", errno.ENOMEM, "open", E.NOT_ENOUGH_MEMORY),
]


@pytest.mark.parametrize(
    ("site", "error", "call", "code"),
    MEANINGS,
    ids=[f"{s}-{errno.errorcode[e]}-{c}" for s, e, c, _ in MEANINGS],
)
def test_what_an_error_means(
    site: str, error: int, call: str, code: int | None, other: Peer, name: str
) -> None:
    """F9: the code tells who is to do something about it; the next try works."""
    if call == "open":
        server = other.create(name)
        with fails(E.TIMEOUT):
            server.accept(0)
    with spawn("c", NPI_FAIL_AT=f"{site}:1:{error}") as victim:
        if code is None:
            getattr(victim, call)(name)
        else:
            with fails(code):
                getattr(victim, call)(name)
            if call == "open":
                with fails(E.TIMEOUT):
                    server.accept(0)
            getattr(victim, call)(name)


@pytest.mark.parametrize("site", ["inotify", "watch"])
def test_waiting_without_inotify(site: str, other: Peer, name: str) -> None:
    """A user has few of them; then it is done by looking again."""
    with spawn("c", NPI_FAIL_AT=f"{site}:0") as victim:
        connecting = victim.begin.connect(name, ms=FOREVER, wait="server")
        victim.until_blocked()
        server = other.create(name, max_instances=1)
        client = connecting.result()
        waiting = victim.begin.wait(name, FOREVER)
        victim.until_blocked()
        server.disconnect()
        with fails(E.TIMEOUT):
            server.accept(0)
        waiting.result()
        waiting = client.begin.read(1, 0)
        with fails(E.PIPE_NOT_CONNECTED):
            waiting.result()
        other.open(name)
        waiting = victim.begin.wait(name, FOREVER)
        victim.until_blocked()
        server.close()
        with fails(E.FILE_NOT_FOUND):
            waiting.result()


def test_without_proc(other: Peer, name: str) -> None:
    """Sockets are then named by their paths."""
    with spawn("c", NPI_FAIL_AT="proc:0") as victim:
        server = victim.create(name, max_instances=2)
        second = other.create(name, max_instances=2)
        other.open(name).write(b"one")
        victim.open(name).write(b"two")
        assert server.read(5) == (b"one", False)
        assert second.read(5) == (b"two", False)


def test_the_hello_is_not_sent(other: Peer, name: str) -> None:
    """T5, T55: the accept goes on waiting for a real client."""
    server = other.create(name, max_instances=1)
    accepting = server.begin.accept(FOREVER)
    other.until_blocked()
    with spawn("c", NPI_FAIL_AT="memfd_create:1") as victim:
        with fails(E.NO_SYSTEM_RESOURCES):
            victim.open(name)
        other.until_blocked()
        client = victim.connect(name)
        accepting.result()
        client.write(b"x")
        assert server.read(1) == (b"x", False)
