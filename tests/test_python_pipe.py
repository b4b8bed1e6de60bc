# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The methods and properties of Pipe, where they are more than the core's."""

import os
import re
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import namedpipe
from conftest import LIMIT, Call, Ends
from observe import WINDOWS

# Around the buffer on the stack, the quota, and what is copied under the GIL.
SIZES = [0, 1, 4095, 4096, 4097, 8192, 65535, 65536, 65537, 1 << 20]


def pattern(size: int) -> bytes:
    return bytes(i * 7 % 251 for i in range(min(size, 10007))) * (size // 10007 + 1)


# --------------------------------------------------------------------- reading


@pytest.mark.parametrize("size", SIZES)
def test_recv_returns_a_message_of_any_size_whole(messages: Ends, size):
    server, client = messages
    data = pattern(size)[:size]
    sender = Call(client.send, data, LIMIT)
    assert server.recv(timeout=LIMIT) == data
    assert sender.result() == size


@pytest.mark.parametrize("size", [4096, 4097, 65537])
@pytest.mark.parametrize("limit", [0, 1, 4095, 4096, 4097, 5000])
def test_recv_with_a_limit_gives_the_beginning_and_keeps_the_rest(
    messages: Ends, size, limit
):
    """R3"""
    server, client = messages
    data = pattern(size)[:size]
    sender = Call(client.send, data, LIMIT)
    if limit >= size:
        assert server.recv(limit, LIMIT) == data
    else:
        with pytest.raises(namedpipe.MoreDataError) as caught:
            server.recv(limit, LIMIT)
        assert caught.value.partial == data[:limit]
        assert server.recv(timeout=LIMIT) == data[limit:]
    sender.result()


@settings(
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.binary(max_size=9000), max_size=6), st.integers(1, 9000))
def test_parts_are_the_message(messages: Ends, sent, size):
    """R3, R7: recv_into() says whether there is more, for every size."""
    server, client = messages
    buffer = bytearray(size)
    for message in sent:
        client.send(message)
        got, more = server.recv_into(buffer)
        seen = bytes(buffer[:got])
        while more:
            got, more = server.recv_into(buffer)
            seen += buffer[:got]
        assert seen == message


def test_an_empty_message_is_a_message(messages: Ends):
    """WR1, R7"""
    server, client = messages
    assert client.send(b"") == 0
    client.send(b"x")
    assert server.recv() == b""
    assert server.recv_into(bytearray(4)) == (1, False)


def test_recv_on_a_stream_returns_what_is_there(stream: Ends):
    """R2"""
    server, client = stream
    client.send(b"abc")
    client.send(pattern(9000)[:9000])
    assert server.recv() == b"abc" + pattern(9000)[:9000]
    client.send(b"abcdef")
    assert server.recv(2) == b"ab"
    assert server.recv(4000) == b"cdef"
    client.send(pattern(9000)[:9000])
    assert server.recv(5000) == pattern(9000)[:5000]
    assert server.recv(5000) == pattern(9000)[5000:9000]


def test_read_is_a_files_read(messages: Ends):
    server, client = messages
    for message in (b"", b"abc", b"", b"defg"):
        client.send(message)
    assert server.read(0) == b""
    assert server.read(2) == b"ab"
    assert server.read(10) == b"c"
    buffer = bytearray(10)
    assert server.readinto(buffer) == 4
    assert buffer[:4] == b"defg"
    assert server.readinto(bytearray()) == 0
    client.close()
    assert server.read(10) == b""
    assert server.readinto(buffer) == 0
    assert server.read() == b""


def test_read_without_a_size_reads_up_to_the_end(stream: Ends):
    server, client = stream
    reader = Call(server.read)
    pieces = [pattern(70000)[i : i + 7001] for i in range(0, 70000, 7001)]
    for piece in pieces:
        client.write(piece, LIMIT)
    client.close(linger=LIMIT)
    assert reader.result() == b"".join(pieces)


def test_read_that_fails_keeps_what_it_had_read(stream: Ends):
    server, client = stream
    client.send(b"half")
    with pytest.raises(namedpipe.PipeTimeoutError) as caught:
        server.read(timeout=0.01)
    assert caught.value.partial == b"half"


