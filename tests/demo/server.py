# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The Python server of the demo.

A client's first message says what it wants: its name, to have everything after
that sent back; "speed", to be listened to only; "?NAME", to hear what arrived
from the client of that name; "?quit", to end the server.
"""

import threading
import zlib
from concurrent.futures import Future, ThreadPoolExecutor

import namedpipe


class Tally:
    """What arrived from one client."""

    def __init__(self) -> None:
        self.messages = self.bytes = self.crc = 0

    def add(self, message: bytes) -> None:
        self.messages += 1
        self.bytes += len(message)
        self.crc = zlib.crc32(message, self.crc)

    def __str__(self) -> str:
        return f"{self.messages} {self.bytes} {self.crc:08x}"


def echo(pipe: namedpipe.Pipe, tally: Tally) -> None:
    for message in pipe.messages():
        tally.add(message)
        pipe.send(message)


def listen_only(pipe: namedpipe.Pipe) -> None:
    """The first message is the pattern that the others must equal."""
    pattern = pipe.recv()
    buffer = bytearray(len(pattern))
    count = 0
    while pipe.recv_into(buffer) == (len(pattern), False) and buffer == pattern:
        count += 1
    pipe.send(str(count).encode())


class Server:
    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}
        self.door = namedpipe.listen("demo", mode="message", max_instances=4)

    def answer(self, question: str) -> str:
        if question == "quit":
            self.door.close()
            return "bye"
        return str(self.tallies.get(question, "nobody"))

    def serve(self, pipe: namedpipe.Pipe) -> None:
        with pipe:
            first = pipe.recv().decode()
            if first.startswith("?"):
                pipe.send(self.answer(first[1:]).encode())
            elif first == "speed":
                listen_only(pipe)
            else:
                echo(pipe, self.tallies.setdefault(first, Tally()))

    def run(self) -> None:
        served: list[Future[None]] = []
        with self.door, ThreadPoolExecutor() as threads:
            try:
                while True:
                    pipe = self.door.accept()
                    served.append(threads.submit(self.serve, pipe))
            except namedpipe.OperationAborted:
                pass  # "?quit" has closed the door
        for outcome in served:
            outcome.result()
        print(f"has served {len(served)} connections", flush=True)


def talk_by_lines() -> None:
    """A byte-mode pipe as a text file: one line, one answer."""
    with (
        namedpipe.listen("demo-lines", mode="byte") as door,
        door.accept() as pipe,
        pipe.makefile("rw", encoding="utf-8", newline="\n") as file,
    ):
        for line in file:
            verb, *words = line.split()
            if verb == "sum":
                file.write(f"{sum(map(int, words))}\n")
            else:
                file.write(" ".join(reversed(words)) + "\n")
            file.flush()


def main() -> None:
    lines = threading.Thread(target=talk_by_lines, daemon=True)
    server = Server()
    print(f"serves {server.door.path}, message mode, 4 instances", flush=True)
    lines.start()
    server.run()
    lines.join()


if __name__ == "__main__":
    main()
