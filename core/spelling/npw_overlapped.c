/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Operations that are pending.
 *
 * BEGINNING. An operation is tried first. One that would wait is given to a
 * worker thread, which makes the same call without a limit; whoever began it
 * returns ERROR_IO_PENDING only when the worker is in the core and waits there,
 * known to the peer and in its place behind those begun before (R8, WR4). All
 * this is done under the pipe's turn for that direction. The worker may find
 * that there is nothing to wait for after all; then that is the result.
 *
 * COMPLETING. Under npw_lock the worker writes the OVERLAPPED, sets its event,
 * or the pipe's handle if it has none, and forgets both: from then on they are
 * the program's again. The OVERLAPPED of what failed at once is left as it was,
 * STATUS_PENDING, and its event unset, as Windows has it (T1, I1).
 *
 * CANCELLING. np_thread_cancel ends the worker's call and no other on the same
 * handle; the core withdraws a write, and gives a read nothing (I4, I5). A
 * worker is an operation's from npw_op_taken to npw_op_over, both under
 * npw_lock, and so is the cancel: it cannot hit the worker's next one. */

#include <stdlib.h>

#include "npw.h"

static struct npw_op *pending; /* all of them; under npw_lock */

void npw_ops_forget(void)
{
    pending = NULL;
}

/* --------------------------------------------------------------- completing */

static bool has_result(int code)
{
    return code == NP_OK || code == NP_MORE_DATA;
}

/* Under npw_lock. */
static void complete(struct npw_op *op)
{
    op->overlapped->InternalHigh = op->moved;
    op->overlapped->Internal = npw_status_of(op->code);
    npw_signal_set(op->event ? &op->event->signal : &op->pipe->base.signal);
}

static void drop(struct npw_op *op)
{
    pthread_mutex_lock(&npw_lock);
    bool last = --op->owners == 0;
    pthread_mutex_unlock(&npw_lock);
    if (last) {
        npw_let_go(op->event);
        npw_let_go(&op->pipe->base);
        free(op);
    }
}

static void take_off(struct npw_op *op)
{
    struct npw_op **link = &pending;
    while (*link && *link != op) {
        link = &(*link)->next;
    }
    if (*link) {
        *link = op->next;
    }
}

/* What the core says to a thread is not always what the operation is told. */
static int final_code(const struct npw_op *op)
{
    int code = op->code;
    bool client_came = code == NP_PIPE_CONNECTED || code == NP_NO_DATA;
    if (op->verb == NPW_CONNECT && client_came) {
        return NP_OK; /* it came while the operation was pending */
    }
    if (code == NP_INTERRUPTED) {
        return NP_OPERATION_ABORTED;
    }
    bool closed = op->pipe->closed && !op->cancelled;
    return code == NP_OPERATION_ABORTED && closed ? NP_BROKEN_PIPE : code;
}

void npw_op_taken(struct npw_op *op, np_thread *worker)
{
    pthread_mutex_lock(&npw_lock);
    op->worker = worker;
    pthread_mutex_unlock(&npw_lock);
}

bool npw_op_waits(struct npw_op *op)
{
    pthread_mutex_lock(&npw_lock);
    op->waits = true;
    bool cancelled = op->cancelled;
    npw_signal_set(&op->settled);
    pthread_mutex_unlock(&npw_lock);
    return cancelled;
}

void npw_op_over(struct npw_op *op)
{
    pthread_mutex_lock(&npw_lock);
    op->code = final_code(op);
    op->worker = NULL;
    take_off(op);
    if (op->waits) {
        complete(op);
    }
    npw_signal_set(&op->settled);
    npw_signal_set(&op->over);
    pthread_mutex_unlock(&npw_lock);
    drop(op);
}

/* ---------------------------------------------------------------- beginning */

/* The operation that a worker does: a copy, with owners of its own. */
static struct npw_op *copy(const struct npw_op *op)
{
    struct npw_op *made = malloc(sizeof *made);
    if (!made) {
        return NULL;
    }
    *made = *op;
    made->owners = 2; /* the worker, and who begins it */
    made->beginner = pthread_self();
    pthread_mutex_lock(&npw_lock);
    made->pipe->base.owners++;
    if (made->event) {
        made->event->owners++;
    }
    made->next = pending;
    pending = made;
    pthread_mutex_unlock(&npw_lock);
    return made;
}

/* Leave it to a worker until it waits or is over. */
static void pend(struct npw_op *op)
{
    struct npw_op *made = copy(op);
    op->code = made ? npw_worker_start(made) : NP_NOT_ENOUGH_MEMORY;
    if (made && op->code) {
        made->code = op->code;
        npw_op_over(made);
    } else if (made) {
        struct npw_signal *settled = &made->settled;
        npw_signal_wait(&settled, 1, false, INFINITE);
        pthread_mutex_lock(&npw_lock);
        op->code = made->waits ? ERROR_IO_PENDING : made->code;
        op->moved = made->waits ? 0 : made->moved;
        pthread_mutex_unlock(&npw_lock);
    }
    if (made) {
        drop(made);
    }
}

static enum npw_turn turn_of(const struct npw_op *op)
{
    switch (op->verb) {
    case NPW_WRITE: return NPW_TURN_WRITE;
    case NPW_CONNECT: return NPW_TURN_CONNECT;
    default: return NPW_TURN_READ; /* a transact is known by its reply */
    }
}

/* A transact cannot be tried: its request would be sent by that. */
static void attempt(struct npw_op *op)
{
    pthread_mutex_t *turn = &op->pipe->turn[turn_of(op)];
    pthread_mutex_lock(turn);
    if (op->verb == NPW_TRANSACT) {
        op->code = NP_TIMEOUT;
    } else {
        npw_op_call(op, 0);
    }
    if (op->code == NP_TIMEOUT) {
        pend(op);
    }
    pthread_mutex_unlock(turn);
}

