# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The parts of ./run bench: what it would say about given figures, and that its
programs run. How fast anything is, is no matter of tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent / "bench"
sys.path.insert(0, str(BENCH))

import cases  # noqa: E402
import elsewhere  # noqa: E402
import machine  # noqa: E402
import measure  # noqa: E402
import publish  # noqa: E402
import report  # noqa: E402
import targets  # noqa: E402
from cases import KIB, Case  # noqa: E402
from results import Results, load  # noqa: E402

OURS = Case("C", "namedpipe", "rt")
STREAM = Case("C", "stream", "rt")
PACKETS = Case("C", "seqpacket", "rt")


def results(**times: list[float | None]) -> Results:
    made = Results()
    named = {"ours": OURS, "stream": STREAM, "packets": PACKETS}
    for name, values in times.items():
        for value in values:
            made.add(named[name], None if value is None else {"ns": value})
    return made


def at_most(limit: float) -> targets.Target:
    return targets.at_most(limit, "times", OURS, "stream", "seqpacket", what="")


def test_a_target_is_measured_against_the_best_peer():
    verdict = targets.judge(
        at_most(0.5), results(ours=[4.0], stream=[100.0], packets=[8.0])
    )
    assert (verdict.value, verdict.word, verdict.best) == (0.5, "hit", "seqpacket")


def test_ratios_are_taken_within_a_repetition():
    # The machine was ten times slower the second time.
    found = results(ours=[1.0, 10.0, 2.0], stream=[2.0, 20.0, 8.0])
    verdict = targets.judge(at_most(0.4), found)
    assert (verdict.value, verdict.least, verdict.most) == (0.5, 0.25, 0.5)
    assert verdict.word == "miss"


def test_a_repetition_that_failed_pairs_with_nothing():
    found = results(ours=[1.0, None, 3.0], stream=[2.0, 100.0, 6.0])
    assert targets.judge(at_most(1), found).most == 0.5


def test_at_least_means_so_many_times_as_fast():
    target = targets.at_least(15, "times", OURS, "stream", what="")
    assert targets.judge(target, results(ours=[2.0], stream=[32.0])).word == "hit"
    assert targets.judge(target, results(ours=[2.0], stream=[28.0])).word == "miss"


def test_what_was_not_measured_is_neither_hit_nor_miss():
    for found in (results(ours=[1.0]), results(stream=[1.0]), results()):
        assert targets.judge(at_most(1), found).word == "not measured"


def test_a_figure_of_our_own_needs_no_peer():
    idle = Case("C", "namedpipe", "idle", count=1000)
    target = targets.Target("", "at most", 0.1, "%", idle, figure="share", scale=10)
    found = Results()
    found.add(idle, {"share": 0.02})
    assert targets.judge(target, found).word == "miss"


def test_a_full_run_measures_what_the_targets_need(tmp_path):
    peers = (*cases.PEERS, *cases.under_wine(tmp_path))
    assert set(targets.quick_plan()) <= set(cases.full_plan(peers))


def test_only_targets_have_causes_for_a_miss():
    assert targets.CAUSES.keys() <= {target.what for target in targets.TARGETS}


def test_a_miss_says_why_and_a_hit_does_not(monkeypatch):
    monkeypatch.setattr(targets, "CAUSES", {"": "the reason"})
    monkeypatch.setattr(report, "CAUSES", targets.CAUSES)
    found = results(ours=[6.0], stream=[10.0])
    for limit, causes in ((0.5, ["- : the reason"]), (0.7, [])):
        assert report.causes([targets.judge(at_most(limit), found)]) == causes


def test_results_come_back_from_their_file(tmp_path):
    found = results(ours=[1.0, None, 3.0], stream=[2.0, 100.0, 6.0])
    found.facts = {"processor": "one"}
    found.missing = {"C zmq": "not there"}
    found.save(tmp_path / "results.json", [])
    again = load(tmp_path / "results.json")
    assert vars(again) == vars(found)
    assert again.pairs(OURS, STREAM) == [(1.0, 2.0), (3.0, 6.0)]


def test_publishing_writes_between_the_marks_and_nowhere_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{publish.BEGIN}\nold\n{publish.END}\nafter\n")
    for text in ("one\n\n", "two\nlines"):
        publish.put(page, text)
        inside = f"{publish.BEGIN}\n\n{text.rstrip()}\n\n{publish.END}"
        assert page.read_text() == f"before\n{inside}\nafter\n"


@pytest.mark.parametrize("page", ["README.md", "docs/performance.md"])
def test_what_is_published_has_its_place(page):
    text = (BENCH.parents[1] / page).read_text(encoding="utf-8")
    before, rest = text.split(publish.BEGIN)
    assert rest.count(publish.END) == 1
    assert publish.END not in before


