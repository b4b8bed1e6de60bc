# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""More peers: programs of a folder that is not part of this project.

NAMEDPIPE_BENCH_PEERS names it, otherwise it is ../shared/bench beside the tree;
without one there are just fewer peers. What has to be built is built below
build/bench. All of these programs take PEER pp|tp SIZE N, the bare ring
SIZE N pp|tp, and print "... 123 ns/rt" or "... 123 msg/s".
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from cases import BOTH, KIB, MIB, RINGS, Peer

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"rt": "pp", "ow": "tp"}
BUILD_LIMIT = 15 * 60


def folder() -> Path | None:
    named = os.environ.get("NAMEDPIPE_BENCH_PEERS")
    path = Path(named) if named else ROOT.parent / "shared" / "bench"
    return path if path.is_dir() else None


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


def find(work: Path, everything: bool) -> list[Peer]:
    """The peers there are, built if needed; some of them take minutes, and are
    only for a run of everything."""
    source = folder()
    if not source:
        return []
    work.mkdir(parents=True, exist_ok=True)
    found = []
    ring = work / "ring_adaptive"
    if make(source, ring):
        for name, option in zip(RINGS, ("", " cap=4194304"), strict=True):
            command = f"{ring} {{size}} {{n}} {{pp}}{option}"
            found.append(Peer("C", name, command, BOTH))
    if not everything:
        return found
    programs: list[tuple[str, str, dict[str, str]]] = [
        ("Python", f"{{python}} {source}/iox2_py.py", {"iceoryx2 events": "iox2ev"}),
        ("Lua", f"{{lua}} {source}/lua_peers.lua", {"cqueues": "cqueues"}),
    ]
    if make(source, work / "c_peers"):
        names = {"libuv": "uv", "stream, framed": "udsfrm", "POSIX queue": "mq"}
        programs.append(("C", str(work / "c_peers"), names))
    if rust := build_rust(source, work):
        names = {"interprocess": "interprocess", "iceoryx2": "iox2"}
        programs.append(("Rust", str(rust), {**names, "iceoryx2 events": "iox2ev"}))
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
