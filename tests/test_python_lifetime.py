# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""From the making of an object to its collection, and importing the module."""

import copy
import gc
import importlib
import os
import pickle
import subprocess
import sys
import tempfile
import textwrap
import warnings
import weakref

import pytest

import namedpipe
from conftest import LIMIT, Ends, descriptors


def run_alone(script: str, *options: str) -> str:
    """Run a script in an interpreter of its own; what it printed."""
    with tempfile.TemporaryDirectory(prefix="np-test-") as directory:
        process = subprocess.run(
            [sys.executable, "-X", "dev", *options, "-c", textwrap.dedent(script)],
            env={**os.environ, "NAMEDPIPE_DIR": directory},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT * 2,
            check=False,
        )
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    return process.stdout


def test_an_open_pipe_that_is_dropped_warns_and_is_closed(name):
    pipe = namedpipe.create(name)
    with pytest.warns(ResourceWarning, match=r"unclosed <namedpipe.Pipe '.*' server"):
        del pipe
        gc.collect()
    assert not namedpipe.exists(name)


def test_an_open_server_that_is_dropped_warns_and_is_closed(name):
    server = namedpipe.listen(name)
    with pytest.warns(ResourceWarning, match="unclosed <namedpipe.Server"):
        del server
        gc.collect()
    assert not namedpipe.exists(name)


def test_a_warning_that_is_an_error_does_not_keep_the_pipe(name, monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        pipe = namedpipe.create(name)
        del pipe
        gc.collect()
    assert [type(entry.exc_value) for entry in seen] == [ResourceWarning]
    seen.clear()
    assert not namedpipe.exists(name)


def test_a_closed_pipe_is_dropped_in_silence(name):
    namedpipe.create(name).close()
    namedpipe.listen(name).close()
    gc.collect()


def test_a_failed_call_leaves_no_half_made_object(name):
    before = descriptors()
    for _ in range(50):
        with pytest.raises(namedpipe.PipeError):
            namedpipe.create(name, max_instances=0)
        with pytest.raises(namedpipe.PipeNotFoundError):
            namedpipe.connect(name)
        with pytest.raises(namedpipe.PipeError):
            namedpipe.listen("")
    gc.collect()
    kinds = (namedpipe.Pipe, namedpipe.Server)
    assert not [o for o in gc.get_objects() if isinstance(o, kinds)]
    assert descriptors() == before


def test_pipes_and_servers_can_be_referred_to_weakly(name):
    pipe = namedpipe.create(name)
    references = [
        weakref.ref(pipe),
        weakref.ref(server := namedpipe.listen(name + "s")),
    ]
    assert references[0]() is pipe
    pipe.close()
    server.close()
    del pipe, server
    gc.collect()
    assert [reference() for reference in references] == [None, None]


def test_a_cycle_through_a_handler_is_collected(name):
    class Holder:
        pass

    holder = Holder()
    holder.pipe = namedpipe.create(name, mode="message")
    holder.self = holder
    holder.iterator = iter(holder.pipe)
    holder.pipe.close()
    gone = weakref.ref(holder.pipe)
    del holder
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("refuse", [pickle.dumps, copy.copy, copy.deepcopy])
def test_pickling_and_copying_are_refused_with_a_sentence(messages: Ends, name, refuse):
    with namedpipe.listen(name + "s") as server:
        for thing in (messages[0], server):
            with pytest.raises(TypeError, match="cannot be pickled or copied"):
                refuse(thing)


def test_records_can_be_pickled(messages: Ends):
    server, _ = messages
    for record in (server.info, server.peer, server.peek()):
        again = pickle.loads(pickle.dumps(record))
        assert again == record
        assert type(again) is type(record)


@pytest.mark.linux("the module resource")
def test_making_and_dropping_costs_no_memory():
    script = """
        import resource, namedpipe

        def rounds(n):
            for i in range(n):
                with (
                    namedpipe.create("memory", mode="message") as server,
                    namedpipe.connect("memory") as client,
                ):
                    client.send(b"x" * 5000)
                    server.recv()
                    server.info, client.peer, repr(server), client.peek(10)
                    try:
                        server.recv(timeout=0)
                    except namedpipe.PipeTimeoutError:
                        pass
                    try:
                        client.accept(bad=1)
                    except TypeError:
                        pass

        def pages():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1])

        rounds(300)
        before = pages()
        rounds(1500)
        grown = (pages() - before) * resource.getpagesize()
        assert grown < 1 << 20, grown
    """
    run_alone(script)


def test_references_are_balanced(messages: Ends):
    """What the converters take over, they take over once."""
    server, client = messages
    data, name = b"d" * 10, server.path

    def everything() -> None:
        client.send(data)
        server.recv(timeout=LIMIT)
        client.send(data)
        with pytest.raises(namedpipe.MoreDataError):
            server.recv(max_size=1)
        server.read(100)
        with pytest.raises(TypeError):
            server.recv(nothing=data)
        namedpipe.exists(name)
        namedpipe.names(name)
        namedpipe.select([server, client], 0)
        with pytest.raises(namedpipe.PipeBusyError):
            namedpipe.open(name)

    watched = (data, name, server, client, namedpipe.Pipe, None.__class__)
    everything()
    before = [sys.getrefcount(thing) for thing in watched]
    for _ in range(100):
        everything()
    gc.collect()
    after = [sys.getrefcount(thing) for thing in watched]
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) < 20


