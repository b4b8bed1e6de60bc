/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Reading.
 *
 * A plain read is the kernel's, and several of one end may be pending at once:
 * it serves them in their order. What it does not have is a read that takes
 * nothing unless the whole fits (np_recv). That reads what must be read, and
 * if it was a part keeps it in the handle, the stash, for the next read of this
 * end; np_select may put an empty message there (npn_turn.c).
 *
 *   N1  The stash is put and taken only by a read that is alone: the first in
 *       the turns, with none behind it that has begun. A plain read that finds
 *       the stash full must be alone too.
 *   N2  The stash is what came right before the data in the kernel. With `more`
 *       set, the next bytes in the kernel belong to its message.
 *   N3  A disconnect drops data that was not read: before the stash is handed
 *       out the kernel is asked whether the conversation still is, and what was
 *       read during a disconnect is not put there.
 *
 * One thing is not exact: if a writer takes back the rest of an over-quota
 * message whose beginning is in the stash, what follows looks like that rest.
 * The kernel does not tell readers of a withdrawal, whoever reads in parts. */

#include "win32/npn.h"

#include <string.h>

#define MOST 0x7FFFFFFFu

/* -------------------------------------------------------------------- turns */

static int wait_for_turn(struct npn_pipe *h, struct npn_turn *turn,
                         npi_deadline deadline)
{
    struct npn_call call;
    struct npn_events *events = npn_events_take();
    int code = NPN_LOOK;
    if (!events) {
        return NP_NO_SYSTEM_RESOURCES;
    }
    npn_join(&h->hub, &call, events);
    AcquireSRWLockExclusive(&h->reads.lock);
    turn->wake = events->wake;
    ReleaseSRWLockExclusive(&h->reads.lock);
    if (atomic_load(&h->base.closing)) {
        code = NP_OPERATION_ABORTED; /* V1 */
    }
    while (code == NPN_LOOK && !npn_my_turn(&h->reads, turn)) {
        code = npn_sleep(&call, 1, NULL, deadline);
    }
    AcquireSRWLockExclusive(&h->reads.lock);
    turn->wake = NULL;
    ReleaseSRWLockExclusive(&h->reads.lock);
    npn_leave(&call);
    npn_events_give(events);
    return code == NPN_LOOK ? NP_OK : code;
}

/* ----------------------------------------------------------- kernel's reads */

struct span {
    void *data;
    DWORD size;
};

static DWORD start_read(HANDLE file, void *arg, OVERLAPPED *overlapped)
{
    struct span *span = arg;
    return ReadFile(file, span->data, span->size, NULL, overlapped)
               ? 0
               : GetLastError();
}

static DWORD capped(size_t n)
{
    return n < MOST ? (DWORD)n : MOST;
}

static int read_kernel(struct npn_pipe *h, void *buf, size_t n, size_t *got,
                       npi_deadline deadline)
{
    struct span span = {buf, capped(n)};
    DWORD moved = 0;
    int code = npn_io(h, start_read, &span, &moved, NULL, deadline);
    *got = moved;
    return code;
}

struct view {
    DWORD got, avail, left;
};

static int peek_kernel(struct npn_pipe *h, void *buf, size_t n,
                       struct view *view)
{
    *view = (struct view){0};
    return PeekNamedPipe(h->file, buf, capped(n), &view->got, &view->avail,
                         &view->left)
               ? NP_OK
               : (int)GetLastError();
}

/* ----------------------------------------------------- reading, being alone */

/* What a read finds in front of it, the stash included. */
struct front {
    bool messages; /* in message read mode */
    bool more;     /* of the stash's message is in the kernel */
    size_t stash;
    size_t kernel; /* that this read may take besides */
};

