# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_create: what an instance is made of, and when it is refused."""

import pytest

import namedpipe
from harness import BYTE, LISTENING, MESSAGE, READMODE_MESSAGE, E, Pair, Peer, fails

# ------------------------------------------------------------------ the instance


def test_an_instance_listens_at_once(peer: Peer, name: str) -> None:
    """O4, C15: connectable without an accept."""
    server = peer.create(name)
    assert server.state() == (LISTENING, 0)
    client = peer.open(name)
    client.write(b"early")
    assert server.read(10) == (b"early", False)


@pytest.mark.parametrize(
    ("mode", "read_mode", "bits"),
    [
        ("byte", "default", 0),
        ("byte", "byte", 0),
        ("message", "default", READMODE_MESSAGE),
        ("message", "byte", 0),
        ("message", "message", READMODE_MESSAGE),
    ],
)
def test_read_mode_of_the_server_end(
    peer: Peer, name: str, mode: str, read_mode: str, bits: int
) -> None:
    """O1, C3: the type decides unless a read mode is given."""
    server = peer.create(name, mode=mode, read_mode=read_mode)
    assert server.state() == (LISTENING, bits)


def test_a_nowait_end_says_so(peer: Peer, name: str) -> None:
    """S1: PIPE_NOWAIT given at creation is a mode bit of this end."""
    assert peer.create(name, nowait=True).state() == (LISTENING, 1)


@pytest.mark.parametrize("quota", [0, 1, 10, 0xF000, 65536, 1 << 20])
def test_quotas_are_reported_exactly(pair: Pair, quota: int) -> None:
    """C12, S3: as they were asked for, and not swapped for the client."""
    server = pair.server.create(pair.name, out_quota=quota, in_quota=quota + 1)
    client = pair.client.open(pair.name)
    assert server.info() == (1, BYTE, quota, quota + 1, 255)
    assert client.info() == (0, BYTE, quota, quota + 1, 255)


def test_quotas_are_each_instances_own(pair: Pair) -> None:
    """O3: only type, direction, limit and default time-out are the pipe's."""
    first = pair.server.create(pair.name, out_quota=100, in_quota=200)
    second = pair.client.create(pair.name, out_quota=300, in_quota=400)
    assert first.info()[2:4] == (100, 200)
    assert second.info()[2:4] == (300, 400)
    one, two = pair.client.open(pair.name), pair.client.open(pair.name)
    assert one.info()[2:4] == (100, 200)
    assert two.info()[2:4] == (300, 400)
    assert one.fill(1, 200, 0) == 200
    with fails(E.TIMEOUT):
        one.write(b"x", 0)
    assert two.fill(1, 400, 0) == 400
    with fails(E.TIMEOUT):
        two.write(b"x", 0)


# ----------------------------------------------------------------- what is wrong


@pytest.mark.parametrize("limit", [0, 256, 1000, 0xFFFFFFFF])
def test_limit_must_be_1_to_255(peer: Peer, name: str, limit: int) -> None:
    """C2."""
    with fails(E.INVALID_PARAMETER):
        peer.create(name, max_instances=limit)
    assert not peer.exists(name)


@pytest.mark.parametrize("limit", [1, 2, 254, 255])
def test_limit_is_reported(peer: Peer, name: str, limit: int) -> None:
    """C2: 255 is reported as 255."""
    assert peer.create(name, max_instances=limit).info()[4] == limit


def test_a_byte_pipe_cannot_be_read_by_messages(peer: Peer, name: str) -> None:
    """C3."""
    with fails(E.INVALID_PARAMETER):
        peer.create(name, mode="byte", read_mode="message")
    assert not peer.exists(name)


def test_unknown_flags_are_refused(pool, name: str) -> None:
    """C1: unknown bits fail."""
    with fails(E.INVALID_PARAMETER):
        pool["c", "server"].create(name, flags=8)


@pytest.mark.parametrize(
    "options",
    [{"access": 0}, {"access": 4}, {"mode": 0}, {"mode": 3}, {"read_mode": 3}],
)
def test_unknown_choices_are_refused(name: str, options: dict[str, int]) -> None:
    """C1."""
    with pytest.raises(ValueError, match=next(iter(options))):
        namedpipe.create(name, **options)


# --------------------------------------------------------------- a second instance


def test_first_wants_the_name_for_itself(pair: Pair) -> None:
    """C4: NP_FLAG_FIRST on a name that exists is 5."""
    first = pair.server.create(pair.name, first=True)
    with fails(E.ACCESS_DENIED):
        pair.client.create(pair.name, first=True)
    with fails(E.ACCESS_DENIED):
        pair.server.create(pair.name, first=True)
    first.close()
    pair.client.create(pair.name, first=True)


