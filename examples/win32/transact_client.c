/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A client that sends each message and gets its reply in one call.
 *
 *     transact_client MESSAGE... */

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIPE_NAME TEXT("\\\\.\\pipe\\np_example")

static int complain(const char *call)
{
    fprintf(stderr, "%s: error %lu\n", call, (unsigned long)GetLastError());
    return EXIT_FAILURE;
}

/* The buffer is small on purpose: the rest of a long reply is read after it. */
static int ask(HANDLE pipe, char *message)
{
    char reply[16];
    DWORD bytes = 0;
    BOOL ok = TransactNamedPipe(pipe, message, (DWORD)strlen(message), reply,
                                sizeof reply, &bytes, NULL);

    while (!ok && GetLastError() == ERROR_MORE_DATA) {
        printf("%.*s", (int)bytes, reply);
        ok = ReadFile(pipe, reply, sizeof reply, &bytes, NULL);
    }
    if (!ok) {
        return complain("TransactNamedPipe");
    }
    printf("%.*s\n", (int)bytes, reply);
    return EXIT_SUCCESS;
}

/* Whoever waits has reserved nothing: another client may be faster. */
static HANDLE open_pipe(void)
{
    HANDLE pipe = INVALID_HANDLE_VALUE;

    while (pipe == INVALID_HANDLE_VALUE) {
        if (!WaitNamedPipe(PIPE_NAME, NMPWAIT_WAIT_FOREVER)) {
            complain("WaitNamedPipe");
            break;
        }
        pipe = CreateFile(
            PIPE_NAME, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
            SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
        if (pipe == INVALID_HANDLE_VALUE && GetLastError() != ERROR_PIPE_BUSY) {
            complain("CreateFile");
            break;
        }
    }
    return pipe;
}

int main(int argc, char **argv)
{
    DWORD mode = PIPE_READMODE_MESSAGE;
    int status = EXIT_SUCCESS;
    HANDLE pipe = open_pipe();
    int i;

    if (pipe == INVALID_HANDLE_VALUE) {
        return EXIT_FAILURE;
    }
    if (!SetNamedPipeHandleState(pipe, &mode, NULL, NULL)) {
        status = complain("SetNamedPipeHandleState");
    }
    for (i = 1; i < argc && status == EXIT_SUCCESS; i++) {
        status = ask(pipe, argv[i]);
    }
    CloseHandle(pipe);
    return status;
}
