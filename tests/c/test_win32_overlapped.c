/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Overlapped operations: done at once, or pending and then completed. */

#include "win32_op.h"

#define STATUS_MORE 0x80000005u

/* --------------------------------------------------------------- connecting */

/* N2 */
static void connect_is_pending_until_a_client_comes(void)
{
    struct op op;
    DWORD n;
    HANDLE server = create(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES,
                           100);
    op_init(&op);
    CHECK_FAILS(ConnectNamedPipe(server, &op.overlapped), ERROR_IO_PENDING);
    CHECK_FAILS(GetOverlappedResult(server, &op.overlapped, &n, FALSE),
                ERROR_IO_INCOMPLETE);
    CHECK(!is_set(&op));
    HANDLE client = open_end(0, 0);
    ends_with(server, &op, 0, 0);
    CloseHandle(client);
    CloseHandle(server);
}

/* N2: the event is not set and nothing completes. */
static void connect_to_a_client_that_is_there_is_not_pending(void)
{
    struct op op;
    DWORD n;
    HANDLE server = create(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES,
                           100);
    HANDLE client = open_end(0, 0);
    op_init(&op);
    SetEvent(op.event);
    CHECK_FAILS(ConnectNamedPipe(server, &op.overlapped), ERROR_PIPE_CONNECTED);
    CHECK(!is_set(&op));
    CHECK(!HasOverlappedIoCompleted(&op.overlapped));
    CHECK_EQ(op.overlapped.InternalHigh, 4711);
    CHECK_FAILS(GetOverlappedResult(server, &op.overlapped, &n, FALSE),
                ERROR_IO_INCOMPLETE);
    CloseHandle(client);
    CHECK_FAILS(ConnectNamedPipe(server, &op.overlapped), ERROR_NO_DATA);
    CloseHandle(server);
    op_free(&op);
}

/* O4: two pending connects both succeed; a disconnect ends them with 233. */
static void all_pending_connects_end_together(void)
{
    struct op ops[2];
    HANDLE server = create(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES,
                           100);
    for (int i = 0; i < 2; i++) {
        op_init(&ops[i]);
        CHECK_FAILS(ConnectNamedPipe(server, &ops[i].overlapped),
                    ERROR_IO_PENDING);
    }
    HANDLE client = open_end(0, 0);
    ends_with(server, &ops[0], 0, 0);
    ends_with(server, &ops[1], 0, 0);
    CHECK(DisconnectNamedPipe(server));
    op_init(&ops[0]);
    CHECK_FAILS(ConnectNamedPipe(server, &ops[0].overlapped), ERROR_IO_PENDING);
    CHECK(DisconnectNamedPipe(server));
    ends_with(server, &ops[0], ERROR_PIPE_NOT_CONNECTED, 0);
    CloseHandle(client);
    CloseHandle(server);
}

/* N5 */
static void a_cancelled_connect_leaves_the_instance_listening(void)
{
    struct op op;
    HANDLE server = create(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES,
                           100);
    op_init(&op);
    CHECK_FAILS(ConnectNamedPipe(server, &op.overlapped), ERROR_IO_PENDING);
    CHECK(CancelIoEx(server, &op.overlapped));
    ends_with(server, &op, ERROR_OPERATION_ABORTED, 0);
    HANDLE client = open_end(0, 0);
    CHECK_FAILS(ConnectNamedPipe(server, &op.overlapped),
                ERROR_INVALID_HANDLE); /* the event is gone */
    op_init(&op);
    CHECK_FAILS(ConnectNamedPipe(server, &op.overlapped), ERROR_PIPE_CONNECTED);
    op_free(&op);
    CloseHandle(client);
    CloseHandle(server);
}

/* ------------------------------------------------------------------ at once */

/* I1 */
static void what_is_done_at_once_sets_the_event(void)
{
    struct op op;
    DWORD n = 0;
    struct ends ends = ends_open(MESSAGES, 100, FILE_FLAG_OVERLAPPED);
    op_init(&op);
    CHECK(WriteFile(ends.client, "abc", 3, &n, &op.overlapped));
    CHECK_EQ(n, 3);
    ends_with(ends.client, &op, 0, 3);
    op_init(&op);
    n = 0;
    CHECK(ReadFile(ends.server, op.buffer, 100, &n, &op.overlapped));
    CHECK_EQ(n, 3);
    CHECK_EQ(op.overlapped.Internal, 0);
    CHECK_EQ(op.overlapped.InternalHigh, 3);
    ends_with(ends.server, &op, 0, 3);
    ends_close(ends);
}

