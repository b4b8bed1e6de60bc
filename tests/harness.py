# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Drive the peer programs (tests/peers): one process each, in C, Python or Lua.

A Peer has the verbs of the protocol as methods, and so have the pipes it makes:

    server = pool["lua", "server"].create("demo", mode="message")
    client = pool["c", "client"].open("demo")
    client.write(b"hello")
    assert server.read(100) == (b"hello", False)
    with fails(E.PIPE_NOT_CONNECTED):
        ...

Each method waits for its answer, for a bounded time. A call that is to block is
begun instead, and asked for its result later:

    reading = client.begin.read(100, FOREVER)
    client.until_blocked()
    server.write(b"x")
    assert reading.result() == (b"x", False)
"""

from __future__ import annotations

import collections
import contextlib
import functools
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator

import pytest

import observe
from ground import (
    BYTE,
    CLASSES,
    CLOSING,
    COMMANDS,
    CONNECTED,
    CONSTANTS,
    DISCONNECTED,
    FOREVER,
    LIMIT,
    LISTENING,
    MESSAGE,
    NAMES_H,
    NOWAIT,
    READMODE_MESSAGE,
    ROOT,
    SOON,
    TEXTS,
    E,
    Failure,
    environment,
    error_name,
    fails,
    lua_command,
    missing,
    outcome,
    poll_until,
    require,
)
from lines import Lines
from observe import is_blocked, may_look
from verbs import End, Verbs, _nothing, _token

__all__ = [
    "BYTE",
    "CLASSES",
    "CLOSING",
    "COMMANDS",
    "CONNECTED",
    "CONSTANTS",
    "DISCONNECTED",
    "FOREVER",
    "LIMIT",
    "LISTENING",
    "MESSAGE",
    "NAMES_H",
    "NOWAIT",
    "READMODE_MESSAGE",
    "ROOT",
    "SOON",
    "TEXTS",
    "Answer",
    "E",
    "End",
    "Failure",
    "Pair",
    "Peer",
    "Pool",
    "Verbs",
    "environment",
    "error_name",
    "fails",
    "faults_missing",
    "is_blocked",
    "lua_command",
    "missing",
    "outcome",
    "pattern",
    "poll_until",
    "require",
    "spawn",
]


class Answer:
    """What a command that was begun will come back with."""

    def __init__(self, peer: Peer, decode: Callable, line: str) -> None:
        self.peer = peer
        self.decode = decode
        self.line = line

    def ready(self) -> bool:
        """Whether the answer to this, the oldest command, is there."""
        return self.peer.has_line()

    def result(self, seconds: float = LIMIT):
        """Answers come in the order of the commands, and are asked for in it."""
        return self.peer.finish(self, seconds)


def _written(line: str) -> int:
    """How many bytes a command writes, at most."""
    words = line.split(" ")
    return int(words[3]) if words[0] == "fill" else max(map(len, words)) // 2


class Peer(Verbs):
    """A running peer program."""

    def __init__(self, language: str, **variables: object) -> None:
        self.language = language
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            COMMANDS[language](),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=environment(**variables),
            bufsize=0,
        )
        self.peer = self
        self.pid = self.process.pid
        self.pending: collections.deque[Answer] = collections.deque()
        self.open_ends: set[int] = set()
        self.by_hand = False
        self._lines = Lines(self.process.stdout)

    def _do(self, decode, *words):
        return self.ask(decode, *words)

    @property
    def begin(self) -> Verbs:
        verbs = Verbs()
        verbs.peer = self
        verbs._do = self.start
        return verbs

    # Commands and answers.

    def send(self, line: str) -> None:
        """A line whose answer is not asked for in the usual way, if at all."""
        self.by_hand = True
        self._put(line)

    def _put(self, line: str) -> None:
        self.process.stdin.write(line.encode() + b"\n")

    def start(self, decode: Callable, *words: object) -> Answer:
        line = " ".join(map(_token, words))
        self.pending.append(Answer(self, decode, line))
        self._put(line)
        return self.pending[-1]

    def ask(self, decode: Callable, *words: object):
        assert not self.pending, f"still busy with: {self.pending[0].line}"
        return self.start(decode, *words).result()

    def finish(self, answer: Answer, seconds: float):
        assert self.pending[0] is answer, f"not the oldest: {answer.line}"
        text = self.read_line(seconds, answer.line)
        self.pending.popleft()
        status, *values = text.split(" ")
        if status == "err":
            assert values != ["usage"], f"the peer does not understand: {answer.line}"
            raise Failure(int(values[0]), answer.line)
        assert status == "ok", f"{answer.line}: {text!r}"
        result = answer.decode(self, values)
        self._note(answer.line, result)
        return result

    def _note(self, line: str, result: object) -> None:
        if isinstance(result, End):
            self.open_ends.add(result.number)
        elif line.startswith("close "):
            self.open_ends.discard(int(line.split(" ")[1]))

    def has_line(self) -> bool:
        return self._lines.ready()

    def read_line(self, seconds: float = LIMIT, asked: str = "") -> str:
        line = self._lines.read(seconds)
        if line is None:
            pytest.fail(f"{self.language} peer: no answer to: {asked[:200]}")
        if not line:
            status = self.process.wait(LIMIT)
            pytest.fail(
                f"{self.language} peer ended ({status}) at: {asked[:200]}\n"
                + self.complaints()
            )
        return line

    # The process.

    def until_blocked(self) -> None:
        """Wait until the command that was begun waits in the core."""
        assert self.pending, "nothing was begun"
        written = _written(self.pending[0].line)
        assert may_look(written), f"at most {observe.LARGE} bytes, not {written}"
        blocked = poll_until(lambda: self.has_line() or is_blocked(self.pid))
        line = self.pending[0].line[:200]
        assert blocked, f"neither blocks nor ends: {line}"
        if self.has_line():
            pytest.fail(f"did not block: {line}: {self.read_line()[:200]}")

    def descriptors(self) -> dict[int, str]:
        return observe.descriptors(self.pid)

    def mappings(self) -> int:
        return observe.mappings(self.pid)

    def files(self) -> list[int]:
        """The descriptors that lead to it."""
        ours = (self.errors, self.process.stdin, self.process.stdout)
        return [file.fileno() for file in ours]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(LIMIT)

    def alive(self) -> bool:
        return self.process.poll() is None

    def close_all(self) -> None:
        for number in sorted(self.open_ends):
            with contextlib.suppress(Failure):
                self.ask(_nothing, "close", number)
        self.open_ends.clear()

    def complaints(self) -> str:
        """What it wrote to stderr, but for its reasons for answering err 87."""
        self.errors.seek(0)
        lines = self.errors.read().splitlines()
        return "\n".join(
            line for line in lines if not line.startswith(("peer.lua: ", "peer.py: "))
        )

    def stop(self) -> None:
        if self.alive():
            self.process.kill()
        self.process.wait(LIMIT)
        self.process.stdin.close()
        self.process.stdout.close()
        complaints = self.complaints()
        self.errors.close()
        assert not complaints, f"{self.language} peer wrote: {complaints}"

    def quit(self) -> None:
        """The orderly end; the pipes are closed by it."""
        self.ask(_nothing, "quit")
        status = self.process.wait(LIMIT)
        assert status == 0, f"{self.language} peer ended with {status}"


@contextlib.contextmanager
def spawn(language: str, **variables: object) -> Iterator[Peer]:
    """A peer of one test; its pipes are closed in the end, unless it is killed."""
    peer = Peer(language, **variables)
    try:
        yield peer
        if peer.alive() and not peer.pending and not peer.by_hand:
            peer.quit()
    finally:
        peer.stop()


# ------------------------------------------------------------------- the pool

# The descriptors of this process that lead to peers of the pool.
pool_files: set[int] = set()


def idle_descriptors(peer: Peer) -> set[int]:
    """The descriptors of a peer without pipes, when all it closes is closed."""

    def is_idle() -> bool:
        targets = peer.descriptors().values()
        return not any(target.startswith(("socket:", "/memfd:")) for target in targets)

    assert poll_until(is_idle), peer.descriptors()
    return set(peer.descriptors())


class Pool:
    """Peers that serve many tests, two of each language. After each test they
    must be as they were: no descriptor more, no memory mapped. One that a test
    has killed, or left with a call pending, is replaced."""

    def __init__(self) -> None:
        self.peers: dict[tuple[str, str], Peer] = {}
        self.idle: dict[tuple[str, str], set[int]] = {}
        self.used: set[tuple[str, str]] = set()

    def __getitem__(self, key: tuple[str, str]) -> Peer:
        require(key[0])
        self.used.add(key)
        return self.peers[key]

    def all(self) -> list[Peer]:
        return [self[key] for key in self.peers]

    def start(self, key: tuple[str, str]) -> None:
        peer = Peer(key[0])
        pool_files.update(peer.files())
        # What the core makes once and keeps: the thread's eventfd, inotify.
        name = f"warm-up-{peer.pid}"
        end = peer.create(name, max_instances=1)
        with fails(E.TIMEOUT):
            end.accept(1)
        client = peer.open(name)
        with fails(E.SEM_TIMEOUT):
            peer.wait(name, 1)
        client.close()
        end.close()
        self.peers[key] = peer
        self.idle[key] = idle_descriptors(peer)

    def start_all(self) -> None:
        for language in COMMANDS:
            if not missing(language):
                self.start((language, "server"))
                self.start((language, "client"))

    def check(self) -> list[str]:
        """Make all as it was before the test; what was wrong."""
        wrong = []
        while self.used:
            key = self.used.pop()
            peer = self.peers[key]
            # A test that failed leaves a call pending, one that kills, no peer.
            if peer.alive() and not peer.pending:
                peer.close_all()
                wrong += [f"{key} {what}" for what in self._traces(key, peer)]
            if wrong or peer.pending or not peer.alive():
                pool_files.difference_update(peer.files())
                with contextlib.suppress(AssertionError):
                    peer.stop()
                self.start(key)
        return wrong

    def _traces(self, key: tuple[str, str], peer: Peer) -> Iterator[str]:
        if peer.complaints():
            yield f"wrote: {peer.complaints()}"
        # What a stranger passed, or left in a queue, is closed by another thread.
        if not poll_until(lambda: set(peer.descriptors()) <= self.idle[key], 5):
            yield f"has other descriptors than before: {peer.descriptors()}"
        if peer.mappings():
            yield f"still maps shared memory of {peer.mappings()} pipes"

    def stop(self) -> None:
        for peer in self.peers.values():
            peer.stop()
        self.peers.clear()


class Pair:
    """A server process and a client process."""

    def __init__(self, pool: Pool, languages: tuple[str, str], name: str) -> None:
        self.languages = languages
        self.server = pool[languages[0], "server"]
        self.client = pool[languages[1], "client"]
        self.name = name

    def ends(self, mode="byte", read_mode="default", **options) -> tuple[End, End]:
        """A connected server's end and client's end. The client's read mode is
        the pipe's type unless said otherwise."""
        server = self.server.create(self.name, mode=mode, **options)
        access = {"in": "w", "out": "r"}.get(options.get("access"), "rw")
        if read_mode == "default":
            read_mode = mode
        client = self.client.open(self.name, access, read_mode)
        server.accept()
        return server, client


