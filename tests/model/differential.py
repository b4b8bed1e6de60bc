# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Random calls on this system's core and on another one's, field by field.

    python -m model.differential COUNT SEED COMMAND...

COMMAND starts conformance.backend on the other system, such as
`tools/wine.sh python.exe -m conformance.backend namedpipe.dll`. Both answers
are compared with each other and with the model. A difference that is not known
ends the program, as does a call that does not end or a process that does, with
the sequence that led there. The last lines say how many calls were compared,
and which known differences were met how often; a sequence ends with the first.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
from typing import NoReturn

from conformance.backend import Local, Remote
from conformance.library import find
from conformance.world import (
    BYTE,
    DUPLEX,
    MESSAGE,
    NOWAIT,
    READ,
    READMODE_MESSAGE,
    WRITE,
)
from model.both import Both, Explained
from model.player import Player

Step = tuple[str, dict[str, object]]

# Seconds; a sequence takes a tenth of one.
LONGEST = 90

SIZES = (0, 1, 2, 4, 5, 6, 9, 10, 11, 20, 240, 301)
VERBS = (
    *("write",) * 5,
    *("read",) * 5,
    *("accept", "peek", "transact", "flush", "disconnect", "cancel", "set_state"),
    *("open", "open", "close", "wait", "create"),
)


def step(chance: random.Random, created: dict[str, object]) -> Step:
    verb = chance.choice(VERBS)
    whom = {"whom": chance.randrange(4)}
    wait = {"wait": chance.random() < 0.5}
    if verb == "create":
        return verb, created
    if verb == "open":
        read_mode = chance.choice((BYTE, created["mode"]))
        return verb, {"access": READ | WRITE, "read_mode": read_mode, "flags": 0}
    if verb == "write":
        # One that gives up may have been read in part on Windows (I5).
        return verb, {**whom, "wait": True, "size": chance.choice(SIZES)}
    if verb == "read":
        return verb, {**whom, **wait, "size": chance.choice(SIZES)}
    if verb == "peek":
        return verb, {**whom, "size": chance.choice(SIZES)}
    if verb == "transact":
        sizes = {"size": chance.choice(SIZES), "room": chance.choice(SIZES)}
        return verb, {**whom, **wait, **sizes}
    if verb == "set_state":
        modes = (0, NOWAIT, READMODE_MESSAGE, NOWAIT | READMODE_MESSAGE)
        return verb, {**whom, "mode": chance.choice(modes)}
    if verb == "wait":
        return verb, wait
    return verb, {**whom, **wait} if verb in ("accept", "flush") else whom


def sequence(chance: random.Random) -> list[Step]:
    """The instances are alike, as Wine takes the first one's quotas for all
    (O3)."""
    created: dict[str, object] = {
        "mode": chance.choice((BYTE, MESSAGE)),
        "read_mode": 0,
        "access": DUPLEX,
        "most": chance.choice((2, 255)),
        "quotas": (chance.choice((0, 1, 5, 300)), chance.choice((0, 5, 10))),
        "flags": 0,
    }
    opened = {"access": READ | WRITE, "read_mode": created["mode"], "flags": 0}
    steps: list[Step] = [("create", created), ("open", opened)]
    return steps + [step(chance, created) for _ in range(chance.randrange(5, 30))]


def too_long(*_: object) -> NoReturn:
    raise AssertionError(f"a sequence takes more than {LONGEST} seconds")


def play_known(both: Both, player: Player, steps: list[Step]) -> None:
    try:
        for verb, arguments in steps:
            player.play(verb, **arguments)
        player.finish()
    except Explained:
        both.reset()


def play(both: Both, steps: list[Step]) -> None:
    player = Player(both)
    signal.alarm(LONGEST)
    try:
        play_known(both, player, steps)
    except BaseException:
        print("the sequence:", *player.history, sep="\n", flush=True)
        raise
    finally:
        signal.alarm(0)


def main(count: int, seed: int, command: list[str]) -> None:
    os.environ.setdefault("NAMEDPIPE_DIR", tempfile.mkdtemp(prefix="np-"))
    other = Remote(find(), command)
    both = Both(Local(find()), other)
    chance = random.Random(seed)
    signal.signal(signal.SIGALRM, too_long)
    played = 0
    try:
        for _ in range(count):
            play(both, sequence(chance))
            played += 1
    finally:
        other.stop()
        print(f"{played} sequences, {both.compared} calls compared, seed {seed}")
        print("known differences:")
        for rule, times in sorted(both.differences.items()):
            print(f"  {rule}: {times}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