/* R4 */
static void a_part_of_a_message_is_counted_in_the_overlapped(void)
{
    struct op op;
    DWORD n = 9;
    struct ends ends = ends_open(MESSAGES, 100, FILE_FLAG_OVERLAPPED);
    put(ends.client, "abcdef");
    op_init(&op);
    CHECK_FAILS(ReadFile(ends.server, op.buffer, 4, &n, &op.overlapped),
                ERROR_MORE_DATA);
    CHECK_EQ(n, 0);
    CHECK_EQ(op.overlapped.Internal, STATUS_MORE);
    ends_with(ends.server, &op, ERROR_MORE_DATA, 4);
    take(ends.server, "ef");
    ends_close(ends);
}

/* T1, I1, R1 */
static void what_fails_at_once_leaves_the_overlapped_alone(void)
{
    struct op op;
    DWORD n = 9;
    HANDLE server = create(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                           BYTES | PIPE_NOWAIT, 100);
    op_init(&op);
    SetEvent(op.event);
    CHECK_FAILS(ReadFile(server, op.buffer, 1, &n, &op.overlapped),
                ERROR_PIPE_LISTENING);
    CHECK_EQ(n, 0);
    CHECK(!is_set(&op));
    CHECK_EQ(op.overlapped.Internal, STATUS_PENDING);
    CHECK_EQ(op.overlapped.InternalHigh, 4711);
    HANDLE client = open_end(0, 0);
    CHECK_FAILS(ReadFile(server, op.buffer, 1, &n, &op.overlapped),
                ERROR_NO_DATA);
    CHECK_FAILS(GetOverlappedResultEx(server, &op.overlapped, &n, 1, FALSE),
                WAIT_TIMEOUT);
    CHECK_FAILS(CancelIoEx(server, &op.overlapped), ERROR_NOT_FOUND);
    op_free(&op);
    CloseHandle(client);
    CloseHandle(server);
}

/* A handle that was not made for it waits in the call. */
static void a_synchronous_handle_fills_the_overlapped(void)
{
    struct op op;
    DWORD n = 0;
    struct ends ends = ends_open(MESSAGES, 100, 0);
    put(ends.client, "abc");
    op_init(&op);
    CHECK(ReadFile(ends.server, op.buffer, 100, &n, &op.overlapped));
    CHECK_EQ(n, 3);
    ends_with(ends.server, &op, 0, 3);
    ends_close(ends);
}

/* ------------------------------------------------------------------ reading */

static void a_pending_read_gets_what_comes(void)
{
    struct op op;
    struct ends ends = ends_open(MESSAGES, 100, FILE_FLAG_OVERLAPPED);
    begin_read(ends.server, &op, 100);
    put(ends.client, "abc");
    CHECK_EQ(WaitForSingleObject(op.event, SOON), WAIT_OBJECT_0);
    CHECK_MEM(op.buffer, "abc", 3);
    ends_with(ends.server, &op, 0, 3);
    ends_close(ends);
}

/* R8, WR2 */
static void pending_reads_are_served_in_their_order(void)
{
    struct op ops[8];
    struct ends ends = ends_open(MESSAGES, 100, FILE_FLAG_OVERLAPPED);
    for (int i = 0; i < 8; i++) {
        begin_read(ends.server, &ops[i], 100);
    }
    for (int i = 0; i < 8; i++) {
        char text[2] = {(char)('a' + i), '\0'};
        put(ends.client, text);
    }
    for (int i = 0; i < 8; i++) {
        CHECK_EQ(WaitForSingleObject(ops[i].event, SOON), WAIT_OBJECT_0);
        CHECK_EQ(ops[i].buffer[0], 'a' + i);
        ends_with(ends.server, &ops[i], 0, 1);
    }
    ends_close(ends);
}

