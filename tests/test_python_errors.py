# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""How failures look in Python, and that the names are those of the C header."""

import copy
import errno
import pickle
import re
from pathlib import Path

import pytest

import namedpipe
from conftest import Ends
from namedpipe import E

NAMES_H = Path(__file__).parent.parent / "core" / "include" / "namedpipe" / "names.h"
PATH = r"\\.\pipe" + "\\"


def table() -> list[tuple[str, int, str, str, str]]:
    """The rows of NP_ERRORS: name, code, errno name, class, text."""
    row = r'X\((\w+), (\w+), (E\w+), (\w+),\s*(?:\\\s*)?"([^"]*)"\)'
    rows = re.findall(row, NAMES_H.read_text())
    return [(name, int(code, 0), *rest) for name, code, *rest in rows]


def constants() -> dict[str, int]:
    rows = re.findall(r"^    X\((\w+), (\d+)\)", NAMES_H.read_text(), re.MULTILINE)
    return {name: int(value) for name, value in rows}


def test_the_numbers_in_E_are_those_of_the_header():
    assert {member.name: member.value for member in E} == {
        name: code for name, code, *_ in table()
    }
    assert len(table()) > 20


def test_the_constants_are_those_of_the_header():
    assert len(constants()) > 15
    for name, value in constants().items():
        assert getattr(namedpipe, name) == value
        assert name in namedpipe.__all__


def test_every_class_of_the_header_is_a_public_pipe_error():
    for _, _, _, kind, _ in table():
        assert issubclass(getattr(namedpipe, kind), namedpipe.PipeError)
        assert kind in namedpipe.__all__


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        ("PipeError", OSError),
        ("PipeNotFoundError", FileNotFoundError),
        ("PipeAccessError", PermissionError),
        ("BrokenPipe", BrokenPipeError),
        ("PipeTimeoutError", TimeoutError),
        ("ServerNotTrusted", PermissionError),
        ("PipeBusyError", OSError),
        ("MoreDataError", OSError),
        ("OperationAborted", OSError),
    ],
)
def test_the_classes_are_the_builtin_ones_too(kind, builtin):
    assert issubclass(getattr(namedpipe, kind), builtin)
    assert getattr(namedpipe, kind).__module__ == "namedpipe"
    assert getattr(namedpipe, kind).__doc__


def provoke_not_found(server, client, name):
    namedpipe.open("no-" + name)


def provoke_busy(server, client, name):
    namedpipe.open(name)


def provoke_wait_timeout(server, client, name):
    namedpipe.wait(name, 0.001)


def provoke_timeout(server, client, name):
    client.recv(timeout=0)


def provoke_access(server, client, name):
    namedpipe.create(name, first=True)


def provoke_more_data(server, client, name):
    server.send(b"12345")
    client.recv(2)


def provoke_broken(server, client, name):
    server.close()
    client.recv()


def provoke_no_data(server, client, name):
    server.close()
    client.send(b"x")


def provoke_not_connected(server, client, name):
    server.disconnect()
    client.recv()


def provoke_bad_function(server, client, name):
    client.accept()


@pytest.mark.parametrize(
    ("provoke", "code"),
    [
        (provoke_not_found, 2),
        (provoke_access, 5),
        (provoke_broken, 109),
        (provoke_wait_timeout, 121),
        (provoke_busy, 231),
        (provoke_no_data, 232),
        (provoke_not_connected, 233),
        (provoke_more_data, 234),
        (provoke_timeout, 258),
        (provoke_bad_function, 1),
    ],
    ids=lambda value: value if isinstance(value, int) else "",
)
def test_a_failure_carries_all_its_fields(messages: Ends, name, provoke, code):
    [(_, _, errno_name, kind, text)] = [row for row in table() if row[1] == code]
    with pytest.raises(namedpipe.PipeError) as caught:
        provoke(*messages, name)
    error = caught.value
    assert type(error) is getattr(namedpipe, kind)
    assert error.winerror == code
    assert error.errno == getattr(errno, errno_name)
    assert error.strerror.startswith(text)
    assert error.filename.startswith(PATH)
    assert str(error) == f"[WinError {code}] {error.strerror}: {error.filename!r}"


def test_the_text_of_an_error_names_the_pipe_and_the_cause(messages: Ends, name):
    with pytest.raises(namedpipe.PipeError) as caught:
        namedpipe.open(name)
    path = (PATH + name).replace("\\", "\\\\")
    assert str(caught.value).startswith("[WinError 231] all pipe instances are busy")
    assert str(caught.value).endswith(f": '{path}'")


def test_an_error_names_the_pipe_in_full_however_it_was_written():
    for written in ("no-such", "//./pipe/no-such", r"\\.\pipe\no-such"):
        with pytest.raises(FileNotFoundError) as caught:
            namedpipe.connect(written)
        assert caught.value.filename == r"\\.\pipe\no-such"


def test_more_data_keeps_the_rest_readable(messages: Ends):
    """R3"""
    server, client = messages
    server.send(b"0123456789")
    with pytest.raises(namedpipe.MoreDataError) as caught:
        client.recv(max_size=4)
    assert caught.value.partial == b"0123"
    assert client.recv() == b"456789"


def test_errors_survive_being_pickled_and_copied(messages: Ends):
    server, client = messages
    server.send(b"12345")
    with pytest.raises(namedpipe.MoreDataError) as caught:
        client.recv(2)
    for error in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(error) is namedpipe.MoreDataError
        assert (error.winerror, error.partial) == (234, b"12")
        assert str(error) == str(caught.value)


def test_an_error_a_program_makes_itself_looks_like_an_oserror():
    error = namedpipe.PipeError(errno.EPIPE, "mine", "there")
    assert (error.winerror, error.partial, error.written) == (None, b"", 0)
    assert str(error) == str(OSError(errno.EPIPE, "mine", "there"))
    assert str(namedpipe.PipeError("mine")) == "mine"


def test_a_closed_pipe_is_a_value_error_as_a_closed_file_is(messages: Ends):
    server, client = messages
    client.close()
    server.close()
    for call in (
        server.accept,
        server.disconnect,
        server.recv,
        server.read,
        lambda: server.read(0),
        lambda: server.recv_into(bytearray(1)),
        lambda: server.readinto(bytearray(1)),
        lambda: server.send(b""),
        lambda: server.write(b"x"),
        server.peek,
        lambda: server.transact(b""),
        server.flush,
        lambda: next(server.messages()),
        server.cancel,
        server.fileno,
        server.makefile,
        server.__enter__,
        lambda: server.state,
        lambda: server.info,
        lambda: server.peer,
        lambda: server.read_mode,
        lambda: setattr(server, "nowait", True),
    ):
        with pytest.raises(ValueError, match="closed pipe"):
            call()
