# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Run the programs peer_*.py, and ask their ends to do things, see talk.py:

server = programs["pywin32-overlapped", "server"].end()
server.ask("listen", "demo", "message")
server.start("accept")
...
server.finish()
"""

from __future__ import annotations

import ast
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ground import LIMIT, Failure
from lines import Lines

HERE = Path(__file__).parent


class Ended(Exception):
    """A peer's answer "eof"."""


class Program:
    """A process that runs peer_PROGRAM.py; kind is PROGRAM or PROGRAM-VARIANT."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        program, *variant = kind.split("-")
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / f"peer_{program}.py"), *variant],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            bufsize=0,
        )
        self.pid = self.process.pid
        self.lines = Lines(self.process.stdout)
        self.numbers = itertools.count()
        self.ends: list[End] = []
        self.busy = False

    def end(self) -> End:
        self.ends.append(End(self, next(self.numbers)))
        return self.ends[-1]

    def start(self, words: tuple) -> None:
        assert not self.busy, f"{self.kind}: still busy, cannot {words[:2]}"
        self.busy = True
        self.process.stdin.write(repr(words).encode() + b"\n")

    def finish(self, asked: str) -> object:
        line = self.lines.read(LIMIT)
        if not line:
            problem = "does not answer" if line is None else "has ended"
            pytest.fail(f"{self.kind} {problem}: {asked}\n{self.complaints()}")
        self.busy = False
        status, *values = ast.literal_eval(line)
        if status == "eof":
            raise Ended(asked)
        if status == "err":
            raise Failure(values[0], f"{self.kind}: {asked}")
        return values[0]

    def complaints(self) -> str:
        self.errors.seek(0)
        return self.errors.read()

    def close_ends(self) -> None:
        for end in self.ends:
            end.ask("close")
        self.ends.clear()

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(LIMIT)

    def stop(self) -> None:
        if self.is_alive():
            self.kill()
        self.process.stdin.close()
        self.process.stdout.close()
        self.errors.close()


class End:
    """One end of a pipe in another program."""

    def __init__(self, program: Program, number: int) -> None:
        self.program = program
        self.number = number
        self.asked = ""

    def start(self, verb: str, *arguments: object) -> None:
        self.program.start((self.number, verb, *arguments))
        self.asked = verb

    def finish(self):
        return self.program.finish(self.asked)

    def ask(self, verb: str, *arguments: object):
        self.start(verb, *arguments)
        return self.finish()

    def close(self) -> None:
        """Before the test is over, when what is left is closed."""
        self.ask("close")
        self.program.ends.remove(self)


class Programs:
    """The processes, by kind and role; each serves many tests, one after the
    other. One that died, or did not finish, is replaced."""

    def __init__(self) -> None:
        self.running: dict[tuple[str, str], Program] = {}

    def __getitem__(self, key: tuple[str, str]) -> Program:
        if key not in self.running:
            self.running[key] = Program(key[0])
        return self.running[key]

    def tidy(self) -> None:
        for key, program in list(self.running.items()):
            if program.is_alive() and not program.busy:
                program.close_ends()
            else:
                program.stop()
                del self.running[key]

    def stop(self) -> None:
        for program in self.running.values():
            program.stop()
