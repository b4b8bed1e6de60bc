/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Connecting, reading, writing and asking, without OVERLAPPED. */

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "win32_ends.h"

/* --------------------------------------------------------------- connecting */

/* N1, N6, X6 */
static void connect_says_whether_the_client_was_first(void)
{
    HANDLE server = create(PIPE_ACCESS_DUPLEX, MESSAGES, 100);
    HANDLE client = open_end(0, PIPE_READMODE_MESSAGE);
    CHECK_FAILS(ConnectNamedPipe(server, NULL), ERROR_PIPE_CONNECTED);
    CHECK_FAILS(ConnectNamedPipe(client, NULL), ERROR_INVALID_FUNCTION);
    put(client, "last words");
    CloseHandle(client);
    CHECK_FAILS(ConnectNamedPipe(server, NULL), ERROR_NO_DATA);
    take(server, "last words");
    CloseHandle(server);
}

static DWORD WINAPI connect_to_client(LPVOID server)
{
    return ConnectNamedPipe(server, NULL) ? 0 : GetLastError();
}

/* N1 */
static void connect_waits_for_a_client(void)
{
    HANDLE server = create(PIPE_ACCESS_DUPLEX, MESSAGES, 100);
    HANDLE thread = begin(connect_to_client, server);
    await_begun(server);
    HANDLE client = open_end(0, 0);
    DWORD code = end(thread); /* the client may have come between the two */
    CHECK(code == 0 || code == ERROR_PIPE_CONNECTED);
    CHECK_EQ(WaitForSingleObject(server, 0), WAIT_OBJECT_0);
    CloseHandle(client);
    CloseHandle(server);
}

/* N3, R1, D3 */
static void a_nowait_end_never_waits(void)
{
    char byte;
    DWORD n = 7;
    HANDLE server = create(PIPE_ACCESS_DUPLEX, BYTES | PIPE_NOWAIT, 4);
    CHECK_FAILS(ConnectNamedPipe(server, NULL), ERROR_PIPE_LISTENING);
    HANDLE client = open_end(0, 0);
    CHECK_FAILS(ConnectNamedPipe(server, NULL), ERROR_PIPE_CONNECTED);
    CHECK_FAILS(ReadFile(server, &byte, 1, &n, NULL), ERROR_NO_DATA);
    CHECK_EQ(n, 0);
    CHECK(WriteFile(server, "12345", 5, &n, NULL)); /* WR7 */
    CHECK_EQ(n, 0);
    CHECK(WriteFile(server, "1234", 4, &n, NULL));
    CHECK_EQ(n, 4);
    CloseHandle(client);
    CHECK_FAILS(ConnectNamedPipe(server, NULL), ERROR_NO_DATA);
    CHECK(DisconnectNamedPipe(server));
    CHECK_FAILS(DisconnectNamedPipe(server), ERROR_PIPE_NOT_CONNECTED);
    CHECK_FAILS(ConnectNamedPipe(server, NULL), ERROR_PIPE_LISTENING);
    CloseHandle(server);
}

/* ------------------------------------------------------ reading and writing */

/* R3, R4, R5 */
static void a_long_message_comes_in_parts(void)
{
    char buffer[100] = "";
    DWORD n = 99;
    struct ends ends = ends_open(MESSAGES, 100, 0);
    put(ends.client, "abcdefg");
    CHECK_FAILS(ReadFile(ends.server, buffer, 4, &n, NULL), ERROR_MORE_DATA);
    CHECK_EQ(n, 4);
    CHECK_FAILS(ReadFile(ends.server, NULL, 0, &n, NULL), ERROR_MORE_DATA);
    CHECK_EQ(n, 0);
    CHECK(ReadFile(ends.server, buffer + 4, 4, &n, NULL));
    CHECK_EQ(n, 3);
    CHECK_MEM(buffer, "abcdefg", 7);
    ends_close(ends);
}

