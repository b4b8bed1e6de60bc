/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The verbs that move data, on the Linux transport. */

#define _GNU_SOURCE 1

#include <stdlib.h>
#include <string.h>

#include "linux/npx.h"

static bool is_nowait(struct npx_pipe *h)
{
    return atomic_load_explicit(&h->mode, memory_order_relaxed) & NP_NOWAIT;
}

static bool reads_messages(struct npx_pipe *h)
{
    return atomic_load_explicit(&h->mode, memory_order_relaxed) &
           NP_READMODE_MESSAGE;
}

/* ------------------------------------------------------------------ reading */

struct reading {
    struct npi_get get;
    bool nowait_end;
    bool stays; /* transact's reply: NOWAIT does not apply */
};

static int read_code(enum npi_step step)
{
    switch (step) {
    case NPI_DONE: return NP_OK;
    case NPI_MORE: return NP_MORE_DATA;
    case NPI_TOO_SMALL: return NP_INSUFFICIENT_BUFFER;
    case NPI_BROKEN: return NP_BROKEN_PIPE;
    case NPI_AGAIN: break;
    }
    return NPX_AGAIN;
}

/* Whether the other end is gone is looked at before the queue, so that what it
 * wrote last is found (X2). */
static enum npi_step get(struct npx_pipe *h, struct npi_get *get, bool gone,
                         bool offers)
{
    if (gone) {
        npi_get_orphan(&h->reader, get);
    }
    return npi_get(&h->reader, get, offers && !gone);
}

/* X5: the unfinished write of a process that died is not begun with. Only a
 * read that comes to such a write asks the system whether its process did. */
static int read_queue(struct npx_pipe *h, struct reading *reading)
{
    bool gone = npx_peer_gone(h);
    enum npi_step step = get(h, &reading->get, gone, false);
    if (!gone && npi_get_goes_on(&reading->get, step) &&
        npi_offer_next(&h->reader)) {
        gone = npx_link_ended(h);
        enum npi_step more = get(h, &reading->get, gone, true);
        step = more == NPI_AGAIN && !h->reader.claim ? step : more;
    }
    npx_ring_writer(h);
    if (step == NPI_BROKEN) {
        npx_link_poison(h);
    }
    return step == NPI_AGAIN && gone ? NP_BROKEN_PIPE : read_code(step);
}

static int read_step(struct npx_op *op)
{
    struct npx_pipe *h = op->h;
    struct reading *reading = op->state;
    int code = npx_op_check(op, NPI_VERB_READ);
    if (code) {
        return code;
    }
    if (npi_get_short(&h->reader, &reading->get)) {
        npx_ring_writer(h);
        return NP_OK;
    }
    code = read_queue(h, reading);
    if (code == NPX_AGAIN && op->nowait && npx_link_look(h)) {
        code = read_queue(h, reading);
    }
    return code;
}

static void read_arm(struct npx_op *op)
{
    struct reading *reading = op->state;
    reading->get.waited = true;
    if (op->h->shm) {
        npi_get_arm(&op->h->reader, op->lane->bytes);
    }
}

static void read_counted(struct npx_op *op)
{
    if (op->h->shm) {
        npi_get_wanted(&op->h->reader, op->lane->bytes);
    }
}

static bool read_ready(struct npx_op *op)
{
    struct npx_pipe *h = op->h;
    struct reading *reading = op->state;
    if (!h->shm) {
        return true;
    }
    if (!h->reader.claim) {
        reading->get.waited = true;
        return npi_readable(&h->reader, true);
    }
    return npi_get_fed(&h->reader);
}

/* A message of which a part is copied already goes back into a stash, so that
 * a deadline moves nothing. */
static int read_stop(struct npx_op *op, int code)
{
    struct npx_pipe *h = op->h;
    struct reading *reading = op->state;
    if (op->begun && h->shm && op->epoch == atomic_load(&h->epoch)) {
        unsigned char *old, *stash = NULL;
        uint64_t held = npi_get_held(&reading->get);
        if (held > 0) {
            stash = malloc((size_t)held);
        }
        enum npi_step step = npi_get_stop(&h->reader, &reading->get, stash,
                                          &old);
        free(old);
        npx_ring_writer(h);
        if (step != NPI_AGAIN) {
            return read_code(step);
        }
    }
    return code == NP_TIMEOUT && reading->nowait_end ? NP_NO_DATA : code;
}

