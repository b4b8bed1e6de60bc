/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Operations that are completed, cancelled and closed at the same moment: each
 * ends once, and what was sent is read exactly once or was withdrawn. */

#include "win32_op.h"
#include "witness.h"

#define ROUNDS 300

/* The message of a round. */
static DWORD text_of(unsigned round, char text[16])
{
    return (DWORD)snprintf(text, 16, "%u", round);
}

static DWORD result_of(HANDLE pipe, struct op *op, DWORD *moved)
{
    BOOL ok = GetOverlappedResult(pipe, &op->overlapped, moved, TRUE);
    DWORD code = ok ? 0 : GetLastError();
    EXPECT(HasOverlappedIoCompleted(&op->overlapped));
    CloseHandle(op->event);
    return code;
}

/* --------------------------------------------------- reads and their cancel */

static DWORD WINAPI write_all(LPVOID pipe)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        char text[16];
        DWORD n = text_of(i, text), put;
        EXPECT(WriteFile(pipe, text, n, &put, NULL));
    }
    return 0;
}

/* I4: a read that was cancelled has taken nothing. */
static void no_message_is_lost_to_a_cancelled_read(void)
{
    struct ends ends = ends_open(MESSAGES, 8, FILE_FLAG_OVERLAPPED);
    HANDLE writer = begin(write_all, ends.client);
    unsigned read = 0, cancelled = 0;
    while (read < ROUNDS) {
        struct op op;
        char text[16];
        DWORD n = 0;
        op_init(&op);
        if (!ReadFile(ends.server, op.buffer, 16, &n, &op.overlapped)) {
            EXPECT_EQ(GetLastError(), ERROR_IO_PENDING);
            CancelIoEx(ends.server, &op.overlapped);
        }
        DWORD code = result_of(ends.server, &op, &n);
        if (code == 0) {
            EXPECT_EQ(n, text_of(read++, text));
            EXPECT_EQ(memcmp(text, op.buffer, n), 0);
        } else {
            EXPECT_EQ(code, ERROR_OPERATION_ABORTED);
            cancelled++;
        }
    }
    EXPECT_EQ(end(writer), 0);
    printf("# %u reads, %u were cancelled\n", read, cancelled);
    ends_close(ends);
    witness_settle();
}

/* -------------------------------------------------- writes and their cancel */

struct reader {
    HANDLE pipe;
    unsigned count;
    bool read[ROUNDS];
};

static DWORD WINAPI read_all(LPVOID arg)
{
    struct reader *reader = arg;
    char text[17];
    DWORD n;
    unsigned last = 0;
    while (ReadFile(reader->pipe, text, 16, &n, NULL)) {
        text[n] = '\0';
        unsigned round = (unsigned)strtoul(text, NULL, 10);
        EXPECT(round < ROUNDS && (round > last || reader->count == 0));
        reader->read[round % ROUNDS] = true;
        reader->count++;
        last = round;
    }
    return GetLastError();
}

/* I5: a write that was cancelled was never there, one that was not is read. */
static void a_write_is_read_or_withdrawn(void)
{
    static struct reader reader;
    static bool done[ROUNDS];
    struct ends ends = ends_open(MESSAGES, 0, FILE_FLAG_OVERLAPPED);
    reader = (struct reader){.pipe = ends.client};
    HANDLE thread = begin(read_all, &reader);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct op op;
        char text[16];
        DWORD n = text_of(i, text), code;
        op_init(&op);
        if (!WriteFile(ends.server, text, n, NULL, &op.overlapped)) {
            EXPECT_EQ(GetLastError(), ERROR_IO_PENDING);
            CancelIoEx(ends.server, &op.overlapped);
        }
        code = result_of(ends.server, &op, &n);
        EXPECT(code == 0 || code == ERROR_OPERATION_ABORTED);
        done[i] = code == 0;
    }
    FlushFileBuffers(ends.server);
    CloseHandle(ends.server);
    EXPECT_EQ(end(thread), ERROR_BROKEN_PIPE);
    for (unsigned i = 0; i < ROUNDS; i++) {
        EXPECT_EQ(reader.read[i], done[i]);
    }
    printf("# %u of %u writes were read\n", reader.count, ROUNDS);
    CloseHandle(ends.client);
    witness_settle();
}

