# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What Wine does differently from Windows, and the tests that show it.

Tests named here must fail under Wine, so that a newer Wine shows up; elsewhere
they must pass. A name is that of a test, with its parameters as a pattern where
only some of them differ."""

import ctypes
import fnmatch
import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest


class Difference(NamedTuple):
    rule: str
    windows: str
    wine: str
    tests: tuple[str, ...]


# Wine 8.0.
DIFFERENCES = (
    Difference(
        "C2",
        "255 is the limit, and reported as 255",
        "255 is no limit, and reported as 4294967295",
        (
            "test_compat_peers.py::test_a_client_with_a_peer",
            "test_create.py::test_limit_is_reported[*-255]",
            "test_create.py::test_quotas_are_reported_exactly",
            "test_create.py::test_255_is_no_limit",
        ),
    ),
    Difference(
        "C4",
        "5 for the first instance of a name that is taken",
        "it becomes one more instance",
        (
            "test_create.py::test_first_wants_the_name_for_itself",
            "test_compat_pipes.py::test_instances_are_counted",
            "test_crash.py::test_first_wins_once_over_what_is_left",
            "test_listen.py::test_a_pipe_that_exists_is_not_joined",
            "test_parity.py::test_texts_of_a_conversation",
            "test_python_errors.py::test_a_failure_carries_all_its_fields[*-5]",
            "test_python_server.py::test_a_name_is_served_once",
        ),
    ),
    Difference(
        "D3",
        "1 for the disconnect of a client's end",
        "50",
        (
            "test_disconnect.py::test_a_client_of_a_closed_server_may_not_either",
            "test_disconnect.py::test_not_for_clients",
            "test_states.py::test_cell[*-disconnect, * C*]",
        ),
    ),
    Difference(
        "F3",
        "5 for a wrong access, also when all instances are busy",
        "231",
        ("test_open.py::test_wrong_access_wins_over_busy",),
    ),
    Difference(
        "F4",
        "5 when a client that only reads sets its modes",
        "they are set",
        ("test_open.py::test_a_reading_client_asks_but_changes_nothing",),
    ),
    Difference(
        "FL1",
        "a flush waits for what was written before it",
        "it waits for an empty queue",
        ("test_flush.py::test_what_is_written_later_does_not_delay_it",),
    ),
    Difference(
        "FL2",
        "5 for a flush without the right to write",
        "it succeeds",
        (
            "test_create.py::test_an_inbound_server_only_reads",
            "test_open.py::test_no_access_uses_up_an_instance",
        ),
    ),
    Difference(
        "O3",
        "each instance has quotas of its own",
        "all have those of the first",
        (
            "test_create.py::test_other_mismatches_are_accepted",
            "test_create.py::test_quotas_are_each_instances_own",
        ),
    ),
    Difference(
        "O4",
        "an instance that listens may be disconnected",
        "536",
        (
            "test_accept.py::test_disconnect_ends_a_pending_accept",
            "test_compat_overlapped.py::test_connect_that_can_never_succeed",
            "test_disconnect.py::test_a_listening_instance",
            "test_states.py::test_cell[*-disconnect, listening S]",
        ),
    ),
    Difference(
        "R2",
        "a byte-read that is left with an empty message takes it along",
        "the empty message is kept",
        ("test_read.py::test_a_trailing_empty_message_is_swallowed",),
    ),
    Difference(
        "S4",
        "the peer's process is unknown before a connect and after a disconnect",
        "some process is told",
        (
            "test_compat_calls.py::test_who_is_there",
            "test_disconnect.py::test_all_the_client_may_do_is_close[*-peer]",
            "test_disconnect.py::test_also_after_the_server_has_gone_on[*-peer]",
            "test_state_info.py::test_nobody_is_there",
            "test_state_info.py::test_the_process_is_known_after_it_left",
            "test_states.py::test_cell[*-peer, disconnected ?]",
            "test_states.py::test_cell[*-peer, listening S]",
        ),
    ),
    Difference(
        "S8",
        "the names of all pipes can be listed",
        "66",
        (
            "test_bad_input.py::test_a_create_that_is_refused_makes_nothing",
            "test_names.py::test_any_character_may_be_in_a_name",
            "test_names.py::test_many_names",
            "test_names.py::test_names_are_as_their_creators_wrote_them",
            "test_names.py::test_names_of_other_processes",
            "test_names.py::test_patterns",
            "test_python_lifetime.py::test_it_works_in_a_sub_interpreter",
            "test_python_lifetime.py::test_references_are_balanced",
            "test_python_pipe.py::test_names_lists_what_exists",
        ),
    ),
    Difference(
        "WR7",
        "a nowait write over the quota, with a shorter read waiting, writes nothing",
        "it writes what the read takes",
        ("test_write.py::test_nowait_with_a_read_waiting[*-message-514-0]",),
    ),
    Difference(
        "X5",
        "a write that waits outlives the close of its end",
        "it is dropped",
        ("test_close.py::test_a_write_that_waits_when_its_end_is_closed",),
    ),
)


def is_here() -> bool:
    return sys.platform == "win32" and hasattr(
        ctypes.WinDLL("ntdll"), "wine_get_version"
    )


def _of(item: pytest.Item) -> Iterator[Difference]:
    name = item.nodeid.replace("\\", "/").removeprefix("tests/")
    for difference in DIFFERENCES:
        for test in difference.tests:
            # A bracket is no set of characters here.
            pattern = test.replace("[", "[[]")
            if test == name.split("[")[0] or fnmatch.fnmatchcase(name, pattern):
                yield difference


def expect_differences(items: list[pytest.Item]) -> None:
    for item in items:
        for difference in _of(item):
            reason = f"Wine, {difference.rule}: {difference.wine}"
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
