# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Pipe.makefile(): pipes as Python's file objects."""

import io

import pytest

import namedpipe
from conftest import LIMIT, Call, Ends


def test_lines_of_text_go_both_ways(stream: Ends):
    server, client = stream
    with (
        server.makefile("rw", encoding="utf-8") as ours,
        client.makefile("rw", encoding="utf-8") as theirs,
    ):
        print("Käse", "é", file=theirs, flush=True)
        assert ours.readline() == "Käse é\n"
        ours.write("one\ntwo\nthr")
        ours.flush()
        assert theirs.readline() == "one\n"
        assert theirs.readline() == "two\n"
        ours.write("ee\n")
        ours.flush()
        assert theirs.readline() == "three\n"


def test_iterating_over_lines_ends_with_the_peer(stream: Ends):
    """X2"""
    server, client = stream
    with client.makefile("w", encoding="utf-8") as file:
        file.write("one\ntwo\nunfinished")
    client.close()
    with server.makefile(encoding="utf-8") as file:
        assert list(file) == ["one\n", "two\n", "unfinished"]
        assert file.read() == ""


@pytest.mark.parametrize(
    ("mode", "buffering", "kind"),
    [
        ("r", None, io.TextIOWrapper),
        ("w", -1, io.TextIOWrapper),
        ("rw", None, io.TextIOWrapper),
        ("rb", None, io.BufferedReader),
        ("wb", 100, io.BufferedWriter),
        ("rwb", None, io.BufferedRWPair),
        ("brw", 0, io.RawIOBase),
        ("rb", 0, io.RawIOBase),
    ],
)
def test_the_mode_says_what_it_is_and_can(stream: Ends, mode, buffering, kind):
    server, _ = stream
    with server.makefile(mode, buffering) as file:
        assert isinstance(file, kind)
        assert file.readable() == ("r" in mode)
        assert file.writable() == ("w" in mode)
        assert not file.seekable()
        if mode not in ("rw", "rwb"):  # Python's io.BufferedRWPair has no name
            assert file.name == server.path
    assert file.closed
    assert not server.closed


@pytest.mark.parametrize("mode", ["", "b", "a", "r+", "rr", "rt", "U"])
def test_a_mode_that_is_none_is_refused(stream: Ends, mode):
    with pytest.raises(ValueError, match="mode must be"):
        stream[0].makefile(mode)


def test_arguments_that_do_not_fit_the_mode_are_refused(stream: Ends):
    with pytest.raises(ValueError, match="a binary file has no encoding"):
        stream[0].makefile("rb", encoding="utf-8")
    with pytest.raises(ValueError, match="must be buffered"):
        stream[0].makefile("r", 0)
    with pytest.raises(TypeError):
        stream[0].makefile("r", None, "utf-8")


def test_newlines_and_errors_are_passed_on(stream: Ends):
    server, client = stream
    client.write(b"a\r\nb\xff\n")
    client.close()
    with server.makefile(encoding="ascii", errors="replace", newline="\r\n") as file:
        assert file.readlines() == ["a\r\n", "b\ufffd\n"]


def test_an_unbuffered_file_is_the_pipe(stream: Ends):
    server, client = stream
    with server.makefile("rwb", 0) as ours, client.makefile("rwb", 0) as theirs:
        assert ours.write(b"abc") == 3
        buffer = bytearray(2)
        assert theirs.readinto(buffer) == 2
        assert theirs.read(10) == b"c"
        ours.close()
        server.close()
        assert theirs.read(10) == b""
        assert theirs.readall() == b""
        with pytest.raises(ValueError, match="closed file"):
            ours.write(b"x")
        assert "namedpipe file 'rw' over <namedpipe.Pipe" in repr(theirs)


def test_a_file_for_one_way_refuses_the_other(stream: Ends):
    server, _ = stream
    with server.makefile("rb", 0) as file, pytest.raises(io.UnsupportedOperation):
        file.write(b"x")
    with server.makefile("wb", 0) as file, pytest.raises(io.UnsupportedOperation):
        file.readinto(bytearray(1))


def test_messages_are_a_stream_to_a_file(messages: Ends):
    server, client = messages
    for part in (b"on", b"", b"e\ntw", b"o\n"):
        client.send(part)
    with server.makefile("rb") as file:
        assert file.readline() == b"one\n"
        assert file.readline() == b"two\n"


def test_a_file_keeps_to_the_pipes_time_out(stream: Ends):
    server, client = stream
    server.timeout = 0.001
    with server.makefile("rb") as file:
        client.send(b"half a line")
        with pytest.raises(namedpipe.PipeTimeoutError):
            file.readline()
        client.send(b", the rest\n")
        with pytest.raises(OSError, match="timed out"):
            file.readline()


def test_a_nowait_end_gives_none(name):
    """R1"""
    with (
        namedpipe.create(name, nowait=True, out_quota=4) as server,
        namedpipe.connect(name) as client,
        server.makefile("rwb", 0) as file,
    ):
        server.accept()
        assert file.read(1) is None
        client.send(b"x")
        assert file.read(1) == b"x"
        assert file.write(b"1234") == 4
        assert file.write(b"5") is None
        assert file.write(b"") == 0


def test_a_large_file_of_lines(stream: Ends):
    server, client = stream
    lines = [f"line {i} {'x' * (i % 300)}\n" for i in range(3000)]

    def write() -> None:
        with client.makefile("w", encoding="utf-8") as file:
            file.writelines(lines)
        client.close(linger=LIMIT)

    writing = Call(write)
    with server.makefile("r", encoding="utf-8") as file:
        assert file.readlines() == lines
    writing.result()
