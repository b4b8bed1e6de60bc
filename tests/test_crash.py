# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""SIGKILL, anywhere: whoever survives is told at once and loses nothing that was
complete; nothing is left that anybody would have to clean up.

The victim is a peer program, the survivor mostly this process. "At once" is a
second, which is ample; the machine may be busy."""

import random
import signal
import time
from collections.abc import Callable

import pytest

import namedpipe
from conftest import Call
from harness import (
    FOREVER,
    LIMIT,
    E,
    Peer,
    fails,
    outcome,
    pattern,
    poll_until,
    require,
    spawn,
)
from observe import LARGE, WINDOWS
from victims import AT_ONCE, MODES, VICTIMS, clean, settled

# A process takes a tenth of a second to start under Wine, and what is searched
# for here are the races of the Linux transport.
FEWER = 5 if WINDOWS else 1

# ----------------------------------------------------------- while it was blocked

# What the survivor is in: the call, what fills the pipe before, and the result.
QUOTA = 10_000
BLOCKED: dict[str, tuple[Callable, int, int]] = {
    "recv": (lambda pipe: pipe.recv(), 0, E.BROKEN_PIPE),
    "recv_into": (lambda pipe: pipe.recv_into(bytearray(9)), 0, E.BROKEN_PIPE),
    "send": (lambda pipe: pipe.send(b"x"), QUOTA, E.BROKEN_PIPE),
    "large send": (lambda pipe: pipe.send(bytes(LARGE)), 0, E.BROKEN_PIPE),
    "flush": (lambda pipe: pipe.flush(), 100, E.BROKEN_PIPE),
    "transact": (lambda pipe: pipe.transact(b"x"), 0, E.BROKEN_PIPE),
    "select": (lambda pipe: namedpipe.select([pipe]) and pipe.recv(), 0, E.BROKEN_PIPE),
}


@VICTIMS
@pytest.mark.parametrize("call", BLOCKED)
@pytest.mark.parametrize("side", ["server", "client"])
def test_a_blocked_call_ends(language: str, side: str, call: str, name: str) -> None:
    """X1, X3, X4: as if the victim had closed its end."""
    require(language)
    function, filling, code = BLOCKED[call]
    with spawn(language) as victim:
        if side == "server":
            victim.create(name, mode="message", in_quota=QUOTA)
            pipe = namedpipe.connect(name)
        else:
            pipe = namedpipe.create(name, mode="message", out_quota=QUOTA)
            victim.open(name, read_mode="message")
            pipe.accept(10)
        with pipe:
            if filling:
                pipe.send(bytes(filling))
            pending = Call(function, pipe).blocked()
            victim.kill()
            assert settled(pending) == code
            assert outcome(pipe.send, b"x", 0) == E.NO_DATA
            assert outcome(pipe.recv, timeout=0) == E.BROKEN_PIPE
    clean(name)


@VICTIMS
def test_a_call_ends(language: str, name: str) -> None:
    """CL1, X4."""
    require(language)
    with spawn(language) as victim:
        victim.create(name, mode="message")
        calling = Call(namedpipe.call, name, b"question").blocked()
        victim.kill()
        assert settled(calling) == E.BROKEN_PIPE
    clean(name)


@VICTIMS
def test_accepting_goes_on(language: str, name: str) -> None:
    """O4: a client that dies is one that leaves; the next one is served."""
    require(language)
    with (
        namedpipe.listen(name, mode="message") as server,
        spawn(language) as victim,
        spawn(language) as other,
    ):
        victim.open(name).write(b"last words")
        victim.kill()
        with server.accept(10) as pipe:
            assert pipe.recv(timeout=0) == b"last words"
            with fails(E.BROKEN_PIPE):
                pipe.recv(timeout=0)
        other.open(name).write(b"next")
        with server.accept(10) as pipe:
            assert pipe.recv(timeout=10) == b"next"


# ------------------------------------------------------------- what it was writing


@VICTIMS
@MODES
def test_what_was_complete_is_readable(language: str, mode: str, name: str) -> None:
    """X2: nothing that write has confirmed is lost."""
    require(language)
    with spawn(language) as victim, namedpipe.create(name, mode=mode) as server:
        client = victim.open(name)
        sent = [pattern(n, n) for n in (5, 300, 4000, 1)]
        for part in sent:
            client.write(part)
        victim.kill()
        if mode == "byte":
            assert server.recv(timeout=0) == b"".join(sent)
        else:
            assert [server.recv(timeout=0) for _ in sent] == sent
        with fails(E.BROKEN_PIPE):
            server.recv(timeout=0)


@VICTIMS
@MODES
def test_an_unfinished_write_vanishes(language: str, mode: str, name: str) -> None:
    """X5: it was visible while its writer lived; what was before it stays."""
    require(language)
    with (
        spawn(language) as victim,
        namedpipe.create(name, mode=mode, in_quota=100) as server,
    ):
        client = victim.open(name)
        client.write(b"complete")
        client.begin.fill(1, 1000, FOREVER)
        victim.until_blocked()
        assert server.peek(0).available == 1008
        victim.kill()
        assert server.peek(100).data == b"complete"
        assert server.recv(timeout=0) == b"complete"
        with fails(E.BROKEN_PIPE):
            server.recv(timeout=0)


@VICTIMS
def test_an_unfinished_message_half_read_vanishes(language: str, name: str) -> None:
    """X5: 109 for its rest, and never a part taken for a whole."""
    require(language)
    with (
        spawn(language) as victim,
        namedpipe.create(name, mode="message", in_quota=0) as server,
    ):
        victim.open(name).begin.fill(1, 1000, FOREVER)
        victim.until_blocked()
        assert server.recv_into(bytearray(300)) == (300, True)
        reading = Call(server.recv)
        victim.kill()
        assert settled(reading) in (E.BROKEN_PIPE, b"\1" * 700)
        with fails(E.BROKEN_PIPE):
            server.recv(timeout=0)


def test_a_message_larger_than_the_ring_is_never_cut(name: str) -> None:
    """X5: its reader is copying it while its writer is killed."""
    require("c")
    with (
        spawn("c") as victim,
        namedpipe.create(name, mode="message", in_quota=0) as server,
    ):
        client = victim.open(name)
        client.begin.fill(1, LARGE, FOREVER)
        victim.until_blocked()
        assert server.recv_into(bytearray(1000)) == (1000, True)
        victim.until_blocked()
        victim.kill()
        with fails(E.BROKEN_PIPE):
            server.recv(timeout=5)


# ---------------------------------------------------------------------- under load


def lengths(seed: int, count: int) -> list[int]:
    """Small, large, and more than the quota."""
    dice = random.Random(seed)
    return [dice.choice((0, 1, 50, 300, 1500, 6000)) for _ in range(count)]


def test_lengths_are_the_same_again() -> None:
    assert lengths(3, 50) == lengths(3, 50)


def feed(victim: Peer, number: int, sizes: list[int]) -> None:
    """All writes at once, as commands it works off without waiting for us."""
    lines = [f"fill {number} {i & 255} {n} inf" for i, n in enumerate(sizes)]
    victim.send("\n".join(lines))


@pytest.mark.parametrize(("language", "rounds"), [("c", 100), ("lua", 40), ("py", 8)])
@pytest.mark.parametrize("side", ["server", "client"])
@MODES
def test_a_writer_is_killed(
    language: str, rounds: int, side: str, mode: str, name: str
) -> None:
    """X2, X5: after any number of messages, each that arrives is whole and the
    next in line."""
    require(language)
    dice = random.Random(f"{language}{side}{mode}")
    for seed in range(rounds // FEWER):
        sizes = lengths(seed, 200)
        with spawn(language) as victim:
            quotas = {"in_quota": 1000, "out_quota": 1000}
            if side == "server":
                number = victim.create(name, mode=mode, **quotas).number
                pipe = namedpipe.connect(name)
            else:
                pipe = namedpipe.create(name, mode=mode, **quotas)
                number = victim.open(name).number
                pipe.accept(10)
            feed(victim, number, sizes)
            with pipe:
                stop = dice.randrange(150)
                receive = messages_from if mode == "message" else stream_from
                receive(pipe, victim, sizes, stop)
        if side == "server":
            clean(name)


def messages_from(
    pipe: namedpipe.Pipe, victim: Peer, sizes: list[int], stop: int
) -> None:
    for i, size in enumerate(sizes):
        if i == stop:
            victim.kill()
        try:
            message = pipe.recv(timeout=AT_ONCE if i >= stop else LIMIT)
        except namedpipe.BrokenPipe as error:
            assert error.winerror == E.BROKEN_PIPE
            assert i >= stop
            return
        assert message == bytes([i & 255]) * size
    victim.kill()


def stream_from(
    pipe: namedpipe.Pipe, victim: Peer, sizes: list[int], stop: int
) -> None:
    whole = b"".join(bytes([i & 255]) * size for i, size in enumerate(sizes))
    got = bytearray()
    killed = False
    while len(got) < len(whole):
        if not killed and len(got) >= sum(sizes[:stop]):
            victim.kill()
            killed = True
        try:
            got += pipe.recv(777, AT_ONCE if killed else LIMIT)
        except namedpipe.BrokenPipe as error:
            assert error.winerror == E.BROKEN_PIPE
            assert killed
            break
    assert whole.startswith(got)


@pytest.mark.parametrize(("language", "rounds"), [("c", 60), ("lua", 20), ("py", 6)])
@pytest.mark.parametrize("side", ["server", "client"])
@MODES
def test_a_reader_is_killed(
    language: str, rounds: int, side: str, mode: str, name: str
) -> None:
    """X3, X4: the writer's call ends with 109, the next with 232."""
    require(language)
    dice = random.Random(f"{language}{side}{mode}")
    for _ in range(rounds // FEWER):
        with spawn(language) as victim:
            quotas = {"in_quota": 1000, "out_quota": 1000}
            if side == "server":
                number = victim.create(name, mode=mode, **quotas).number
                pipe = namedpipe.connect(name)
            else:
                pipe = namedpipe.create(name, mode=mode, **quotas)
                number = victim.open(name).number
                pipe.accept(10)
            victim.send("\n".join([f"read {number} 100 inf"] * 300))
            with pipe:
                stop = dice.randrange(100)
                code = None
                for i in range(10_000):
                    if i == stop:
                        victim.kill()
                    code = outcome(pipe.send, bytes(90), LIMIT)
                    if code != 90:
                        break
                assert code in (E.BROKEN_PIPE, E.NO_DATA)
                assert outcome(pipe.send, b"x", 0) == E.NO_DATA
        if side == "server":
            clean(name)


def test_both_ends_are_killed(name: str, runtime_directory) -> None:
    """Nobody is left to notice; the next open cleans up."""
    require("c")
    dice = random.Random(1)
    for _ in range(15):
        with spawn("c") as server, spawn("c") as client:
            one = server.create(name, mode="message", in_quota=100)
            two = client.open(name, read_mode="message")
            feed(server, one.number, lengths(1, 100))
            client.send("\n".join([f"recv {two.number} inf"] * dice.randrange(1, 90)))
            poll_until(client.has_line)
            order = [server, client] if dice.random() < 0.5 else [client, server]
            for victim in order:
                victim.kill()
        clean(name)
        assert list(runtime_directory.iterdir()) == []


def test_all_instances_can_be_made_after_many_kills(name: str) -> None:
    """C2: no slot is lost."""
    require("c")
    for _ in range(10):
        with spawn("c") as victim, spawn("c") as other:
            ends = [victim.create(name) for _ in range(20)]
            kept = other.create(name)
            for _ in range(10):
                other.open(name)
            assert len(ends) == 20
            victim.kill()
            other.open(name)
            kept.close()
    made = [namedpipe.create(name, max_instances=254) for _ in range(254)]
    try:
        with fails(E.PIPE_BUSY):
            namedpipe.create(name)
    finally:
        for pipe in made:
            pipe.close()


def test_the_limit_counts_the_living(name: str) -> None:
    """C8: a dead server's instance makes room at once."""
    require("c")
    with spawn("c") as victim, namedpipe.create(name, max_instances=2):
        victim.create(name, max_instances=2)
        with fails(E.PIPE_BUSY):
            namedpipe.create(name, max_instances=2)
        victim.kill()
        with namedpipe.create(name, max_instances=2):
            pass


@VICTIMS
def test_first_wins_once_over_what_is_left(language: str, name: str) -> None:
    """C4: two servers start over the leavings of a dead one."""
    require(language)
    for _ in range(5 if language == "py" else 15):
        with spawn("c" if language == "c" else language) as victim:
            victim.create(name, max_instances=3)
            victim.open(name)
            victim.kill()
        with spawn(language) as one, spawn(language) as two:
            starting = [peer.begin.create(name, first=True) for peer in (one, two)]
            results = [outcome(start.result) for start in starting]
            assert results.count(E.ACCESS_DENIED) == 1
            with namedpipe.open(name) as client:
                client.send(b"x")


@pytest.mark.linux("SIGSTOP")
def test_a_stopped_peer_is_not_a_dead_one(name: str) -> None:
    """The header's caveat: deadlines are for that, and it may go on."""
    require("c")
    with spawn("c") as peer, namedpipe.create(name, mode="message") as server:
        client = peer.open(name)
        reading = client.begin.recv(FOREVER)
        peer.until_blocked()
        peer.process.send_signal(signal.SIGSTOP)
        with fails(E.TIMEOUT):
            server.recv(timeout=0.05)
        server.send(b"for later")
        with fails(E.TIMEOUT):
            server.flush(0.05)
        peer.process.send_signal(signal.SIGCONT)
        assert reading.result() == b"for later"
        server.flush(10)


def test_death_is_noticed_by_a_writer_that_never_waits(name: str) -> None:
    """It makes no system call that would tell; within a second it knows."""
    require("c")
    with spawn("c") as victim, namedpipe.create(name, mode="message") as server:
        victim.open(name)
        server.accept(10)
        victim.kill()
        end = time.monotonic() + AT_ONCE
        while outcome(server.send, b"", 0) == 0:
            assert time.monotonic() < end
        assert outcome(server.send, b"", 0) == E.NO_DATA