/* WR1, R7 */
static void an_empty_message_is_a_message(void)
{
    char byte;
    DWORD n = 9;
    struct ends ends = ends_open(MESSAGES, 0, 0);
    CHECK(WriteFile(ends.client, NULL, 0, &n, NULL));
    CHECK_EQ(n, 0);
    n = 9;
    CHECK(ReadFile(ends.server, &byte, 1, &n, NULL));
    CHECK_EQ(n, 0);
    ends_close(ends);
}

/* X2, X4, R7 */
static void what_was_written_outlives_its_writer(void)
{
    char byte;
    DWORD n;
    struct ends ends = ends_open(BYTES, 100, 0);
    put(ends.client, "abc");
    CloseHandle(ends.client);
    take(ends.server, "abc");
    CHECK_FAILS(ReadFile(ends.server, &byte, 1, &n, NULL), ERROR_BROKEN_PIPE);
    CHECK_FAILS(WriteFile(ends.server, "x", 1, &n, NULL), ERROR_NO_DATA);
    CloseHandle(ends.server);
}

/* D1, WR9 and the table of states and calls */
static void each_state_has_its_errors(void)
{
    char byte;
    DWORD n;
    HANDLE server = create(PIPE_ACCESS_DUPLEX, MESSAGES, 100);
    CHECK_FAILS(ReadFile(server, &byte, 1, &n, NULL), ERROR_PIPE_LISTENING);
    CHECK_FAILS(WriteFile(server, "", 0, &n, NULL), ERROR_PIPE_LISTENING);
    CHECK_FAILS(TransactNamedPipe(server, "", 0, &byte, 1, &n, NULL),
                ERROR_BAD_PIPE);
    CHECK(FlushFileBuffers(server));
    HANDLE client = open_end(0, PIPE_READMODE_MESSAGE);
    put(server, "lost");
    CHECK_FAILS(DisconnectNamedPipe(client), ERROR_INVALID_FUNCTION);
    CHECK(DisconnectNamedPipe(server));
    HANDLE ends[] = {server, client};
    for (int i = 0; i < 2; i++) {
        CHECK_FAILS(ReadFile(ends[i], &byte, 1, &n, NULL),
                    ERROR_PIPE_NOT_CONNECTED);
        CHECK_FAILS(WriteFile(ends[i], "x", 1, &n, NULL),
                    ERROR_PIPE_NOT_CONNECTED);
    }
    CHECK(FlushFileBuffers(server));
    CHECK_FAILS(FlushFileBuffers(client), ERROR_PIPE_NOT_CONNECTED);
    CHECK_FAILS(DisconnectNamedPipe(client), ERROR_PIPE_NOT_CONNECTED);
    CloseHandle(client);
    CloseHandle(server);
}

static void outputs_are_asked_for(void)
{
    char byte;
    DWORD n;
    struct ends ends = ends_open(MESSAGES, 100, 0);
    CHECK_FAILS(ReadFile(ends.server, &byte, 1, NULL, NULL),
                ERROR_INVALID_PARAMETER);
    CHECK_FAILS(WriteFile(ends.server, "x", 1, NULL, NULL),
                ERROR_INVALID_PARAMETER);
    CHECK_FAILS(ReadFile(ends.server, NULL, 1, &n, NULL), ERROR_NOACCESS);
    CHECK_FAILS(WriteFile(ends.server, NULL, 1, &n, NULL), ERROR_NOACCESS);
    CHECK_FAILS(TransactNamedPipe(ends.server, "x", 1, NULL, 1, &n, NULL),
                ERROR_NOACCESS);
    ends_close(ends);
}

/* ------------------------------------------------------------------ looking */