/* ------------------------------------------------------------------ closing */

struct user {
    HANDLE pipe, go;
    struct op ops[4];
};

/* 0, or the code if closing the handle is no reason for it. */
static DWORD strange(DWORD code)
{
    bool known = code == ERROR_INVALID_HANDLE || code == ERROR_BROKEN_PIPE ||
                 code == ERROR_OPERATION_ABORTED;
    return known ? 0 : code;
}

static DWORD WINAPI use(LPVOID arg)
{
    struct user *user = arg;
    WaitForSingleObject(user->go, SOON);
    for (int i = 0; i < 4; i++) {
        struct op *op = &user->ops[i];
        DWORD n;
        op_init(op);
        BOOL ok =
            i % 2 ? ReadFile(user->pipe, op->buffer, 9, NULL, &op->overlapped)
                  : WriteFile(user->pipe, "abc", 3, NULL, &op->overlapped);
        DWORD code = ok ? 0 : GetLastError();
        if (code == ERROR_IO_PENDING) {
            code = result_of(user->pipe, op, &n);
        } else {
            CloseHandle(op->event);
        }
        EXPECT_EQ(strange(code), 0);
    }
    return 0;
}

/* A handle that another thread closes ends its operations, pending or not. */
static void closing_ends_what_other_threads_do(void)
{
    for (unsigned round = 0; round < ROUNDS / 6; round++) {
        struct ends ends = ends_open(MESSAGES, 0, FILE_FLAG_OVERLAPPED);
        HANDLE go = CreateEventA(NULL, TRUE, FALSE, NULL);
        EXPECT(!ConnectNamedPipe(ends.server, NULL));
        struct user users[3];
        HANDLE threads[3];
        for (int i = 0; i < 3; i++) {
            users[i] = (struct user){.pipe = ends.server, .go = go};
            threads[i] = begin(use, &users[i]);
        }
        SetEvent(go);
        if (round % 2) {
            sched_yield();
        }
        EXPECT(CloseHandle(ends.server));
        for (int i = 0; i < 3; i++) {
            EXPECT_EQ(end(threads[i]), 0);
        }
        CloseHandle(go);
        CloseHandle(ends.client);
    }
    witness_settle();
}

/* ------------------------------------------------------------------- events */

struct turn {
    HANDLE mine, other;
    unsigned taken;
};

static DWORD WINAPI take_turns(LPVOID arg)
{
    struct turn *turn = arg;
    for (unsigned i = 0; i < 10 * ROUNDS; i++) {
        EXPECT_EQ(WaitForSingleObject(turn->mine, SOON), WAIT_OBJECT_0);
        turn->taken++;
        EXPECT(SetEvent(turn->other));
    }
    return 0;
}

static void no_set_of_an_event_is_lost(void)
{
    HANDLE events[] = {CreateEventA(NULL, FALSE, TRUE, NULL),
                       CreateEventA(NULL, FALSE, FALSE, NULL)};
    struct turn turns[] = {{events[0], events[1], 0},
                           {events[1], events[0], 0}};
    HANDLE threads[] = {begin(take_turns, &turns[0]),
                        begin(take_turns, &turns[1])};
    CHECK_EQ(end(threads[0]), 0);
    CHECK_EQ(end(threads[1]), 0);
    CHECK_EQ(turns[0].taken, turns[1].taken);
    CloseHandle(events[0]);
    CloseHandle(events[1]);
    witness_settle();
}

int main(void)
{
    witness_alarm(120);
    check_dir();
    RUN(no_message_is_lost_to_a_cancelled_read);
    RUN(a_write_is_read_or_withdrawn);
    RUN(closing_ends_what_other_threads_do);
    RUN(no_set_of_an_event_is_lost);
    return check_done();
}
