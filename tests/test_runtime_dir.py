# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The runtime directory, and running out of what the system has: a clear error,
nothing left behind, and everything works again afterwards."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import namedpipe
from harness import (
    LIMIT,
    E,
    Peer,
    environment,
    fails,
    poll_until,
    require,
    spawn,
)

with contextlib.suppress(ImportError):  # not on Windows
    import resource

pytestmark = pytest.mark.linux("the runtime directory and resource limits")


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime directory of this test, not made yet."""
    path = tmp_path / "base"
    monkeypatch.setenv("NAMEDPIPE_DIR", str(path))
    return path


def works(name: str) -> None:
    with namedpipe.create(name) as server, namedpipe.open(name) as client:
        client.send(b"x")
        assert server.recv() == b"x"


def test_it_is_made_when_missing(base: Path, name: str) -> None:
    """Private, whatever the umask; asking for a name makes nothing."""
    assert not namedpipe.exists(name)
    with fails(E.FILE_NOT_FOUND):
        namedpipe.open(name)
    assert namedpipe.names() == []
    assert not base.exists()
    old = os.umask(0)
    try:
        works(name)
    finally:
        os.umask(old)
    assert base.stat().st_mode & 0o7777 == 0o700
    assert list(base.iterdir()) == []


def test_a_strict_umask(base: Path, name: str) -> None:
    """The files are usable all the same."""
    old = os.umask(0o777)
    try:
        works(name)
    finally:
        os.umask(old)


@pytest.mark.parametrize("language", ["c", "lua", "py"])
def test_it_can_be_anywhere(language: str, base: Path, name: str) -> None:
    """A path longer than a socket's name may be."""
    require(language)
    deep = base
    for part in ("a" * 100, "b" * 100, "c" * 50):
        deep = deep / part
    deep.parent.mkdir(parents=True)
    with spawn(language, NAMEDPIPE_DIR=deep) as peer:
        server = peer.create(name)
        peer.open(name).write(b"x")
        assert server.read(1) == (b"x", False)
    assert list(deep.iterdir()) == []


def refused(path: Path, *words: str) -> None:
    """By every call that needs it, with a reason that names it."""
    for call in (namedpipe.create, namedpipe.open, namedpipe.exists, namedpipe.wait):
        with pytest.raises(namedpipe.PipeAccessError) as caught:
            call("name")
        for word in (str(path), "NAMEDPIPE_DIR", *words):
            assert word in caught.value.strerror
    with pytest.raises(namedpipe.PipeAccessError):
        namedpipe.names()


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o720, 0o777])
def test_others_must_not_get_in(base: Path, name: str, mode: int) -> None:
    """Who can enter it could listen to clients or be taken for a server."""
    base.mkdir()
    base.chmod(mode)
    refused(base, f"{mode:04o}")
    assert list(base.iterdir()) == []
    base.chmod(0o700)
    works(name)


