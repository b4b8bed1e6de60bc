/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Two connected ends in the Win32 spelling, and what a failure looks like. */

#ifndef WIN32_ENDS_H
#define WIN32_ENDS_H

#include <stdbool.h>
#include <windows.h>

#include "check.h"

#define NAME "\\\\.\\pipe\\demo"

/* What is broken must not hang: longer than anything takes that works. */
#define SOON 20000

/* A call that gives FALSE (or INVALID_HANDLE_VALUE) and the last error. */
#define CHECK_FAILS(call, code)                                                \
    (SetLastError(0), CHECK_EQ((call), FALSE), CHECK_EQ(GetLastError(), code))
#define CHECK_NO_HANDLE(call, code)                                            \
    (SetLastError(0), CHECK((call) == INVALID_HANDLE_VALUE),                   \
     CHECK_EQ(GetLastError(), code))

struct ends {
    HANDLE server, client;
};

static inline HANDLE create(DWORD open_mode, DWORD pipe_mode, DWORD quota)
{
    HANDLE pipe = CreateNamedPipeA(NAME, open_mode, pipe_mode,
                                   PIPE_UNLIMITED_INSTANCES, quota, quota, 0,
                                   NULL);
    if (pipe == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "%s: create: %u\n", check_test, GetLastError());
        abort();
    }
    return pipe;
}

static inline HANDLE open_end(DWORD flags, DWORD mode)
{
    HANDLE pipe = CreateFileA(NAME, GENERIC_READ | GENERIC_WRITE, 0, NULL,
                              OPEN_EXISTING, flags, NULL);
    if (pipe == INVALID_HANDLE_VALUE ||
        !SetNamedPipeHandleState(pipe, &mode, NULL, NULL)) {
        fprintf(stderr, "%s: open: %u\n", check_test, GetLastError());
        abort();
    }
    return pipe;
}

#define MESSAGES (PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE)
#define BYTES (PIPE_TYPE_BYTE | PIPE_READMODE_BYTE)

/* Both read as the pipe's type says; flags: FILE_FLAG_OVERLAPPED or 0. */
static inline struct ends ends_open(DWORD type, DWORD quota, DWORD flags)
{
    struct ends ends;
    ends.server = create(PIPE_ACCESS_DUPLEX | flags, type, quota);
    ends.client = open_end(flags, type & PIPE_READMODE_MESSAGE);
    return ends;
}

static inline void ends_close(struct ends ends)
{
    CHECK(CloseHandle(ends.client));
    CHECK(CloseHandle(ends.server));
}

static inline void put(HANDLE pipe, const char *text)
{
    DWORD n = 0;
    CHECK(WriteFile(pipe, text, (DWORD)strlen(text), &n, NULL));
    CHECK_EQ(n, strlen(text));
}

/* Whether the next read gives this text. */
static inline void take(HANDLE pipe, const char *text)
{
    char buffer[4096];
    DWORD n = 0;
    CHECK(ReadFile(pipe, buffer, sizeof buffer, &n, NULL));
    CHECK_EQ(n, strlen(text));
    CHECK_MEM(buffer, text, n < strlen(text) ? n : strlen(text));
}

/* A call in another thread. */
static inline HANDLE begin(LPTHREAD_START_ROUTINE start, void *arg)
{
    HANDLE thread = CreateThread(NULL, 0, start, arg, 0, NULL);
    if (!thread) {
        abort();
    }
    return thread;
}

static inline DWORD end(HANDLE thread)
{
    DWORD code = STILL_ACTIVE;
    CHECK_EQ(WaitForSingleObject(thread, SOON), WAIT_OBJECT_0);
    CHECK(GetExitCodeThread(thread, &code));
    CHECK(CloseHandle(thread));
    return code;
}

/* Wait until an operation has begun on a pipe: its handle is cleared (I8). */
static inline void await_begun(HANDLE pipe)
{
    while (WaitForSingleObject(pipe, 0) == WAIT_OBJECT_0) {
        Sleep(1);
    }
}

#endif