@pytest.mark.parametrize("other", ["in", "out"])
def test_another_direction_is_refused(pair: Pair, other: str) -> None:
    """C6: 5, the one mismatch that is not accepted."""
    pair.server.create(pair.name, access="duplex")
    with fails(E.ACCESS_DENIED):
        pair.client.create(pair.name, access=other)


def test_the_limit_is_looked_at_before_first_and_direction(pair: Pair) -> None:
    """C4: at the limit 231, whatever else is wrong."""
    pair.server.create(pair.name, max_instances=1)
    for wrong in ({}, {"first": True}, {"access": "in"}):
        with fails(E.PIPE_BUSY):
            pair.client.create(pair.name, **wrong)


def test_first_is_looked_at_before_direction(pair: Pair) -> None:
    """C4: both are 5; with room left the name is not joined."""
    pair.server.create(pair.name, max_instances=2)
    with fails(E.ACCESS_DENIED):
        pair.client.create(pair.name, first=True, access="in")
    pair.client.create(pair.name)


def test_other_mismatches_are_accepted(pair: Pair) -> None:
    """C6: the first instance's type and limit hold."""
    pair.server.create(pair.name, mode="message", max_instances=3, in_quota=5)
    second = pair.client.create(pair.name, mode="byte", max_instances=1, in_quota=6)
    assert second.info() == (1, MESSAGE, 65536, 6, 3)
    third = pair.client.create(pair.name, mode="message", max_instances=200)
    assert third.info()[4] == 3
    with fails(E.PIPE_BUSY):
        pair.client.create(pair.name, mode="message", max_instances=200)


def test_a_byte_pipe_stays_one(pair: Pair) -> None:
    """C7: the type is the pipe's; reading it by messages is refused."""
    pair.server.create(pair.name, mode="byte")
    second = pair.client.create(pair.name, mode="message")
    assert second.info()[1] == BYTE
    assert second.state() == (LISTENING, 0)
    with fails(E.INVALID_PARAMETER):
        pair.client.create(pair.name, mode="message", read_mode="message")


def test_instances_count_over_all_processes(pair: Pair) -> None:
    """C8: and one that is closed makes room."""
    first = pair.server.create(pair.name, max_instances=3)
    pair.client.create(pair.name, max_instances=3)
    pair.server.create(pair.name, max_instances=3)
    for process in (pair.server, pair.client):
        with fails(E.PIPE_BUSY):
            process.create(pair.name, max_instances=3)
    first.close()
    pair.client.create(pair.name, max_instances=3)


def test_255_is_no_limit(peer: Peer, name: str) -> None:
    """C2, S1: there can be more than 255; more are not told."""
    ends = [peer.create(name) for _ in range(257)]
    ends.pop(100).close()
    ends.append(peer.create(name))
    clients = [peer.open(name) for _ in range(100)]
    assert len({c.number for c in clients}) == 100
    with namedpipe.open(name) as client:
        assert client.instances == 255


# ------------------------------------------------------------------------- rights


def test_an_inbound_server_only_reads(pair: Pair) -> None:
    """C13."""
    server, client = pair.ends(access="in")
    client.write(b"up")
    assert server.read(10) == (b"up", False)
    for verb in (
        lambda: server.write(b"x", 0),
        lambda: server.flush(0),
        lambda: server.setstate(0),
    ):
        with fails(E.ACCESS_DENIED):
            verb()
    assert server.peek(0)[1] == 0
    assert server.info()[0] == 1
    with fails(E.ACCESS_DENIED):
        client.read(1, 0)


def test_an_outbound_server_only_writes(pair: Pair) -> None:
    """C13."""
    server, client = pair.ends(access="out")
    server.write(b"down")
    assert client.read(10) == (b"down", False)
    for verb in (
        lambda: server.read(1, 0),
        lambda: server.peek(0),
        server.info,
        server.state,
    ):
        with fails(E.ACCESS_DENIED):
            verb()
    server.flush()
    with fails(E.ACCESS_DENIED):
        client.write(b"x", 0)


# ------------------------------------------------------------------ end of the name


def test_the_name_goes_with_the_last_server_end(pair: Pair) -> None:
    """O6: although a client still holds its end; an incompatible create works."""
    server, client = pair.ends(mode="byte", max_instances=1)
    server.close()
    assert not pair.client.exists(pair.name)
    with fails(E.FILE_NOT_FOUND):
        pair.client.open(pair.name)
    other = pair.server.create(pair.name, mode="message", access="in")
    assert other.info()[1] == MESSAGE
    with fails(E.BROKEN_PIPE):
        client.read(1)


def test_a_client_counts_no_instance_after_the_server_left(
    peer: Peer, name: str
) -> None:
    """O6: CurrentInstances is 0 for the client that lives on."""
    servers = [peer.create(name), peer.create(name)]
    with namedpipe.open(name) as client:
        assert client.instances == 2
        for server in servers:
            server.close()
        assert client.instances == 0
