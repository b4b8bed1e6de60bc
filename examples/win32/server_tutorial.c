/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The tutorial's server: one client after the other, a request and a reply in
 * TCHARs. It compiles as it is on Windows and, with namedpipe, elsewhere.
 *
 *     server_tutorial [CLIENTS]     how many to serve; all if not said */

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

#define PIPE_NAME TEXT("\\\\.\\pipe\\np_example")
#define BUFFER_BYTES 4096

/* Print TCHARs that no NUL ends. */
static void show(const TCHAR *text, DWORD bytes)
{
#ifdef UNICODE
    char utf8[2 * BUFFER_BYTES];
    int n = WideCharToMultiByte(CP_UTF8, 0, text, (int)(bytes / sizeof(TCHAR)),
                                utf8, sizeof utf8, NULL, NULL);
    printf("%.*s\n", n, utf8);
#else
    printf("%.*s\n", (int)bytes, text);
#endif
    fflush(stdout);
}

static int complain(const char *call)
{
    fprintf(stderr, "%s: error %lu\n", call, (unsigned long)GetLastError());
    return EXIT_FAILURE;
}

/* A message that is longer than the buffer is served as its parts. */
static void answer(HANDLE pipe)
{
    static const TCHAR reply[] = TEXT("the server says hello");
    TCHAR request[BUFFER_BYTES / sizeof(TCHAR)];
    DWORD bytes = 0;
    DWORD reply_bytes = (DWORD)(sizeof reply - sizeof reply[0]);
    BOOL ok;

    do {
        ok = ReadFile(pipe, request, sizeof request, &bytes, NULL);
        if (!ok && GetLastError() != ERROR_MORE_DATA) {
            complain("ReadFile");
            return;
        }
        show(request, bytes);
    } while (!ok);
    if (!WriteFile(pipe, reply, reply_bytes, &bytes, NULL) ||
        bytes != reply_bytes) {
        complain("WriteFile");
    }
}

static int serve_one(void)
{
    BOOL connected;
    HANDLE pipe = CreateNamedPipe(
        PIPE_NAME, PIPE_ACCESS_DUPLEX,
        PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT,
        PIPE_UNLIMITED_INSTANCES, BUFFER_BYTES, BUFFER_BYTES, 0, NULL);

    if (pipe == INVALID_HANDLE_VALUE) {
        return complain("CreateNamedPipe");
    }
    /* A client may be faster than this call; that is as good. */
    connected = ConnectNamedPipe(pipe, NULL)
                    ? TRUE
                    : (GetLastError() == ERROR_PIPE_CONNECTED);
    if (connected) {
        answer(pipe);
        FlushFileBuffers(pipe); /* the client shall have read the reply */
        DisconnectNamedPipe(pipe);
    }
    CloseHandle(pipe);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    long clients = argc > 1 ? atol(argv[1]) : -1;
    int status = EXIT_SUCCESS;

    while (status == EXIT_SUCCESS && clients != 0) {
        status = serve_one();
        clients -= clients > 0;
    }
    return status;
}