static int run_read(struct npx_pipe *h, struct npi_read *read,
                    npi_deadline deadline, bool reply)
{
    struct reading reading = {.nowait_end = !reply && is_nowait(h)};
    struct npx_op op = npx_op_new(h, &h->in, deadline);
    npi_get_init(&reading.get, read->buf, read->size, reads_messages(h),
                 read->whole);
    op.nowait |= reading.nowait_end;
    op.size = read->size;
    op.step = read_step;
    op.arm = read_arm;
    op.ready = read_ready;
    op.stop = read_stop;
    op.counted = read_counted;
    op.state = &reading;
    int code = npx_op_run(&op, deadline);
    read->got = (size_t)reading.get.got;
    return code;
}

int npx_read(np_pipe *pipe, struct npi_read *read, npi_deadline deadline)
{
    struct npx_pipe *h = npx_of(pipe);
    if (!(h->access & NP_READ)) {
        return NP_ACCESS_DENIED;
    }
    int code = npx_link_poll(h);
    if (code) {
        return code;
    }
    if (!atomic_load_explicit(&h->accepted, memory_order_relaxed)) {
        atomic_store(&h->accepted, true); /* reading is as good as accepting */
    }
    return run_read(h, read, deadline, false);
}

/* ------------------------------------------------------------------ writing */

struct writing {
    struct npi_put put; /* first: npx_link_shut folds it */
    uint64_t taken;
    bool nowait_end;
};

/* WR7: what a NOWAIT end does with what does not fit. In byte mode reads that
 * wait are filled; nothing goes into the queue. */
static int write_nowait(struct npx_pipe *h, struct writing *writing)
{
    uint64_t wanted = npi_put_wanted(&h->writer); /* the peer's word */
    if (wanted > writing->put.size) {
        wanted = writing->put.size;
    }
    writing->taken = 0;
    if (h->meta.mode == NP_BYTE && wanted > 0) {
        struct npi_put part;
        npi_put_init(&part, writing->put.data, wanted, true);
        if (npi_put_now(&h->writer, &part) == NPI_DONE) {
            writing->taken = wanted;
        }
    }
    npx_ring_reader(h);
    return NP_OK;
}

static int write_step(struct npx_op *op)
{
    struct npx_pipe *h = op->h;
    struct writing *writing = op->state;
    int code = npx_op_check(op, NPI_VERB_WRITE);
    if (code) {
        return code;
    }
    if (op->waited && writing->put.size > 0 && !writing->put.offered &&
        writing->put.placed == writing->put.size) {
        return NP_OPERATION_ABORTED; /* our close has left it to the reader */
    }
    npx_link_look(h);
    bool gone = npx_peer_gone(h);
    if (gone && !writing->put.offered) {
        return op->waited ? NP_BROKEN_PIPE : NP_NO_DATA; /* X3 */
    }
    enum npi_step step = op->nowait ? npi_put_now(&h->writer, &writing->put)
                                    : npi_put(&h->writer, &writing->put);
    npx_ring_reader(h);
    if (step == NPI_DONE) {
        writing->taken = writing->put.size;
        return NP_OK;
    }
    if (step == NPI_BROKEN) {
        npx_link_poison(h);
        return NP_BROKEN_PIPE;
    }
    if (gone) {
        return NP_BROKEN_PIPE; /* it had not read enough when it went (X3) */
    }
    if (writing->nowait_end) {
        return write_nowait(h, writing);
    }
    return NPX_AGAIN;
}

void npx_write_arm(struct npx_op *op)
{
    if (op->h->shm) {
        npi_put_arm(&op->h->writer);
    }
}

/* P3: peek counts what waits behind the first as well. */
static void write_counted(struct npx_op *op)
{
    struct npx_pipe *h = op->h;
    if (h->shm) {
        uint64_t first = op->lane->first ? op->lane->first->size : 0;
        atomic_store_explicit(&h->writer.lane->behind, op->lane->bytes - first,
                              memory_order_relaxed);
    }
}

bool npx_write_ready(struct npx_op *op)
{
    return !op->h->shm || npi_put_stirred(&op->h->writer);
}

static int write_stop(struct npx_op *op, int code)
{
    struct npx_pipe *h = op->h;
    struct writing *writing = op->state;
    if (op->begun && h->shm && op->epoch == atomic_load(&h->epoch)) {
        enum npi_step step = npi_put_stop(&h->writer, &writing->put,
                                          &writing->taken);
        npx_ring_reader(h);
        if (step == NPI_DONE) {
            return NP_OK;
        }
        if (step == NPI_BROKEN) {
            npx_link_poison(h);
            return NP_BROKEN_PIPE;
        }
    }
    return code == NP_TIMEOUT && writing->nowait_end ? NP_OK : code;
}