# ------------------------------------------------------------------- importing


def test_the_module_can_be_imported_twice(name):
    """Each import has types and exceptions of its own."""
    ours = {key: value for key, value in sys.modules.items() if "namedpipe" in key}
    for key in ours:
        del sys.modules[key]
    try:
        again = importlib.import_module("namedpipe")
        assert again is not namedpipe
        assert again.Pipe is not namedpipe.Pipe
        with again.create(name) as pipe:
            assert type(pipe) is again.Pipe
            with namedpipe.open(name) as client, pytest.raises(TypeError):
                again.select([client])
        with pytest.raises(again.PipeNotFoundError):
            again.open(name)
    finally:
        sys.modules.update(ours)


def test_without_the_compiled_part_the_import_says_what_to_do(tmp_path):
    package = tmp_path / "namedpipe"
    package.mkdir()
    with open(namedpipe.__file__, encoding="utf-8") as file:
        (package / "__init__.py").write_text(file.read())
    script = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        try:
            import namedpipe
        except ImportError as error:
            print(error)
    """
    assert "cannot load its compiled part, namedpipe._core" in run_alone(script)


def subinterpreters():
    for module in ("_interpreters", "_xxsubinterpreters"):
        try:
            return importlib.import_module(module)
        except ImportError:
            pass
    return None


INTERPRETER = """
import namedpipe, threading
with namedpipe.listen({name!r}, mode="message") as server:
    def serve():
        with server.accept(20) as pipe:
            pipe.send(pipe.recv(timeout=20))
    thread = threading.Thread(target=serve)
    thread.start()
    assert namedpipe.call({name!r}, b"x" * 5000, 20) == b"x" * 5000
    thread.join()
"""


def test_it_works_in_a_sub_interpreter():
    if subinterpreters() is None:
        pytest.skip("this Python has no sub-interpreters")
    script = f"""
        import importlib, sys
        # One that shares the GIL, before there were others.
        options = dict(isolated=False) if sys.version_info < (3, 12) else dict()
        try:
            module = importlib.import_module("_interpreters")
        except ImportError:
            module = importlib.import_module("_xxsubinterpreters")
        import namedpipe
        for i in range(3):
            interpreter = module.create(**options)
            failure = module.run_string(interpreter, {INTERPRETER!r}.format(
                name="interpreter%d" % i))
            assert failure is None, failure
            module.destroy(interpreter)
        assert namedpipe.names() == []
    """
    # Making one warns where the module is not meant for programs yet.
    run_alone(script, "-W", "ignore")


def test_interpreters_with_a_gil_each_run_at_the_same_time():
    if sys.version_info < (3, 13):
        pytest.skip("needs 3.13")
    script = f"""
        import _interpreters, threading, namedpipe
        failures = []
        def run(i):
            interpreter = _interpreters.create()
            failure = _interpreters.run_string(interpreter, {INTERPRETER!r}.format(
                name="parallel%d" % i))
            if failure:
                failures.append(failure)
            _interpreters.destroy(interpreter)
        threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures
    """
    run_alone(script, "-W", "ignore")


# ------------------------------------------------------------ processes' ends


@pytest.mark.linux("fork")
def test_the_child_of_a_fork_gets_error_6(messages: Ends):
    server, client = messages
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            client.send(b"x")
        except namedpipe.PipeError as error:
            os.write(writing, str(error).encode())
            status = 0 if error.winerror == namedpipe.E.INVALID_HANDLE else 2
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        said = file.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert b"[WinError 6]" in said
    assert b"fork" in said
    client.send(b"ours still")
    assert server.recv() == b"ours still"


@pytest.mark.linux("fork")
def test_a_forked_process_is_interrupted_in_its_own_main_thread():
    """Also when a thread that was not the main one has forked."""
    script = """
        import os, signal, threading, namedpipe

        def child():
            class Stop(Exception):
                pass
            def stop(*_):
                raise Stop
            signal.signal(signal.SIGALRM, stop)
            with namedpipe.create("forked") as pipe:
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                try:
                    pipe.accept(20)
                except Stop:
                    os._exit(0)
            os._exit(1)

        def fork():
            global status
            pid = os.fork()
            if pid == 0:
                child()
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

        thread = threading.Thread(target=fork)
        thread.start()
        thread.join()
        assert status == 0, status
    """
    run_alone(script, "-W", "ignore::DeprecationWarning")


def test_a_process_may_end_while_threads_are_blocked():
    script = """
        import threading, namedpipe
        server = namedpipe.listen("exiting", mode="message")
        client = namedpipe.connect("exiting")
        pipe = server.accept(20)
        for call in (client.recv, pipe.recv, server.accept):
            threading.Thread(target=call, daemon=True).start()
    """
    run_alone(script, "-W", "ignore::ResourceWarning")
