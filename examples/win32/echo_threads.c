/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A server that gives each client an instance and a thread of its own, and
 * sends back what it is sent.
 *
 *     echo_threads [CLIENTS]     how many to serve; all if not said */

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

#define PIPE_NAME TEXT("\\\\.\\pipe\\np_example")
#define BUFFER_BYTES 4096
#define MAX_WAITED 64

static void complain(const char *call)
{
    fprintf(stderr, "%s: error %lu\n", call, (unsigned long)GetLastError());
}

/* A message that does not fit the buffer comes back as several. */
static DWORD WINAPI echo(LPVOID argument)
{
    HANDLE pipe = (HANDLE)argument;
    char buffer[BUFFER_BYTES];
    DWORD messages = 0;
    DWORD got, put;

    while (ReadFile(pipe, buffer, sizeof buffer, &got, NULL) ||
           GetLastError() == ERROR_MORE_DATA) {
        if (!WriteFile(pipe, buffer, got, &put, NULL) || put != got) {
            break;
        }
        messages++;
    }
    if (GetLastError() != ERROR_BROKEN_PIPE &&
        GetLastError() != ERROR_NO_DATA) {
        complain("a client was lost");
    }
    FlushFileBuffers(pipe);
    DisconnectNamedPipe(pipe);
    CloseHandle(pipe);
    return messages;
}

static HANDLE create(void)
{
    HANDLE pipe = CreateNamedPipe(
        PIPE_NAME, PIPE_ACCESS_DUPLEX,
        PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT,
        PIPE_UNLIMITED_INSTANCES, BUFFER_BYTES, BUFFER_BYTES, 0, NULL);

    if (pipe == INVALID_HANDLE_VALUE) {
        complain("CreateNamedPipe");
        exit(EXIT_FAILURE);
    }
    return pipe;
}

/* One that came and left again is a client too: what it wrote is there. */
static void await_client(HANDLE pipe)
{
    if (!ConnectNamedPipe(pipe, NULL) &&
        GetLastError() != ERROR_PIPE_CONNECTED &&
        GetLastError() != ERROR_NO_DATA) {
        complain("ConnectNamedPipe");
        exit(EXIT_FAILURE);
    }
}

/* The threads of the last clients have to end before the program does. */
static void wait_for(HANDLE *threads, DWORD count)
{
    if (count > 0) {
        WaitForMultipleObjects(count, threads, TRUE, INFINITE);
    }
    while (count-- > 0) {
        DWORD messages = 0;
        GetExitCodeThread(threads[count], &messages);
        printf("a client sent %lu messages\n", (unsigned long)messages);
        CloseHandle(threads[count]);
    }
}

int main(int argc, char **argv)
{
    HANDLE threads[MAX_WAITED];
    DWORD count = 0, id;
    long clients = argc > 1 ? atol(argv[1]) : -1;
    HANDLE pipe = clients != 0 ? create() : NULL;

    while (clients != 0) {
        HANDLE thread, next = NULL;
        await_client(pipe);
        clients -= clients > 0;
        /* Before the thread may close the last instance, and with it the
         * name. */
        if (clients != 0) {
            next = create();
        }
        thread = CreateThread(NULL, 0, echo, pipe, 0, &id);
        if (thread == NULL) {
            complain("CreateThread");
            return EXIT_FAILURE;
        }
        if (argc > 1 && count < MAX_WAITED) {
            threads[count++] = thread;
        } else {
            CloseHandle(thread);
        }
        pipe = next;
    }
    wait_for(threads, count);
    return EXIT_SUCCESS;
}
