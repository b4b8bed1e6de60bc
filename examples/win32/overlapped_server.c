/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A server of one thread and several clients at a time: each instance always
 * has one operation pending, and the thread waits for whichever is completed
 * first. It sends back what it is sent.
 *
 *     overlapped_server [CLIENTS]     how many to serve; all if not said */

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

#define PIPE_NAME TEXT("\\\\.\\pipe\\np_example")
#define INSTANCES 4
#define BUFFER_BYTES 4096

enum state { CONNECTING, READING, WRITING };

struct instance {
    HANDLE pipe;
    OVERLAPPED overlapped;
    enum state state; /* what is pending */
    DWORD bytes;      /* of buffer */
    char buffer[BUFFER_BYTES];
};

static struct instance instances[INSTANCES];
static HANDLE events[INSTANCES];
static long clients = -1;

static void fail(const char *call)
{
    fprintf(stderr, "%s: error %lu\n", call, (unsigned long)GetLastError());
    exit(EXIT_FAILURE);
}

/* Whether a client is to be waited for. One may be there already, or may have
 * come and gone: what it wrote can be read. */
static BOOL begin_connect(struct instance *instance)
{
    instance->state = CONNECTING;
    if (ConnectNamedPipe(instance->pipe, &instance->overlapped)) {
        return TRUE;
    }
    switch (GetLastError()) {
    case ERROR_IO_PENDING: return TRUE;
    case ERROR_PIPE_CONNECTED:
    case ERROR_NO_DATA: return FALSE;
    default: fail("ConnectNamedPipe");
    }
    return FALSE;
}

/* What is done at once has set the event too, so the wait finds it like what is
 * pending. FALSE: the client has gone. */
static BOOL begun(BOOL done)
{
    return done || GetLastError() == ERROR_IO_PENDING ||
           GetLastError() == ERROR_MORE_DATA;
}

static BOOL begin_read(struct instance *instance)
{
    instance->state = READING;
    return begun(ReadFile(instance->pipe, instance->buffer, BUFFER_BYTES, NULL,
                          &instance->overlapped));
}

static BOOL begin_write(struct instance *instance)
{
    instance->state = WRITING;
    return begun(WriteFile(instance->pipe, instance->buffer, instance->bytes,
                           NULL, &instance->overlapped));
}

static void serve_next(struct instance *instance)
{
    while (!begin_connect(instance) && !begin_read(instance)) {
        DisconnectNamedPipe(instance->pipe);
        clients -= clients > 0;
    }
}

static void end_client(struct instance *instance)
{
    DisconnectNamedPipe(instance->pipe);
    clients -= clients > 0;
    serve_next(instance);
}

/* What was pending is completed. A client that has gone ends in an error. */
static void go_on(struct instance *instance)
{
    DWORD bytes = 0;
    BOOL ok = GetOverlappedResult(instance->pipe, &instance->overlapped, &bytes,
                                  FALSE);

    if (!ok && GetLastError() != ERROR_MORE_DATA) {
        end_client(instance);
        return;
    }
    switch (instance->state) {
    case CONNECTING:
    case WRITING: ok = begin_read(instance); break;
    case READING:
        instance->bytes = bytes;
        ok = begin_write(instance);
        break;
    }
    if (!ok) {
        end_client(instance);
    }
}

static void create(int i)
{
    events[i] = CreateEvent(NULL, TRUE, FALSE, NULL);
    if (events[i] == NULL) {
        fail("CreateEvent");
    }
    instances[i].overlapped.hEvent = events[i];
    instances[i].pipe = CreateNamedPipe(
        PIPE_NAME, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
        PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT, INSTANCES,
        BUFFER_BYTES, BUFFER_BYTES, 0, NULL);
    if (instances[i].pipe == INVALID_HANDLE_VALUE) {
        fail("CreateNamedPipe");
    }
    serve_next(&instances[i]);
}

/* Nothing of ours may be pending when the buffers go. */
static void destroy(struct instance *instance)
{
    DWORD bytes;

    if (!HasOverlappedIoCompleted(&instance->overlapped)) {
        CancelIoEx(instance->pipe, &instance->overlapped);
        GetOverlappedResult(instance->pipe, &instance->overlapped, &bytes,
                            TRUE);
    }
    CloseHandle(instance->pipe);
    CloseHandle(instance->overlapped.hEvent);
}

int main(int argc, char **argv)
{
    int i;

    if (argc > 1) {
        clients = atol(argv[1]);
    }
    for (i = 0; i < INSTANCES; i++) {
        create(i);
    }
    while (clients != 0) {
        DWORD which = WaitForMultipleObjects(INSTANCES, events, FALSE,
                                             INFINITE);
        if (which >= WAIT_OBJECT_0 + INSTANCES) {
            fail("WaitForMultipleObjects");
        }
        go_on(&instances[which - WAIT_OBJECT_0]);
    }
    for (i = 0; i < INSTANCES; i++) {
        destroy(&instances[i]);
    }
    return EXIT_SUCCESS;
}