/* P1, P2, P3, P4, P5 */
static void peek_looks_at_the_first_message(void)
{
    char buffer[4];
    DWORD got, available, left;
    struct ends ends = ends_open(MESSAGES, 100, 0);
    CHECK(PeekNamedPipe(ends.server, NULL, 0, NULL, &available, &left));
    CHECK_EQ(available, 0);
    CHECK_EQ(left, 0);
    put(ends.client, "abcdef");
    put(ends.client, "gh");
    CHECK(PeekNamedPipe(ends.server, buffer, 4, &got, &available, &left));
    CHECK_EQ(got, 4);
    CHECK_MEM(buffer, "abcd", 4);
    CHECK_EQ(available, 8);
    CHECK_EQ(left, 2);
    CHECK(PeekNamedPipe(ends.server, NULL, 0, NULL, NULL, NULL));
    take(ends.server, "abcdef");
    ends_close(ends);
}

/* P4 */
static void peek_at_bytes_has_the_left_of_windows(void)
{
    char buffer[4];
    DWORD got, available, left;
    struct ends ends = ends_open(BYTES, 100, 0);
    put(ends.client, "abc");
    put(ends.client, "def");
    CHECK(PeekNamedPipe(ends.server, buffer, 4, &got, &available, &left));
    CHECK_EQ(got, 4);
    CHECK_EQ(available, 6);
    CHECK_EQ(left, 0xFFFFFFFCu);
    ends_close(ends);
}

/* T1 */
static void a_failed_peek_leaves_its_outputs_alone(void)
{
    DWORD got = 1, available = 2, left = 3;
    HANDLE server = create(PIPE_ACCESS_DUPLEX, BYTES, 100);
    CHECK_FAILS(PeekNamedPipe(server, NULL, 0, &got, &available, &left),
                ERROR_BAD_PIPE);
    CHECK_EQ(got + available * 10 + left * 100, 321);
    CloseHandle(server);
}

/* ------------------------------------------------------------------- asking */

static DWORD WINAPI echo_once(LPVOID pipe)
{
    char buffer[100];
    DWORD n;
    BOOL ok = ReadFile(pipe, buffer, sizeof buffer, &n, NULL) &&
              WriteFile(pipe, buffer, n, &n, NULL);
    return ok ? 0 : GetLastError();
}

/* TR3 */
static void transact_is_a_write_and_a_read(void)
{
    char reply[100];
    DWORD n = 0;
    struct ends ends = ends_open(MESSAGES, 1, 0);
    HANDLE thread = begin(echo_once, ends.server);
    CHECK(TransactNamedPipe(ends.client, "request", 7, reply, 100, &n, NULL));
    CHECK_EQ(n, 7);
    CHECK_MEM(reply, "request", 7);
    CHECK_EQ(end(thread), 0);
    thread = begin(echo_once, ends.server);
    CHECK_FAILS(
        TransactNamedPipe(ends.client, "request", 7, reply, 3, &n, NULL),
        ERROR_MORE_DATA);
    CHECK_EQ(n, 3);
    take(ends.client, "uest");
    CHECK_EQ(end(thread), 0);
    ends_close(ends);
}

/* TR1, TR2 */
static void transact_wants_an_empty_message_pipe(void)
{
    char reply[9];
    DWORD n, mode = PIPE_READMODE_BYTE;
    struct ends ends = ends_open(MESSAGES, 100, 0);
    put(ends.server, "unread");
    CHECK_FAILS(TransactNamedPipe(ends.client, "x", 1, reply, 9, &n, NULL),
                ERROR_PIPE_BUSY);
    take(ends.client, "unread");
    CHECK(SetNamedPipeHandleState(ends.client, &mode, NULL, NULL));
    CHECK_FAILS(TransactNamedPipe(ends.client, "x", 1, reply, 9, &n, NULL),
                ERROR_BAD_PIPE);
    ends_close(ends);
}

/* ----------------------------------------------------------------- blocking */

static DWORD WINAPI flush(LPVOID pipe)
{
    return FlushFileBuffers(pipe) ? 0 : GetLastError();
}

