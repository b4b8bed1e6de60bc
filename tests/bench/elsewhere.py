# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""More peers: programs of a folder that is not part of this project, which
`--peers FOLDER` or NAMEDPIPE_BENCH_PEERS names; without one there are just fewer
peers. What has to be built is built below build/bench. All of these programs
take PEER pp|tp SIZE N and print "... 123 ns/rt" or "... 123 msg/s".
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from cases import BOTH, KIB, MIB, Peer

NAMES = {"rt": "pp", "ow": "tp"}
BUILD_LIMIT = 15 * 60


def succeeds(*command: str | Path) -> bool:
    try:
        process = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=BUILD_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return process.returncode == 0


def make(source: Path, program: Path) -> bool:
    return succeeds("make", "-C", source, f"OUT={program.parent}", program)


def build_rust(source: Path, work: Path) -> Path | None:
    """Cargo writes next to the sources, so these are copied."""
    program = work / "rust" / "target" / "release" / "rs_peers"
    if not program.exists():
        shutil.rmtree(work / "rust", ignore_errors=True)
        shutil.copytree(source / "rs_peers", work / "rust")
        manifest = work / "rust" / "Cargo.toml"
        if not succeeds("cargo", "build", "--release", "--manifest-path", manifest):
            return None
    return program


def find(source: Path, work: Path) -> list[Peer]:
    """The peers that folder has, built if needed, which takes minutes once."""
    work.mkdir(parents=True, exist_ok=True)
    programs: list[tuple[str, str, dict[str, str]]] = [
        ("Python", f"{{python}} {source}/iox2_py.py", {"iceoryx2 events": "iox2ev"}),
        ("Lua", f"{{lua}} {source}/lua_peers.lua", {"cqueues": "cqueues"}),
    ]
    if make(source, work / "c_peers"):
        names = {"stream, framed": "udsfrm", "POSIX queue": "mq"}
        programs.append(("C", str(work / "c_peers"), names))
    if rust := build_rust(source, work):
        names = {"interprocess": "interprocess", "iceoryx2": "iox2"}
        programs.append(("Rust", str(rust), {**names, "iceoryx2 events": "iox2ev"}))
    found = []
    for language, program, names in programs:
        for name, word in names.items():
            command = f"{program} {word} {{pp}} {{size}} {{n}}"
            largest = 4 * KIB if word == "mq" else MIB
            found.append(
                Peer(language, name, command, BOTH, smallest=1, largest=largest)
            )
    return found


def read_line(line: str) -> dict[str, float] | None:
    """Their figures, from what they print."""
    sample = {}
    if time := re.search(r" (\d+) ns/rt", line):
        sample["ns"] = float(time[1])
    elif rate := re.search(r" (\d+) msg/s", line):
        sample["ns"] = 1e9 / max(float(rate[1]), 1.0)
    if cpu := re.search(r"cpu (\d+) ns/op", line):
        sample["cpu_ns"] = float(cpu[1])
    return sample or None