def test_peek_takes_nothing(messages: Ends):
    """P2, P3, P4"""
    server, client = messages
    assert server.peek() == (b"", 0, 0)
    client.send(b"12345")
    client.send(b"678")
    seen = server.peek(2)
    assert isinstance(seen, namedpipe.Peek)
    assert (seen.data, seen.available, seen.left_in_message) == (b"12", 8, 3)
    assert server.peek(100) == (b"12345", 8, 0)
    assert server.peek() == (b"", 8, 5)
    assert server.recv() == b"12345"


def test_peek_at_a_stream_has_no_message_to_be_left(stream: Ends):
    """P4: 0 here, where the raw calls say 0 minus what was copied."""
    server, client = stream
    client.send(b"12345")
    assert server.peek(2) == (b"12", 5, 0)


@pytest.mark.parametrize("size", SIZES)
def test_transact_returns_a_reply_of_any_size_whole(messages: Ends, size):
    """TR1, TR3"""
    server, client = messages
    data = pattern(size)[:size]
    answering = Call(lambda: server.send(server.recv(timeout=LIMIT), LIMIT))
    assert client.transact(data, LIMIT) == data
    answering.result()


@pytest.mark.parametrize("limit", [0, 3, 4096, 4500])
def test_transact_with_a_limit_keeps_the_rest(messages: Ends, limit):
    """TR3"""
    server, client = messages
    data = pattern(5000)[:5000]
    answering = Call(lambda: (server.recv(timeout=LIMIT), server.send(data, LIMIT)))
    with pytest.raises(namedpipe.MoreDataError) as caught:
        client.transact(b"?", LIMIT, max_size=limit)
    assert caught.value.partial == data[:limit]
    assert client.recv() == data[limit:]
    answering.result()


@pytest.mark.parametrize("size", [0, 10, 5000, 100_000])
def test_call_returns_a_reply_of_any_size_whole(name, size):
    """CL1"""
    with namedpipe.listen(name, mode="message") as server:
        data = pattern(size)[:size]
        caller = Call(namedpipe.call, name, data, LIMIT)
        with server.accept(LIMIT) as pipe:
            pipe.send(pipe.recv(timeout=LIMIT), LIMIT)
            assert caller.result() == data


def test_call_with_a_limit_loses_the_rest(name):
    """CL1"""
    with namedpipe.listen(name, mode="message") as server:
        caller = Call(namedpipe.call, name, b"?", LIMIT, 3)
        with server.accept(LIMIT) as pipe:
            pipe.recv(timeout=LIMIT)
            pipe.send(b"12345", LIMIT)
            with pytest.raises(namedpipe.MoreDataError) as caught:
                caller.result()
        assert caught.value.partial == b"123"


def test_call_to_a_byte_pipe_is_error_87(name):
    """CL1"""
    with namedpipe.listen(name, mode="byte"):
        with pytest.raises(namedpipe.PipeError) as caught:
            namedpipe.call(name, b"x", LIMIT)
        assert caught.value.winerror == namedpipe.E.INVALID_PARAMETER


# --------------------------------------------------------------------- writing


def test_a_write_that_times_out_can_be_repeated(name):
    """WR3, I5: nothing of it has been sent."""
    with (
        namedpipe.create(name, mode="message", in_quota=10) as server,
        namedpipe.connect(name) as client,
    ):
        client.send(b"12345678")
        for _ in range(3):
            with pytest.raises(namedpipe.PipeTimeoutError) as caught:
                client.send(b"abcd", timeout=0.001)
            assert caught.value.written == 0
        assert server.recv() == b"12345678"
        client.send(b"abcd", timeout=0)
        assert server.recv() == b"abcd"


def test_a_nowait_write_says_how_much_went(name):
    """WR7"""
    with (
        namedpipe.create(name, mode="message", in_quota=10) as server,
        namedpipe.connect(name, nowait=True) as client,
    ):
        assert client.nowait
        assert client.send(b"12345678") == 8
        assert client.send(b"abcd") == 0
        assert server.recv() == b"12345678"


def test_flush_waits_for_the_reader(messages: Ends):
    """FL1"""
    server, client = messages
    client.flush()
    client.send(b"x")
    flushing = Call(client.flush).blocked()
    assert server.recv() == b"x"
    assert flushing.result() is None


# ------------------------------------------------------------------ life cycle


