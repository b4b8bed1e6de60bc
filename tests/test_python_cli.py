# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""python -m namedpipe."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib import metadata

import pytest

import ctrl_c
import namedpipe
from conftest import LIMIT, Call
from namedpipe import __main__, _doctor

about_the_directory = pytest.mark.linux("there is no runtime directory")

Started = AbstractContextManager[subprocess.Popen[bytes]]


def start(*words: str) -> Started:
    return ctrl_c.started(sys.executable, "-X", "dev", "-m", "namedpipe", *words)


def run(
    *words: str, given: bytes = b"", limit: float = LIMIT
) -> tuple[int, bytes, str]:
    with start(*words) as process:
        output, errors = process.communicate(given, limit)
        return process.returncode, output, text(errors)


def text(printed: bytes) -> str:
    """With lines as they end on Linux; the contents of pipes are bytes."""
    return printed.decode().replace(os.linesep, "\n")


@pytest.fixture
def serving(name: str) -> Iterator[subprocess.Popen[bytes]]:
    """`serve NAME --echo`, message mode, once it serves."""
    with start("serve", name, "--mode", "message", "--echo") as process:
        assert process.stderr
        line = text(process.stderr.readline())
        assert line == f"serving \\\\.\\pipe\\{name}\n"
        yield process
        ctrl_c.press(process)
        process.communicate(timeout=LIMIT)


def test_list_prints_names(name):
    with namedpipe.create(name + "-b"), namedpipe.create(name + "-a"):
        status, output, _ = run("list", name + "*")
        assert (status, text(output)) == (0, f"{name}-a\n{name}-b\n")
        status, output, _ = run("list", "--json", name + "*")
        assert (status, json.loads(output)) == (0, [name + "-a", name + "-b"])
    assert run("list", name + "*") == (0, b"", "")


def test_exists_answers_by_its_exit_status(name):
    with namedpipe.create(name):
        assert run("exists", name) == (0, b"", "")
    assert run("exists", name) == (3, b"", "")


def test_errors_have_exit_statuses_of_their_own(name):
    status, _, errors = run("call", name, "x")
    assert status == 3
    assert errors.startswith("namedpipe: [WinError 2] there is no pipe of this name")
    with namedpipe.create(name, mode="message", max_instances=1), namedpipe.open(name):
        assert run("call", name, "x", "--timeout", "0.01")[0] == 4
        assert run("cat", name, "--timeout", "0.01")[0] == 4
    assert run("exists", "")[0] == 1
    assert run("serve", name, "--max-instances", "-1")[0] == 1


def test_a_name_is_not_served_twice(name):
    """C4. The limit is ample, and short for Wine, which serves."""
    with namedpipe.listen(name):
        assert run("serve", name, limit=5)[0] == 1


@pytest.mark.parametrize(
    "words",
    [[], ["sing"], ["list", "-x"], ["call", "n", "--timeout", "-1"], ["serve"]],
)
def test_wrong_usage_is_exit_status_2(words):
    status, output, errors = run(*words)
    assert (status, output) == (2, b"")
    assert errors.startswith("usage: namedpipe")


def test_version_and_help():
    assert text(run("--version")[1]) == f"namedpipe {namedpipe.__version__}\n"
    assert b"doctor" in run("--help")[1]


def test_call_sends_what_it_is_given(name, serving):
    assert run("call", name, "some data") == (0, b"some data", "")
    # No more than what Windows keeps of the server's output, which nobody reads.
    data = bytes(range(256)) * 10
    assert run("call", name, "--timeout", "20", given=data) == (0, data, "")


def test_serve_prints_and_echoes(name, serving):
    with namedpipe.connect(name) as client:
        assert client.transact(b"\x00\xff\n", LIMIT) == b"\x00\xff\n"
        assert os.read(serving.stdout.fileno(), 100) == b"\x00\xff\n"


def test_serve_ends_with_ctrl_c(name):
    with start("serve", name) as process:
        process.stderr.readline()
        ctrl_c.press(process)
        assert process.communicate(timeout=LIMIT) == (b"", b"")
        assert process.returncode == 130
    assert not namedpipe.exists(name)


def test_serve_leaves_nothing_when_it_is_stopped_in_a_conversation(name):
    """A daemon thread's pipe was left in the directory (found in CI)."""
    with start("serve", name, "--echo") as process:
        process.stderr.readline()
        with namedpipe.connect(name) as client:
            client.send(b"x")
            assert client.read(1, LIMIT) == b"x"
            ctrl_c.press(process)
            process.communicate(timeout=LIMIT)
            assert process.returncode == 130
            assert client.read(1, LIMIT) == b""


