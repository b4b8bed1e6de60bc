# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Signals while a call waits: a handler that raises ends it, one that returns
lets it go on (PEP 475).

Windows has Ctrl-C, which is another process's doing, and signals within the
process, whose handlers Python runs in the main thread in the same way."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import ctrl_c
import namedpipe
from conftest import LIMIT, Ends, ends, is_blocked, poll_until
from observe import WINDOWS
from waits import CALLS, NAME_CALLS, PIPE_CALLS

MAIN = threading.get_native_id()
NUMBER = signal.SIGBREAK if WINDOWS else signal.SIGUSR1

to_a_process = pytest.mark.linux("signals go to threads only")


class Stop(Exception):
    pass


def send_signal(whole_process: bool) -> None:
    """To the main thread, or to the process; by any thread."""
    if WINDOWS:
        signal.raise_signal(NUMBER)
    elif whole_process:
        os.kill(os.getpid(), NUMBER)
    else:
        signal.pthread_kill(threading.main_thread().ident, NUMBER)


class Sender:
    """Sends signals while the main thread waits."""

    def __init__(self, times: int, whole_process: bool) -> None:
        self.times = times
        self.whole_process = whole_process
        self.handled = threading.Semaphore(0)
        self.problem = ""
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        for _ in range(self.times):
            if not poll_until(lambda: is_blocked(MAIN)):
                self.problem = "the main thread does not wait"
                return
            send_signal(self.whole_process)
            if not self.handled.acquire(timeout=LIMIT):
                self.problem = "the handler does not run"
                return


@pytest.fixture
def messages(name: str) -> Iterator[Ends]:
    yield from ends(name, "message", in_quota=1000, out_quota=1000)


@pytest.fixture
def on_signal() -> Iterator:
    """on_signal(handler, times=1): run it for signals sent while we wait."""
    senders: list[Sender] = []
    before = signal.getsignal(NUMBER)

    def install(handler, times=1, whole_process=False) -> None:
        def handle(*_) -> None:
            try:
                handler()
            finally:
                senders[0].handled.release()

        signal.signal(NUMBER, handle)
        senders.append(Sender(times, whole_process))

    yield install
    signal.signal(NUMBER, before)
    for sender in senders:
        sender.thread.join(LIMIT)
        assert not sender.problem


def stop() -> None:
    raise Stop


@pytest.mark.parametrize("key", [key for key in PIPE_CALLS if "close" not in key])
def test_a_handler_that_raises_ends_a_blocked_call(messages: Ends, on_signal, key):
    server, client = messages
    on_signal(stop)
    with pytest.raises(Stop):
        PIPE_CALLS[key](client)
    if key in ("flush", "transact"):
        server.recv(timeout=0)
    with pytest.raises(namedpipe.PipeTimeoutError):
        server.recv(timeout=0)
    client.send(b"after")
    assert server.recv() == b"after"


@pytest.mark.parametrize("key", NAME_CALLS)
def test_a_handler_that_raises_ends_a_call_by_name(name, on_signal, key):
    with namedpipe.create(name, mode="message", max_instances=1):
        with namedpipe.open(name):
            on_signal(stop)
            with pytest.raises(Stop):
                NAME_CALLS[key](name)


def test_a_handler_that_raises_ends_accept(name, on_signal):
    with namedpipe.create(name) as pipe:
        on_signal(stop)
        with pytest.raises(Stop):
            pipe.accept()


def test_a_handler_that_raises_ends_a_servers_accept(name, on_signal):
    with namedpipe.listen(name) as server:
        on_signal(stop)
        with pytest.raises(Stop):
            server.accept()
        with namedpipe.connect(name, LIMIT), server.accept(LIMIT) as pipe:
            assert pipe.state == "connected"


def test_a_handler_that_raises_ends_close_with_linger(messages: Ends, on_signal):
    _, client = messages
    client.send(b"unread")
    on_signal(stop)
    with pytest.raises(Stop):
        client.close(linger=None)
    assert client.closed


@pytest.mark.parametrize(
    "whole_process", [False, pytest.param(True, marks=to_a_process)]
)
def test_after_a_handler_that_returns_the_call_goes_on(
    messages: Ends, on_signal, whole_process
):
    """The signal may be handled by any thread of the process."""
    server, client = messages
    calls = []

    def answer_at_last() -> None:
        calls.append(1)
        if len(calls) == 3:
            client.send(b"at last")

    on_signal(answer_at_last, times=3, whole_process=whole_process)
    assert server.recv() == b"at last"
    assert len(calls) == 3


def test_a_deadline_outlives_signals(messages: Ends, on_signal):
    server, _ = messages
    on_signal(lambda: None, times=2)
    with pytest.raises(namedpipe.PipeTimeoutError):
        server.recv(timeout=0.5)


def test_a_handler_may_use_the_pipe_that_waits(messages: Ends, on_signal):
    """Its calls wait too, and the outer call can be interrupted after them."""
    server, client = messages
    rounds = []

    def handler() -> None:
        rounds.append(1)
        server.send(b"from the handler")
        assert client.recv() == b"from the handler"
        with pytest.raises(namedpipe.PipeTimeoutError):
            client.recv(timeout=0.001)
        if len(rounds) == 2:
            raise Stop

    on_signal(handler, times=2)
    with pytest.raises(Stop):
        server.recv(timeout=LIMIT)


def test_a_handler_may_close_the_pipe_that_waits(messages: Ends, on_signal):
    server, _ = messages
    on_signal(server.close)
    with pytest.raises(namedpipe.OperationAborted):
        server.recv()


@pytest.mark.parametrize("key", CALLS)
def test_ctrl_c_ends_a_blocked_call(name, key):
    """With Python's own handler of SIGINT, and sent by another process."""
    program = str(Path(__file__).with_name("waits.py"))
    with ctrl_c.started(sys.executable, program, key, name) as process:
        assert process.stdout.readline().strip() == b"waiting"
        ctrl_c.press(process)
        output, errors = process.communicate(timeout=LIMIT)
    assert (output.split(), errors) == ([b"interrupted"], b"")
    assert process.returncode == 0
    assert not namedpipe.exists(name)


def test_a_signal_before_the_wait_is_not_missed(messages: Ends):
    """It has set Python's flag only; no system call will fail with EINTR."""
    server, _ = messages
    before = signal.signal(NUMBER, lambda *_: stop())
    try:
        for _ in range(20):
            with pytest.raises(Stop):
                [
                    send_signal(whole_process=False),
                    server.recv(timeout=LIMIT),
                ]
    finally:
        signal.signal(NUMBER, before)