/* WR2: the rest of a message is the next pending read's. */
static void a_message_goes_on_in_the_next_pending_read(void)
{
    struct op first, second;
    struct ends ends = ends_open(MESSAGES, 100, FILE_FLAG_OVERLAPPED);
    begin_read(ends.server, &first, 4);
    begin_read(ends.server, &second, 4);
    put(ends.client, "abcdef");
    CHECK_EQ(WaitForSingleObject(second.event, SOON), WAIT_OBJECT_0);
    CHECK_MEM(first.buffer, "abcd", 4);
    CHECK_MEM(second.buffer, "ef", 2);
    ends_with(ends.server, &first, ERROR_MORE_DATA, 4);
    ends_with(ends.server, &second, 0, 2);
    ends_close(ends);
}

/* WR7: a pending read is a read that waits, to the peer as well. */
static void a_nowait_write_fills_a_pending_read(void)
{
    struct op op;
    DWORD n = 0;
    struct ends ends;
    ends.server = create(PIPE_ACCESS_DUPLEX, BYTES | PIPE_NOWAIT, 2);
    ends.client = open_end(FILE_FLAG_OVERLAPPED, 0);
    begin_read(ends.client, &op, 3);
    CHECK(WriteFile(ends.server, "abcdefgh", 8, &n, NULL));
    CHECK_EQ(n, 3);
    ends_with(ends.client, &op, 0, 3);
    ends_close(ends);
}

/* X4 */
static void a_peers_end_ends_pending_reads(void)
{
    struct op ops[2];
    struct ends ends = ends_open(MESSAGES, 100, FILE_FLAG_OVERLAPPED);
    begin_read(ends.server, &ops[0], 9);
    begin_read(ends.server, &ops[1], 9);
    CloseHandle(ends.client);
    ends_with(ends.server, &ops[0], ERROR_BROKEN_PIPE, 0);
    ends_with(ends.server, &ops[1], ERROR_BROKEN_PIPE, 0);
    CloseHandle(ends.server);
}

/* ------------------------------------------------------------------ writing */

/* WR3, P3 */
static void a_write_over_the_quota_is_seen_at_once(void)
{
    struct op op;
    char byte;
    DWORD n, available = 0;
    struct ends ends = ends_open(BYTES, 4, FILE_FLAG_OVERLAPPED);
    begin_write(ends.client, &op, "abcdef");
    CHECK(PeekNamedPipe(ends.server, NULL, 0, NULL, &available, NULL));
    CHECK_EQ(available, 6);
    CHECK(ReadFile(ends.server, &byte, 1, &n, NULL));
    CHECK_EQ(WaitForSingleObject(op.event, 20), WAIT_TIMEOUT);
    CHECK(ReadFile(ends.server, &byte, 1, &n, NULL));
    ends_with(ends.client, &op, 0, 6);
    take(ends.server, "cdef");
    ends_close(ends);
}

/* WR4 */
static void pending_writes_are_read_in_their_order(void)
{
    static const char *const texts[] = {"abc", "d", "ef", "ghi"};
    struct op ops[4];
    struct ends ends = ends_open(MESSAGES, 0, FILE_FLAG_OVERLAPPED);
    for (int i = 0; i < 4; i++) {
        begin_write(ends.server, &ops[i], texts[i]);
    }
    for (int i = 0; i < 4; i++) {
        take(ends.client, texts[i]);
        ends_with(ends.server, &ops[i], 0, (DWORD)strlen(texts[i]));
    }
    ends_close(ends);
}

/* X3 */
static void a_peers_end_ends_pending_writes(void)
{
    struct op op;
    struct ends ends = ends_open(MESSAGES, 1, FILE_FLAG_OVERLAPPED);
    begin_write(ends.server, &op, "never read");
    CloseHandle(ends.client);
    ends_with(ends.server, &op, ERROR_BROKEN_PIPE, 0);
    CloseHandle(ends.server);
}

/* D2 */
static void a_disconnect_ends_what_is_pending_on_both_ends(void)
{
    struct op read, write, other;
    struct ends ends = ends_open(MESSAGES, 1, FILE_FLAG_OVERLAPPED);
    begin_read(ends.server, &read, 9);
    begin_write(ends.server, &write, "never read");
    CHECK(DisconnectNamedPipe(ends.server));
    ends_with(ends.server, &read, ERROR_PIPE_NOT_CONNECTED, 0);
    ends_with(ends.server, &write, ERROR_PIPE_NOT_CONNECTED, 0);
    CloseHandle(ends.client);
    op_init(&other);
    CHECK_FAILS(ConnectNamedPipe(ends.server, &other.overlapped),
                ERROR_IO_PENDING);
    ends.client = open_end(FILE_FLAG_OVERLAPPED, PIPE_READMODE_MESSAGE);
    ends_with(ends.server, &other, 0, 0);
    begin_read(ends.client, &read, 9);
    CHECK(DisconnectNamedPipe(ends.server));
    ends_with(ends.client, &read, ERROR_PIPE_NOT_CONNECTED, 0);
    ends_close(ends);
}

