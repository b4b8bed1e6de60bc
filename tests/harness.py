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
import enum
import functools
import os
import platform
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "tests" / "peers"
NAMES_H = (ROOT / "core/include/namedpipe/names.h").read_text(encoding="utf-8")

# Seconds after which something that should have happened has not.
LIMIT = 20.0
# The same as a time-out in milliseconds: what a call gets that is not to wait
# for ever if the thing under test is broken.
SOON = 10_000
FOREVER = None

BYTE, MESSAGE = 1, 2
DISCONNECTED, LISTENING, CONNECTED, CLOSING = 1, 2, 3, 4
NOWAIT, READMODE_MESSAGE = 1, 2


def _table(macro: str) -> list[tuple[str, ...]]:
    """The rows of an X-macro table of names.h."""
    body = NAMES_H.split(f"#define {macro}(X)")[1].split("\n\n")[0]
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL).replace("\\\n", "\n")
    rows = re.findall(r'X\(((?:[^()"]|"[^"]*")*)\)', body)
    return [tuple(re.sub(r"\s+", " ", c).strip() for c in _cells(row)) for row in rows]


def _cells(row: str) -> list[str]:
    return re.findall(r'"[^"]*"|[^,"]+', row.replace("\n", " "))


def _rows(macro: str) -> Iterator[tuple[str, ...]]:
    for row in _table(macro):
        yield tuple(cell for cell in row if cell)


E = enum.IntEnum("E", [(row[0], int(row[1], 0)) for row in _rows("NP_ERRORS")])
TEXTS = {int(row[1], 0): row[4].strip('"') for row in _rows("NP_ERRORS")}
CLASSES = {int(row[1], 0): row[3] for row in _rows("NP_ERRORS")}
CONSTANTS = {row[0]: int(row[1], 0) for row in _rows("NP_CONSTANTS")}


class Failure(Exception):
    """A peer's answer "err CODE"."""

    def __init__(self, code: int, line: str) -> None:
        super().__init__(f"{error_name(code)} from: {line}")
        self.winerror = code


def error_name(code: int | None) -> str:
    try:
        return f"{code} ({E(code).name})"
    except ValueError:
        return str(code)


@contextlib.contextmanager
def fails(*codes: int) -> Iterator[None]:
    """The block ends with one of these codes, in a peer or in this process."""
    wanted = " or ".join(map(error_name, codes))
    try:
        yield
    except (Failure, OSError) as error:
        code = getattr(error, "winerror", None)
        if code is None:
            raise
        assert code in codes, f"{error_name(code)} instead of {wanted}: {error}"
    else:
        pytest.fail(f"succeeded instead of failing with {wanted}")


def outcome(function: Callable, *arguments: object, **options: object) -> object:
    """What a call returned, or its code."""
    try:
        return function(*arguments, **options)
    except (Failure, OSError) as error:
        if getattr(error, "winerror", None) is None:
            raise
        return E(error.winerror)


# ------------------------------------------------------------------ languages


def _c_peer() -> list[str]:
    return [os.environ.get("NAMEDPIPE_C_PEER", "")]


def _lua() -> str:
    return shutil.which("lua5.4") or "lua"


COMMANDS = {
    "c": _c_peer,
    "lua": lambda: [_lua(), str(PEERS / "peer.lua")],
    "py": lambda: [sys.executable, "-X", "dev", "-W", "error", str(PEERS / "peer.py")],
}


def environment(**changes: object) -> dict[str, str]:
    result = dict(os.environ)
    directory = os.environ.get("NAMEDPIPE_LUA_CPATH")
    if directory:
        result["LUA_CPATH"] = f"{directory}/?.so;;"
    result.update({name: str(value) for name, value in changes.items()})
    return result


@functools.cache
def missing(language: str) -> str | None:
    """Why peers of a language cannot be run, or None."""
    if language == "c":
        path = os.environ.get("NAMEDPIPE_C_PEER")
        if not path:
            return "NAMEDPIPE_C_PEER does not name the C peer"
        return None if os.access(path, os.X_OK) else f"there is no C peer {path}"
    if language == "lua":
        if not shutil.which(_lua()):
            return "there is no Lua 5.4"
        load = [_lua(), "-e", 'require "namedpipe"']
        found = subprocess.run(
            load, env=environment(), capture_output=True, check=False, timeout=LIMIT
        )
        return None if found.returncode == 0 else "Lua finds no module namedpipe"
    return None