/* NP_OK with the stash to be handed out, or why it is void (N3). */
static int look_ahead(struct npn_pipe *h, struct front *front)
{
    struct view view;
    int code = peek_kernel(h, NULL, 0, &view);
    if (code != NP_OK && code != NP_BROKEN_PIPE) {
        npn_stash_drop(&h->reads);
        return code;
    }
    AcquireSRWLockShared(&h->reads.lock);
    struct npn_stash *stash = &h->reads.stash;
    front->messages = npn_reads_messages(h);
    front->stash = stash->end - stash->at;
    front->more = stash->more;
    front->kernel = front->messages ? stash->more ? view.left : 0 : view.avail;
    ReleaseSRWLockShared(&h->reads.lock);
    return NP_OK;
}

/* What follows the stash's bytes. It is there, so the deadline is long. */
static int read_rest(struct npn_pipe *h, const struct front *front,
                     struct npi_read *op)
{
    size_t got = 0;
    int code = NP_OK;
    npn_stash_drop(&h->reads);
    if (front->kernel > 0 && op->got < op->size) {
        code = read_kernel(h, (char *)op->buf + op->got, op->size - op->got,
                           &got, 0);
        op->got += got;
    } else if (front->kernel > 0 && front->messages) {
        code = NP_MORE_DATA;
    }
    return code == NP_TIMEOUT || code == NP_BROKEN_PIPE ? NP_OK : code;
}

static int read_stash(struct npn_pipe *h, struct npi_read *op)
{
    struct front front;
    int code = look_ahead(h, &front);
    if (code) {
        return code;
    }
    if (op->whole && front.stash + front.kernel > op->size) {
        op->got = front.stash + front.kernel;
        return NP_INSUFFICIENT_BUFFER;
    }
    if (op->size == 0 && front.stash > 0) {
        return front.messages ? NP_MORE_DATA : NP_OK; /* R5 */
    }
    if (!npn_stash_take(&h->reads, op->buf, op->size, &op->got)) {
        return NP_PIPE_NOT_CONNECTED; /* dropped since the look */
    }
    if (op->got < front.stash) {
        return front.messages ? NP_MORE_DATA : NP_OK;
    }
    return read_rest(h, &front, op);
}

/* It has been read and there is more: give it back, say how much it is. */
static int keep(struct npn_pipe *h, unsigned conversation, struct npi_read *op,
                size_t rest)
{
    bool more = h->messages && rest > 0;
    if (op->got > 0 &&
        !npn_stash_put(&h->reads, conversation, op->buf, op->got, more)) {
        return NP_MORE_DATA; /* no memory, or N3: better a part than a loss */
    }
    op->got += rest;
    return NP_INSUFFICIENT_BUFFER;
}

static int read_whole(struct npn_pipe *h, struct npi_read *op,
                      npi_deadline deadline)
{
    struct view view;
    unsigned conversation = npn_conversation(&h->reads);
    int code = read_kernel(h, op->buf, op->size, &op->got, deadline);
    if (code == NP_MORE_DATA) {
        peek_kernel(h, NULL, 0, &view);
        return keep(h, conversation, op, view.left);
    }
    if (code == NP_OK && op->got == op->size && !npn_reads_messages(h) &&
        peek_kernel(h, NULL, 0, &view) == NP_OK && view.avail > 0) {
        return keep(h, conversation, op, view.avail);
    }
    return code;
}

static int read_now(struct npn_pipe *h, struct npn_turn *turn,
                    struct npi_read *op, npi_deadline deadline)
{
    if (turn->alone && npn_stash_full(&h->reads)) {
        return read_stash(h, op);
    }
    return op->whole ? read_whole(h, op, deadline)
                     : read_kernel(h, op->buf, op->size, &op->got, deadline);
}

int npn_read(np_pipe *pipe, struct npi_read *op, npi_deadline deadline)
{
    struct npn_pipe *h = npn_of(pipe);
    struct npn_turn turn = {.alone = op->whole};
    int code = NP_OK;
    atomic_store_explicit(&h->unaccepted, false, memory_order_relaxed);
    if (!npn_turn_take(h, &turn)) {
        code = deadline == 0 ? NP_TIMEOUT : wait_for_turn(h, &turn, deadline);
    }
    if (code == NP_OK) {
        code = read_now(h, &turn, op, deadline);
    }
    npn_turn_leave(h, &turn);
    return code;
}

/* -------------------------------------------------------------- transacting */

