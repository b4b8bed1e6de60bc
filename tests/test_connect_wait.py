# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_wait and np_connect: waiting for an instance, and for the server."""

import time

import pytest

import namedpipe
from conftest import Call
from harness import (
    CONNECTED,
    FOREVER,
    READMODE_MESSAGE,
    E,
    Pair,
    Peer,
    Pool,
    fails,
    missing,
    spawn,
)

# --------------------------------------------------------------------------- wait


def test_an_instance_without_an_accept_counts(pair: Pair) -> None:
    """WT1: it listens since it was created."""
    pair.server.create(pair.name)
    pair.client.wait(pair.name, 0)
    pair.client.wait(pair.name, FOREVER)


@pytest.mark.parametrize("ms", [0, 50, "default", FOREVER])
def test_no_such_pipe_to_wait_for(peer: Peer, name: str, ms: object) -> None:
    """WT2: 2 at once, however long one would wait."""
    with fails(E.FILE_NOT_FOUND):
        peer.wait(name, ms)


@pytest.mark.parametrize("ms", [0, 1, 50])
def test_waiting_has_a_limit(pair: Pair, ms: int) -> None:
    """WT2: 121."""
    pair.ends(max_instances=1)
    with fails(E.SEM_TIMEOUT):
        pair.client.wait(pair.name, ms)


def test_waiting_takes_nothing(pair: Pair) -> None:
    """WT4: the instance is still there, for anybody."""
    server = pair.server.create(pair.name, max_instances=1)
    for _ in range(3):
        pair.client.wait(pair.name)
    with fails(E.TIMEOUT):
        server.accept(0)
    pair.client.open(pair.name)
    with fails(E.SEM_TIMEOUT):
        pair.client.wait(pair.name, 0)


def test_a_new_instance_ends_the_wait(pair: Pair) -> None:
    """WT3: woken by creation."""
    pair.ends()
    waiting = pair.client.begin.wait(pair.name, FOREVER)
    pair.client.until_blocked()
    pair.server.create(pair.name)
    waiting.result()
    pair.client.open(pair.name)


def test_listening_again_ends_the_wait(pair: Pair) -> None:
    """WT3: woken by an accept after a disconnect; the disconnect is not enough."""
    server, client = pair.ends(max_instances=1)
    client.close()
    waiting = pair.client.begin.wait(pair.name, FOREVER)
    pair.client.until_blocked()
    server.disconnect()
    pair.client.until_blocked()
    with fails(E.TIMEOUT):
        server.accept(0)
    waiting.result()
    pair.client.open(pair.name)


def test_all_who_wait_wake_up(pool: Pool, name: str, pair: Pair) -> None:
    """WT3: nothing is reserved, and only one of them gets the instance."""
    server, _ = pair.ends(max_instances=1)
    waiters = [peer for peer in pool.all() if peer is not pair.server]
    waits = [peer.begin.wait(pair.name, FOREVER) for peer in waiters]
    for peer in waiters:
        peer.until_blocked()
    server.disconnect()
    with fails(E.TIMEOUT):
        server.accept(0)
    for wait in waits:
        wait.result()
    opened = 0
    for peer in waiters:
        try:
            peer.open(pair.name)
        except Exception as error:
            assert error.winerror == E.PIPE_BUSY
        else:
            opened += 1
    assert opened == 1


def test_a_pipe_that_goes_ends_the_wait(pair: Pair) -> None:
    """WT2: 2, once the last instance is gone while somebody waits."""
    one = pair.server.create(pair.name)
    two = pair.server.create(pair.name)
    pair.server.open(pair.name), pair.server.open(pair.name)
    waiting = pair.client.begin.wait(pair.name, FOREVER)
    pair.client.until_blocked()
    one.close()
    pair.client.until_blocked()
    two.close()
    with fails(E.FILE_NOT_FOUND):
        waiting.result()


