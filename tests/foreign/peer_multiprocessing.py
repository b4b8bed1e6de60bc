# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""multiprocessing.connection with the family AF_PIPE, see talk.py. It knows
message pipes only, and reads whole messages only. The variant "authkey" has both
sides prove that they know the key."""

from multiprocessing.connection import Client, Connection, Listener

import talk


class End:
    def __init__(self, variant: str) -> None:
        self.authkey = talk.AUTHKEY if variant == "authkey" else None
        self.listener: Listener | None = None
        self.connection: Connection | None = None

    def listen(self, name: str, mode: str) -> None:
        assert mode != "byte"
        self.listener = Listener(talk.path(name), "AF_PIPE", authkey=self.authkey)

    def accept(self) -> None:
        self.connection = self.listener.accept()

    def open(self, name: str, mode: str) -> None:
        self.connection = Client(talk.path(name), "AF_PIPE", authkey=self.authkey)

    def send(self, data: bytes) -> None:
        self.connection.send_bytes(data)

    def recv(self, size: int) -> tuple[bytes, bool]:
        return self.connection.recv_bytes(), False

    def send_object(self, value: object) -> None:
        self.connection.send(value)

    def recv_object(self) -> object:
        return self.connection.recv()

    def poll(self, seconds: float) -> bool:
        return self.connection.poll(seconds)

    def close(self) -> None:
        for made in (self.connection, self.listener):
            if made:
                made.close()


talk.obey(End)