def test_accept_says_whether_it_had_to_wait(name):
    """N1"""
    with namedpipe.create(name) as server:
        waiting = Call(server.accept).blocked()
        with namedpipe.connect(name):
            assert waiting.result() is True
            assert server.accept() is False


def test_a_disconnected_instance_serves_the_next_client(name):
    """D1, D3, N1"""
    with namedpipe.create(name, max_instances=1) as server:
        for word in (b"one", b"two"):
            client = namedpipe.connect(name, LIMIT)
            server.accept(LIMIT)
            server.send(word)
            assert client.recv() == word
            server.disconnect()
            client.close()
            waiting = Call(server.accept).blocked()
            server.cancel()
            with pytest.raises(namedpipe.OperationAborted):
                waiting.result()


def test_messages_end_when_the_other_end_leaves(messages: Ends):
    """X2"""
    server, client = messages
    for word in (b"a", b"", b"c"):
        client.send(word)
    client.close()
    iterator = server.messages()
    assert iter(iterator) is iterator
    assert list(iterator) == [b"a", b"", b"c"]
    assert list(iterator) == []
    assert list(server) == []


def test_messages_raise_when_thrown_out(messages: Ends):
    """D1"""
    server, client = messages
    server.disconnect()
    with pytest.raises(namedpipe.BrokenPipe) as caught:
        list(client)
    assert caught.value.winerror == namedpipe.E.PIPE_NOT_CONNECTED


def test_iterating_keeps_the_pipe_alive(name):
    with namedpipe.create(name, mode="message") as server:
        client = namedpipe.connect(name)
        client.send(b"x")
        client.close()
        iterator = iter(server)
        assert next(iterator) == b"x"
    with pytest.raises(ValueError, match="closed pipe"):
        next(iterator)


def test_a_with_statement_closes_also_when_it_fails(name):
    with pytest.raises(KeyError), namedpipe.create(name) as pipe:
        raise KeyError
    assert pipe.closed
    pipe.close()
    assert not namedpipe.exists(name)


def test_close_can_wait_for_the_reader(messages: Ends):
    server, client = messages
    client.send(b"x")
    closing = Call(client.close, LIMIT).blocked()
    assert server.recv() == b"x"
    closing.result()
    assert client.closed


def test_close_does_not_wait_longer_than_told(messages: Ends):
    server, client = messages
    client.send(b"x")
    client.close(linger=0.001)
    assert client.closed
    assert server.recv() == b"x"
    with pytest.raises(ValueError, match="timeout"):
        server.close(-1)
    assert not server.closed


# ------------------------------------------------------- looks and properties


def test_repr_shows_name_end_state_and_type(name):
    path = rf"'\\.\pipe\{name}'"
    server = namedpipe.create(name, mode="message")
    assert repr(server) == f"<namedpipe.Pipe {path} server listening message>"
    client = namedpipe.connect(name)
    assert repr(client) == f"<namedpipe.Pipe {path} client connected message>"
    client.close()
    assert repr(client) == f"<namedpipe.Pipe {path} closed>"
    assert repr(server) == f"<namedpipe.Pipe {path} server closing message>"
    server.disconnect()
    assert repr(server) == f"<namedpipe.Pipe {path} server disconnected message>"
    server.close()
    with namedpipe.listen(name) as listening:
        assert repr(listening) == f"<namedpipe.Server {path} listening>"
    assert repr(listening) == f"<namedpipe.Server {path} closed>"


def test_repr_works_where_info_is_not_allowed(name):
    """C13"""
    with namedpipe.create(name, access="outbound") as server:
        assert re.search(r"server>$", repr(server))


def test_repr_of_a_client_that_was_thrown_out(messages: Ends):
    server, client = messages
    server.disconnect()
    assert repr(client).endswith("client disconnected>")


def test_state_and_modes(name):
    """O4, S1, S2"""
    with namedpipe.create(name, mode="message") as server:
        assert (server.state, server.read_mode) == ("listening", "message")
        assert server.instances == 1
        with namedpipe.open(name) as client:
            assert (client.state, client.read_mode) == ("connected", "byte")
            client.read_mode = "message"
            assert (client.read_mode, client.nowait) == ("message", False)
            client.nowait = True
            assert (client.read_mode, client.nowait) == ("message", True)
            client.read_mode = namedpipe.BYTE
            assert (client.read_mode, client.nowait) == ("byte", True)
            assert server.read_mode == "message"
        assert server.state == "closing"
        server.disconnect()
        assert server.state == "disconnected"