@pytest.mark.parametrize("how", ["quit", "kill"])
@pytest.mark.parametrize("language", ["c", "lua", "py"])
def test_a_server_process_that_ends_ends_the_wait(
    language: str, how: str, helper: Peer, name: str
) -> None:
    """WT2, X1: also when it is killed."""
    if missing(language):
        pytest.skip(missing(language))
    with spawn(language) as server:
        server.create(name, max_instances=1)
        helper.open(name)
        waiting = helper.begin.wait(name, FOREVER)
        helper.until_blocked()
        server.quit() if how == "quit" else server.kill()
        with fails(E.FILE_NOT_FOUND):
            waiting.result()
    with fails(E.FILE_NOT_FOUND):
        helper.open(name)


# ------------------------------------------------------------- the default time-out


def test_the_default_is_the_first_instances(name: str, peer: Peer) -> None:
    """WT4, C11, O3: later instances' defaults are ignored."""
    with (
        namedpipe.create(name, default_timeout=0.2),
        namedpipe.create(name, default_timeout=20),
    ):
        peer.open(name), peer.open(name)
        began = time.monotonic()
        with fails(E.SEM_TIMEOUT):
            peer.wait(name, "default")
        assert time.monotonic() - began >= 0.2


def test_no_default_means_50_ms(name: str, peer: Peer) -> None:
    """C11."""
    with namedpipe.create(name, default_timeout=0):
        peer.open(name)
        began = time.monotonic()
        with fails(E.SEM_TIMEOUT):
            peer.wait(name, "default")
        assert time.monotonic() - began >= 0.05


def test_a_long_default_waits(name: str, peer: Peer) -> None:
    """WT4: the wait is the pipe's own, not 50 ms."""
    with namedpipe.create(name, default_timeout=20):
        peer.open(name)
        waiting = peer.begin.wait(name, "default")
        peer.until_blocked()
        with namedpipe.create(name):
            waiting.result()


def test_a_default_without_limit(name: str, peer: Peer) -> None:
    """CL2: NMPWAIT_WAIT_FOREVER as the pipe's default."""
    with namedpipe.create(name, default_timeout=None):
        peer.open(name)
        waiting = peer.begin.wait(name, "default")
        peer.until_blocked()
        with namedpipe.create(name):
            waiting.result()


# ------------------------------------------------------------------------ connect


def test_connect_finds_a_free_instance(pair: Pair) -> None:
    """Open, with the pipe's own type as the read mode."""
    pair.server.create(pair.name, mode="message")
    client = pair.client.connect(pair.name, ms=0)
    assert client.state() == (CONNECTED, READMODE_MESSAGE)


@pytest.mark.parametrize(
    ("mode", "read_mode", "bits"),
    [("byte", "default", 0), ("message", "byte", 0), ("message", "message", 2)],
)
def test_connect_read_modes(pair: Pair, mode: str, read_mode: str, bits: int) -> None:
    """F5 is open's; connect takes the pipe's type unless told otherwise."""
    pair.server.create(pair.name, mode=mode)
    assert pair.client.connect(pair.name, read_mode).state() == (CONNECTED, bits)


def test_connect_to_no_pipe(peer: Peer, name: str) -> None:
    """WT2: wait="instance" fails at once with 2."""
    for ms in (0, 50, FOREVER):
        with fails(E.FILE_NOT_FOUND):
            peer.connect(name, ms=ms, wait="instance")


@pytest.mark.parametrize("wait", ["instance", "server"])
def test_connect_has_a_limit(pair: Pair, wait: str) -> None:
    """WT2: 121 when no instance becomes free."""
    pair.ends(max_instances=1)
    for ms in (0, 50):
        with fails(E.SEM_TIMEOUT):
            pair.client.connect(pair.name, ms=ms, wait=wait)


def test_waiting_for_the_server_has_a_limit(peer: Peer, name: str) -> None:
    """WT2: 121 when no server appears."""
    for ms in (0, 50):
        with fails(E.SEM_TIMEOUT):
            peer.connect(name, ms=ms, wait="server")


