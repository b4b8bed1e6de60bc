/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Overlapped operations that are cancelled or lose their handle, and how a
 * program learns that one is over. */

#include "win32_op.h"

/* --------------------------------------------------------------- cancelling */

/* I4 */
static void cancel_ends_the_one_that_is_meant(void)
{
    struct op ops[3];
    struct ends ends = ends_open(MESSAGES, 100, FILE_FLAG_OVERLAPPED);
    for (int i = 0; i < 3; i++) {
        begin_read(ends.server, &ops[i], 9);
    }
    CHECK_FAILS(CancelIoEx(ends.client, &ops[1].overlapped), ERROR_NOT_FOUND);
    CHECK(CancelIoEx(ends.server, &ops[1].overlapped));
    ends_with(ends.server, &ops[1], ERROR_OPERATION_ABORTED, 0);
    CHECK_FAILS(CancelIoEx(ends.server, &ops[1].overlapped), ERROR_NOT_FOUND);
    put(ends.client, "first");
    put(ends.client, "third");
    CHECK_EQ(WaitForSingleObject(ops[2].event, SOON), WAIT_OBJECT_0);
    CHECK_MEM(ops[0].buffer, "first", 5);
    CHECK_MEM(ops[2].buffer, "third", 5);
    ends_with(ends.server, &ops[0], 0, 5);
    ends_with(ends.server, &ops[2], 0, 5);
    ends_close(ends);
}

/* I5 */
static void a_cancelled_write_is_withdrawn(void)
{
    struct op ops[3];
    struct ends ends = ends_open(MESSAGES, 0, FILE_FLAG_OVERLAPPED);
    begin_write(ends.server, &ops[0], "one");
    begin_write(ends.server, &ops[1], "two");
    begin_write(ends.server, &ops[2], "three");
    CHECK(CancelIoEx(ends.server, &ops[1].overlapped));
    ends_with(ends.server, &ops[1], ERROR_OPERATION_ABORTED, 0);
    CHECK(CancelIoEx(ends.server, &ops[0].overlapped));
    ends_with(ends.server, &ops[0], ERROR_OPERATION_ABORTED, 0);
    take(ends.client, "three");
    ends_with(ends.server, &ops[2], 0, 5);
    ends_close(ends);
}

static void cancel_without_an_overlapped_ends_all(void)
{
    struct op read, write;
    struct ends ends = ends_open(MESSAGES, 0, FILE_FLAG_OVERLAPPED);
    CHECK_FAILS(CancelIoEx(ends.server, NULL), ERROR_NOT_FOUND);
    begin_read(ends.server, &read, 9);
    begin_write(ends.server, &write, "withdrawn");
    CHECK(CancelIoEx(ends.server, NULL));
    ends_with(ends.server, &read, ERROR_OPERATION_ABORTED, 0);
    ends_with(ends.server, &write, ERROR_OPERATION_ABORTED, 0);
    ends_close(ends);
}

struct other {
    HANDLE pipe, begun, stop;
    struct op op;
};

static DWORD WINAPI read_and_stay(LPVOID arg)
{
    struct other *other = arg;
    begin_read(other->pipe, &other->op, 9);
    SetEvent(other->begun);
    return WaitForSingleObject(other->stop, SOON);
}

/* I4 */
static void cancel_io_ends_this_threads_operations(void)
{
    struct op op;
    struct ends ends = ends_open(MESSAGES, 0, FILE_FLAG_OVERLAPPED);
    struct other other = {.pipe = ends.server,
                          .begun = CreateEventA(NULL, FALSE, FALSE, NULL),
                          .stop = CreateEventA(NULL, FALSE, FALSE, NULL)};
    CHECK(CancelIo(ends.server));
    HANDLE thread = begin(read_and_stay, &other);
    WaitForSingleObject(other.begun, SOON);
    begin_read(ends.server, &op, 9);
    CHECK(CancelIo(ends.server));
    ends_with(ends.server, &op, ERROR_OPERATION_ABORTED, 0);
    CHECK(!is_set(&other.op));
    put(ends.client, "");
    ends_with(ends.server, &other.op, 0, 0);
    SetEvent(other.stop);
    CHECK_EQ(end(thread), WAIT_OBJECT_0);
    CloseHandle(other.begun);
    CloseHandle(other.stop);
    ends_close(ends);
}

/* O4: and the event is set, though the pipe's handle is gone. */
static void closing_the_handle_ends_what_is_pending(void)
{
    struct op op;
    HANDLE server = create(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, BYTES,
                           100);
    op_init(&op);
    CHECK_FAILS(ConnectNamedPipe(server, &op.overlapped), ERROR_IO_PENDING);
    CloseHandle(server);
    ends_with(server, &op, ERROR_BROKEN_PIPE, 0);
    struct ends ends = ends_open(BYTES, 100, FILE_FLAG_OVERLAPPED);
    begin_read(ends.client, &op, 1);
    CloseHandle(ends.client);
    ends_with(ends.client, &op, ERROR_BROKEN_PIPE, 0);
    CloseHandle(ends.server);
}

