/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The verbs that look at the queues and move nothing: flush, peek,
 * readiness. */

#define _GNU_SOURCE 1

#include "linux/npx.h"

/* -------------------------------------------------------------------- flush */

struct flushing {
    struct npi_mark mark;
    uint64_t empties; /* before the mark, and not in the queue yet */
    bool marked;
};

/* Bytes of the writes that wait for their turn to enter the queue. */
static uint64_t waiting_bytes(const struct npx_lane *lane)
{
    uint64_t bytes = 0;
    for (const struct npx_op *op = lane->first; op; op = op->next) {
        bytes += op->begun ? 0 : op->size;
    }
    return bytes;
}

static uint64_t waiting_empties(const struct npx_pipe *h)
{
    uint64_t n = h->writer.owed;
    for (const struct npx_op *op = h->out.first; op; op = op->next) {
        n += op->owed;
    }
    return n;
}

/* Where what was written before the flush ends. An empty message that waits in
 * line moves that on when it enters the queue. */
static void mark(struct npx_pipe *h, struct flushing *flushing)
{
    uint64_t empties = waiting_empties(h);
    struct npi_mark now = npi_mark(&h->writer);
    if (!flushing->marked) {
        flushing->mark = now;
        flushing->mark.written += waiting_bytes(&h->out);
    } else if (empties >= flushing->empties) {
        return;
    }
    flushing->mark.tail = now.tail;
    flushing->empties = empties;
    flushing->marked = true;
}

static enum npi_step flushed(struct npx_pipe *h, struct flushing *flushing)
{
    mark(h, flushing);
    enum npi_step step = npi_flushed(&h->writer, &flushing->mark,
                                     waiting_bytes(&h->out));
    return step == NPI_DONE && flushing->empties > 0 ? NPI_AGAIN : step;
}

static int flush_step(struct npx_op *op)
{
    struct npx_pipe *h = op->h;
    struct flushing *flushing = op->state;
    bool waiting = flushing->marked;
    if (waiting && op->epoch != atomic_load(&h->epoch)) {
        return NP_PIPE_NOT_CONNECTED;
    }
    int code = npx_op_check(op, NPI_VERB_FLUSH);
    if (code || atomic_load(&h->state) != NP_CONNECTED) {
        return code;
    }
    bool gone = npx_peer_gone(h) || (op->nowait && npx_link_look(h));
    switch (flushed(h, flushing)) {
    case NPI_DONE: return NP_OK;
    case NPI_BROKEN: npx_link_poison(h); return NP_BROKEN_PIPE;
    default: break;
    }
    if (gone && atomic_load(&h->base.closing)) {
        return NP_OPERATION_ABORTED;
    }
    if (gone) {
        return waiting ? NP_BROKEN_PIPE : NP_OK;
    }
    return NPX_AGAIN;
}

static int flush_stop(struct npx_op *op, int code)
{
    (void)op;
    return code;
}

int npx_flush(np_pipe *pipe, npi_deadline deadline)
{
    struct npx_pipe *h = npx_of(pipe);
    if (!(h->access & NP_WRITE)) {
        return NP_ACCESS_DENIED;
    }
    int code = npx_link_poll(h);
    if (code) {
        return code;
    }
    struct flushing flushing = {.marked = false};
    struct npx_op op = npx_op_new(h, &h->out, deadline);
    op.ordered = false;
    op.step = flush_step;
    op.arm = npx_write_arm;
    op.ready = npx_write_ready;
    op.stop = flush_stop;
    op.state = &flushing;
    return npx_op_run(&op, deadline);
}

/* --------------------------------------------------------------------- peek */

static int peek_locked(struct npx_pipe *h, struct npi_peek *peek)
{
    struct npx_op probe = npx_op_new(h, &h->in, 0);
    int code = npx_op_check(&probe, NPI_VERB_PEEK);
    if (code) {
        return code;
    }
    bool gone = npx_peer_gone(h) || npx_link_look(h);
    struct npi_look look = {.buf = peek->buf,
                            .size = peek->size,
                            .first_only = h->meta.mode == NP_MESSAGE};
    if (gone) {
        npi_get_orphan(&h->reader, NULL);
    }
    enum npi_step step = npi_peek(&h->reader, &look, !gone);
    npx_ring_writer(h);
    if (step == NPI_BROKEN) {
        npx_link_poison(h);
        return NP_BROKEN_PIPE;
    }
    if (gone && !look.any) {
        /* Perhaps by a disconnect, since the check. */
        code = npx_op_check(&probe, NPI_VERB_PEEK);
        return code ? code : NP_BROKEN_PIPE;
    }
    peek->got = (size_t)look.got;
    peek->avail = (size_t)look.avail;
    peek->left = h->meta.mode == NP_MESSAGE ? (size_t)look.left
                                            : (size_t)0 - peek->got;
    return NP_OK;
}

int npx_peek(np_pipe *pipe, struct npi_peek *peek)
{
    struct npx_pipe *h = npx_of(pipe);
    if (!(h->access & NP_READ)) {
        return NP_ACCESS_DENIED;
    }
    int code = npx_link_poll(h);
    if (code == NP_OK) {
        pthread_mutex_lock(&h->in.lock);
        code = peek_locked(h, peek);
        pthread_mutex_unlock(&h->in.lock);
    }
    return code;
}

/* ---------------------------------------------------------------- readiness */

static bool ready_locked(struct npx_pipe *h, enum npx_how how)
{
    if (!h->shm || npx_peer_gone(h) ||
        (!h->server && atomic_load(&h->shm->disconnected))) {
        return true;
    }
    if (h->in.first) {
        return false; /* a blocked read gets it before we do */
    }
    if (npi_readable(&h->reader, true) ||
        (how == NPX_LOOK && npx_link_look(h))) {
        return true;
    }
    if (how == NPX_ARM) {
        npi_get_arm(&h->reader, h->in.bytes);
        return npi_readable(&h->reader, true) || npx_peer_gone(h);
    }
    return false;
}

bool npx_ready(struct npx_pipe *h, enum npx_how how)
{
    if (atomic_load(&h->base.closing) || npx_link_poll(h) != NP_OK) {
        return true;
    }
    uint32_t state = atomic_load(&h->state);
    if (state == NP_LISTENING) {
        return false;
    }
    if (state != NP_CONNECTED || !atomic_load(&h->accepted)) {
        return true;
    }
    pthread_mutex_lock(&h->in.lock);
    bool ready = ready_locked(h, how);
    if (h->shm) {
        npx_ring_writer(h);
    }
    pthread_mutex_unlock(&h->in.lock);
    return ready;
}
