# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The rules of the specification, a line for each, and what is to be known of how
this project keeps them.

    shown_by  other tests in tests/, "file::name": for what only the Win32 spelling or
              pywin32's shapes let a program see
    decided   what is known of Windows does not agree; what we do
    differs   where we are unlike Windows on purpose, or leave something out
    windows   only Windows can have it, and why; such a rule needs no case

docs/differences.md tells users the same (test_rules.py compares the two).
"""

from typing import NamedTuple


class Rule(NamedTuple):
    id: str
    text: str
    shown_by: tuple[str, ...] = ()
    decided: str = ""
    differs: str = ""
    windows: str = ""


_C = "test_win32_"
_OVERLAPPED = _C + "overlapped.c::"

RULES = (
    # 2. Objects and states
    Rule(
        "O1",
        "a pipe has instances, an instance two ends; modes are an end's",
        differs="an end has one handle: they cannot be duplicated",
    ),
    Rule("O2", "two queues, each with its quota, of waiting reads or of data"),
    Rule("O3", "what the first instance fixes, and what each has of its own"),
    Rule(
        "O4",
        "the four states, and which call or event leads where",
        shown_by=(
            _C + "cancel.c::closing_the_handle_ends_what_is_pending",
            _OVERLAPPED + "all_pending_connects_end_together",
        ),
        decided="disconnecting what listens succeeds, pending accepts fail 233",
    ),
    Rule(
        "O5",
        "an instance made with neither right begins disconnected",
        windows="only NT's own call can make one",
    ),
    Rule(
        "O6",
        "count and name are free when the last server handle closes",
        differs="who is left over is told the instances of the next pipe of the name",
    ),
    # 3. States and calls
    Rule("§3", "the table of states and calls, cell by cell"),
    Rule(
        "T1",
        "a call that fails leaves its outputs alone",
        shown_by=(
            _C + "transfer.c::a_failed_peek_leaves_its_outputs_alone",
            _OVERLAPPED + "what_fails_at_once_leaves_the_overlapped_alone",
        ),
    ),
    # 4. Names
    Rule(
        "NM1",
        "spellings of a name; case does not matter and is kept",
        shown_by=(_C + "pipe.c::a_name_has_many_spellings",),
        differs="a slash is a backslash behind \\\\?\\ too",
    ),
    Rule("NM2", "any character, backslashes and dots included, uncollapsed"),
    Rule(
        "NM3",
        "a pipe's name as a folder in another's",
        decided="a flat table: the two have nothing to do with each other",
    ),
    Rule("NM4", "how long a name may be", decided="256 units in all, else 123"),
    Rule(
        "NM5",
        "what create says of paths that are no pipe's",
        shown_by=(_C + "pipe.c::create_wants_the_path_of_a_pipe",),
    ),
    Rule("NM6", "LOCAL\\ is a part of the name for ordinary processes"),
    Rule(
        "NM7",
        "what wait says of paths that are no pipe's, and of no pipe",
        shown_by=(_C + "pipe.c::waiting_ends_as_windows_says",),
    ),
    # 5. CreateNamedPipe
    Rule(
        "C1",
        "one of three directions, and no unknown bits",
        shown_by=(_C + "pipe.c::create_refuses_unknown_modes_and_impossible_numbers",),
    ),
    Rule("C2", "1 to 255 instances; 255 is no limit, and told as 255"),
    Rule("C3", "bytes cannot be read as messages"),
    Rule("C4", "security, then the limit, then first, then the direction"),
    Rule(
        "C5",
        "FILE_FLAG_FIRST_PIPE_INSTANCE is the bit of WRITE_OWNER",
        shown_by=(_C + "pipe.c::further_instances_are_checked_against_the_first",),
    ),
    Rule("C6", "of all mismatches only the direction's is refused"),
    Rule("C7", "a later instance has the type of the pipe"),
    Rule("C8", "any process of the name's may add instances"),
    Rule(
        "C9",
        "rejecting remote clients is about remote clients",
        shown_by=(_C + "pipe.c::what_there_is_not_is_refused",),
    ),
    Rule(
        "C10",
        "write-through is about remote pipes",
        shown_by=(_C + "pipe.c::what_there_is_not_is_refused",),
    ),
    Rule("C11", "a default time-out of 0 is 50 ms; the first instance's counts"),
    Rule("C12", "sizes are quotas, and told as they were given"),
    Rule(
        "C13",
        "the rights a server's end has by its direction",
        shown_by=(_C + "query.c::queries_need_rights_and_a_conversation",),
    ),
    Rule(
        "C14",
        "inheritable handles and security descriptors",
        shown_by=(_C + "pipe.c::what_there_is_not_is_refused",),
        differs="both are refused: the user is the limit",
    ),
    Rule(
        "C15",
        "failure makes nothing; a new handle is signalled",
        shown_by=(_C + "wait.c::a_pipe_is_set_when_it_has_nothing_to_do",),
    ),
    # 6. CreateFile
    Rule(
        "F1",
        "2 for no pipe, 231 for no free instance, and no waiting",
        shown_by=(_C + "pipe.c::open_never_waits_and_never_creates",),
    ),
    Rule("F2", "access against direction; none at all still takes an instance"),
    Rule("F3", "access or availability first", decided="5 comes before 231"),
    Rule("F4", "every client may query; setting modes is a right of its own"),
    Rule("F5", "a client's end begins with bytes and waiting"),
    Rule("F6", "the instance that has listened longest is taken"),
    Rule(
        "F7",
        "whatever opens the path takes an instance",
        differs="there is no path; exists and names take none",
    ),
    Rule(
        "F8",
        "flags for the quality of service of security",
        shown_by=(_C + "pipe.c::a_client_has_the_access_it_asked_for",),
        differs="accepted, and nothing to affect: there is no impersonation",
    ),
    # 7. Closing
    Rule("X1", "an end closes with its last handle, or with its process"),
    Rule("X2", "what was written stays to be read, then 109"),
    Rule("X3", "what the closing end had not read goes; who waits for that: 109"),
    Rule("X4", "reads that wait fail 109, later writes 232"),
    Rule(
        "X5",
        "writes that wait when their own end closes, or their process dies",
        decided="the reader gets all of one whose process lives on",
        differs="of a dead process's bytes, what stood in shared memory may be read",
    ),
    Rule("X6", "a client that came, wrote and left before the accept: 232, data"),
    Rule("X7", "there is no half-close"),
    # 8. ConnectNamedPipe
    Rule(
        "N1",
        "waits for a client; 535 if there was one, 232 if it has gone",
        shown_by=(_C + "transfer.c::connect_says_whether_the_client_was_first",),
    ),
    Rule(
        "N2",
        "overlapped it never succeeds at once",
        shown_by=(
            _OVERLAPPED + "connect_is_pending_until_a_client_comes",
            _OVERLAPPED + "connect_to_a_client_that_is_there_is_not_pending",
        ),
    ),
    Rule("N3", "a NOWAIT end never succeeds: 536, 535, 232"),
    Rule(
        "N4",
        "an overlapped handle without an OVERLAPPED waits",
        shown_by=(_OVERLAPPED + "an_overlapped_handle_also_waits",),
    ),
    Rule(
        "N5",
        "cancelling it leaves the instance listening",
        shown_by=(_OVERLAPPED + "a_cancelled_connect_leaves_the_instance_listening",),
    ),
    Rule("N6", "1 on a client's end"),
    # 9. DisconnectNamedPipe
    Rule("D1", "the server's alone; drops all that is unread, both ways"),
    Rule(
        "D2",
        "ends what waits on both ends with 233",
        shown_by=(_OVERLAPPED + "a_disconnect_ends_what_is_pending_on_both_ends",),
    ),
    Rule("D3", "twice is 233; no client until the next accept"),
    # 10. WriteFile
    Rule("WR1", "no bytes are nothing, an empty message is one"),
    Rule("WR2", "waiting reads are served first, in order, beyond the quota"),
    Rule("WR3", "it waits until its own unread rest fits the quota, visible at once"),
    Rule(
        "WR4",
        "writers wait in line; empty messages do not",
        differs="what stands in line is in the queue when its turn has come",
    ),
    Rule("WR5", "the count is the full size"),
    Rule("WR6", "a quota of 0: all that is not empty waits to be read"),
    Rule("WR7", "NOWAIT without room: a message nothing, bytes to waiting reads"),
    Rule(
        "WR8",
        "a waiting read reserves quota",
        windows="only NT's query of the quota shows it, which there is not",
    ),
    Rule("WR9", "232, 233, 536 by state, also for no bytes"),
    # 11. ReadFile
    Rule("R1", "an empty pipe is waited for, or 232"),
    Rule(
        "R2",
        "a byte-read crosses writes and never waits to be filled",
        decided="empty messages behind others are passed over",
        differs="it may get less than is announced while a writer still holds the rest",
    ),
    Rule("R3", "a message-read takes one message; 234 for a part"),
    Rule(
        "R4",
        "234 is a warning: the count is told",
        shown_by=(_OVERLAPPED + "a_part_of_a_message_is_counted_in_the_overlapped",),
    ),
    Rule("R5", "a read of nothing waits, takes nothing but an empty message"),
    Rule("R6", "another read mode goes on in the middle of a message"),
    Rule("R7", "0 bytes and success is an empty message, never the end"),
    Rule("R8", "reads that wait are served in their order"),
    Rule(
        "R9",
        "what blocked writers hold can be read",
        differs="as bytes it may take several reads",
    ),
    # 12. PeekNamedPipe
    Rule("P1", "never waits; needs the right to read"),
    Rule(
        "P2",
        "goes by the pipe's type, not the read mode",
        differs="of bytes it may copy less while a writer still holds the rest",
    ),
    Rule("P3", "available is all that is unread"),
    Rule(
        "P4",
        "what is left of the first message",
        decided="of bytes 0 minus what was copied, below the object layers",
    ),
    Rule("P5", "a small buffer is no error; an empty message first"),
    Rule(
        "P6",
        "the number of messages",
        windows="only NT's peek tells it, which there is not",
    ),
    # 13. TransactNamedPipe, CallNamedPipe
    Rule("TR1", "duplex, of messages, read as messages; else 230"),
    Rule("TR2", "231 while something is unread or a read waits"),
    Rule("TR3", "the question needs no room; a long answer is 234"),
    Rule("TR4", "a cancel leaves the question sent; NOWAIT does not apply"),
    Rule(
        "TR5",
        "it may first be pending and fail then",
        shown_by=(_OVERLAPPED + "a_transact_is_pending_until_its_reply",),
    ),
    Rule(
        "CL1",
        "open, wait, open; transact; close; 2, 121, 87, 234",
        shown_by=(_C + "pipe.c::a_call_fails_as_windows_says",),
    ),
    Rule(
        "CL2",
        "the time-outs that mean default, none, ever",
        shown_by=(_C + "pipe.c::waiting_ends_as_windows_says",),
    ),
    # 14. WaitNamedPipe
    Rule("WT1", "success when any instance listens"),
    Rule("WT2", "2 for no pipe, also when the last goes; 121 in the end"),
    Rule("WT3", "new instances and accepts wake all; nothing is reserved"),
    Rule("WT4", "takes nothing; the default is the pipe's"),
    # 15. FlushFileBuffers
    Rule(
        "FL1",
        "waits until the other end has read",
        decided="what was written before it, not what is written meanwhile",
    ),
    Rule("FL2", "nothing to wait for in an empty queue, or one emptied by a cancel"),
    Rule("FL3", "109, 233; two that flush dead-lock; NOWAIT does not apply"),
    # 16. State, info, identity
    Rule(
        "S1",
        "the state of this end, the number of instances",
        shown_by=(_C + "query.c::what_is_for_remote_pipes_is_refused",),
    ),
    Rule(
        "S2",
        "which modes can be set, and who may",
        shown_by=(_C + "query.c::each_end_has_its_own_mode",),
        decided="NOWAIT while calls of this end wait: 231",
    ),
    Rule("S2b", "a mode is of its own end"),
    Rule(
        "S3",
        "info: which end, type, sizes as given, limit; alike on both ends",
        shown_by=(_C + "query.c::info_tells_what_was_created",),
    ),
    Rule(
        "S4",
        "process ids of both ends, kept after a close",
        shown_by=(_C + "query.c::both_ends_know_both_processes",),
        differs="0 (1168) for a process of another PID namespace; no session ids",
    ),
    Rule(
        "S5",
        "the client's computer: 229 for a local one",
        shown_by=(_C + "query.c::both_ends_know_both_processes",),
        differs="there is nothing else to be told: no remote clients, no attributes",
    ),
    Rule(
        "S6",
        "impersonation, from the last data read on",
        shown_by=(_C + "query.c::a_server_learns_its_clients_user_by_reading",),
        differs="only the user's name can be had; a token cannot be passed on",
    ),
    Rule(
        "S7",
        "file type, and NT's file information",
        shown_by=(_C + "pipe.c::a_handle_of_another_kind_is_no_pipe",),
        differs="NT's queries are left out; info and peek tell the same",
    ),
    Rule(
        "S8",
        "pipes can be listed",
        differs="by a call of its own, not as a folder",
    ),
    # 17. Overlapped I/O, cancelling, signals
    Rule(
        "I1",
        "done or failed now, or 997; when the event is set",
        shown_by=(
            _OVERLAPPED + "what_is_done_at_once_sets_the_event",
            _OVERLAPPED + "what_fails_at_once_leaves_the_overlapped_alone",
        ),
    ),
    Rule("I2", "completion ports", windows="left out: events, select, a descriptor"),
    Rule(
        "I3",
        "results: 996, 258, and waiting for them",
        shown_by=(_C + "cancel.c::a_result_can_be_waited_for",),
    ),
    Rule(
        "I4",
        "995 for what is cancelled, 1168 for nothing",
        shown_by=(
            _C + "cancel.c::cancel_ends_the_one_that_is_meant",
            _C + "cancel.c::cancel_io_ends_this_threads_operations",
        ),
    ),
    Rule("I5", "a cancelled write's unread rest goes, a read takes nothing"),
    Rule(
        "I6",
        "one handle of several closes; a process's calls end with it",
        differs="an end has one handle, which ends its calls when it closes",
    ),
    Rule(
        "I7",
        "calls on a synchronous handle wait for each other",
        differs="never",
    ),
    Rule(
        "I8",
        "when the handle itself is signalled",
        shown_by=(
            _C + "cancel.c::without_an_event_the_pipe_is_the_signal",
            _C + "wait.c::a_pipe_is_set_when_it_has_nothing_to_do",
        ),
    ),
    Rule("I9", "completion routines", windows="left out: there are no APCs"),
    # 18. Inheriting
    Rule(
        "H1",
        "inheriting and duplicating handles",
        shown_by=(_C + "pipe.c::handles_stay_with_the_process_that_made_them",),
        differs="a handle is its process's; a child opens the pipe again",
    ),
    Rule(
        "H2",
        "who inherits a client's end is not the client's process",
        windows="nothing is inherited",
    ),
    # 19. CreatePipe
    Rule(
        "A1",
        "an anonymous pipe is a named one",
        shown_by=("test_compat_calls.py::test_an_anonymous_pipe",),
        differs="only pywin32's spelling has the call",
    ),
)
