# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""`./run bench`: namedpipe beside its peers, in one run on this machine.

    run.py [--quick] [--only REGEX] [--repetitions N] [--seconds S] ...

Leaves results.md, results.json and pictures in build/bench, and prints the
tables; the last one says which targets are reached. A quick run takes about a
minute and measures what the targets need, a full one about ten.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import sys
import tempfile
from pathlib import Path

import elsewhere
from cases import PEERS, Case, full_plan
from measure import Bench, Programs, say
from report import all_tables, as_json, machine
from results import Results
from targets import judge_all, quick_plan

ROOT = Path(__file__).resolve().parents[2]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure namedpipe and its peers.")
    parser.add_argument("--quick", action="store_true", help="a minute, not ten")
    parser.add_argument(
        "--only",
        metavar="REGEX",
        help="cases that match, such as '^C .* rt 64 ' or 'Python .* connect'",
    )
    parser.add_argument("--repetitions", type=int, metavar="N")
    parser.add_argument("--seconds", type=float, metavar="S", help="for each sample")
    parser.add_argument("--list", action="store_true", help="print the cases")
    release = ROOT / "build" / "release"
    parser.add_argument(
        "--bench", type=Path, default=release / "tests" / "bench" / "bench"
    )
    parser.add_argument("--lua", default="lua5.4", metavar="COMMAND")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "build" / "bench", metavar="FOLDER"
    )
    chosen = parser.parse_args()
    chosen.out = chosen.out.resolve()
    chosen.bench = chosen.bench.resolve()
    chosen.repetitions = chosen.repetitions or (3 if chosen.quick else 5)
    chosen.seconds = chosen.seconds or (0.05 if chosen.quick else 0.1)
    return chosen


def describe(case: Case) -> str:
    return (
        f"{case.language} {case.peer} {case.mode} {case.size} {case.count}"
        f" {case.situation}"
    )


def raise_limits() -> None:
    """A thousand connections have some thousand descriptors."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def write(results: Results, bench: Bench, chosen: argparse.Namespace) -> None:
    verdicts = judge_all(results)
    tables = all_tables(results, verdicts)
    facts = machine(bench.probes)
    lines = [f"{name}: {value}  " for name, value in facts.items()]
    text = "\n".join([*lines, "", *map(str, tables)])
    for peer, reason in results.missing.items():
        text += f"\nNot (fully) measured: {peer}: {reason}  "
    print(text)
    found = as_json(results, verdicts, bench.probes, chosen.repetitions)
    (chosen.out / "results.md").write_text(text + "\n", encoding="utf-8")
    (chosen.out / "results.json").write_text(
        json.dumps(found, indent=1) + "\n", encoding="utf-8"
    )
    try:
        import plots
    except ImportError as error:
        say(f"no pictures: {error}")
        return
    for path in plots.draw(results, chosen.out):
        say(f"wrote {path}")


def main() -> int:
    chosen = arguments()
    if not chosen.bench.exists():
        say(f"{chosen.bench} is not there; `./run bench` builds it")
        return 1
    chosen.out.mkdir(parents=True, exist_ok=True)
    raise_limits()
    outside = elsewhere.find(chosen.out / "peers", everything=not chosen.quick)
    peers = (*PEERS, *outside)
    plan = quick_plan() if chosen.quick else full_plan(peers)
    known = {(peer.language, peer.name) for peer in peers}
    plan = [case for case in plan if case.key in known]
    if chosen.only:
        plan = [case for case in plan if re.search(chosen.only, describe(case) + " ")]
    if chosen.list:
        print(*map(describe, plan), sep="\n")
        return 0
    programs = Programs(chosen.bench, sys.executable, chosen.lua)
    bench = Bench(peers, programs, chosen.seconds)
    # All that any of them leaves in the file system is here.
    work = tempfile.mkdtemp(prefix="np-bench-")
    os.environ.update(TMPDIR=work, NAMEDPIPE_DIR=os.path.join(work, "np"))
    try:
        results = bench.run(plan, chosen.repetitions)
    finally:
        shutil.rmtree(work)
    write(results, bench, chosen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