struct exchange {
    struct npi_write *request;
    struct npi_read *reply;
};

static DWORD start_transact(HANDLE file, void *arg, OVERLAPPED *overlapped)
{
    struct exchange *exchange = arg;
    struct npi_write *request = exchange->request;
    struct npi_read *reply = exchange->reply;
    return TransactNamedPipe(file, (void *)(uintptr_t)request->data,
                             capped(request->size), reply->buf,
                             capped(reply->size), NULL, overlapped)
               ? 0
               : GetLastError();
}

/* TR2: neither unread data nor another read may be there; what is in the stash
 * the kernel does not see. What is wrong besides is said first (TR1). */
static int may_transact(struct npn_pipe *h, struct npn_turn *turn)
{
    struct npn_local local;
    AcquireSRWLockShared(&h->reads.lock);
    bool may = h->reads.first == turn && !h->reads.stash.full;
    ReleaseSRWLockShared(&h->reads.lock);
    if (may) {
        return NP_OK; /* the kernel says the rest */
    }
    bool right = npn_reads_messages(h) && npn_local(h->file, &local) == NP_OK &&
                 local.state == NP_CONNECTED;
    return right ? NP_PIPE_BUSY : NP_BAD_PIPE;
}

/* Of a pipe with one direction the kernel only says that a right is missing,
 * which may also be the end's own doing (TR1). */
static bool is_one_way(struct npn_pipe *h)
{
    struct npn_local local;
    if (h->server) {
        return h->access != NP_DUPLEX;
    }
    return npn_local(h->file, &local) == NP_OK &&
           local.configuration + 1 != NP_DUPLEX;
}

int npn_transact(np_pipe *pipe, struct npi_write *request,
                 struct npi_read *reply, npi_deadline deadline)
{
    struct npn_pipe *h = npn_of(pipe);
    struct npn_turn turn = {.alone = false};
    struct exchange exchange = {request, reply};
    DWORD got = 0;
    npn_turn_take(h, &turn);
    int code = may_transact(h, &turn);
    if (code == NP_OK) {
        code = npn_io(h, start_transact, &exchange, &got, NULL, deadline);
        reply->got = got;
    }
    if (code == NP_ACCESS_DENIED && is_one_way(h)) {
        code = NP_BAD_PIPE;
    }
    npn_turn_leave(h, &turn);
    return code;
}

/* ------------------------------------------------------------------ peeking */

static int peek_stash(struct npn_pipe *h, struct npi_peek *op)
{
    struct view view;
    struct npn_stash *stash = &h->reads.stash;
    size_t n = stash->end - stash->at;
    op->got = n < op->size ? n : op->size;
    bool on = op->size > n && (stash->more || !h->messages);
    int code = on ? peek_kernel(h, (char *)op->buf + n, op->size - n, &view)
                  : peek_kernel(h, NULL, 0, &view);
    if (code != NP_OK && code != NP_BROKEN_PIPE) {
        return code; /* N3 */
    }
    if (op->got > 0) {
        memcpy(op->buf, stash->data + stash->at, op->got);
    }
    op->got += view.got;
    op->avail = n + view.avail;
    op->left = (size_t)0 - op->got;
    if (h->messages) {
        op->left += n + (stash->more ? view.got + view.left : 0);
    }
    return NP_OK;
}

static int peek_held(struct npn_pipe *h, struct npi_peek *op)
{
    AcquireSRWLockShared(&h->reads.lock);
    bool full = h->reads.stash.full;
    int code = full ? peek_stash(h, op) : NP_OK;
    ReleaseSRWLockShared(&h->reads.lock);
    if (!full) {
        struct view view;
        code = peek_kernel(h, op->buf, op->size, &view);
        op->got = view.got;
        op->avail = view.avail;
        op->left = view.left;
    }
    return code;
}

int npn_peek(np_pipe *pipe, struct npi_peek *op)
{
    struct npn_pipe *h = npn_of(pipe);
    npn_hold(h);
    int code = peek_held(h, op);
    npn_unhold(h);
    return code;
}