/* WR1, WR4: an empty write does not wait in line. It is nothing on a byte pipe;
 * an empty message keeps its place. */
static int write_pass(struct npx_op *op, struct npx_op *last)
{
    struct writing *writing = op->state;
    if (writing->put.size > 0) {
        return NPX_AGAIN;
    }
    int code = npx_op_check(op, NPI_VERB_WRITE);
    if (code == NP_OK && op->h->meta.mode == NP_MESSAGE) {
        last->owed++;
    }
    return code;
}

static void write_done(struct npx_op *op)
{
    struct npx_pipe *h = op->h;
    if (!h->shm || op->epoch != atomic_load(&h->epoch)) {
        return;
    }
    bool any = op->owed > 0 || h->writer.owed > 0;
    for (; op->owed > 0; op->owed--) {
        struct npi_put empty;
        npi_put_init(&empty, NULL, 0, false);
        if (npi_put_now(&h->writer, &empty) == NPI_AGAIN) {
            h->writer.owed++; /* another write is in the way, for a moment */
        }
    }
    npi_put_owed(&h->writer);
    npx_ring_reader(h);
    if (any) {
        npx_hub_wake(&h->hub, false); /* a flush waits for them */
    }
}

static int run_write(struct npx_pipe *h, struct npi_write *write,
                     npi_deadline deadline, bool request)
{
    struct writing writing = {.nowait_end = !request && is_nowait(h)};
    npx_streams_not(h);
    struct npx_op op = npx_op_new(h, &h->out, deadline);
    npi_put_init(&writing.put, write->data, write->size, request);
    op.nowait |= writing.nowait_end;
    op.size = write->size;
    op.step = write_step;
    op.arm = npx_write_arm;
    op.ready = npx_write_ready;
    op.stop = write_stop;
    op.pass = write_pass;
    op.done = write_done;
    op.counted = write_counted;
    op.state = &writing;
    int code = npx_op_run(&op, deadline);
    write->put = (size_t)writing.taken;
    return code;
}

int npx_write(np_pipe *pipe, struct npi_write *write, npi_deadline deadline)
{
    struct npx_pipe *h = npx_of(pipe);
    if (!(h->access & NP_WRITE)) {
        return NP_ACCESS_DENIED;
    }
    int code = npx_link_poll(h);
    if (code) {
        return code;
    }
    return run_write(h, write, deadline, false);
}

/* ----------------------------------------------------------------- transact */

static bool asks_in_messages(struct npx_pipe *h)
{
    return h->meta.mode == NP_MESSAGE && h->meta.access == NP_DUPLEX &&
           reads_messages(h);
}

/* The state first; then TR1, TR2: what must hold before the request is
 * written. */
static int may_transact(struct npx_pipe *h)
{
    struct npx_op probe = npx_op_new(h, &h->in, 0);
    pthread_mutex_lock(&h->in.lock);
    int code = npx_op_check(&probe, NPI_VERB_TRANSACT);
    if (code == NP_OK && !asks_in_messages(h)) {
        code = NP_BAD_PIPE;
    }
    if (code == NP_OK) {
        if (npx_peer_gone(h) || npx_link_look(h)) {
            /* Perhaps by a disconnect, since the check. */
            code = npx_op_check(&probe, NPI_VERB_TRANSACT);
            code = code ? code : NP_BAD_PIPE;
        } else if (h->in.first || npi_readable(&h->reader, true)) {
            code = NP_PIPE_BUSY;
        }
        npx_ring_writer(h);
    }
    pthread_mutex_unlock(&h->in.lock);
    return code;
}

int npx_transact(np_pipe *pipe, struct npi_write *request,
                 struct npi_read *reply, npi_deadline deadline)
{
    struct npx_pipe *h = npx_of(pipe);
    if (h->meta.access == NP_DUPLEX && (~h->access & (NP_READ | NP_WRITE))) {
        return NP_ACCESS_DENIED;
    }
    int code = npx_link_poll(h);
    if (code == NP_OK) {
        code = may_transact(h);
        if (code == NP_BAD_PIPE && atomic_load(&h->base.closing)) {
            code = NP_OPERATION_ABORTED;
        }
    }
    if (code == NP_OK) {
        code = run_write(h, request, deadline, true);
    }
    return code ? code : run_read(h, reply, deadline, true);
}
