# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Our own side of the conversations, see talk.py. The variant "authkey" proves
who it is as multiprocessing.connection wants it."""

from multiprocessing.connection import answer_challenge, deliver_challenge

import talk

import namedpipe

LIMIT = 20.0
QUOTA = 8192


class Authenticated:
    """A pipe as the functions of multiprocessing.connection see it."""

    def __init__(self, pipe: namedpipe.Pipe) -> None:
        self.pipe = pipe

    def send_bytes(self, data: bytes) -> None:
        self.pipe.send(data)

    def recv_bytes(self, max_size: int) -> bytes:
        return self.pipe.recv(max_size)


class End:
    def __init__(self, variant: str) -> None:
        self.authenticates = variant == "authkey"
        self.server: namedpipe.Server | None = None
        self.pipe: namedpipe.Pipe | None = None

    def listen(self, name: str, mode: str) -> None:
        kind = "byte" if mode == "byte" else "message"
        self.server = namedpipe.listen(name, mode=kind, in_quota=QUOTA, out_quota=QUOTA)

    def accept(self) -> None:
        self.pipe = self.server.accept(timeout=LIMIT)
        self.pipe.timeout = LIMIT
        if self.authenticates:
            deliver_challenge(Authenticated(self.pipe), talk.AUTHKEY)
            answer_challenge(Authenticated(self.pipe), talk.AUTHKEY)

    def open(self, name: str, mode: str) -> None:
        reads = "message" if mode == "message" else "byte"
        self.pipe = namedpipe.open(name, read_mode=reads)
        self.pipe.timeout = LIMIT
        if self.authenticates:
            answer_challenge(Authenticated(self.pipe), talk.AUTHKEY)
            deliver_challenge(Authenticated(self.pipe), talk.AUTHKEY)

    def send(self, data: bytes) -> None:
        self.pipe.send(data)

    def recv(self, size: int) -> tuple[bytes, bool]:
        buffer = bytearray(size)
        count, more = self.pipe.recv_into(buffer)
        return bytes(buffer[:count]), more

    def disconnect(self) -> None:
        self.pipe.disconnect()

    def close(self) -> None:
        for made in (self.pipe, self.server):
            if made:
                made.close()


talk.obey(End)
