# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Transports of Python, as python_bench.py measures them.

Each one is a function that makes a listener, which gives the other functions; a
missing library shows as an ImportError. All messages are bytes of one size.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable
from multiprocessing import connection
from typing import Any, NamedTuple


class End(NamedTuple):
    """One side of a connection."""

    send: Callable[[bytes], object]
    receive: Callable[[], bytes]
    await_end: Callable[[], object]  # the other side has closed
    close: Callable[[], object]


class Listener(NamedTuple):
    accept: Callable[[], End]
    close: Callable[[], object]


class Transport(NamedTuple):
    listen: Callable[[str], Listener]
    connect: Callable[[str], End]  # somebody listens already


def nothing() -> None:
    pass


def namedpipe_transport(size: int) -> Transport:
    import namedpipe

    def end(pipe: namedpipe.Pipe) -> End:
        receive = pipe.recv

        def await_end() -> None:
            with contextlib.suppress(namedpipe.BrokenPipe):
                receive()

        return End(pipe.send, receive, await_end, pipe.close)

    def listen(address: str) -> Listener:
        server = namedpipe.listen(os.path.basename(address), mode="message")
        return Listener(lambda: end(server.accept()), server.close)

    def connect(address: str) -> End:
        return end(namedpipe.connect(os.path.basename(address)))

    return Transport(listen, connect)


def multiprocessing_transport(size: int) -> Transport:
    def end(one: connection.Connection) -> End:
        receive = one.recv_bytes

        def await_end() -> None:
            with contextlib.suppress(EOFError):
                receive()

        return End(one.send_bytes, receive, await_end, one.close)

    def listen(address: str) -> Listener:
        listener = connection.Listener(address, "AF_UNIX", backlog=512)
        return Listener(lambda: end(listener.accept()), listener.close)

    return Transport(listen, lambda address: end(connection.Client(address)))


def socket_transport(size: int, kind: socket.SocketKind) -> Transport:
    def end(one: socket.socket) -> End:
        receive_part = one.recv

        def receive_packet() -> bytes:
            return receive_part(size)

        def receive_all() -> bytes:
            data = receive_part(size)
            if len(data) == size:
                return data
            parts = [data]
            left = size - len(data)
            while left:
                data = receive_part(left)
                if not data:
                    raise EOFError("the other side has closed")
                parts.append(data)
                left -= len(data)
            return b"".join(parts)

        receive = receive_all if kind == socket.SOCK_STREAM else receive_packet
        return End(one.sendall, receive, lambda: receive_part(1), one.close)

    def listen(address: str) -> Listener:
        listener = socket.socket(socket.AF_UNIX, kind)
        listener.bind(address)
        listener.listen(512)
        return Listener(lambda: end(listener.accept()[0]), listener.close)

    def connect(address: str) -> End:
        one = socket.socket(socket.AF_UNIX, kind)
        one.connect(address)
        return end(one)

    return Transport(listen, connect)


def zmq_transport(size: int) -> Transport:
    import zmq

    # A pair of sockets: the listening one itself talks to the one client.
    def make(open_at: str, address: str) -> End:
        pair = zmq.Context().socket(zmq.PAIR)
        getattr(pair, open_at)("ipc://" + address)
        return End(pair.send, pair.recv, nothing, pair.close)

    def listen(address: str) -> Listener:
        end = make("bind", address)
        return Listener(lambda: end, nothing)

    return Transport(listen, lambda address: make("connect", address))


def nng_transport(size: int) -> Transport:
    import pynng

    # As zmq's. The queues: else each message waits for a thread of nng's.
    def make(**how: str) -> End:
        pair = pynng.Pair0(send_buffer_size=128, recv_buffer_size=128, **how)
        pair.recv_max_size = 0
        return End(pair.send, pair.recv, nothing, pair.close)

    def listen(address: str) -> Listener:
        end = make(listen="ipc://" + address)
        return Listener(lambda: end, nothing)

    return Transport(listen, lambda address: make(dial="ipc://" + address))


class Iceoryx:
    """Two services of iceoryx2, one for each direction. As in a pipe the bytes
    are copied in and out; waiting is looking again and again."""

    def __init__(self, address: str, size: int, outward: str, inward: str) -> None:
        import ctypes

        import iceoryx2

        iceoryx2.set_log_level(iceoryx2.LogLevel.Error)
        self.lib = iceoryx2
        self.copy_in, self.copy_out = ctypes.memmove, ctypes.string_at
        self.depth = 64 if size < 1 << 18 else 8
        self.payload = iceoryx2.Slice[ctypes.c_uint8]
        self.node = iceoryx2.NodeBuilder.new().create(iceoryx2.ServiceType.Ipc)
        self.out = self.service(f"{address}/{outward}")
        self.into = self.service(f"{address}/{inward}")
        strategy = iceoryx2.BackpressureStrategy.RetryUntilDelivered
        self.publisher = (
            self.out.publisher_builder()
            .initial_max_slice_len(max(size, 1))
            .max_loaned_samples(2)
            .backpressure_strategy(strategy)
            .create()
        )
        self.subscriber = (
            self.into.subscriber_builder().buffer_size(self.depth).create()
        )

    def service(self, name: str) -> Any:
        return (
            self.node.service_builder(self.lib.ServiceName.new(name))
            .publish_subscribe(self.payload)
            .max_publishers(1)
            .max_subscribers(1)
            .history_size(0)
            .subscriber_max_buffer_size(self.depth)
            .enable_safe_overflow(False)
            .open_or_create()
        )

    def await_other(self) -> None:
        while (
            self.out.dynamic_config.number_of_subscribers == 0
            or self.into.dynamic_config.number_of_publishers == 0
        ):
            time.sleep(0.001)
        self.publisher.update_connections()

    def send(self, data: bytes) -> None:
        sample = self.publisher.loan_slice_uninit(len(data))
        self.copy_in(sample.payload_ptr, data, len(data))
        sample.assume_init().send()

    def receive(self) -> bytes:
        receive = self.subscriber.receive
        sample = receive()
        while sample is None:
            sample = receive()
        data = self.copy_out(sample.payload_ptr, sample.payload().len())
        sample.delete()
        return data

    def end(self) -> End:
        self.await_other()
        return End(self.send, self.receive, nothing, nothing)


def iceoryx_transport(size: int) -> Transport:
    import iceoryx2  # noqa: F401

    def listen(address: str) -> Listener:
        side = Iceoryx(address, size, "back", "there")
        return Listener(side.end, nothing)

    def connect(address: str) -> End:
        return Iceoryx(address, size, "there", "back").end()

    return Transport(listen, connect)


TRANSPORTS: dict[str, Callable[[int], Transport]] = {
    "namedpipe": namedpipe_transport,
    "multiprocessing": multiprocessing_transport,
    "stream": lambda size: socket_transport(size, socket.SOCK_STREAM),
    "seqpacket": lambda size: socket_transport(size, socket.SOCK_SEQPACKET),
    "zmq": zmq_transport,
    "nng": nng_transport,
    "iceoryx2": iceoryx_transport,
}