# In a process of its own: matplotlib keeps its fonts open.
DRAW = """
import sys
from pathlib import Path
from plots import draw
from results import load
print(*draw(load(Path("results.json")), Path(sys.argv[1])))
"""


@pytest.mark.timeout(120)  # the first time it looks for all fonts there are
def test_pictures_are_the_same_for_the_same_figures(tmp_path):
    pytest.importorskip("matplotlib")
    found = results(ours=[1000.0, 2000.0], stream=[40_000.0, 50_000.0])
    found.save(tmp_path / "results.json", [])
    drawn = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        output = subprocess.check_output(
            [sys.executable, "-c", DRAW, name],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(BENCH)},
            text=True,
        )
        assert output.split() == [os.path.join(name, "round-trips.svg")]
        path = tmp_path / name / "round-trips.svg"
        drawn.append(path.read_text(encoding="utf-8"))
    assert "SPDX-License-Identifier" in drawn[0]
    assert "C namedpipe" in drawn[0]
    assert drawn[0] == drawn[1]


def test_the_summary_has_medians_and_leaves_out_who_is_not_there():
    found = results(ours=[1500.0, 2500.0, 1000.0])
    head, _, row = report.summary(found).splitlines()
    assert head.split(" | ")[1].strip() == "round trip, µs"
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["**C namedpipe**", "1.50", "-", "-", "-", "-"]


def test_the_distance_of_cpus_ignores_where_it_could_not_be_told():
    assert machine.distance([0.0, 100.0, 0.0, 300.0, 200.0]) == "200 ns (100…300)"
    assert machine.distance([0.0]) == "not known"


def test_a_table_has_a_row_for_each_peer_and_says_what_is_missing():
    found = results(ours=[1500.0, 2500.0, 1000.0], stream=[40_000.0])
    found.add(Case("C", "namedpipe", "rt", size=4 * KIB), {"ns": 3000.0})
    table = next(report.message_tables(found))
    assert table.title == "Round trip, µs, two CPUs"
    assert table.heads == ["", "64 B", "4 KiB"]
    assert table.rows == [
        ["C namedpipe", "1.50 (1.00…2.50)", "3.00"],
        ["C stream", "40.0", "-"],
    ]


@pytest.mark.parametrize(
    ("size", "ns", "figure"), [(64, 500.0, 2.0), (4 * KIB, 2048.0, 2.0)]
)
def test_one_way_is_in_messages_or_in_bytes(size, ns, figure):
    assert report.per_second(Case("C", "stream", "ow", size=size), ns) == figure


@pytest.mark.parametrize(
    ("line", "sample"),
    [
        ("uds c pp 64B 250 ns/rt", {"ns": 250.0}),
        ("uds c tp 64B 2000000 msg/s 128.0 MB/s", {"ns": 500.0}),
        ("ring3 c pp 64B 250 ns/rt  cpu 480 ns/op", {"ns": 250.0, "cpu_ns": 480.0}),
        ("something else", None),
    ],
)
def test_programs_from_elsewhere_are_understood(line, sample):
    assert elsewhere.read_line(line) == sample


def bench(tmp_path: Path) -> measure.Bench:
    nowhere = tmp_path / "not-built"
    programs = measure.Programs(nowhere, sys.executable, "lua5.4", "wine")
    return measure.Bench(cases.PEERS, programs, seconds=0.0)


PYTHON_PEERS = ("namedpipe", "multiprocessing", "stream", "seqpacket", "asyncio")
PROGRAMS = [
    *(Case("Python", peer, mode) for peer in PYTHON_PEERS for mode in ("rt", "ow")),
    Case("Python", "namedpipe", "connect", count=3),
    Case("Python", "namedpipe", "lat"),
    Case("Python", "namedpipe", "import"),
    Case("Lua", "namedpipe", "rt"),
    Case("Lua", "namedpipe", "ow"),
    Case("Lua", "fifo", "rt"),
]


@pytest.mark.linux("Unix sockets and fork")
@pytest.mark.parametrize(
    "case", PROGRAMS, ids=lambda c: f"{c.language}-{c.peer}-{c.mode}"
)
def test_a_program_measures(case, tmp_path):
    if case.language == "Lua" and not shutil.which("lua5.4"):
        pytest.skip("no Lua")
    sample = bench(tmp_path).sample(case, 20)
    assert sample["ns"] > 0
    assert sample.get("cpu_ns", 1) > 0
    if case.mode == "lat":
        assert 0 < sample["p50"] <= sample["p99"] <= sample["p999"]


@pytest.mark.linux("Windows does not say which program")
def test_a_program_that_is_not_there_is_missing_and_stops_nothing(tmp_path):
    one = bench(tmp_path)
    assert one.measure(OURS) is None
    assert "not-built" in one.results.missing["C namedpipe"]