/* -------------------------------------------------------------- transacting */

/* TR2, TR3, TR4 */
static void a_transact_is_pending_until_its_reply(void)
{
    struct op op, second;
    char reply[9];
    struct ends ends = ends_open(MESSAGES, 1, FILE_FLAG_OVERLAPPED);
    op_init(&op);
    op_init(&second);
    CHECK_FAILS(TransactNamedPipe(ends.client, "request", 7, op.buffer, 100,
                                  NULL, &op.overlapped),
                ERROR_IO_PENDING);
    CHECK_FAILS(TransactNamedPipe(ends.client, "again", 5, reply, 9, NULL,
                                  &second.overlapped),
                ERROR_PIPE_BUSY);
    CHECK(!is_set(&second));
    op_free(&second);
    take(ends.server, "request");
    put(ends.server, "r");
    ends_with(ends.client, &op, 0, 1);
    op_init(&op);
    CHECK_FAILS(TransactNamedPipe(ends.client, "second", 6, op.buffer, 100,
                                  NULL, &op.overlapped),
                ERROR_IO_PENDING);
    CHECK(CancelIoEx(ends.client, &op.overlapped));
    ends_with(ends.client, &op, ERROR_OPERATION_ABORTED, 0);
    take(ends.server, "second");
    ends_close(ends);
}

/* N4: a call without an OVERLAPPED waits, on any handle. */
static void an_overlapped_handle_also_waits(void)
{
    struct op op;
    DWORD n = 0;
    struct ends ends = ends_open(MESSAGES, 4, FILE_FLAG_OVERLAPPED);
    begin_read(ends.server, &op, 100);
    CHECK(WriteFile(ends.client, "overquota", 9, &n, NULL));
    CHECK_EQ(n, 9);
    ends_with(ends.server, &op, 0, 9);
    put(ends.server, "back");
    take(ends.client, "back");
    ends_close(ends);
}

/* Each of them waits in a thread, of which there is one for each. */
static void many_operations_can_be_pending(void)
{
    enum { COUNT = 60 };
    static struct op ops[COUNT];
    HANDLE events[COUNT];
    struct ends ends = ends_open(MESSAGES, 100, FILE_FLAG_OVERLAPPED);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++) {
            begin_read(ends.server, &ops[i], 9);
            events[i] = ops[i].event;
        }
        for (int i = 0; i < COUNT; i++) {
            put(ends.client, "x");
        }
        CHECK_EQ(WaitForMultipleObjects(COUNT, events, TRUE, SOON),
                 WAIT_OBJECT_0);
        for (int i = 0; i < COUNT; i++) {
            ends_with(ends.server, &ops[i], 0, 1);
        }
    }
    ends_close(ends);
}

int main(void)
{
    check_dir();
    RUN(connect_is_pending_until_a_client_comes);
    RUN(connect_to_a_client_that_is_there_is_not_pending);
    RUN(all_pending_connects_end_together);
    RUN(a_cancelled_connect_leaves_the_instance_listening);
    RUN(what_is_done_at_once_sets_the_event);
    RUN(a_part_of_a_message_is_counted_in_the_overlapped);
    RUN(what_fails_at_once_leaves_the_overlapped_alone);
    RUN(a_synchronous_handle_fills_the_overlapped);
    RUN(a_pending_read_gets_what_comes);
    RUN(pending_reads_are_served_in_their_order);
    RUN(a_message_goes_on_in_the_next_pending_read);
    RUN(a_nowait_write_fills_a_pending_read);
    RUN(a_peers_end_ends_pending_reads);
    RUN(a_write_over_the_quota_is_seen_at_once);
    RUN(pending_writes_are_read_in_their_order);
    RUN(a_peers_end_ends_pending_writes);
    RUN(a_disconnect_ends_what_is_pending_on_both_ends);
    RUN(a_transact_is_pending_until_its_reply);
    RUN(an_overlapped_handle_also_waits);
    RUN(many_operations_can_be_pending);
    return check_done();
}