def test_serve_once_ends_after_one_client(name):
    with start("serve", name, "--once") as process:
        process.stderr.readline()
        with namedpipe.connect(name) as client:
            client.send(b"bytes")
        assert process.communicate(timeout=LIMIT)[0] == b"bytes"
        assert process.returncode == 0


def test_cat_copies_both_ways(name):
    with namedpipe.listen(name, mode="byte") as server:
        data = bytes(range(256)) * 1000
        cat = Call(lambda: run("cat", name, given=data))
        with server.accept(LIMIT) as pipe:
            seen = b""
            while len(seen) < len(data):
                seen += pipe.read(65536, LIMIT)
            assert seen == data
            pipe.send(data[::-1], LIMIT)
        assert cat.result() == (0, data[::-1], "")


def test_cat_sends_lines_as_messages(name):
    with namedpipe.listen(name, mode="message") as server:
        cat = Call(lambda: run("cat", "-q", "0", name, given=b"one\ntwo\nrest"))
        with server.accept(LIMIT) as pipe:
            assert list(pipe) == [b"one\n", b"two\n", b"rest"]
        assert cat.result() == (0, b"", "")


def test_cat_waits_for_the_server(name):
    with start("cat", "--wait", "--timeout", "20", name) as process:
        with namedpipe.listen(name) as server, server.accept(LIMIT) as pipe:
            pipe.send(b"hello")
            pipe.flush(LIMIT)
        assert process.communicate(timeout=LIMIT)[0] == b"hello"
        assert process.returncode == 0


@pytest.mark.parametrize("access", ["inbound", "outbound"])
def test_cat_uses_the_direction_there_is(name, access):
    with namedpipe.listen(name, access=access) as server:
        cat = Call(lambda: run("cat", name, given=b"upwards", limit=10))
        with server.accept(LIMIT) as pipe:
            if access == "inbound":
                assert pipe.read(timeout=LIMIT) == b"upwards"
            else:
                pipe.send(b"downwards", LIMIT)
                pipe.flush(LIMIT)
        assert cat.result() == (0, b"" if access == "inbound" else b"downwards", "")


# ---------------------------------------------------------------------- doctor


@about_the_directory
def test_doctor_finds_nothing_wrong_here(capsys, monkeypatch):
    monkeypatch.setattr(metadata, "packages_distributions", dict)
    assert __main__.main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert namedpipe.__version__ in said
    assert os.environ["NAMEDPIPE_DIR"] in said
    assert "mode 0700" in said
    assert "PROBLEM" not in said


def test_doctor_reports_two_distributions_of_one_name(capsys, monkeypatch):
    owners = {"namedpipe": ["pynamedpipe", "namedpipe", "namedpipe"]}
    monkeypatch.setattr(metadata, "packages_distributions", lambda: owners)
    assert __main__.main(["doctor"]) == 1
    assert "namedpipe and pynamedpipe share the directory" in capsys.readouterr().out


@about_the_directory
def test_doctor_reports_a_directory_others_may_enter(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(metadata, "packages_distributions", dict)
    directory = tmp_path / "open"
    directory.mkdir()
    directory.chmod(0o755)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o755
    monkeypatch.setenv("NAMEDPIPE_DIR", str(directory))
    assert [*_doctor.check_directory()] == [
        f"{directory} is open to other users: chmod 700 {directory}"
    ]
    monkeypatch.setenv("NAMEDPIPE_DIR", str(tmp_path / "none"))
    assert [*_doctor.check_directory()] == []
    (tmp_path / "file").touch(0o700)
    monkeypatch.setenv("NAMEDPIPE_DIR", str(tmp_path / "file"))
    assert [*_doctor.check_directory()] == [f"{tmp_path / 'file'} is not a directory"]


@about_the_directory
def test_the_directory_follows_the_rule_of_the_core(monkeypatch):
    monkeypatch.setenv("NAMEDPIPE_DIR", "/first")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/second")
    assert _doctor.runtime_directory() == "/first"
    monkeypatch.delenv("NAMEDPIPE_DIR")
    assert _doctor.runtime_directory() == "/second/namedpipe"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert _doctor.runtime_directory() == f"/tmp/namedpipe-{os.getuid()}"
