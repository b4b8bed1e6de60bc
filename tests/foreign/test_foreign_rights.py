# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What foreign programs may open and set of our pipes and we of theirs, and what
both tell of the same pipe."""

from __future__ import annotations

import os

import pytest

import namedpipe
from foreign.ours import New, Server, opened, served
from ground import LIMIT, NOWAIT, READMODE_MESSAGE, E, fails

pytestmark = pytest.mark.windows("foreign programs use the system's own pipes")

GENERIC_READ, GENERIC_WRITE = 0x80000000, 0x40000000
BOTH_WAYS = GENERIC_READ | GENERIC_WRITE
FILE_WRITE_ATTRIBUTES = 0x100
# Of the entries of a DACL.
ALLOWED, DENIED = 0, 1
NETWORK, SYSTEM = "S-1-5-2", "S-1-5-18"
EVERYTHING = (0x10000000, 0x1F01FF)
# Bits of GetNamedPipeInfo.
SERVER_END, TYPE_MESSAGE = 1, 4
SERVES_BOTH_WAYS = 3


# ------------------------------------------------------------- rights and states


def test_a_foreign_client_sets_its_state(new: New, server: Server, name: str) -> None:
    """S1, S2, F4, F5: our pipes grant it the right to, and it is its own."""
    client = new()
    with served(server, client, name, "mixed") as pipe:
        assert client.ask("state")[0] == 0
        client.ask("set_state", READMODE_MESSAGE | NOWAIT)
        assert client.ask("state") == (READMODE_MESSAGE | NOWAIT, pipe.instances)
        assert not pipe.nowait
        with fails(E.NO_DATA):
            client.ask("recv", 100)
        client.ask("set_state", 0)
        pipe.send(b"as ")
        pipe.send(b"bytes")
        assert client.ask("recv", 100) == (b"as bytes", False)


def test_a_foreign_client_cannot_read_bytes_as_messages(new: New, name: str) -> None:
    """S2."""
    client = new()
    with namedpipe.listen(name) as server, served(server, client, name, "byte"):
        with fails(E.INVALID_PARAMETER):
            client.ask("set_state", READMODE_MESSAGE)


@pytest.mark.parametrize(
    ("access", "rights"),
    [
        ("outbound", GENERIC_READ),
        ("outbound", GENERIC_READ | FILE_WRITE_ATTRIBUTES),
        ("inbound", GENERIC_WRITE),
        ("duplex", GENERIC_READ),
        ("duplex", GENERIC_WRITE),
        ("duplex", BOTH_WAYS),
        ("duplex", 0),
    ],
)
def test_what_a_foreign_client_may_open(
    new: New, name: str, access: str, rights: int
) -> None:
    """F2, F4."""
    client = new()
    with namedpipe.create(name, access=access) as pipe:
        client.ask("open", name, "byte", rights)
        pipe.accept(LIMIT)
        if rights & GENERIC_READ and access != "inbound":
            pipe.send(b"hello", timeout=LIMIT)
            assert client.ask("recv", 100) == (b"hello", False)
        else:
            with fails(E.ACCESS_DENIED):
                client.ask("recv", 100)
        if rights & GENERIC_WRITE:
            client.ask("send", b"hello")
            assert pipe.recv(timeout=LIMIT) == b"hello"
        else:
            with fails(E.ACCESS_DENIED):
                client.ask("send", b"hello")
        if rights & FILE_WRITE_ATTRIBUTES:
            client.ask("set_state", NOWAIT)


def test_our_pipes_admit_their_user_and_the_system_only(
    new: New, server: Server, name: str
) -> None:
    """As they are described; that the system keeps to it cannot be seen as the
    user who is admitted, and Wine does not."""
    client = new()
    with served(server, client, name):
        user = client.ask("user")
        owner, entries = client.ask("security")
        assert owner == user
        assert [(kind, who) for kind, _, who in entries] == [
            (DENIED, NETWORK),
            (ALLOWED, SYSTEM),
            (ALLOWED, user),
        ]
        # The one as it was written, the other as Windows puts it for files.
        assert all(rights in EVERYTHING for _, rights, _ in entries)


@pytest.mark.parametrize(
    ("access", "rights"),
    [("outbound", BOTH_WAYS), ("inbound", BOTH_WAYS), ("inbound", GENERIC_READ)],
)
def test_what_a_foreign_client_may_not_open(
    new: New, name: str, access: str, rights: int
) -> None:
    """F2: it takes no instance either."""
    with namedpipe.create(name, access=access, max_instances=1):
        with fails(E.ACCESS_DENIED):
            new().ask("open", name, "byte", rights)
        namedpipe.wait(name, timeout=0.01)


@pytest.mark.parametrize(("direction", "access"), [(1, "w"), (2, "r"), (3, "rw")])
def test_what_we_may_open_of_a_foreign_server(
    new: New, name: str, direction: int, access: str
) -> None:
    """F2: of an inbound, an outbound and a duplex pipe."""
    server = new()
    server.ask("listen", name, "byte", direction, 1)
    with namedpipe.open(name, access=access) as pipe:
        server.ask("accept")
        if "w" in access:
            pipe.send(b"hello", timeout=LIMIT)
            assert server.ask("recv", 100) == (b"hello", False)
        if "r" in access:
            server.ask("send", b"hello")
            assert pipe.recv(timeout=LIMIT) == b"hello"


@pytest.mark.parametrize(
    ("direction", "access"), [(1, "r"), (1, "rw"), (2, "w"), (2, "rw")]
)
def test_what_we_may_not_open_of_a_foreign_server(
    new: New, name: str, direction: int, access: str
) -> None:
    """F2."""
    new().ask("listen", name, "byte", direction, 1)
    with fails(E.ACCESS_DENIED):
        namedpipe.open(name, access=access)


def test_a_pipe_of_another_owner_is_not_trusted(new: New, name: str) -> None:
    server = new()
    try:
        server.ask("listen", name, "byte", SERVES_BOTH_WAYS, 1, "S-1-5-21-1-2-3-4567")
    except Exception as error:
        # Windows does not let everybody give a thing away.
        if getattr(error, "winerror", None) != 1307:
            raise
        pytest.skip("this system does not make a pipe for another owner")
    with fails(E.SERVER_NOT_TRUSTED):
        namedpipe.open(name)


# ------------------------------------------------------------------------ queries


def test_both_tell_the_same_of_a_pipe_of_ours(new: New, name: str) -> None:
    """S3, S4."""
    client = new()
    with namedpipe.create(
        name, mode="message", in_quota=100, out_quota=200, max_instances=3
    ) as pipe:
        client.ask("open", name, "message")
        pipe.accept(LIMIT)
        assert tuple(client.ask("info")) == (TYPE_MESSAGE, 200, 100, 3)
        assert pipe.peer.pid == client.program.pid
        assert client.ask("server_pid") == os.getpid()


def test_both_tell_the_same_of_a_foreign_pipe(new: New, name: str) -> None:
    """S3, S4."""
    server = new()
    with opened(server, name) as pipe:
        flags, outbound, inbound, _ = server.ask("info")
        info = pipe.info
        assert flags == SERVER_END | TYPE_MESSAGE
        assert (info.server_end, info.mode, info.access) == (False, "message", "duplex")
        assert (info.out_quota, info.in_quota) == (outbound, inbound)
        assert pipe.peer.pid == server.program.pid
        assert server.ask("client_pid") == os.getpid()
        assert pipe.state == "connected"


@pytest.mark.parametrize("kind", ["pywin32", "winapi"])
def test_a_foreign_client_peeks(new: New, server: Server, name: str, kind: str) -> None:
    """P2, P3, P4."""
    client = new(kind)
    with served(server, client, name) as pipe:
        assert tuple(client.ask("peek", 10)) == (b"", 0, 0)
        pipe.send(b"first")
        pipe.send(b"and second")
        assert tuple(client.ask("peek", 2)) == (b"fi", 15, 3)
        assert client.ask("recv", 100) == (b"first", False)
        assert tuple(client.ask("peek", 100)) == (b"and second", 10, 0)


def test_we_peek_at_what_a_foreign_server_wrote(new: New, name: str) -> None:
    """P2, P3, P4."""
    server = new()
    with opened(server, name) as pipe:
        server.ask("send", b"first")
        server.ask("send", b"and second")
        assert tuple(pipe.peek(2)) == (b"fi", 15, 3)
        assert pipe.recv() == b"first"
        assert tuple(pipe.peek(100)) == (b"and second", 10, 0)
