/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* One overlapped operation. A call that answers ERROR_IO_PENDING waits in the
 * core already, so no test needs to wait for that. */

#ifndef WIN32_OP_H
#define WIN32_OP_H

#include "win32_ends.h"

struct op {
    OVERLAPPED overlapped;
    HANDLE event;
    char buffer[100];
};

static inline void op_init(struct op *op)
{
    memset(op, 0, sizeof *op);
    op->event = CreateEventA(NULL, TRUE, FALSE, NULL);
    op->overlapped.hEvent = op->event;
    op->overlapped.InternalHigh = 4711;
}

static inline void op_free(struct op *op)
{
    CHECK(CloseHandle(op->event));
}

static inline bool is_set(const struct op *op)
{
    return WaitForSingleObject(op->event, 0) == WAIT_OBJECT_0;
}

static inline void begin_read(HANDLE pipe, struct op *op, DWORD size)
{
    DWORD n = 99;
    op_init(op);
    CHECK_FAILS(ReadFile(pipe, op->buffer, size, &n, &op->overlapped),
                ERROR_IO_PENDING);
    CHECK_EQ(n, 0);
    CHECK(!HasOverlappedIoCompleted(&op->overlapped));
}

static inline void begin_write(HANDLE pipe, struct op *op, const char *text)
{
    op_init(op);
    CHECK_FAILS(
        WriteFile(pipe, text, (DWORD)strlen(text), NULL, &op->overlapped),
        ERROR_IO_PENDING);
}

/* What it has become: the code, with n bytes. Frees it. */
static inline void ends_with(HANDLE pipe, struct op *op, DWORD code, DWORD n)
{
    DWORD moved = 99;
    SetLastError(0);
    CHECK_EQ(GetOverlappedResultEx(pipe, &op->overlapped, &moved, SOON, FALSE),
             code == 0);
    CHECK_EQ(GetLastError(), code);
    CHECK_EQ(moved, n);
    CHECK(HasOverlappedIoCompleted(&op->overlapped));
    CHECK(is_set(op));
    op_free(op);
}

#endif
