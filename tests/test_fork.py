# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""fork and exec: a handle belongs to the process that made it.

Each script below runs in a process of its own, because forking this one would
take its threads and peers along. `child` runs a function in a forked child and
returns its exit status; what fails there is printed.
"""

import subprocess
import sys

import pytest

from harness import LIMIT, environment

pytestmark = pytest.mark.linux("fork")

PRELUDE = """
import os, signal, sys, threading, time, traceback
import namedpipe
from namedpipe import E

def child(function):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            function()
            status = 0
        except BaseException:
            traceback.print_exc()
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def code(function, *arguments):
    try:
        function(*arguments)
    except namedpipe.PipeError as error:
        return error.winerror
    return 0

def ends(mode="message", **options):
    server = namedpipe.create("forked", mode=mode, **options)
    client = namedpipe.connect("forked")
    server.accept()
    return server, client

def until(condition):
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.001)
"""


def run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PRELUDE + script],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


CALLS = [
    "server.recv(timeout=0)",
    "server.send(b'x', timeout=0)",
    "server.accept(0)",
    "server.disconnect()",
    "server.peek()",
    "server.flush(0)",
    "client.transact(b'x', 0)",
    "server.info",
    "server.state",
    "server.peer",
    "server.fileno()",
    "server.cancel()",
    "listener.accept(0)",
    "listener.fileno()",
]


def test_every_call_in_the_child_fails_with_6() -> None:
    """T25, T28: inherited handles are dead, and say why."""
    lines = "\n".join(
        f"    assert code(lambda: {call}) == 6, {call!r}" for call in CALLS
    )
    run(f"""
server, client = ends()
listener = namedpipe.listen("listened")
def inside():
{lines}
    try:
        server.recv()
    except namedpipe.PipeError as error:
        assert "fork" in str(error), error
assert child(inside) == 0
for pipe in (server, client, listener):
    pipe.close()
""")


@pytest.mark.parametrize("does", ["nothing", "closes", "collects", "calls"])
def test_the_parents_conversation_is_not_touched(does: str) -> None:
    """T12, T25: whatever the child does with its copies."""
    run(f"""
import gc
server, client = ends()
client.send(b"before")
def inside():
    global server, client
    if {does!r} == "closes":
        server.close(), client.close()
    elif {does!r} == "collects":
        server = client = None
        gc.collect()
    elif {does!r} == "calls":
        code(server.disconnect), code(client.send, b"no")
for _ in range(3):
    assert child(inside) == 0
client.send(b"after")
assert server.recv() == b"before"
assert server.recv() == b"after"
server.send(b"down")
assert client.recv() == b"down"
assert namedpipe.exists("forked")
server.close(), client.close()
assert not namedpipe.exists("forked")
""")


def test_the_child_has_pipes_of_its_own() -> None:
    """Opened again by name, also to its parent."""
    run("""
server, client = ends()
second = namedpipe.create("forked", mode="message")
def inside():
    with namedpipe.connect("forked") as mine:
        mine.send(b"from the child")
        assert mine.recv(timeout=10) == b"well done"
        assert mine.peer.pid == os.getppid()
    with namedpipe.create("child's") as a, namedpipe.open("child's") as b:
        b.send(b"x")
        assert a.recv() == b"x"
def answer():
    second.accept(), second.recv(), second.send(b"well done")
thread = threading.Thread(target=answer)
thread.start()
assert child(inside) == 0
thread.join()
for pipe in (server, client, second):
    pipe.close()
""")


def test_the_name_goes_with_the_parent() -> None:
    """T25, X1: a child that lives on keeps neither slots nor connections alive."""
    run("""
server, client = ends()
extra = namedpipe.create("forked", mode="message")
ready, wait = os.pipe(), os.pipe()
pid = os.fork()
if pid == 0:
    os.write(ready[1], b"x")
    os.read(wait[0], 1)
    os._exit(0)
os.read(ready[0], 1)
server.close(), extra.close()
assert not namedpipe.exists("forked")
assert code(client.recv) == E.BROKEN_PIPE
assert code(namedpipe.open, "forked") == E.FILE_NOT_FOUND
with namedpipe.create("forked", first=True, mode="byte", access="inbound"):
    pass
client.close()
os.write(wait[1], b"x")
os.waitpid(pid, 0)
""")


def test_the_other_end_sees_a_killed_parent_with_a_living_child() -> None:
    """F16: the child holds nothing open."""
    run("""