/* --------------------------------------------------------------- the signal */

/* I8 */
static void without_an_event_the_pipe_is_the_signal(void)
{
    OVERLAPPED overlapped = {.hEvent = NULL};
    char buffer[9];
    DWORD n = 0;
    struct ends ends = ends_open(BYTES, 100, FILE_FLAG_OVERLAPPED);
    CHECK_FAILS(ReadFile(ends.server, buffer, 9, NULL, &overlapped),
                ERROR_IO_PENDING);
    CHECK_EQ(WaitForSingleObject(ends.server, 0), WAIT_TIMEOUT);
    put(ends.client, "abc");
    CHECK_EQ(WaitForSingleObject(ends.server, SOON), WAIT_OBJECT_0);
    CHECK(GetOverlappedResult(ends.server, &overlapped, &n, TRUE));
    CHECK_EQ(n, 3);
    ends_close(ends);
}

/* I8 */
static void with_an_event_the_pipe_is_only_cleared(void)
{
    struct op op;
    struct ends ends = ends_open(BYTES, 100, FILE_FLAG_OVERLAPPED);
    begin_read(ends.server, &op, 9);
    put(ends.client, "abc");
    ends_with(ends.server, &op, 0, 3);
    CHECK_EQ(WaitForSingleObject(ends.server, 0), WAIT_TIMEOUT);
    put(ends.server, "x");
    CHECK_EQ(WaitForSingleObject(ends.server, 0), WAIT_OBJECT_0);
    ends_close(ends);
}

/* I3 */
static void a_result_can_be_waited_for(void)
{
    struct op op;
    DWORD n = 0;
    struct ends ends = ends_open(BYTES, 100, FILE_FLAG_OVERLAPPED);
    begin_read(ends.server, &op, 9);
    CHECK_FAILS(GetOverlappedResultEx(ends.server, &op.overlapped, &n, 1, TRUE),
                WAIT_TIMEOUT);
    CHECK_FAILS(
        GetOverlappedResultEx(ends.server, &op.overlapped, &n, 0, FALSE),
        ERROR_IO_INCOMPLETE);
    put(ends.client, "abc");
    CHECK(GetOverlappedResult(ends.server, &op.overlapped, &n, TRUE));
    CHECK_EQ(n, 3);
    op_free(&op);
    ends_close(ends);
}

static void waiting_for_a_result_takes_an_automatic_event(void)
{
    char buffer[9];
    DWORD n = 0;
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    OVERLAPPED overlapped = {.hEvent = (HANDLE)((ULONG_PTR)event | 1)};
    struct ends ends = ends_open(BYTES, 100, FILE_FLAG_OVERLAPPED);
    for (int i = 0; i < 2; i++) {
        CHECK_FAILS(ReadFile(ends.server, buffer, 9, NULL, &overlapped),
                    ERROR_IO_PENDING);
        if (i == 0) {
            CHECK(CancelIoEx(ends.server, &overlapped));
            CHECK_FAILS(GetOverlappedResult(ends.server, &overlapped, &n, TRUE),
                        ERROR_OPERATION_ABORTED);
        }
    }
    CHECK_EQ(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
    put(ends.client, "abc");
    CHECK(GetOverlappedResult(ends.server, &overlapped, &n, TRUE));
    CHECK_EQ(n, 3);
    CloseHandle(event);
    ends_close(ends);
}

static void an_event_may_be_closed_while_it_is_needed(void)
{
    struct op op;
    struct ends ends = ends_open(BYTES, 100, FILE_FLAG_OVERLAPPED);
    begin_read(ends.server, &op, 9);
    CloseHandle(op.event);
    put(ends.client, "abc");
    while (!HasOverlappedIoCompleted(&op.overlapped)) {
        Sleep(1);
    }
    CHECK_EQ(op.overlapped.InternalHigh, 3);
    ends_close(ends);
}

int main(void)
{
    check_dir();
    RUN(cancel_ends_the_one_that_is_meant);
    RUN(a_cancelled_write_is_withdrawn);
    RUN(cancel_without_an_overlapped_ends_all);
    RUN(cancel_io_ends_this_threads_operations);
    RUN(closing_the_handle_ends_what_is_pending);
    RUN(without_an_event_the_pipe_is_the_signal);
    RUN(with_an_event_the_pipe_is_only_cleared);
    RUN(a_result_can_be_waited_for);
    RUN(waiting_for_a_result_takes_an_automatic_event);
    RUN(an_event_may_be_closed_while_it_is_needed);
    return check_done();
}
