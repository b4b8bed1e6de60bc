# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What the Python functions take and refuse, before the core is asked."""

import inspect
import math
from fractions import Fraction

import pytest

import namedpipe
from conftest import Ends


class Index:
    def __index__(self) -> int:
        return 3


@pytest.mark.parametrize(
    "function",
    ["create", "listen", "open", "connect", "wait", "exists"],
)
def test_a_name_must_be_text(function):
    with pytest.raises(TypeError, match="name must be str, not <class 'bytes'>"):
        getattr(namedpipe, function)(b"demo")


def test_a_name_with_a_null_character_is_a_value_error():
    with pytest.raises(ValueError, match="null character"):
        namedpipe.create("de\0mo")


def test_a_name_that_is_not_unicode_is_a_value_error():
    with pytest.raises(UnicodeEncodeError):
        namedpipe.create("de\udcffmo")


@pytest.mark.parametrize("bad", ["", "\\\\.\\pipe\\", "x" * 300])
def test_a_name_that_is_none_says_which(bad):
    """NM4, NM5"""
    with pytest.raises(namedpipe.PipeError) as caught:
        namedpipe.create(bad)
    assert caught.value.winerror == namedpipe.E.INVALID_NAME
    assert caught.value.filename is not None


def test_the_three_spellings_are_one_pipe(name):
    """NM1"""
    with namedpipe.create(name) as pipe:
        assert pipe.path == rf"\\.\pipe\{name}"
        assert namedpipe.exists(rf"\\.\pipe\{name}")
        assert namedpipe.exists(f"//./pipe/{name.upper()}")


@pytest.mark.parametrize(
    ("keyword", "words"),
    [
        ("mode", "'byte' or 'message'"),
        ("read_mode", "'default', 'byte' or 'message'"),
        ("access", "'inbound', 'outbound' or 'duplex'"),
    ],
)
def test_an_unknown_word_is_answered_with_the_known_ones(name, keyword, words):
    with pytest.raises(ValueError, match=f"{keyword} must be {words}, not 'x'"):
        namedpipe.create(name, **{keyword: "x"})
    with pytest.raises(ValueError, match=f"{keyword} must be {words}, not 77"):
        namedpipe.create(name, **{keyword: 77})
    with pytest.raises(TypeError, match=f"{keyword} must be {words}, not None"):
        namedpipe.create(name, **{keyword: None})


def test_constants_are_taken_for_words(name):
    with namedpipe.create(
        name, mode=namedpipe.MESSAGE, access=namedpipe.OUTBOUND
    ) as server:
        assert not server.closed
        with namedpipe.open(name, access=namedpipe.READ) as client:
            assert client.info.mode == "message"
            assert client.info.access == "outbound"


def test_a_clients_access_may_be_a_sum_of_constants(name):
    """F2, F4"""
    access = namedpipe.READ | namedpipe.WRITE_ATTRIBUTES
    with (
        namedpipe.create(name, access="outbound"),
        namedpipe.open(name, access="r") as client,
    ):
        with pytest.raises(namedpipe.PipeAccessError):
            client.nowait = True
    with (
        namedpipe.create(name, access="outbound"),
        namedpipe.open(name, access=access) as client,
    ):
        client.nowait = True
        assert client.nowait
    with pytest.raises(namedpipe.PipeError) as caught:
        namedpipe.open(name, access=1 << 20)
    assert caught.value.winerror == namedpipe.E.INVALID_PARAMETER


class Undecided:
    def __bool__(self) -> bool:
        raise ZeroDivisionError


def test_an_end_may_be_told_not_to_spin(name):
    """What it then does is seen in tests/c/test_spin.c."""
    with (
        namedpipe.listen(name, spin=False) as server,
        namedpipe.connect(name, spin=False) as client,
        server.accept() as pipe,
    ):
        client.send(b"question")
        assert pipe.recv() == b"question"
    for function in (
        namedpipe.create,
        namedpipe.listen,
        namedpipe.open,
        namedpipe.connect,
    ):
        with pytest.raises(ZeroDivisionError):
            function(name, spin=Undecided())
    assert not namedpipe.exists(name)


@pytest.mark.parametrize("count", [0, 256])
def test_a_limit_of_instances_out_of_range_is_error_87(name, count):
    """C2"""
    with pytest.raises(namedpipe.PipeError) as caught:
        namedpipe.create(name, max_instances=count)
    assert caught.value.winerror == namedpipe.E.INVALID_PARAMETER


@pytest.mark.parametrize("count", [-1, 1 << 32, 1 << 70])
def test_a_number_that_no_dword_holds_is_an_overflow(name, count):
    with pytest.raises(OverflowError, match="in_quota must be 0 to 4294967295"):
        namedpipe.create(name, in_quota=count)


def test_numbers_may_be_anything_with_an_index(name):
    with namedpipe.create(name, max_instances=Index()) as pipe:
        assert pipe.info.max_instances == 3
    with pytest.raises(TypeError):
        namedpipe.create(name, max_instances=3.0)


def test_a_byte_pipe_cannot_be_read_by_messages(name):
    """C3"""
    with pytest.raises(namedpipe.PipeError) as caught:
        namedpipe.create(name, mode="byte", read_mode="message")
    assert caught.value.winerror == namedpipe.E.INVALID_PARAMETER


