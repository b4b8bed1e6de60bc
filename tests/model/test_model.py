# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Random calls upon one name, each compared with what the model says.

    python -m pytest tests/model --sequences 20000

A step is a verb with numbers and bytes as arguments; whose call it is is a
number too, counted round the ends that are open, so that every step means
something whatever came before it, and sequences shrink well.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from conformance.backend import Local
from conformance.world import (
    BYTE,
    DUPLEX,
    FLAG_FIRST,
    FLAG_NOWAIT,
    INBOUND,
    MESSAGE,
    NOWAIT,
    OUTBOUND,
    READ,
    READMODE_MESSAGE,
    WRITE,
    WRITE_ATTRIBUTES,
)
from model.player import Player

whom = st.integers(0, 7)
quotas = st.sampled_from([0, 1, 5, 10, 300])
# Around the quotas, and around the longest record with a length of one byte.
sizes = st.sampled_from([0, 1, 2, 4, 5, 6, 9, 10, 11, 20, 239, 240, 301, 700])
modes = st.sampled_from([BYTE, MESSAGE])
read_modes = st.sampled_from([0, 0, BYTE, MESSAGE])
bits = st.sampled_from([0, 0, NOWAIT, READMODE_MESSAGE, NOWAIT | READMODE_MESSAGE])


class Conversations(RuleBasedStateMachine):
    """The pipe, as Player plays it on both sides."""

    backend: Local

    def __init__(self) -> None:
        super().__init__()
        self.player = Player(self.backend)

    @rule(
        mode=modes,
        read_mode=read_modes,
        access=st.sampled_from([DUPLEX, DUPLEX, DUPLEX, INBOUND, OUTBOUND]),
        most=st.sampled_from([1, 2, 3, 255]),
        quotas=st.tuples(quotas, quotas),
        flags=st.sampled_from([0, 0, 0, FLAG_NOWAIT, FLAG_FIRST]),
    )
    def create(self, **step: object) -> None:
        self.player.play("create", **step)

    @rule(
        access=st.sampled_from(
            [READ | WRITE] * 4 + [READ, WRITE, 0, READ | WRITE_ATTRIBUTES]
        ),
        read_mode=read_modes,
        flags=st.sampled_from([0, 0, 0, FLAG_NOWAIT]),
    )
    def open(self, **step: object) -> None:
        self.player.play("open", **step)

    @rule(whom=whom, wait=st.booleans())
    def accept(self, **step: object) -> None:
        self.player.play("accept", **step)

    @rule(whom=whom, size=sizes, wait=st.booleans())
    def write(self, **step: object) -> None:
        self.player.play("write", **step)

    @rule(whom=whom, size=sizes, wait=st.booleans())
    def write_more(self, **step: object) -> None:
        self.player.play("write", **step)

    @rule(whom=whom, size=sizes, wait=st.booleans())
    def read(self, **step: object) -> None:
        self.player.play("read", **step)

    @rule(whom=whom, size=sizes, wait=st.booleans())
    def read_more(self, **step: object) -> None:
        self.player.play("read", **step)

    @rule(whom=whom, size=sizes)
    def peek(self, **step: object) -> None:
        self.player.play("peek", **step)

    @rule(whom=whom, size=sizes, room=sizes, wait=st.booleans())
    def transact(self, **step: object) -> None:
        self.player.play("transact", **step)

    @rule(whom=whom, wait=st.booleans())
    def flush(self, **step: object) -> None:
        self.player.play("flush", **step)

    @rule(whom=whom)
    def disconnect(self, **step: object) -> None:
        self.player.play("disconnect", **step)

    @rule(whom=whom)
    def cancel(self, **step: object) -> None:
        self.player.play("cancel", **step)

    @rule(whom=whom, mode=bits)
    def set_state(self, **step: object) -> None:
        self.player.play("set_state", **step)

    @rule(whom=whom)
    def close(self, **step: object) -> None:
        self.player.play("close", **step)

    @rule(wait=st.booleans())
    def wait(self, **step: object) -> None:
        self.player.play("wait", **step)

    def teardown(self) -> None:
        self.player.finish()


def test_the_library_does_what_the_model_says(
    pytestconfig: pytest.Config, backend: Local
) -> None:
    sequences = pytestconfig.getoption("sequences", None) or 200
    Conversations.backend = backend
    chosen = settings(
        max_examples=sequences,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=sequences <= 300,
        print_blob=True,
    )
    run_state_machine_as_test(Conversations, settings=chosen)
