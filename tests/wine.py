# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What Wine does differently from Windows, and the tests that show it.

Tests named here must fail under Wine, so that a newer Wine shows up; elsewhere
they must pass. Where it depends on which of two things Wine does first, a test
fails sometimes; what may crash Wine's server is skipped. A name is that of a test,
with its parameters as a pattern where only some of them differ."""

import ctypes
import fnmatch
import itertools
from typing import Any, NamedTuple

import pytest


class Difference(NamedTuple):
    rule: str
    windows: str
    wine: str
    tests: tuple[str, ...]
    sometimes: tuple[str, ...] = ()
    crashes: tuple[str, ...] = ()


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
            "conformance/test_create.py::test_255_is_no_limit",
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
            "test_python_cli.py::test_a_name_is_not_served_twice",
            "test_python_errors.py::test_a_failure_carries_all_its_fields[*-5]",
            "test_python_server.py::test_a_name_is_served_once",
            "conformance/test_create.py::test_first_means_first",
        ),
    ),
    Difference(
        "C7",
        "a later instance of a byte pipe cannot read messages",
        "it is let",
        (
            "test_create.py::test_a_byte_pipe_stays_one",
            "conformance/test_create.py::test_a_later_instance_has_the_pipes_type[*-byte]",
            "conformance/test_create.py"
            "::test_a_later_instance_cannot_read_messages_of_bytes",
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
            "conformance/test_connect.py::test_a_client_neither_accepts_nor_disconnects",
            "conformance/test_table.py::test_a_*_pipe[*-disconnect-* C]",
        ),
    ),
    Difference(
        "F2",
        "5 for a writer of an outbound pipe, and no instance is used up",
        "5, but the instance is used up",
        (
            "test_compat_pipes.py::test_what_a_client_may_ask_for",
            "test_open.py::test_access_must_suit_the_direction[*-out-w]",
            "test_open.py::test_access_must_suit_the_direction[*-out-rw]",
            "test_python_cli.py::test_cat_uses_the_direction_there_is[outbound]",
            "conformance/test_open.py::test_access_and_direction[*-2-2]",
            "conformance/test_open.py::test_access_and_direction[*-3-2]",
        ),
    ),
    Difference(
        "F3",
        "5 for a wrong access, also when all instances are busy",
        "231",
        (
            "test_open.py::test_wrong_access_wins_over_busy",
            "conformance/test_open.py::test_wrong_access_is_found_before_busy",
        ),
    ),
    Difference(
        "F4",
        "5 when a client that only reads sets its modes",
        "they are set",
        (
            "test_open.py::test_a_reading_client_asks_but_changes_nothing",
            "test_python_arguments.py::test_a_clients_access_may_be_a_sum_of_constants",
            "conformance/test_open.py::test_only_who_may_write_attributes_sets_modes",
            "conformance/test_state.py::test_who_may_set",
        ),
    ),
    Difference(
        "FL1",
        "a flush waits for what was written before it",
        "it waits for an empty queue",
        (
            "test_flush.py::test_what_is_written_later_does_not_delay_it",
            "conformance/test_wait.py::test_what_is_written_later_does_not_delay_it",
            "conformance/test_wait.py::test_flushes_of_several_marks",
        ),
    ),
    Difference(
        "FL2",
        "5 for a flush without the right to write",
        "it succeeds",
        (
            "test_create.py::test_an_inbound_server_only_reads",
            "test_open.py::test_no_access_uses_up_an_instance",
            "conformance/test_create.py::test_a_server_that_only_reads",
            "conformance/test_open.py::test_access_to_nothing_takes_an_instance",
            "conformance/test_open.py::test_an_end_does_what_it_asked_for",
        ),
    ),
    Difference(
        "FL3",
        "a flush that waits fails with the end of the conversation",
        "it succeeds",
        ("conformance/test_wait.py::test_flush_when_the_server_disconnects[*-server]",),
        sometimes=(
            "conformance/test_cancel.py::test_all_that_waits_on_a_handle_ends",
            "conformance/test_close.py::test_writers_and_flushers_of_what_was_not_read",
            "conformance/test_connect.py::test_a_disconnect_ends_what_waits",
            "conformance/test_wait.py::test_flush_when_the_other_end_closes",
            "test_crash.py::test_a_blocked_call_ends[*-flush-*]",
            "test_flush.py::test_the_reader_leaves",
        ),
    ),
    Difference(
        "O3",
        "each instance has quotas of its own",
        "all have those of the first",
        (
            "test_create.py::test_other_mismatches_are_accepted",
            "test_create.py::test_quotas_are_each_instances_own",
            "conformance/test_objects.py::test_the_first_instance_fixes_what_the_pipe_is",
            "conformance/test_objects.py::test_quotas_belong_to_an_instance",
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
            "conformance/test_objects.py::test_a_disconnect_while_it_listens",
            "conformance/test_table.py::test_a_*_pipe[*-disconnect-listening S]",
        ),
    ),
    Difference(
        "R2",
        "a byte-read that is left with an empty message takes it along",
        "the empty message is kept",
        (
            "test_read.py::test_a_trailing_empty_message_is_swallowed",
            "conformance/test_read.py::test_empty_messages_read_as_bytes[*-messages1-got1]",
            "conformance/test_read.py::test_empty_messages_read_as_bytes[*-messages4-got4]",
            "conformance/test_read.py::test_empty_messages_read_as_bytes[*-messages5-got5]",
        ),
    ),
    Difference(
        "S2",
        "231 for nowait while a call of the end waits",
        "it is set",
        (
            "test_state_info.py::test_nowait_while_this_end_waits[recv]",
            "conformance/test_state.py::test_nowait_while_a_read_waits",
        ),
        crashes=(
            "test_state_info.py::test_nowait_while_this_end_waits[send]",
            "conformance/test_state.py::test_nowait_while_a_write_waits",
        ),
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
            "conformance/test_connect.py::test_a_disconnect_drops_what_is_unread",
            "conformance/test_state.py::test_who_is_on_the_other_end",
            "conformance/test_table.py::test_a_*_pipe[*-peer-disconnected ?]",
            "conformance/test_table.py::test_a_*_pipe[*-peer-listening S]",
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
            "test_python_cli.py::test_list_prints_names",
            "test_python_lifetime.py::test_it_works_in_a_sub_interpreter",
            "test_python_lifetime.py::test_references_are_balanced",
            "test_python_pipe.py::test_names_lists_what_exists",
            "conformance/test_names.py::test_case_is_kept_for_display",
            "conformance/test_open.py::test_looking_takes_nothing",
            "conformance/test_state.py::test_pipes_are_listed",
        ),
    ),
    Difference(
        "WR7",
        "a nowait write over the quota, with a shorter read waiting, writes nothing",
        "it writes what the read takes",
        (
            "test_write.py::test_nowait_with_a_read_waiting[*-message-514-0]",
            "conformance/test_write.py::test_nowait[*-2-[1]-514-0]",
            "conformance/test_write.py::test_nowait[*-2-[3,4]-520-0]",
        ),
    ),
    Difference(
        "X5",
        "a write that waits outlives the close of its end",
        "it is dropped",
        (
            "test_close.py::test_a_write_that_waits_when_its_end_is_closed",
            "conformance/test_close.py::test_a_write_that_waits_outlives_its_end",
        ),
    ),
)


# What Windows itself has not, with or without Wine.
WINDOWS = (
    Difference(
        "fileno",
        "no descriptors to poll",
        "the same",
        (
            "test_select.py::test_a_blocked_read_and_the_descriptor",
            "test_select.py::test_a_descriptor_announces_data",
            "test_select.py::test_a_descriptor_announces_room",
            "test_select.py::test_a_descriptor_announces_the_client",
            "test_select.py::test_a_descriptor_announces_the_end",
            "test_select.py::test_a_servers_descriptor",
            "test_select.py::test_threads_wait_while_the_main_thread_polls",
        ),
    ),
    Difference(
        "I5",
        "a write that is taken back does not say how much of it was read",
        "the same",
        ("test_write.py::test_python_tells_how_much_was_read",),
    ),
    Difference(
        "S2",
        "an open that is refused its read mode has used up an instance",
        "the same",
        ("test_open.py::test_message_reads_of_a_byte_pipe",),
    ),
)


def is_here() -> bool:
    return hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


def start_processes_again() -> None:
    """One of some thousands of processes, whatever its program, ends under Wine 8.0
    before it has begun; who starts it gets this error, and nothing has run."""
    import _winapi

    error_internal_error = 1359
    create = _winapi.CreateProcess

    def create_again(*arguments: Any) -> Any:
        try:
            return create(*arguments)
        except OSError as error:
            if error.winerror != error_internal_error:
                raise
            return create(*arguments)

    _winapi.CreateProcess = create_again


def _is_named(item: pytest.Item, tests: tuple[str, ...]) -> bool:
    name = item.nodeid.replace("\\", "/").removeprefix("tests/")
    # A bracket is no set of characters here.
    return any(
        test == name.split("[")[0]
        or fnmatch.fnmatchcase(name, test.replace("[", "[[]"))
        for test in tests
    )


def expect_differences(items: list[pytest.Item]) -> None:
    """On Windows."""
    here = WINDOWS + (DIFFERENCES if is_here() else ())
    for item, difference in itertools.product(items, here):
        reason = (
            f"{difference.rule}: Windows: {difference.windows}; Wine: {difference.wine}"
        )
        always = _is_named(item, difference.tests)
        if always or _is_named(item, difference.sometimes):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=always))
        if _is_named(item, difference.crashes):
            reason = f"it may crash Wine's server: {reason}"
            item.add_marker(pytest.mark.skip(reason=reason))