def test_connect_waits_for_an_instance(pair: Pair) -> None:
    """WT3: the first conversation ends, the second begins."""
    server, client = pair.ends(mode="message", max_instances=1)
    client.close()
    connecting = pair.client.begin.connect(pair.name, ms=FOREVER)
    pair.client.until_blocked()
    server.disconnect()
    server.accept()
    second = connecting.result()
    second.write(b"mine")
    assert server.recv() == b"mine"


def test_connect_waits_for_the_server(pair: Pair) -> None:
    """wait="server": the name need not exist yet."""
    connecting = pair.client.begin.connect(pair.name, ms=FOREVER, wait="server")
    pair.client.until_blocked()
    server = pair.server.create(pair.name)
    client = connecting.result()
    server.accept()
    server.write(b"at last")
    assert client.read(20) == (b"at last", False)


def test_connect_outlives_a_server_that_starts_again(pair: Pair) -> None:
    """wait="server": the pipe may go while one waits for an instance."""
    server, client = pair.ends(max_instances=1)
    client.close()
    connecting = pair.client.begin.connect(pair.name, ms=FOREVER, wait="server")
    pair.client.until_blocked()
    server.close()
    pair.client.until_blocked()
    pair.server.create(pair.name, max_instances=1)
    connecting.result()


def test_connect_sees_the_pipe_go(pair: Pair) -> None:
    """WT2: wait="instance" ends with 2 then."""
    server, _ = pair.ends(max_instances=1)
    connecting = pair.client.begin.connect(pair.name, ms=FOREVER)
    pair.client.until_blocked()
    server.close()
    with fails(E.FILE_NOT_FOUND):
        connecting.result()


@pytest.mark.linux("the runtime directory")
def test_connect_waits_for_the_runtime_directory(
    name: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """wait="server": nothing at all need be there yet."""
    directory = tmp_path / "none"
    with spawn_any(NAMEDPIPE_DIR=directory) as client:
        connecting = client.begin.connect(name, ms=FOREVER, wait="server")
        client.until_blocked()
        monkeypatch.setenv("NAMEDPIPE_DIR", str(directory))
        with namedpipe.create(name) as server:
            end = connecting.result()
            server.accept(10)
            end.close()
    assert list(directory.iterdir()) == []


def spawn_any(**variables: object):
    language = next(lang for lang in ("c", "lua", "py") if not missing(lang))
    return spawn(language, **variables)


def test_who_loses_a_race_for_an_instance_waits_on(pool: Pool, name: str) -> None:
    """WT3: all are woken for each one instance, and each is served once."""
    with namedpipe.create(name, mode="message", max_instances=1) as server:
        clients = pool.all()
        waiting = {p: p.begin.connect(name, ms=FOREVER, wait="server") for p in clients}
        for i in range(len(clients)):
            server.accept(20)
            winner = only(poll_ready(waiting))
            end = waiting.pop(winner).result()
            end.write(b"%d" % i)
            assert server.recv(timeout=20) == b"%d" % i
            server.disconnect()
            end.close()
    assert not waiting
    assert not pool.check()


def poll_ready(waiting: dict) -> list:
    from harness import poll_until

    assert poll_until(lambda: any(a.ready() for a in waiting.values()))
    return [peer for peer, answer in waiting.items() if answer.ready()]


def only(items: list):
    (item,) = items
    return item


@pytest.mark.linux("signals between threads")
def test_cancelling_is_not_for_names(name: str) -> None:
    """The limit is what ends a wait for a name; a signal's handler as well."""
    import os
    import signal

    seen = []
    old = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    try:
        with namedpipe.create(name, max_instances=1), namedpipe.open(name):
            me = os.getpid()
            Call(os.kill, me, signal.SIGUSR1).result()
            with fails(E.SEM_TIMEOUT):
                namedpipe.wait(name, 0.2)
    finally:
        signal.signal(signal.SIGUSR1, old)
    assert seen