PAIRS = [
    ("py", "py"),
    ("lua", "lua"),
    ("py", "lua"),
    ("lua", "py"),
    ("c", "py"),
    ("py", "c"),
    ("c", "lua"),
]


_UNIT = bytes((i * 7 + (i >> 8) * 13) & 255 for i in range(65521))


def pattern(n: int, seed: int = 0) -> bytes:
    """n bytes in which a shift, a swap or a gap shows."""
    data = (_UNIT * (n // len(_UNIT) + 1))[:n]
    return data.translate(bytes((i + seed * 31) & 255 for i in range(256)))


@functools.cache
def faults_missing() -> str | None:
    """Why the C peer cannot be made to fail or die at a chosen point, or None."""
    if missing("c"):
        return missing("c")
    if observe.WINDOWS:
        return "the fault points are those of the Linux transport"
    with spawn("c", NPI_KILL_AT="slot-locked") as peer:
        peer.send("create faults-probe byte default duplex 255 0 0 0")
        with contextlib.suppress(BrokenPipeError):  # dead already
            peer.send("quit")
        died = peer.process.wait(LIMIT) == -signal.SIGKILL
    if not died:
        return "the C peer is built without NAMEDPIPE_FAULTS"
    # What the killed one left.
    with spawn("c") as peer:
        peer.create("faults-probe").close()
    return None