/* FL1, FL3 */
static void flush_waits_for_the_reader(void)
{
    struct ends ends = ends_open(MESSAGES, 100, 0);
    put(ends.server, "read this");
    HANDLE thread = begin(flush, ends.server);
    CHECK_EQ(WaitForSingleObject(thread, 20), WAIT_TIMEOUT);
    take(ends.client, "read this");
    CHECK_EQ(end(thread), 0);
    put(ends.server, "this not");
    thread = begin(flush, ends.server);
    while (WaitForSingleObject(thread, 0) == WAIT_TIMEOUT &&
           !CancelIoEx(ends.server, NULL)) {
        Sleep(1); /* until it was blocked */
    }
    CHECK_EQ(end(thread), ERROR_OPERATION_ABORTED);
    ends_close(ends);
}

static DWORD WINAPI read_one(LPVOID pipe)
{
    char byte;
    DWORD n;
    return ReadFile(pipe, &byte, 1, &n, NULL) ? 0 : GetLastError();
}

/* I4 */
static void cancel_ends_a_read_that_blocks(void)
{
    struct ends ends = ends_open(BYTES, 100, 0);
    CHECK_FAILS(CancelIoEx(ends.client, NULL), ERROR_NOT_FOUND);
    HANDLE thread = begin(read_one, ends.client);
    while (!CancelIoEx(ends.client, NULL)) {
        CHECK_EQ(GetLastError(), ERROR_NOT_FOUND);
        Sleep(1);
    }
    CHECK_EQ(end(thread), ERROR_OPERATION_ABORTED);
    put(ends.server, "x");
    take(ends.client, "x");
    ends_close(ends);
}

static atomic_int signals_handled;

static void handle_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals_handled, 1);
}

struct caller {
    HANDLE pipe;
    pthread_t thread;
    bool writes;
    char data[9];
    DWORD moved;
};

static DWORD WINAPI call(LPVOID arg)
{
    struct caller *caller = arg;
    caller->thread = pthread_self();
    BOOL ok =
        caller->writes
            ? WriteFile(caller->pipe, caller->data, 9, &caller->moved, NULL)
            : ReadFile(caller->pipe, caller->data, 9, &caller->moved, NULL);
    return ok ? 0 : GetLastError();
}

/* More than once, and again where a sanitizer put one off. */
static void interrupt(struct caller *caller)
{
    atomic_store(&signals_handled, 0);
    while (atomic_load(&signals_handled) < 5) {
        pthread_kill(caller->thread, SIGUSR1);
        Sleep(1);
    }
}

/* There are no signals on Windows: a program does not expect them. */
static void a_signal_ends_no_call(void)
{
    struct sigaction action = {.sa_handler = handle_signal};
    struct ends ends = ends_open(MESSAGES, 4, 0);
    sigaction(SIGUSR1, &action, NULL);
    struct caller reader = {.pipe = ends.client};
    HANDLE thread = begin(call, &reader);
    await_begun(ends.client);
    interrupt(&reader);
    put(ends.server, "abc");
    CHECK_EQ(end(thread), 0);
    CHECK_EQ(reader.moved, 3);
    struct caller writer = {
        .pipe = ends.server, .writes = true, .data = "overquota"};
    thread = begin(call, &writer);
    await_begun(ends.server);
    interrupt(&writer);
    take(ends.client, "overquota");
    CHECK_EQ(end(thread), 0);
    CHECK_EQ(writer.moved, 9);
    ends_close(ends);
}

int main(void)
{
    check_dir();
    RUN(connect_says_whether_the_client_was_first);
    RUN(connect_waits_for_a_client);
    RUN(a_nowait_end_never_waits);
    RUN(a_long_message_comes_in_parts);
    RUN(an_empty_message_is_a_message);
    RUN(what_was_written_outlives_its_writer);
    RUN(each_state_has_its_errors);
    RUN(outputs_are_asked_for);
    RUN(peek_looks_at_the_first_message);
    RUN(peek_at_bytes_has_the_left_of_windows);
    RUN(a_failed_peek_leaves_its_outputs_alone);
    RUN(transact_is_a_write_and_a_read);
    RUN(transact_wants_an_empty_message_pipe);
    RUN(flush_waits_for_the_reader);
    RUN(cancel_ends_a_read_that_blocks);
    RUN(a_signal_ends_no_call);
    return check_done();
}