def test_modes_that_are_none(stream: Ends):
    """S2"""
    server, _ = stream
    with pytest.raises(ValueError, match="read_mode must be 'byte' or 'message'"):
        server.read_mode = "default"
    with pytest.raises(namedpipe.PipeError) as caught:
        server.read_mode = "message"
    assert caught.value.winerror == namedpipe.E.INVALID_PARAMETER
    for key in ("read_mode", "nowait", "timeout"):
        with pytest.raises(AttributeError):
            delattr(server, key)
    for key in ("closed", "path", "state", "info", "peer", "instances", "new"):
        with pytest.raises(AttributeError):
            setattr(server, key, 1)


def test_info_is_what_the_pipe_was_made_with(name):
    """S3"""
    with (
        namedpipe.create(
            name, mode="message", max_instances=7, in_quota=1000, out_quota=2000
        ) as server,
        namedpipe.open(name) as client,
    ):
        info = server.info
        assert isinstance(info, namedpipe.Info)
        assert info == (True, "message", "duplex", 2000, 1000, 7)
        assert (info.server_end, info.out_quota, info.in_quota) == (True, 2000, 1000)
        assert client.info == (False, "message", "duplex", 2000, 1000, 7)


def test_peer_is_the_other_process(messages: Ends):
    """S4"""
    for pipe in messages:
        assert isinstance(pipe.peer, namedpipe.Peer)
        assert pipe.peer.pid == os.getpid()
        assert pipe.peer.uid == (None if WINDOWS else os.getuid())
        assert isinstance(pipe.peer.user, str)


@pytest.mark.linux("descriptors of pipes")
def test_fileno_can_be_waited_for(messages: Ends):
    import select

    server, client = messages
    poll = select.poll()
    poll.register(server.fileno(), select.POLLIN)
    with pytest.raises(namedpipe.PipeTimeoutError):
        server.recv(timeout=0)
    client.send(b"x")
    assert poll.poll(LIMIT * 1000)
    assert server.recv(timeout=0) == b"x"


def test_names_lists_what_exists(name):
    """S8"""
    before = namedpipe.names()
    with namedpipe.create(name + "-b"), namedpipe.create(name.upper() + "-A"):
        found = namedpipe.names(name + "*")
        assert sorted(found, key=str.lower) == [name.upper() + "-A", name + "-b"]
        assert namedpipe.names("*-B") == [name + "-b"]
    assert namedpipe.names() == before


def test_wait_and_exists(name):
    """WT1, WT2"""
    assert namedpipe.exists(name) is False
    with pytest.raises(namedpipe.PipeNotFoundError):
        namedpipe.wait(name)
    with namedpipe.create(name, default_timeout=0.001):
        assert namedpipe.exists(name) is True
        assert namedpipe.wait(name) is None
        with namedpipe.open(name):
            for arguments in ((), ("default",), (0,), (0.001,)):
                with pytest.raises(namedpipe.PipeTimeoutError):
                    namedpipe.wait(name, *arguments)


def test_connect_can_wait_for_the_server(name):
    with pytest.raises(namedpipe.PipeNotFoundError):
        namedpipe.connect(name, LIMIT)
    with pytest.raises(namedpipe.PipeTimeoutError):
        namedpipe.connect(name, 0.001, wait="server")
    connecting = Call(lambda: namedpipe.connect(name, LIMIT, wait="server")).blocked()
    with namedpipe.create(name), connecting.result() as client:
        assert client.state == "connected"


def test_many_threads_on_one_pipe_lose_nothing(messages: Ends):
    """R8: each message goes to one reader, whole, whatever its size."""
    server, client = messages
    sent = [bytes([i]) * (i * 97 % 9000) for i in range(1, 200)]
    seen: list[bytes] = []
    lock = threading.Lock()

    def collect() -> None:
        for message in server.messages():
            with lock:
                seen.append(message)

    readers = [Call(collect) for _ in range(4)]
    for message in sent:
        client.send(message, LIMIT)
    client.close(linger=LIMIT)
    for reader in readers:
        reader.result()
    assert sorted(seen) == sorted(sent)