def test_it_must_be_ours(base: Path, name: str) -> None:
    """Nor may another user own it, also for root."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    base.mkdir(mode=0o700)
    os.chown(base, 12345, 12345)
    refused(base, "12345")
    os.chown(base, 0, 0)
    works(name)


def test_a_link_is_not_followed(base: Path, tmp_path: Path) -> None:
    """It may change hands between looking and using."""
    (tmp_path / "real").mkdir(mode=0o700)
    base.symlink_to(tmp_path / "real")
    refused(base)
    assert list((tmp_path / "real").iterdir()) == []


def test_a_file_in_its_place(base: Path) -> None:
    base.write_text("x")
    refused(base)


def test_a_directory_that_cannot_be_made(base: Path, monkeypatch) -> None:
    monkeypatch.setenv("NAMEDPIPE_DIR", str(base / "below" / "nothing"))
    with fails(E.ACCESS_DENIED):
        namedpipe.create("name")
    assert not base.exists()


@pytest.mark.parametrize("path", ["relative/path", "./x"])
def test_a_relative_path(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """It would mean something else in every program."""
    monkeypatch.setenv("NAMEDPIPE_DIR", path)
    with pytest.raises(namedpipe.PipeError, match="absolute") as caught:
        namedpipe.create("name")
    assert caught.value.winerror == E.BAD_PATHNAME


def test_the_directory_of_a_name_is_checked_too(base: Path, name: str) -> None:
    """Nobody else put it there."""
    base.mkdir(mode=0o700)
    place = base / name.upper()
    place.mkdir(mode=0o700)
    place.chmod(0o777)
    with fails(E.ACCESS_DENIED):
        namedpipe.create(name)
    place.rmdir()
    place.symlink_to("/")
    with fails(E.ACCESS_DENIED):
        namedpipe.create(name)
    place.unlink()
    works(name)


def test_the_users_runtime_directory(tmp_path: Path, monkeypatch, name: str) -> None:
    """Without NAMEDPIPE_DIR it is below $XDG_RUNTIME_DIR."""
    monkeypatch.delenv("NAMEDPIPE_DIR")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with namedpipe.create(name):
        assert (tmp_path / "namedpipe" / name.upper() / "meta").exists()
    assert list((tmp_path / "namedpipe").iterdir()) == []


def test_removed_under_a_server(base: Path, name: str) -> None:
    """It is made anew when the server listens again."""
    with namedpipe.create(name) as server:
        client = namedpipe.open(name)
        shutil.rmtree(base)
        with client:
            client.send(b"connected before")
            assert server.recv() == b"connected before"
        with fails(E.FILE_NOT_FOUND):
            namedpipe.open(name)
        server.disconnect()
        with fails(E.TIMEOUT):
            server.accept(0)
        with namedpipe.open(name) as client:
            client.send(b"connected after")
            assert server.recv() == b"connected after"
    assert list(base.iterdir()) == []


# --------------------------------------------------------------------- no room


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file system with room for hardly anything."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    path = tmp_path / "tiny"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=8,mode=700", "x", path]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"cannot mount a tmpfs here: {done.stderr.strip()}")
    monkeypatch.setenv("NAMEDPIPE_DIR", str(path))
    yield path
    subprocess.run(["umount", path], check=True)


@pytest.mark.parametrize("language", ["c", "lua", "py"])
@pytest.mark.parametrize("what", ["inodes", "blocks"])
def test_a_full_file_system(language: str, what: str, tiny: Path, name: str) -> None:
    """1450, whatever is missing, and then it works."""
    require(language)
    with spawn(language) as peer:
        for used in range(8):
            fillers = list(fill(tiny, what, used))
            try:
                peer.create(name).close()
            except Exception as error:
                assert error.winerror == E.NO_SYSTEM_RESOURCES
            assert sorted(tiny.iterdir()) == sorted(fillers)
            for filler in fillers:
                filler.unlink()
        server = peer.create(name)
        peer.open(name).write(b"x")
        assert server.read(1) == (b"x", False)


def fill(path: Path, what: str, used: int) -> Iterator[Path]:
    """Leave 7 - used inodes, or blocks that many pages from full."""
    if what == "inodes":
        for i in range(used):
            (path / f"filler{i}").touch()
            yield path / f"filler{i}"
    else:
        (path / "filler").write_bytes(bytes(65536 - 4096 * (7 - used)))
        yield path / "filler"


def test_a_full_file_system_says_so(tiny: Path, name: str) -> None:
    """The reason is in the text."""
    for filler in (fillers := list(fill(tiny, "inodes", 7))):
        assert filler.exists()
    with pytest.raises(namedpipe.PipeError, match="No space left"):
        namedpipe.create(name)
    for filler in fillers:
        filler.unlink()


# ------------------------------------------------------------ other system limits


@pytest.mark.parametrize("language", ["c", "lua", "py"])
def test_no_descriptor_left(language: str, name: str, runtime_directory: Path) -> None:
    """EMFILE is 1450 wherever it strikes; nothing is leaked,
    and every call works again when there is room."""
    require(language)
    with spawn(language) as peer:
        everything(peer, name)
        idle = set(peer.descriptors())
        highest = max(map(int, idle)) + 1
        failed = 0
        for limit in range(highest, highest + 16):
            limit_descriptors(peer, limit)
            failed += not survives(peer, name)
            limit_descriptors(peer, 1024)
            peer.close_all()
            back = poll_until(lambda: set(peer.descriptors()) == idle)
            assert back, f"at {limit}: {peer.descriptors()}"
        assert 2 <= failed <= 14, "the limits were the wrong ones"
        everything(peer, name)


def limit_descriptors(peer: Peer, limit: int) -> None:
    _, hard = resource.prlimit(peer.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(peer.pid, resource.RLIMIT_NOFILE, (limit, hard))


def everything(peer: Peer, name: str) -> None:
    """A bit of all that needs descriptors."""
    server = peer.create(name, mode="message")
    with fails(E.TIMEOUT):
        server.accept(1)
    client = peer.open(name)
    server.accept(0)
    client.write(b"x")
    assert server.recv() == b"x"
    with fails(E.TIMEOUT):
        server.recv(1)
    with fails(E.SEM_TIMEOUT):
        peer.wait(name, 1)
    second = peer.listen(f"{name}-second")
    third = peer.connect(f"{name}-second")
    accepted = second.saccept(0)
    for end in (server, client, second, third, accepted):
        end.close()


def survives(peer: Peer, name: str) -> bool:
    try:
        everything(peer, name)
    except Exception as error:
        if getattr(error, "winerror", None) != E.NO_SYSTEM_RESOURCES:
            raise
        return False
    return True


def test_a_client_waits_in_the_queue_for_a_descriptor(name: str, helper: Peer) -> None:
    """Accept fails with 1450, and the next one has it."""
    require("c")
    with spawn("c") as peer:
        server = peer.create(name)
        with fails(E.TIMEOUT):
            server.accept(1)
        client = helper.open(name)
        client.write(b"patience")
        used = sorted(map(int, peer.descriptors()))
        limit_descriptors(peer, used[-1] + 1)
        holes = set(range(used[-1] + 1)) - set(used)
        assert not holes
        with fails(E.NO_SYSTEM_RESOURCES):
            server.accept(1000)
        with fails(E.NO_SYSTEM_RESOURCES):
            server.accept(1000)
        limit_descriptors(peer, 1024)
        server.accept(0)
        assert server.read(20) == (b"patience", False)


FILE_SIZE = """
import resource, namedpipe, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (%d, %d))
with namedpipe.create("limited") as server:
    try:
        namedpipe.open("limited")
    except namedpipe.PipeError as error:
        print(error.winerror)
"""


@pytest.mark.parametrize("limit", [10_000, 100_000])
def test_a_limit_of_file_sizes(limit: int) -> None:
    """The process is not killed by SIGXFSZ."""
    done = subprocess.run(
        [sys.executable, "-c", FILE_SIZE % (limit, limit)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.stdout == f"{int(E.NO_SYSTEM_RESOURCES)}\n", done.stderr
    assert done.returncode == 0


MEMORY = """
import resource, namedpipe
name = "limited"
with namedpipe.create(name, in_quota=48 << 20, out_quota=48 << 20) as server:
    size = int(open("/proc/self/statm").read().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (size + (16 << 20), -1))
    try:
        namedpipe.open(name)
    except namedpipe.PipeError as error:
        print(error.winerror)
    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
    try:
        server.accept(0)  # who came has gone again, before it was a client
    except namedpipe.PipeTimeoutError:
        pass
    with namedpipe.open(name) as client:
        client.send(b"x")
        assert server.recv() == b"x"
"""


def test_a_limit_of_memory() -> None:
    """A pipe that cannot be mapped: 8, and then it works."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.stdout == f"{int(E.NOT_ENOUGH_MEMORY)}\n", done.stderr
    assert done.returncode == 0