/* The low bit of an event's handle is for completion ports. */
static HANDLE event_of(const OVERLAPPED *overlapped)
{
    return (HANDLE)((uintptr_t)overlapped->hEvent & ~(uintptr_t)1);
}

void npw_op_begin(struct npw_op *op, OVERLAPPED *overlapped)
{
    HANDLE event = event_of(overlapped);
    op->overlapped = overlapped;
    op->event = event ? npw_object_of(event, NPW_EVENT) : NULL;
    if (event && !op->event) {
        op->code = NP_INVALID_HANDLE;
        return;
    }
    pthread_mutex_lock(&npw_lock);
    npw_signal_clear(&op->pipe->base.signal);
    if (op->event) {
        npw_signal_clear(&op->event->signal);
    }
    overlapped->Internal = STATUS_PENDING;
    pthread_mutex_unlock(&npw_lock);
    if (op->pipe->overlapped) {
        attempt(op);
    } else {
        npw_op_do(op);
    }
    if (has_result(op->code)) {
        pthread_mutex_lock(&npw_lock);
        complete(op);
        pthread_mutex_unlock(&npw_lock);
    }
    npw_let_go(op->event);
}

/* ------------------------------------------------------------------ results */

BOOL WINAPI npw_has_completed(const OVERLAPPED *overlapped)
{
    pthread_mutex_lock(&npw_lock);
    BOOL completed = overlapped->Internal != STATUS_PENDING;
    pthread_mutex_unlock(&npw_lock);
    return completed;
}

/* The pending operation of an OVERLAPPED, for drop(), or NULL. */
static struct npw_op *find(const OVERLAPPED *overlapped)
{
    pthread_mutex_lock(&npw_lock);
    struct npw_op *op = pending;
    while (op && op->overlapped != overlapped) {
        op = op->next;
    }
    if (op) {
        op->owners++;
    }
    pthread_mutex_unlock(&npw_lock);
    return op;
}

/* Windows waits for the event, so an automatic one has been consumed. */
static void consume(struct npw_op *op)
{
    pthread_mutex_lock(&npw_lock);
    if (op->event && op->event->signal.automatic) {
        npw_signal_clear(&op->event->signal);
    }
    pthread_mutex_unlock(&npw_lock);
}

/* Where nothing is pending although the OVERLAPPED says so (what failed at once
 * leaves it so) Windows waits as well, for the event or the handle. */
static DWORD await(HANDLE pipe, const OVERLAPPED *overlapped, DWORD ms)
{
    HANDLE event = event_of(overlapped);
    struct npw_op *op = find(overlapped);
    if (!op) {
        bool completed = npw_has_completed(overlapped);
        return completed ? WAIT_OBJECT_0
                         : WaitForSingleObject(event ? event : pipe, ms);
    }
    struct npw_signal *over = &op->over;
    DWORD result = npw_signal_wait(&over, 1, false, ms);
    if (result == WAIT_OBJECT_0) {
        consume(op);
    }
    drop(op);
    return result;
}

BOOL WINAPI GetOverlappedResultEx(HANDLE pipe, LPOVERLAPPED overlapped,
                                  LPDWORD moved, DWORD ms, BOOL alertable)
{
    (void)alertable; /* no completion routines to run */
    if (!npw_has_completed(overlapped)) {
        DWORD result = ms > 0 ? await(pipe, overlapped, ms) : WAIT_OBJECT_0;
        if (result != WAIT_OBJECT_0) {
            return result == WAIT_TIMEOUT ? npw_fail(NP_TIMEOUT) : FALSE;
        }
    }
    pthread_mutex_lock(&npw_lock);
    int code = npw_code_of(overlapped->Internal);
    DWORD size = (DWORD)overlapped->InternalHigh;
    pthread_mutex_unlock(&npw_lock);
    if (code == ERROR_IO_PENDING) {
        return npw_fail(ERROR_IO_INCOMPLETE);
    }
    if (moved) {
        *moved = size;
    }
    return npw_result(code);
}

BOOL WINAPI GetOverlappedResult(HANDLE pipe, LPOVERLAPPED overlapped,
                                LPDWORD moved, BOOL wait)
{
    return GetOverlappedResultEx(pipe, overlapped, moved, wait ? INFINITE : 0,
                                 FALSE);
}

/* --------------------------------------------------------------- cancelling */

/* NULL for overlapped: all that this thread began. */
static int cancel(const struct npw_pipe *pipe, const OVERLAPPED *overlapped)
{
    int code = NP_NOT_FOUND;
    pthread_mutex_lock(&npw_lock);
    for (struct npw_op *op = pending; op; op = op->next) {
        bool meant = overlapped ? op->overlapped == overlapped
                                : pthread_equal(op->beginner, pthread_self());
        if (meant && op->pipe == pipe) {
            op->cancelled = true;
            if (op->worker) {
                np_thread_cancel(op->worker);
            }
            code = NP_OK;
        }
    }
    pthread_mutex_unlock(&npw_lock);
    return code;
}

BOOL WINAPI CancelIo(HANDLE handle)
{
    struct npw_pipe *pipe = npw_pipe_of(handle);
    if (!pipe) {
        return FALSE;
    }
    cancel(pipe, NULL);
    npw_let_go(&pipe->base);
    return TRUE;
}

BOOL WINAPI CancelIoEx(HANDLE handle, LPOVERLAPPED overlapped)
{
    struct npw_pipe *pipe = npw_pipe_of(handle);
    if (!pipe) {
        return FALSE;
    }
    int code = overlapped ? cancel(pipe, overlapped) : np_cancel(pipe->np);
    npw_let_go(&pipe->base);
    return npw_result(code);
}