def require(*languages: str) -> None:
    for language in languages:
        reason = missing(language)
        if reason:
            pytest.skip(reason)


@functools.cache
def faults_missing() -> str | None:
    """Why the C peer cannot be made to fail or die at a chosen point, or None."""
    if missing("c"):
        return missing("c")
    with spawn("c", NPI_KILL_AT="slot-locked") as peer:
        peer.send("create faults-probe byte default duplex 255 0 0 0")
        peer.send("quit")
        died = peer.process.wait(LIMIT) == -signal.SIGKILL
    if not died:
        return "the C peer is built without NAMEDPIPE_FAULTS"
    # What the killed one left.
    with spawn("c") as peer:
        peer.create("faults-probe").close()
    return None


# ------------------------------------------------------------- what is blocked

# ppoll: what a blocked call of the core sits in, and nothing else does.
_PPOLL = {"x86_64": "271", "aarch64": "73"}


def is_blocked(pid: int, thread: int | None = None) -> bool:
    try:
        text = Path(f"/proc/{pid}/task/{thread or pid}/syscall").read_text()
    except OSError:
        return False
    return text.split()[0] == _PPOLL[platform.machine()]


def poll_until(condition: Callable[[], bool], seconds: float = LIMIT) -> bool:
    """Wait for something that another process does; False if it did not."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.0005)
    return True


# ---------------------------------------------------------------------- tokens


def _token(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return value.hex() or "-"
    if value is None:
        return "inf"
    if isinstance(value, End):
        return str(value.number)
    return str(int(value)) if isinstance(value, bool) else str(value)


def _bytes(token: str) -> bytes:
    return b"" if token == "-" else bytes.fromhex(token)


def _nothing(peer: Peer, values: list[str]) -> None:
    assert values == []


def _number(peer: Peer, values: list[str]) -> int:
    (value,) = values
    return int(value)


def _data(peer: Peer, values: list[str]) -> bytes:
    (value,) = values
    return _bytes(value)


def _part(peer: Peer, values: list[str]) -> tuple[bytes, bool]:
    data, more = values
    return _bytes(data), more == "1"


def _numbers(peer: Peer, values: list[str]) -> tuple[int, ...]:
    return tuple(map(int, values))


def _peeked(peer: Peer, values: list[str]) -> tuple[bytes, int, int]:
    data, available, left = values
    return _bytes(data), int(available), int(left)


def _end(peer: Peer, values: list[str]) -> End:
    (value,) = values
    return End(peer, int(value), peer.ask)


# ----------------------------------------------------------------------- verbs


class Verbs:
    """The verbs that need no handle. `self._do` sends a command: it waits for
    the answer, or on .begin returns what will have it."""

    peer: Peer
    _do: Callable

    def create(
        self,
        name,
        mode="byte",
        read_mode="default",
        access="duplex",
        max_instances=255,
        in_quota=65536,
        out_quota=65536,
        first=False,
        nowait=False,
        flags=0,
    ):
        flags |= (1 if nowait else 0) | (2 if first else 0)
        return self._do(
            _end,
            "create",
            name,
            mode,
            read_mode,
            access,
            max_instances,
            in_quota,
            out_quota,
            flags,
        )

    def listen(self, name, mode="byte", max_instances=255):
        return self._do(_end, "listen", name, mode, max_instances)

    def open(self, name, access="rw", read_mode="default"):
        return self._do(_end, "open", name, access, read_mode)

    def connect(self, name, read_mode="default", ms=SOON, wait="instance"):
        return self._do(_end, "connect", name, read_mode, ms, wait)

    def wait(self, name, ms=SOON):
        return self._do(_nothing, "wait", name, ms)

    def call(self, name, data, max_size=1 << 20, ms=SOON):
        return self._do(_part, "call", name, data, max_size, ms)

    def exists(self, name):
        return self._do(lambda p, v: bool(_number(p, v)), "exists", name)


class End:
    """A pipe or server of a peer."""

    def __init__(self, peer: Peer, number: int, do: Callable) -> None:
        self.peer = peer
        self.number = number
        self._do = do

    @property
    def begin(self) -> End:
        """The same, not waiting for answers: each verb returns an Answer."""
        return End(self.peer, self.number, self.peer.start)

    def until_blocked(self) -> None:
        self.peer.until_blocked()

    def accept(self, ms=SOON):
        return self._do(_nothing, "accept", self, ms)

    def saccept(self, ms=SOON):
        return self._do(_end, "saccept", self, ms)

    def disconnect(self):
        return self._do(_nothing, "disconnect", self)

    def read(self, n, ms=SOON):
        return self._do(_part, "read", self, n, ms)

    def recv(self, ms=SOON):
        return self._do(_data, "recv", self, ms)

    def write(self, data, ms=SOON):
        return self._do(_number, "write", self, data, ms)

    def fill(self, byte, n, ms=SOON):
        return self._do(_number, "fill", self, byte, n, ms)

    def peek(self, n=0):
        """Data, available, left in the message."""
        return self._do(_peeked, "peek", self, n)

    def transact(self, data, max_size=1 << 20, ms=SOON):
        return self._do(_part, "transact", self, data, max_size, ms)

    def flush(self, ms=SOON):
        return self._do(_nothing, "flush", self, ms)

    def state(self):
        return self._do(_numbers, "state", self)

    def setstate(self, bits):
        return self._do(_nothing, "setstate", self, bits)

    def info(self):
        """Server's end, mode, out quota, in quota, max instances."""
        return self._do(_numbers, "info", self)

    def pid(self):
        return self._do(_number, "peer", self)

    def close(self):
        return self._do(_nothing, "close", self)


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
        self._buffer = b""

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
        while b"\n" not in self._buffer:
            if not select.select([self.process.stdout], [], [], 0)[0]:
                return False
            if not self._read_some():
                return False
        return True

    def _read_some(self) -> bool:
        data = os.read(self.process.stdout.fileno(), 1 << 20)
        self._buffer += data
        return bool(data)

    def read_line(self, seconds: float = LIMIT, asked: str = "") -> str:
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            left = max(0, deadline - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                pytest.fail(f"{self.language} peer: no answer to: {asked[:200]}")
            if not self._read_some():
                status = self.process.wait(LIMIT)
                pytest.fail(
                    f"{self.language} peer ended ({status}) at: {asked[:200]}\n"
                    + self.complaints()
                )
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode()

    # The process.

    def until_blocked(self) -> None:
        """Wait until the command that was begun waits in the core."""
        assert self.pending, "nothing was begun"
        blocked = poll_until(lambda: is_blocked(self.pid) or self.has_line())
        line = self.pending[0].line[:200]
        assert blocked, f"neither blocks nor ends: {line}"
        if self.has_line():
            pytest.fail(f"did not block: {line}: {self._buffer[:200]!r}")

    def descriptors(self) -> dict[str, str]:
        found = {}
        directory = f"/proc/{self.pid}/fd"
        for number in os.listdir(directory):
            with contextlib.suppress(OSError):
                found[number] = os.readlink(f"{directory}/{number}")
        return found

    def mappings(self) -> int:
        """How much shared memory of pipes it has mapped: the number of maps."""
        maps = Path(f"/proc/{self.pid}/maps").read_text()
        return maps.count("memfd:namedpipe")

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
        assert self.process.wait(LIMIT) == 0, self.complaints()


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


class Pool:
    """Peers that serve many tests, two of each language. After each test they
    must be as they were: no descriptor more, no memory mapped. One that a test
    has killed, or left with a call pending, is replaced."""

    def __init__(self) -> None:
        self.peers: dict[tuple[str, str], Peer] = {}
        self.idle: dict[tuple[str, str], set[str]] = {}
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
        self.idle[key] = set(peer.descriptors())

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
        if set(peer.descriptors()) != self.idle[key]:
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
