/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Connecting, reading and writing. With an OVERLAPPED an operation is begun
 * (npw_overlapped.c), without one it is done in the caller's thread. */

#include "npw.h"

/* ------------------------------------------------------------ one operation */

void npw_op_call(struct npw_op *op, uint32_t ms)
{
    np_pipe *np = op->pipe->np;
    op->moved = 0;
    switch (op->verb) {
    case NPW_READ:
        op->code = np_read(np, op->out, op->out_size, &op->moved, ms);
        break;
    case NPW_WRITE:
        op->code = np_write(np, op->in, op->in_size, &op->moved, ms);
        break;
    case NPW_CONNECT: op->code = np_accept(np, ms); break;
    case NPW_TRANSACT:
        op->code = np_transact(np, op->in, op->in_size, op->out, op->out_size,
                               &op->moved, ms);
        break;
    }
    bool done = op->code == NP_OK || op->code == NP_MORE_DATA;
    if (!done) {
        op->moved = 0;
    } else if (op->out) {
        atomic_store(&op->pipe->has_read, true);
    }
}

static int go_on_waiting(void *unused)
{
    (void)unused;
    return 0;
}

/* What was interrupted has moved nothing and is called again. A write or a
 * transact is not: a part of it may have been read, or it was sent. */
void npw_op_do(struct npw_op *op)
{
    bool once = op->verb == NPW_WRITE || op->verb == NPW_TRANSACT;
    np_set_interrupt(once ? go_on_waiting : NULL, NULL);
    do {
        npw_op_call(op, NP_INFINITE);
    } while (op->code == NP_INTERRUPTED);
    np_set_interrupt(NULL, NULL);
}

/* The pipe's handle is cleared while an operation runs and set at its end
 * (I8). */
static void do_here(struct npw_op *op)
{
    struct npw_signal *signal = &op->pipe->base.signal;
    pthread_mutex_lock(&npw_lock);
    npw_signal_clear(signal);
    pthread_mutex_unlock(&npw_lock);
    npw_op_do(op);
    pthread_mutex_lock(&npw_lock);
    npw_signal_set(signal);
    pthread_mutex_unlock(&npw_lock);
}

static BOOL run(HANDLE handle, struct npw_op *op, LPDWORD moved,
                OVERLAPPED *overlapped)
{
    op->pipe = npw_pipe_of(handle);
    if (!op->pipe) {
        return FALSE;
    }
    if (overlapped) {
        npw_op_begin(op, overlapped);
    } else {
        do_here(op);
    }
    npw_let_go(&op->pipe->base);
    /* R4: of a message that is longer, an OVERLAPPED has the count. */
    if (moved && !(overlapped && op->code)) {
        *moved = (DWORD)op->moved;
    }
    return npw_result(op->code);
}

/* -------------------------------------------------------------------- verbs */

/* Windows writes through these pointers, or fails on them. */
static int check(const void *buffer, DWORD size, LPDWORD moved,
                 const OVERLAPPED *overlapped)
{
    if (!buffer && size > 0) {
        return ERROR_NOACCESS;
    }
    if (moved) {
        *moved = 0;
    }
    return moved || overlapped ? NP_OK : NP_INVALID_PARAMETER;
}

BOOL WINAPI ReadFile(HANDLE pipe, LPVOID buffer, DWORD size, LPDWORD read,
                     LPOVERLAPPED overlapped)
{
    struct npw_op op = {.verb = NPW_READ, .out = buffer, .out_size = size};
    int code = check(buffer, size, read, overlapped);
    return code ? npw_fail(code) : run(pipe, &op, read, overlapped);
}

BOOL WINAPI WriteFile(HANDLE pipe, LPCVOID buffer, DWORD size, LPDWORD written,
                      LPOVERLAPPED overlapped)
{
    struct npw_op op = {.verb = NPW_WRITE, .in = buffer, .in_size = size};
    int code = check(buffer, size, written, overlapped);
    return code ? npw_fail(code) : run(pipe, &op, written, overlapped);
}

BOOL WINAPI TransactNamedPipe(HANDLE pipe, LPVOID in, DWORD in_size, LPVOID out,
                              DWORD out_size, LPDWORD read,
                              LPOVERLAPPED overlapped)
{
    struct npw_op op = {.verb = NPW_TRANSACT,
                        .in = in,
                        .in_size = in_size,
                        .out = out,
                        .out_size = out_size};
    int code = check(in, in_size, read, overlapped);
    if (code == NP_OK) {
        code = check(out, out_size, read, overlapped);
    }
    return code ? npw_fail(code) : run(pipe, &op, read, overlapped);
}

BOOL WINAPI ConnectNamedPipe(HANDLE pipe, LPOVERLAPPED overlapped)
{
    struct npw_op op = {.verb = NPW_CONNECT};
    return run(pipe, &op, NULL, overlapped);
}

/* T1: what failed has not touched its outputs. */
BOOL WINAPI PeekNamedPipe(HANDLE handle, LPVOID buffer, DWORD size,
                          LPDWORD read, LPDWORD available, LPDWORD left)
{
    size_t got, avail;
    uint32_t rest;
    struct npw_pipe *pipe = npw_pipe_of(handle);
    if (!pipe) {
        return FALSE;
    }
    int code = np_peek(pipe->np, buffer, size, &got, &avail, &rest);
    npw_let_go(&pipe->base);
    if (code) {
        return npw_fail(code);
    }
    if (read) {
        *read = (DWORD)got;
    }
    if (available) {
        *available = (DWORD)avail;
    }
    if (left) {
        *left = rest;
    }
    return TRUE;
}

BOOL WINAPI FlushFileBuffers(HANDLE handle)
{
    int code;
    struct npw_pipe *pipe = npw_pipe_of(handle);
    if (!pipe) {
        return FALSE;
    }
    do {
        code = np_flush(pipe->np, NP_INFINITE);
    } while (code == NP_INTERRUPTED);
    npw_let_go(&pipe->base);
    return npw_result(code);
}

BOOL WINAPI DisconnectNamedPipe(HANDLE handle)
{
    struct npw_pipe *pipe = npw_pipe_of(handle);
    if (!pipe) {
        return FALSE;
    }
    int code = np_disconnect(pipe->np);
    if (code == NP_OK) {
        atomic_store(&pipe->has_read, false);
        pthread_mutex_lock(&npw_lock);
        npw_signal_clear(&pipe->base.signal);
        pthread_mutex_unlock(&npw_lock);
    }
    npw_let_go(&pipe->base);
    return npw_result(code);
}
