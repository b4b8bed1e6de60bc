/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The tutorial's client: open, or wait until an instance is free; send one
 * message, read the reply.
 *
 *     client_tutorial [MESSAGE [WAIT]]
 *
 * WAIT is "forever", "default" or milliseconds. */

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIPE_NAME TEXT("\\\\.\\pipe\\np_example")
#define BUFFER_BYTES 512

static void show(const TCHAR *text, DWORD bytes)
{
#ifdef UNICODE
    char utf8[2 * BUFFER_BYTES];
    int n = WideCharToMultiByte(CP_UTF8, 0, text, (int)(bytes / sizeof(TCHAR)),
                                utf8, sizeof utf8, NULL, NULL);
    printf("%.*s", n, utf8);
#else
    printf("%.*s", (int)bytes, text);
#endif
}

/* The TCHARs of an argument; how many bytes they have. */
static DWORD text_of(const char *argument, TCHAR *text, int room)
{
#ifdef UNICODE
    int n = MultiByteToWideChar(CP_ACP, 0, argument, -1, text, room);
    return n > 0 ? (DWORD)(n - 1) * sizeof(TCHAR) : 0;
#else
    snprintf(text, (size_t)room, "%s", argument);
    return (DWORD)strlen(text);
#endif
}

static int complain(const char *call)
{
    fprintf(stderr, "%s: error %lu\n", call, (unsigned long)GetLastError());
    return EXIT_FAILURE;
}

static DWORD wait_of(const char *argument)
{
    if (strcmp(argument, "forever") == 0) {
        return NMPWAIT_WAIT_FOREVER;
    }
    if (strcmp(argument, "default") == 0) {
        return NMPWAIT_USE_DEFAULT_WAIT;
    }
    return (DWORD)strtoul(argument, NULL, 10);
}

/* Whoever waits has reserved nothing: another client may be faster. */
static HANDLE open_pipe(DWORD wait)
{
    for (;;) {
        HANDLE pipe = CreateFile(PIPE_NAME, GENERIC_READ | GENERIC_WRITE, 0,
                                 NULL, OPEN_EXISTING, 0, NULL);
        if (pipe != INVALID_HANDLE_VALUE || GetLastError() != ERROR_PIPE_BUSY) {
            return pipe;
        }
        if (!WaitNamedPipe(PIPE_NAME, wait)) {
            return INVALID_HANDLE_VALUE;
        }
    }
}

static int ask(HANDLE pipe, const TCHAR *message, DWORD bytes)
{
    TCHAR reply[BUFFER_BYTES / sizeof(TCHAR)];
    DWORD mode = PIPE_READMODE_MESSAGE;
    DWORD moved = 0;
    BOOL ok;

    if (!SetNamedPipeHandleState(pipe, &mode, NULL, NULL)) {
        return complain("SetNamedPipeHandleState");
    }
    if (!WriteFile(pipe, message, bytes, &moved, NULL)) {
        return complain("WriteFile");
    }
    do {
        ok = ReadFile(pipe, reply, sizeof reply, &moved, NULL);
        if (!ok && GetLastError() != ERROR_MORE_DATA) {
            return complain("ReadFile");
        }
        show(reply, moved);
    } while (!ok);
    putchar('\n');
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    TCHAR message[BUFFER_BYTES];
    DWORD bytes = text_of(argc > 1 ? argv[1] : "hello from a client", message,
                          512);
    DWORD wait = argc > 2 ? wait_of(argv[2]) : 20000;
    int status;
    HANDLE pipe = open_pipe(wait);

    if (pipe == INVALID_HANDLE_VALUE) {
        return complain("CreateFile");
    }
    status = ask(pipe, message, bytes);
    CloseHandle(pipe);
    return status;
}