server = namedpipe.listen("forked", mode="message")
ready, wait = os.pipe(), os.pipe()
pid = os.fork()
if pid == 0:
    client = namedpipe.connect("forked")
    own = namedpipe.create("own")
    client.send(b"hello")
    if os.fork() == 0:
        os.write(ready[1], b"x")
        os.read(wait[0], 1)
        os._exit(0)
    signal.pause()
with server.accept() as pipe:
    assert pipe.recv() == b"hello"
    os.read(ready[0], 1)
    os.kill(pid, signal.SIGKILL)
    assert code(pipe.recv, None, 10) == E.BROKEN_PIPE
    os.waitpid(pid, 0)
    assert not namedpipe.exists("own")
    assert code(namedpipe.open, "own") == E.FILE_NOT_FOUND
os.write(wait[1], b"x")
server.close()
""")


def test_a_fork_while_threads_are_blocked() -> None:
    """Neither process hangs, the blocked calls of the parent go on."""
    run("""
server, client = ends()
got = []
threads = [threading.Thread(target=lambda: got.append(client.recv())) for _ in range(3)]
waiting = lambda: got.append(code(namedpipe.wait, "forked", 10))
threads += [threading.Thread(target=waiting)]
for thread in threads:
    thread.start()
def blocked(thread):
    with open(f"/proc/self/task/{thread.native_id}/syscall") as file:
        return file.read().split()[0] in ("7", "271", "73")
until(lambda: all(map(blocked, threads)))
def inside():
    assert code(client.recv, None, 0) == 6
    with namedpipe.create("inside") as a, namedpipe.open("inside") as b:
        b.send(b"x")
        assert a.recv(timeout=10) == b"x"
for _ in range(5):
    assert child(inside) == 0
for i in range(3):
    server.send(b"%d" % i)
with namedpipe.create("forked", mode="message"):
    for thread in threads:
        thread.join(10)
assert sorted(map(str, got)) == ["0", "b'0'", "b'1'", "b'2'"], got
server.close(), client.close()
""")


def test_forking_under_traffic() -> None:
    """F16: no byte of the parent's streams is lost, no child hangs."""
    run("""
server, client = ends(mode="byte")
total = 2_000_000
def send():
    sent = 0
    while sent < total:
        sent += client.send(bytes(10_000))
thread = threading.Thread(target=send)
thread.start()
got = 0
def inside():
    assert code(server.recv, None, 0) == 6
    with namedpipe.create("inside"):
        pass
statuses = []
while got < total:
    got += len(server.recv(50_000))
    if len(statuses) < 20:
        statuses.append(child(inside))
thread.join()
assert got == total and statuses == [0] * 20, statuses
server.close(), client.close()
""")


def test_a_program_that_is_executed_inherits_nothing() -> None:
    """T62, H1: every descriptor is closed by exec."""
    out = run("""
import subprocess
server, client = ends()
with namedpipe.listen("listened") as listener:
    listener.fileno(), server.fileno(), client.fileno()
    code(namedpipe.wait, "forked", 0.01), code(server.recv, None, 0.01)
    look = "import os; print(sorted(map(int, os.listdir('/proc/self/fd')))[3:-1])"
    subprocess.run([sys.executable, "-c", look], close_fds=False, check=True)
server.close(), client.close()
""")
    assert out == "[]\n"


def test_the_child_of_a_multiprocessing_pool() -> None:
    """F16: the usual way to fork in Python."""
    run("""
import multiprocessing
server, client = ends()
def work(number):
    with namedpipe.connect("pool", 10, wait="server") as pipe:
        return pipe.transact(b"%d" % number, 10)
def serve(pool_server):
    pool_server.serve(lambda pipe: [pipe.send(m * 2) for m in pipe.messages()])
with namedpipe.listen("pool", mode="message") as pool_server:
    thread = threading.Thread(target=serve, args=(pool_server,))
    thread.start()
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map(work, range(20)) == [b"%d%d" % (i, i) for i in range(20)]
    pool_server.close()
    thread.join()
server.close(), client.close()
""")


def test_a_grandchild() -> None:
    """Generations are counted."""
    run("""
server, client = ends()
def inside():
    with namedpipe.create("mine") as mine:
        def deeper():
            assert code(lambda: mine.info) == 6
            assert code(lambda: server.info) == 6
            with namedpipe.create("mine") as joined:
                assert joined.instances == 2
        assert child(deeper) == 0
        assert mine.state == "listening"
assert child(inside) == 0
assert server.state == "connected"
server.close(), client.close()
""")
