# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""python -m namedpipe bench. How fast it is, is no matter of tests."""

import json
import os
import signal
import subprocess
import sys
import tempfile

import pytest

import namedpipe
from conftest import LIMIT, poll_until
from namedpipe import _bench

MEASURES = {measure.name for measure in _bench.MEASURES}


def start(*words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-X", "dev", "-m", "namedpipe", "bench", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        start_new_session=True,
    )


def run(*words: str, **environment: str) -> tuple[int, str, str]:
    with start(*words, **environment) as process:
        output, errors = process.communicate(timeout=2 * LIMIT)
        return process.returncode, output, errors


def test_json_has_a_time_for_each_measure_peer_and_repetition():
    status, output, errors = run("--seconds", "0", "--repetitions", "2", "--json")
    assert (status, errors) == (0, "")
    measured = json.loads(output)["measures"]
    assert measured.keys() == MEASURES
    for times in measured.values():
        assert list(times) == ["namedpipe", "multiprocessing.connection"]
        for values in times.values():
            assert len(values) == 2
            assert all(value > 0 for value in values)


def test_the_table_compares_repetition_by_repetition(monkeypatch, capsys):
    # The machine became four times slower in between: that changes no ratio.
    times = {"namedpipe": [1.0, 4.0, 2.0], "multiprocessing.connection": [3, 12, 8]}
    monkeypatch.setattr(_bench, "run", lambda *_: {"round trip, 64 B": times})
    assert _bench.report(0.0, 3, as_json=False) == 0
    head, row, foot = capsys.readouterr().out.splitlines()
    assert head.split() == [*times, "times", "as", "fast"]
    assert "2 us (1..4)" in row
    assert "8 us (3..12)" in row
    assert row.endswith("3 x (3..4)")
    assert foot.startswith("medians of 3 ")


@pytest.mark.parametrize("words", [["--repetitions", "0"], ["--seconds", "-1"]])
def test_nonsense_is_wrong_usage(words):
    status, output, errors = run(*words)
    assert (status, output) == (2, "")
    assert "must" in errors


@pytest.mark.linux("NAMEDPIPE_DIR")
def test_a_process_that_cannot_serve_is_an_error_not_a_wait():
    status, output, errors = run(NAMEDPIPE_DIR="relative")
    assert (status, output) == (1, "")
    assert errors.endswith("namedpipe: the other process has failed\n")


@pytest.mark.linux("SIGINT to a group of processes")
def test_an_interrupt_ends_both_processes_and_leaves_nothing():
    with tempfile.TemporaryDirectory() as directory:
        with start("--seconds", "60", TMPDIR=directory) as process:
            assert poll_until(lambda: bool(namedpipe.names("bench-*")))
            os.killpg(process.pid, signal.SIGINT)
            output, _ = process.communicate(timeout=2 * LIMIT)
        assert (process.returncode, output) == (130, "")
        assert namedpipe.names("bench-*") == []
        assert os.listdir(directory) == []
