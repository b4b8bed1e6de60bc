# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""`./run bench`: namedpipe beside its peers, in one run on this machine.

Leaves results.md, results.json and pictures in build/bench, and prints the
tables; the last one says which targets are reached. A quick run takes about a
minute and measures what the targets need, a full one about ten. --publish puts
the last run into README.md and docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import sys
import tempfile
from pathlib import Path

import elsewhere
import machine
import publish
from cases import PEERS, Case, Peer, full_plan, under_wine
from measure import Bench, Programs, possible, say
from report import whole
from results import Results, load
from targets import as_words, judge_all, quick_plan

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"


def add_what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="a minute, not twenty")
    parser.add_argument(
        "--only",
        metavar="REGEX",
        help="cases that match, such as '^C .* rt 64 ' or 'Python .* connect'",
    )
    parser.add_argument("--list", action="store_true", help="print the cases")
    parser.add_argument("--repetitions", type=int, metavar="N", help="5, or 3 if quick")
    parser.add_argument("--seconds", type=float, metavar="S", help="for each sample")
    parser.add_argument(
        "--publish",
        action="store_true",
        help="measure nothing; put the last run into the documentation",
    )


def add_where(parser: argparse.ArgumentParser) -> None:
    folder = os.environ.get("NAMEDPIPE_BENCH_PEERS")
    parser.add_argument(
        "--peers",
        type=Path,
        default=Path(folder) if folder else None,
        metavar="FOLDER",
        help="programs of more peers, see elsewhere.py; NAMEDPIPE_BENCH_PEERS",
    )
    program = BUILD / "release" / "tests" / "bench" / "bench"
    parser.add_argument("--bench", type=Path, default=program, metavar="PROGRAM")
    parser.add_argument(
        "--windows",
        type=Path,
        default=BUILD / "mingw" / "tests" / "bench_windows.exe",
        metavar="PROGRAM",
        help="the same for Windows, run under Wine if it is there",
    )
    parser.add_argument("--lua", default="lua5.4", metavar="COMMAND")
    parser.add_argument("--out", type=Path, default=BUILD / "bench", metavar="FOLDER")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run bench", description="Measure namedpipe and its peers."
    )
    add_what(parser)
    add_where(parser)
    chosen = parser.parse_args()
    chosen.out = chosen.out.resolve()
    chosen.bench = chosen.bench.resolve()
    chosen.repetitions = chosen.repetitions or (3 if chosen.quick else 5)
    chosen.seconds = chosen.seconds or (0.05 if chosen.quick else 0.08)
    return chosen


def describe(case: Case) -> str:
    return (
        f"{case.language} {case.peer} {case.mode} {case.size} {case.count}"
        f" {case.situation}"
    )


def raise_limits() -> None:
    """Thousands of connections have thousands of descriptors."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def all_peers(chosen: argparse.Namespace) -> tuple[Peer, ...]:
    peers = PEERS
    if chosen.windows.exists():
        peers = (*peers, *under_wine(chosen.windows.resolve()))
    if chosen.peers and not chosen.quick:
        work = chosen.out / "peers"
        peers = (*peers, *elsewhere.find(chosen.peers.resolve(), work))
    return peers


def make_plan(chosen: argparse.Namespace, peers: tuple[Peer, ...]) -> list[Case]:
    known = {(peer.language, peer.name) for peer in peers}
    plan = quick_plan() if chosen.quick else full_plan(peers)
    return [
        case
        for case in plan
        if case.key in known
        and case.situation in possible()
        and (not chosen.only or re.search(chosen.only, describe(case) + " "))
    ]


def measure(
    chosen: argparse.Namespace, peers: tuple[Peer, ...], plan: list[Case]
) -> Results:
    wine = ROOT / "tools" / "wine.sh"
    programs = Programs(chosen.bench, sys.executable, chosen.lua, str(wine))
    bench = Bench(peers, programs, chosen.seconds)
    facts = machine.facts()
    # All that any of them leaves in the file system is here.
    work = tempfile.mkdtemp(prefix="np-bench-")
    os.environ.update(TMPDIR=work, NAMEDPIPE_DIR=os.path.join(work, "np"))
    try:
        results = bench.run(plan, chosen.repetitions)
    finally:
        shutil.rmtree(work)
    results.facts = {
        **facts,
        "cache line there and back": machine.distance(bench.probes),
        "repetitions": f"{chosen.repetitions}, of {chosen.seconds:g} s for each sample",
    }
    return results


def write(results: Results, out: Path) -> None:
    text = whole(results)
    print(text)
    (out / "results.md").write_text(text, encoding="utf-8")
    verdicts = [as_words(one) for one in judge_all(results)]
    results.save(out / "results.json", verdicts)
    try:
        import plots
    except ImportError as error:
        say(f"no pictures: {error}")
        return
    for path in plots.draw(results, out):
        say(f"wrote {path}")


def main() -> int:
    chosen = arguments()
    if chosen.publish:
        publish.publish(load(chosen.out / "results.json"), ROOT)
        return 0
    if not chosen.bench.exists():
        say(f"{chosen.bench} is not there; `./run bench` builds it")
        return 1
    chosen.out.mkdir(parents=True, exist_ok=True)
    peers = all_peers(chosen)
    plan = make_plan(chosen, peers)
    if chosen.list:
        print(*map(describe, plan), sep="\n")
        return 0
    if not plan:
        say(f"no case matches {chosen.only}; --list prints them all")
        return 1
    raise_limits()
    write(measure(chosen, peers, plan), chosen.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
