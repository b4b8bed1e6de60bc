# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""namedpipe.compat with other processes, in every language there is."""

from harness import FOREVER, E, Peer, fails
from namedpipe.compat import win32event, win32file, win32pipe, winerror
from win32_ends import (
    DUPLEX,
    OVERLAPPED,
    PENDING,
    READ_WRITE,
    create,
    open_client,
    overlapped,
    result,
    wait_for,
)


def test_a_server_with_a_peer(peer: Peer, name: str) -> None:
    """N1, R3, D1, D3."""
    server = create(name)
    client = peer.open(name, read_mode="message")
    assert win32pipe.ConnectNamedPipe(server) == winerror.ERROR_PIPE_CONNECTED
    assert win32pipe.GetNamedPipeClientProcessId(server) == peer.process.pid
    client.write(b"question")
    assert win32file.ReadFile(server, 5) == (winerror.ERROR_MORE_DATA, b"quest")
    assert win32file.ReadFile(server, 5) == (0, b"ion")
    win32file.WriteFile(server, b"answer")
    assert client.read(3) == (b"ans", True)
    win32pipe.DisconnectNamedPipe(server)
    with fails(E.PIPE_NOT_CONNECTED):
        client.read(3)


def test_a_client_with_a_peer(peer: Peer, name: str) -> None:
    """S3, X2."""
    server = peer.create(name, mode="message", in_quota=10, out_quota=20)
    client = open_client(name, message_read=True)
    assert win32pipe.GetNamedPipeInfo(client) == (4, 20, 10, 255)
    assert win32pipe.GetNamedPipeServerProcessId(client) == peer.process.pid
    server.accept()
    win32file.WriteFile(client, b"question")
    assert server.recv() == b"question"
    server.write(b"answer")
    server.close()
    assert win32pipe.PeekNamedPipe(client, 2) == (b"an", 6, 4)
    assert win32file.ReadFile(client, 10) == (0, b"answer")


def test_operations_with_a_peer(peer: Peer, name: str) -> None:
    """N2, WR3: a wait of each kind that another process ends."""
    server = create(name, open_mode=DUPLEX | OVERLAPPED, out_size=10)
    operation = overlapped()
    assert win32pipe.ConnectNamedPipe(server, operation) == PENDING
    client = peer.open(name, read_mode="message")
    assert result(server, operation) == 0
    hr, data = win32file.ReadFile(server, 100, operation)
    assert hr == PENDING
    client.write(b"question")
    assert bytes(data[: result(server, operation)]) == b"question"
    assert win32file.WriteFile(server, b"x" * 15, operation)[0] == PENDING
    assert client.read(5) == (b"x" * 5, True)
    assert result(server, operation) == 15


def test_a_peer_that_closes(helper: Peer, name: str) -> None:
    """X4."""
    server = create(name, open_mode=DUPLEX | OVERLAPPED)
    helper.open(name)
    operation = overlapped()
    win32file.ReadFile(server, 100, operation)
    helper.close_all()
    wait_for(operation.hEvent)
    assert operation.Internal == 0xC000014B


def test_calls_between_peers(peer: Peer, name: str) -> None:
    """CL1, TR3."""
    server = create(name)
    calling = peer.begin.call(name, b"from a peer", ms=FOREVER)
    win32pipe.ConnectNamedPipe(server)
    assert win32file.ReadFile(server, 100)[1] == b"from a peer"
    win32file.WriteFile(server, b"to a peer")
    assert calling.result() == (b"to a peer", False)
    server.Close()
    listening = peer.create(name, mode="message")
    client = open_client(name, READ_WRITE, OVERLAPPED, message_read=True)
    reading = listening.begin.recv(FOREVER)
    operation = overlapped()
    buffer = win32file.AllocateReadBuffer(100)
    win32pipe.TransactNamedPipe(client, b"request", buffer, operation)
    assert reading.result() == b"request"
    assert win32event.WaitForSingleObject(operation.hEvent, 0) == 258
    listening.write(b"reply")
    assert bytes(buffer[: result(client, operation)]) == b"reply"