def test_calls_are_refused_as_python_functions_refuse_them(name):
    with pytest.raises(TypeError, match=r"create\(\) missing required argument 'name'"):
        namedpipe.create()
    with pytest.raises(TypeError, match="at most 1 positional argument"):
        namedpipe.create(name, "byte")
    with pytest.raises(TypeError, match="at most 2 positional arguments"):
        namedpipe.connect(name, 1, "server")
    with pytest.raises(TypeError, match="unexpected keyword argument 'modus'"):
        namedpipe.create(name, modus="byte")
    with pytest.raises(TypeError, match="multiple values for argument 'name'"):
        namedpipe.create(name, name=name)


# ------------------------------------------------------------------- time-outs


@pytest.mark.parametrize(
    ("seconds", "stored"),
    [
        (None, None),
        (0, 0.0),
        (0.0, 0.0),
        (1, 1.0),
        (0.0001, 0.001),
        (1.0001, 1.001),
        (0.25, 0.25),
        (Fraction(1, 2), 0.5),
        (4_000_000, 4_000_000.0),
    ],
)
def test_time_outs_are_seconds_rounded_up_to_milliseconds(messages, seconds, stored):
    server, _ = messages
    server.timeout = seconds
    assert server.timeout == stored


@pytest.mark.parametrize("seconds", [-1, -0.001, math.nan, -math.inf])
def test_time_outs_that_are_no_time_are_value_errors(messages: Ends, seconds):
    server, _ = messages
    with pytest.raises(ValueError, match="timeout must be a number of seconds"):
        server.timeout = seconds
    with pytest.raises(ValueError, match="timeout must be a number of seconds"):
        server.recv(timeout=seconds)


@pytest.mark.parametrize("seconds", [math.inf, 1e300, 4294967.294, 10**400])
def test_time_outs_that_are_too_long_are_overflows(messages: Ends, seconds):
    server, _ = messages
    with pytest.raises(OverflowError):
        server.recv(timeout=seconds)


@pytest.mark.parametrize("seconds", ["1", b"1", [], "DEFAULT"])
def test_time_outs_of_another_type_are_type_errors(messages: Ends, seconds):
    server, _ = messages
    with pytest.raises(TypeError):
        server.recv(timeout=seconds)


def test_a_call_without_a_time_out_uses_the_pipes(messages: Ends):
    server, client = messages
    assert server.timeout is None
    server.timeout = 0
    for call in (server.recv, server.read, server.messages().__next__):
        with pytest.raises(namedpipe.PipeTimeoutError):
            call()
    with pytest.raises(namedpipe.PipeTimeoutError):
        server.recv_into(bytearray(1))
    with pytest.raises(namedpipe.PipeTimeoutError):
        server.recv(timeout=namedpipe.DEFAULT)
    client.send(b"x")
    with pytest.raises(namedpipe.PipeTimeoutError):
        client.flush(0)
    assert server.recv(timeout=None) == b"x"


def test_a_time_out_of_a_server_is_not_inherited(name):
    with namedpipe.listen(name) as server, namedpipe.connect(name):
        with server.accept(timeout=5) as pipe:
            assert pipe.timeout is None


# --------------------------------------------------------------------- buffers


def test_text_is_no_data(messages: Ends):
    server, _ = messages
    with pytest.raises(TypeError, match="bytes-like"):
        server.send("text")
    with pytest.raises(TypeError, match="bytes-like"):
        server.transact("text")


def test_any_buffer_is_data(messages: Ends):
    server, client = messages
    for data in (b"abcd", bytearray(b"abcd"), memoryview(b"xabcd")[1:]):
        assert client.send(data) == 4
        assert server.recv() == b"abcd"
    with pytest.raises(BufferError):
        client.send(memoryview(b"a.b.c")[::2])


def test_a_buffer_to_read_into_must_be_writable(messages: Ends):
    server, _ = messages
    with pytest.raises((TypeError, BufferError)):
        server.recv_into(b"1234", timeout=0)
    with pytest.raises((TypeError, BufferError)):
        server.readinto(memoryview(b"1234"), timeout=0)


def test_sizes_must_not_be_negative(messages: Ends):
    server, _ = messages
    with pytest.raises(ValueError, match="max_size must not be negative"):
        server.recv(-2)
    with pytest.raises(ValueError, match="n must not be negative"):
        server.peek(-2)
    with pytest.raises(TypeError):
        server.recv(1.5)


# ------------------------------------------------------------------ signatures


@pytest.mark.parametrize(
    "owner", [namedpipe, namedpipe.Pipe, namedpipe.Server], ids=lambda o: o.__name__
)
def test_every_function_has_a_signature_and_says_what_it_does(owner):
    for key in dir(owner):
        member = getattr(owner, key)
        if key.startswith("_") or isinstance(member, type) or not callable(member):
            continue
        assert "(" in str(inspect.signature(member))
        assert member.__doc__.strip(), key


def test_properties_say_what_they_are():
    for owner in (namedpipe.Pipe, namedpipe.Server):
        for key, member in vars(owner).items():
            if inspect.isgetsetdescriptor(member):
                assert member.__doc__, key


def test_pipes_and_servers_are_made_by_functions_only():
    for kind in (namedpipe.Pipe, namedpipe.Server):
        with pytest.raises(TypeError, match="cannot create"):
            kind()
        with pytest.raises(TypeError):
            type("Sub", (kind,), {})
        with pytest.raises(TypeError):
            kind.attribute = 1
