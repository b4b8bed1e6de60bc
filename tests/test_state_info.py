# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_get_state, np_set_state, np_get_info, np_get_peer."""

import getpass
import os

import pytest

import namedpipe
from conftest import Call
from harness import (
    BYTE,
    CLOSING,
    CONNECTED,
    DISCONNECTED,
    FOREVER,
    LISTENING,
    MESSAGE,
    NOWAIT,
    READMODE_MESSAGE,
    E,
    Pair,
    Peer,
    fails,
    require,
    spawn,
)
from observe import WINDOWS


def test_the_states_of_a_conversation(pair: Pair) -> None:
    """O4: both ends share one."""
    server = pair.server.create(pair.name)
    assert server.state()[0] == LISTENING
    client = pair.client.open(pair.name)
    assert client.state()[0] == server.state()[0] == CONNECTED
    client.close()
    assert server.state()[0] == CLOSING
    server.disconnect()
    assert server.state()[0] == DISCONNECTED
    with fails(E.TIMEOUT):
        server.accept(0)
    assert server.state()[0] == LISTENING


def test_state_names_of_python(name: str) -> None:
    """O4: and how many instances there are, over all processes."""
    with namedpipe.create(name) as server:
        assert (server.state, server.instances) == ("listening", 1)
        with namedpipe.create(name), namedpipe.open(name) as client:
            assert (client.state, client.instances) == ("connected", 2)
            server.disconnect()
            with fails(E.PIPE_NOT_CONNECTED):
                _ = client.state
        assert (server.state, server.instances) == ("disconnected", 1)


# -------------------------------------------------------------------------- modes


@pytest.mark.parametrize("bits", [0, 1, 2, 3])
def test_modes_of_a_message_pipe(pair: Pair, bits: int) -> None:
    """S1, S2: set and asked, both ways."""
    for end in pair.ends(mode="message"):
        end.setstate(bits)
        assert end.state() == (CONNECTED, bits)


def test_modes_are_each_ends_own(pair: Pair) -> None:
    """S2b."""
    server, client = pair.ends(mode="message")
    server.setstate(NOWAIT)
    assert client.state() == (CONNECTED, READMODE_MESSAGE)
    client.setstate(0)
    assert server.state() == (CONNECTED, NOWAIT)


def test_modes_outlive_the_client(pair: Pair) -> None:
    """O1: they belong to the end, the next client finds them."""
    server, _ = pair.ends(mode="message", max_instances=1)
    server.setstate(NOWAIT)
    server.disconnect()
    with fails(E.PIPE_LISTENING):
        server.accept(FOREVER)
    pair.client.open(pair.name)
    assert server.state() == (CONNECTED, NOWAIT)


def test_message_reads_are_for_message_pipes(pair: Pair) -> None:
    """S2: 87 on a byte pipe, and nothing has changed."""
    for end in pair.ends(mode="byte"):
        end.setstate(NOWAIT)
        for bits in (READMODE_MESSAGE, READMODE_MESSAGE | NOWAIT):
            with fails(E.INVALID_PARAMETER):
                end.setstate(bits)
        assert end.state() == (CONNECTED, NOWAIT)


@pytest.mark.parametrize("bits", [4, 5, 0x80000000])
def test_other_bits_are_refused(pair: Pair, bits: int) -> None:
    """S2: 87."""
    for end in pair.ends(mode="message"):
        with fails(E.INVALID_PARAMETER):
            end.setstate(bits)
        assert end.state() == (CONNECTED, READMODE_MESSAGE)


@pytest.mark.parametrize("call", ["recv", "send"])
def test_nowait_while_this_end_waits(name: str, call: str) -> None:
    """S2: 231 by our decision; the pending call stays pending."""
    with (
        namedpipe.create(name, mode="message", out_quota=0) as server,
        namedpipe.connect(name) as client,
    ):
        pending = Call(getattr(server, call), *([b"x"] if call == "send" else []))
        pending.blocked()
        with fails(E.PIPE_BUSY):
            server.nowait = True
        assert not server.nowait
        client.nowait = True
        pending.blocked()
        server.read_mode = "byte"
        if call == "send":
            assert client.recv() == b"x"
        else:
            client.send(b"x")
        pending.result()
        server.nowait = True


# --------------------------------------------------------------------------- info


@pytest.mark.parametrize(("mode", "number"), [("byte", BYTE), ("message", MESSAGE)])
def test_info_is_the_same_on_both_ends(pair: Pair, mode: str, number: int) -> None:
    """S3: quotas as given, not swapped for the client; modes are not in it."""
    server, client = pair.ends(mode=mode, out_quota=1, in_quota=2, max_instances=7)
    assert server.info() == (1, number, 1, 2, 7)
    assert client.info() == (0, number, 1, 2, 7)
    client.setstate(NOWAIT)
    assert client.info() == (0, number, 1, 2, 7)


def test_info_after_the_other_end_left(pair: Pair) -> None:
    """S3: it is about the pipe."""
    server, client = pair.ends(mode="message", max_instances=3)
    server.close()
    assert client.info() == (0, MESSAGE, 65536, 65536, 3)


@pytest.mark.parametrize("access", ["inbound", "outbound", "duplex"])
def test_info_names_the_direction(name: str, access: str) -> None:
    """C13: from the client's end; an outbound server may not ask."""
    rights = {"inbound": "w", "outbound": "r", "duplex": "rw"}[access]
    with (
        namedpipe.create(name, access=access) as server,
        namedpipe.open(name, access=rights) as client,
    ):
        assert client.info.access == access
        if access == "outbound":
            with fails(E.ACCESS_DENIED):
                _ = server.info
        else:
            assert server.info.access == access


# --------------------------------------------------------------------------- peer


def test_each_end_knows_the_others_process(pair: Pair) -> None:
    """S4."""
    server, client = pair.ends()
    assert server.pid() == pair.client.pid
    assert client.pid() == pair.server.pid


def test_the_process_is_known_after_it_left(pair: Pair) -> None:
    """S4: kept after the peer closes."""
    server, client = pair.ends()
    client.close()
    assert server.pid() == pair.client.pid
    server.disconnect()
    with fails(E.NOT_FOUND):
        server.pid()


@pytest.mark.parametrize("language", ["c", "lua", "py"])
def test_the_process_is_known_after_it_died(
    language: str, helper: Peer, name: str
) -> None:
    """S4."""
    require(language)
    with spawn(language) as dying:
        server = helper.create(name)
        dying.open(name)
        server.accept()
        dying.kill()
        assert server.pid() == dying.pid


def test_nobody_is_there(pair: Pair) -> None:
    """S4: 1168 without a client, 233 for one that was thrown out."""
    server = pair.server.create(pair.name)
    with fails(E.NOT_FOUND):
        server.pid()
    client = pair.client.open(pair.name)
    server.disconnect()
    with fails(E.NOT_FOUND):
        server.pid()
    with fails(E.PIPE_NOT_CONNECTED):
        client.pid()


def user() -> str:
    """Not by variables, which may say anything, where it can be had."""
    if WINDOWS:
        return getpass.getuser()
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def test_the_user_of_the_other_end(name: str, helper: Peer) -> None:
    """S4, S6: by number and by name."""
    with namedpipe.create(name) as server:
        helper.open(name)
        server.accept(10)
        peer = server.peer
        assert peer.pid == helper.pid
        assert peer.uid == (None if WINDOWS else os.getuid())
        assert peer.user == user()


def test_both_ends_in_one_process(name: str) -> None:
    """S4."""
    with namedpipe.create(name) as server, namedpipe.open(name) as client:
        assert server.peer.pid == client.peer.pid == os.getpid()
