# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Other versions, and damage, of what processes share: the files of the
registry and the first message on the socket."""

import array
import contextlib
import os
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import namedpipe
from conftest import Call
from harness import E, Peer, fails

with contextlib.suppress(ImportError):  # not on Windows
    import fcntl

pytestmark = pytest.mark.linux("the files and sockets of the Linux transport")

# npx_meta.h: magic, then the format.
MAGIC = 0x524D455049504E0A
FORMAT_AT = 8
# npi_format.h: magic and format of the hello.
HELLO_MAGIC = 0x4550504E


@pytest.fixture
def meta(name: str, runtime_directory: Path) -> Path:
    """The meta file of the pipe `name`, which the test will create."""
    return runtime_directory / name.upper() / "meta"


@contextlib.contextmanager
def damaged(meta: Path) -> Iterator[None]:
    """Give the file its content back in the end: who removes it reads it."""
    whole = meta.read_bytes()
    try:
        yield
    finally:
        with open(meta, "r+b") as file:
            file.write(whole)


@contextlib.contextmanager
def patched(meta: Path, at: int, data: bytes) -> Iterator[None]:
    with damaged(meta):
        with open(meta, "r+b") as file:
            file.seek(at)
            file.write(data)
        yield


CALLS = {
    "open": lambda peer, name: peer.open(name),
    "connect": lambda peer, name: peer.connect(name, ms=0),
    "wait": lambda peer, name: peer.wait(name, 0),
    "call": lambda peer, name: peer.call(name, b"x", ms=0),
    "create": lambda peer, name: peer.create(name),
    "listen": lambda peer, name: peer.listen(name),
}


@pytest.mark.parametrize("call", CALLS)
def test_another_format_of_the_registry(
    peer: Peer, name: str, meta: Path, call: str
) -> None:
    """1306 before anything is waited for."""
    with namedpipe.create(name):
        assert struct.unpack("<QI", meta.read_bytes()[:12])[0] == MAGIC
        other = struct.pack("<I", 7)
        with patched(meta, FORMAT_AT, other), fails(E.REVISION_MISMATCH):
            CALLS[call](peer, name)


def test_the_message_names_both_formats(name: str, meta: Path) -> None:
    """So that one knows which program is to be renewed."""
    with namedpipe.create(name):
        ours = struct.unpack_from("<I", meta.read_bytes(), FORMAT_AT)[0]
        with (
            patched(meta, FORMAT_AT, struct.pack("<I", 1234)),
            pytest.raises(namedpipe.PipeError, match="incompatible version") as caught,
        ):
            namedpipe.open(name)
        assert "format 1234" in caught.value.strerror
        assert f"this library {ours}" in caught.value.strerror
        assert caught.value.filename.endswith(name)


@pytest.mark.parametrize(
    ("at", "data"),
    [
        (0, b"\0" * 8),
        (0, b"garbage!"),
        (16, b"\xff" * 16),
        (40, b"\0"),
        (808, b"\1" * 8),
    ],
    ids=["no magic", "other magic", "values", "name", "sum"],
)
def test_a_damaged_meta_file(
    peer: Peer, name: str, meta: Path, at: int, data: bytes
) -> None:
    """It is data of others, and checked."""
    with namedpipe.create(name):
        for call in ("open", "create"):
            with patched(meta, at, data), fails(E.REVISION_MISMATCH):
                CALLS[call](peer, name)
        peer.open(name)


def test_a_meta_file_cut_short(peer: Peer, name: str, meta: Path) -> None:
    """Nothing is mapped, so nobody is killed by it."""
    with namedpipe.create(name), damaged(meta):
        for size in (800, 8, 0):
            os.truncate(meta, size)
            with fails(E.REVISION_MISMATCH):
                peer.open(name)


def test_an_old_conversation_goes_on(name: str, meta: Path) -> None:
    """Who is connected already shares memory, not files."""
    with (
        namedpipe.create(name) as server,
        namedpipe.open(name) as client,
        patched(meta, FORMAT_AT, struct.pack("<I", 7)),
    ):
        server.send(b"still here")
        assert client.recv() == b"still here"


def test_what_a_dead_server_of_another_version_left(
    peer: Peer, name: str, meta: Path
) -> None:
    """M1 of the registry: no lock, no pipe; it is replaced, not refused."""
    meta.parent.mkdir(mode=0o700)
    meta.write_bytes(struct.pack("<QI", MAGIC, 7) + bytes(2000))
    with fails(E.FILE_NOT_FOUND):
        peer.open(name)
    assert not meta.parent.exists()
    meta.parent.mkdir(mode=0o700)
    meta.write_bytes(b"anything")
    server = peer.create(name)
    peer.open(name).write(b"x")
    assert server.read(1) == (b"x", False)


@pytest.mark.parametrize("kind", ["directory", "link", "fifo"])
def test_a_meta_file_that_is_none(
    peer: Peer, name: str, meta: Path, tmp_path: Path, kind: str
) -> None:
    """Never followed, never waited for."""
    meta.parent.mkdir(mode=0o700)
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    if kind == "directory":
        meta.mkdir()
    elif kind == "link":
        meta.symlink_to(target)
    else:
        os.mkfifo(meta)
    for call in ("open", "create"):
        with fails(E.REVISION_MISMATCH, E.ACCESS_DENIED, E.NO_SYSTEM_RESOURCES):
            CALLS[call](peer, name)
    assert target.read_bytes() == b"precious"
    if kind == "directory":
        meta.rmdir()
    else:
        meta.unlink()
    meta.parent.rmdir()


# ---------------------------------------------------------------------- the hello


def connected(meta: Path) -> socket.socket:
    stranger = socket.socket(socket.AF_UNIX)
    stranger.connect(str(meta.with_name("i.0")))
    return stranger


def memory(size: int, seal: bool = True) -> int:
    made = os.memfd_create("stranger", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.truncate(made, size)
    if seal:
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(made, fcntl.F_ADD_SEALS, seals)
    return made


def hello(sock: socket.socket, data: bytes, *descriptors: int) -> None:
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
    sock.sendmsg([data], [rights] if descriptors else [])
    for descriptor in descriptors:
        os.close(descriptor)


# npi_format.h: a page, and two rings of a quota of nothing.
SIZE = 4096 + 8192 + 8192


def greeting(form: int = 1, magic: int = HELLO_MAGIC, size: int = SIZE) -> bytes:
    return struct.pack("<IIQ", magic, form, size) + bytes(48)


WRONG: dict[str, Callable[[socket.socket], None]] = {
    "nothing": lambda s: None,
    "other format": lambda s: hello(s, greeting(form=99), memory(SIZE)),
    "other magic": lambda s: hello(s, greeting(magic=1), memory(SIZE)),
    "no memory": lambda s: hello(s, greeting()),
    "two memories": lambda s: hello(s, greeting(), memory(SIZE), memory(SIZE)),
    "not sealed": lambda s: hello(s, greeting(), memory(SIZE, seal=False)),
    "too small": lambda s: hello(s, greeting(), memory(4096)),
    "too large": lambda s: hello(s, greeting(), memory(SIZE * 2)),
    "empty memory": lambda s: hello(s, greeting(), memory(SIZE)),
    "a file": lambda s: hello(s, greeting(), os.open("/etc/passwd", os.O_RDONLY)),
    "a directory": lambda s: hello(s, greeting(), os.open("/", os.O_RDONLY)),
    "a short one": lambda s: hello(s, greeting()[:20], memory(SIZE)),
    "a long one": lambda s: hello(s, greeting() * 3, memory(SIZE)),
    "garbage": lambda s: hello(s, b"GET / HTTP/1.1\r\n\r\n"),
    "many": lambda s: hello(s, greeting(), *[memory(SIZE) for _ in range(100)]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_stranger_is_no_client(
    name: str, meta: Path, helper: Peer, wrong: str
) -> None:
    """T5, T17: whatever it says; the instance listens on, nothing is leaked."""
    with namedpipe.create(name, max_instances=1, in_quota=0, out_quota=0) as server:
        accepting = Call(server.accept).blocked()
        stranger = connected(meta)
        WRONG[wrong](stranger)
        stranger.close()
        client = helper.connect(name)
        assert accepting.result() is True
        client.begin.write(b"real")
        assert server.recv(timeout=10) == b"real"


def test_a_stranger_that_stays_is_thrown_out(name: str, meta: Path) -> None:
    """At once when what it says is wrong."""
    with namedpipe.create(name, in_quota=0, out_quota=0) as server:
        accepting = Call(server.accept).blocked()
        with connected(meta) as stranger:
            stranger.settimeout(10)
            hello(stranger, greeting(form=99), memory(SIZE))
            assert gone(stranger)
        accepting.blocked()
        assert server.cancel()
        with fails(E.OPERATION_ABORTED):
            accepting.result()


def gone(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True
