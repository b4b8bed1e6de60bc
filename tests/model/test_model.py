# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Random calls upon one name, each compared with what the model says.

    python -m pytest tests/model --sequences 20000

A step is a verb with numbers and bytes as arguments; whose call it is is a
number too, counted round the ends that are open, so that every step means
something whatever came before it, and sequences shrink well. What was played is
printed as JSON when it fails; player.replay plays it again.

Most sequences begin with a conversation, and the rules that end one are rare:
otherwise nearly all calls would be refused, and nothing of the queues be seen.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from conformance.backend import Local
from conformance.world import (
    BYTE,
    DUPLEX,
    FLAG_FIRST,
    FLAG_NOWAIT,
    INBOUND,
    LISTENING,
    MESSAGE,
    NOWAIT,
    OUTBOUND,
    READ,
    READMODE_MESSAGE,
    WRITE,
    WRITE_ATTRIBUTES,
)
from model.player import Player

pytestmark = pytest.mark.linux("differential.py compares the model with Windows")

whom = st.integers(0, 7)
wait = st.booleans()
quota = st.sampled_from([0, 1, 5, 10, 300])
# Around the quotas, and around the longest record with a length of one byte.
sizes = st.sampled_from([0, 1, 2, 4, 5, 6, 9, 10, 11, 20, 239, 240, 301, 700])
bits = st.sampled_from([0, 0, NOWAIT, READMODE_MESSAGE, NOWAIT | READMODE_MESSAGE])

created = st.fixed_dictionaries(
    {
        "mode": st.sampled_from([MESSAGE, BYTE]),
        "read_mode": st.sampled_from([0, 0, 0, BYTE, MESSAGE]),
        "access": st.sampled_from([DUPLEX] * 8 + [INBOUND, OUTBOUND]),
        "most": st.sampled_from([255, 255, 1, 2, 3]),
        "quotas": st.tuples(quota, quota),
        "flags": st.sampled_from([0, 0, 0, 0, FLAG_NOWAIT, FLAG_FIRST]),
    }
)

# None: what the pipe allows, and its own type.
opened = st.fixed_dictionaries(
    {
        "access": st.sampled_from(
            [None] * 8 + [READ | WRITE, READ, WRITE, 0, READ | WRITE_ATTRIBUTES]
        ),
        "read_mode": st.sampled_from([None, None, None, 0, BYTE, MESSAGE]),
        "flags": st.sampled_from([0, 0, 0, 0, FLAG_NOWAIT]),
    }
)

# The client's rights that suit a direction.
SUITS = {0: 0, INBOUND: WRITE, OUTBOUND: READ, DUPLEX: READ | WRITE}


class Conversations(RuleBasedStateMachine):
    """The pipe, as Player plays it on both sides."""

    backend: Local

    def __init__(self) -> None:
        super().__init__()
        self.player = Player(self.backend, write="write_counted")

    def listens(self) -> bool:
        return any(i.state == LISTENING for i in self.player.model.instances)

    def somebody(self) -> bool:
        return bool(self.player.model.ends)

    @initialize(instances=st.lists(created, min_size=1, max_size=3), clients=whom)
    def begin(self, instances: list[dict], clients: int) -> None:
        """Others of a name mostly agree with the first."""
        for instance in instances:
            same = {key: instances[0][key] for key in ("mode", "access")}
            self.player.play("create", **{**instance, **same})
        for _ in range(clients % 3 + 1):
            self.client(None, None, 0)

    def client(self, access: int | None, read_mode: int | None, flags: int) -> None:
        model = self.player.model
        if access is None:
            access = SUITS[model.access]
        if read_mode is None:
            read_mode = model.mode
        self.player.play("open", access=access, read_mode=read_mode, flags=flags)

    # ------------------------------------------------------------- coming, going

    @precondition(lambda self: len(self.player.model.instances) < 4)
    @rule(options=created)
    def create(self, options: dict) -> None:
        self.player.play("create", **options)

    @precondition(listens)
    @rule(options=opened)
    def open(self, options: dict) -> None:
        self.client(**options)

    @precondition(somebody)
    @rule(whom=whom, wait=wait)
    def accept(self, **step: object) -> None:
        self.player.play("accept", **step)

    @precondition(somebody)
    @rule(
        whom=whom,
        verb=st.sampled_from(["cancel", "cancel", "disconnect", "disconnect", "close"]),
    )
    def end(self, verb: str, **step: object) -> None:
        self.player.play(verb, **step)

    @rule(verb=st.sampled_from(["wait", "names", "open"]), wait=wait, options=opened)
    def name(self, verb: str, wait: bool, options: dict) -> None:
        """On the name; open is mostly one that finds nobody listening."""
        if verb == "open":
            self.client(**options)
        elif verb == "wait":
            self.player.play("wait", wait=wait)
        else:
            self.player.play("names")

    # --------------------------------------------------------------------- data

    @precondition(somebody)
    @rule(whom=whom, size=sizes, wait=wait)
    def write(self, **step: object) -> None:
        self.player.play("write", **step)

    @precondition(somebody)
    @rule(whom=whom, size=sizes, wait=wait)
    def write_more(self, **step: object) -> None:
        self.player.play("write", **step)

    @precondition(somebody)
    @rule(whom=whom, size=sizes, wait=wait)
    def read(self, **step: object) -> None:
        self.player.play("read", **step)

    @precondition(somebody)
    @rule(whom=whom, size=sizes, wait=wait)
    def read_more(self, **step: object) -> None:
        self.player.play("read", **step)

    @precondition(somebody)
    @rule(whom=whom, size=sizes, wait=wait)
    def recv(self, **step: object) -> None:
        self.player.play("recv", **step)

    @precondition(somebody)
    @rule(whom=whom, size=sizes)
    def peek(self, **step: object) -> None:
        self.player.play("peek", **step)

    @precondition(somebody)
    @rule(whom=whom, size=sizes, room=sizes, wait=wait)
    def transact(self, **step: object) -> None:
        self.player.play("transact", **step)

    @precondition(somebody)
    @rule(whom=whom, wait=wait)
    def flush(self, **step: object) -> None:
        self.player.play("flush", **step)

    @precondition(somebody)
    @rule(
        whom=whom,
        what=st.sampled_from(["write", "write", "read", "accept", "flush", "wait"]),
        size=sizes,
    )
    def give_up(self, **step: object) -> None:
        self.player.play("give_up", **step)

    @precondition(somebody)
    @rule(whom=whom, mode=bits)
    def set_state(self, **step: object) -> None:
        self.player.play("set_state", **step)

    def teardown(self) -> None:
        note(json.dumps(self.player.history))
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
