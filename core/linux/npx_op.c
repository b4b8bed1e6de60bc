/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* One blocked call: its turn, its wake-up, its end.
 *
 * A lane serves calls in the order they came (R8, WR4): the first of its list
 * works on the queue, the others sleep until they are first. Working is a step
 * under the lane's lock. A step that cannot get further is followed by
 *     spin a little - arm (the peer shall ring) - step once more - sleep,
 * the order that npi_queue.h asks for (Q3); the sleep is npx_wait.c's.
 * The spin (npx_spin.c) holds the lane's lock, which other calls of this
 * direction wait for anyway. The first one comes before the call joins the hub
 * and the list: what ends it is then on its way back at once. Nobody is told of
 * the call until then, so a cancel that comes in these microseconds finds
 * nothing, as if it had come before the call. Giving way to others, which may
 * take much longer, comes after it has joined.
 *
 * Who selects leaves what comes to a read that waits, and does not ask to be
 * rung for it: when the last of these has gone he is told to look again. */

#define _GNU_SOURCE 1

#include "linux/npx.h"

struct npx_op npx_op_new(struct npx_pipe *h, struct npx_lane *lane,
                         npi_deadline deadline)
{
    return (struct npx_op){.h = h,
                           .lane = lane,
                           .ordered = true,
                           .nowait = deadline == 0,
                           .epoch = atomic_load(&h->epoch)};
}

/* ----------------------------------------------------------------- the lane */

static void count(struct npx_op *op, uint64_t add, uint64_t subtract)
{
    op->lane->bytes += add - subtract;
    if (op->counted) {
        op->counted(op);
    }
}

static void append(struct npx_op *op)
{
    struct npx_lane *lane = op->lane;
    op->waited = true;
    op->next = NULL;
    if (lane->last) {
        lane->last->next = op;
    } else {
        lane->first = op;
    }
    lane->last = op;
    count(op, op->size, 0);
}

static void remove_from(struct npx_op *op)
{
    struct npx_lane *lane = op->lane;
    struct npx_op **link = &lane->first, *before = NULL;
    while (*link != op) {
        before = *link;
        link = &before->next;
    }
    *link = op->next;
    if (lane->last == op) {
        lane->last = before;
    }
    count(op, 0, op->size);
    if (link == &lane->first && lane->first) {
        npx_waiter_wake(&lane->first->waiter);
    }
}

static bool my_turn(const struct npx_op *op)
{
    return !op->ordered || op->lane->first == op;
}

/* Under the lane's lock, which is released only to sleep. */
static int work(struct npx_op *op, npi_deadline deadline)
{
    for (;;) {
        /* One cancel ends all: who comes to be first by it is not served. */
        if (npx_waiter_cancelled(&op->waiter)) {
            return op->stop(op, NP_OPERATION_ABORTED);
        }
        if (my_turn(op)) {
            op->begun = true;
            int code = op->spun ? NPX_AGAIN : op->step(op);
            if (code != NPX_AGAIN) {
                return code;
            }
            if (!op->spun && npx_spin(op)) {
                continue;
            }
            op->spun = false;
            op->arm(op);
            code = op->step(op);
            if (code != NPX_AGAIN) {
                return code;
            }
        }
        pthread_mutex_unlock(&op->lane->lock);
        int slept = npx_hub_sleep(&op->waiter, deadline);
        if (npx_forked(op->h)) {
            return NP_INVALID_HANDLE;
        }
        pthread_mutex_lock(&op->lane->lock);
        if (slept) {
            return op->stop(op, slept);
        }
    }
}

/* Whether others may wait for what this call, which has ended, kept from them:
 * a flush that counted its bytes, or a select. */
static bool must_tell(const struct npx_op *op)
{
    return !op->begun || (op->lane == &op->h->in && !op->lane->first);
}

/* Joining takes the hub's lock and wants an eventfd, so it comes first; a call
 * behind another may be woken as soon as it is in the list. */
static int block(struct npx_op *op, npi_deadline deadline)
{
    int code = npx_hub_join(&op->h->hub, &op->waiter);
    if (code) {
        return op->stop(op, code);
    }
    if (atomic_load(&op->h->base.closing)) {
        code = op->stop(op, NP_OPERATION_ABORTED);
    } else {
        if (op->ordered) {
            append(op);
        }
        code = work(op, deadline);
        if (npx_forked(op->h)) {
            return code;
        }
        if (op->done) {
            op->done(op);
        }
        if (op->ordered) {
            remove_from(op);
        }
        if (must_tell(op)) {
            npx_hub_wake(&op->h->hub, false);
        }
    }
    npx_hub_leave(&op->waiter);
    return code;
}

/* Our own close or disconnect shuts the socket, which looks like the peer's
 * end. */
static int whose_end(const struct npx_op *op, int code)
{
    if (code != NP_BROKEN_PIPE && code != NP_NO_DATA &&
        code != NP_PIPE_LISTENING) {
        return code;
    }
    if (atomic_load(&op->h->base.closing)) {
        return NP_OPERATION_ABORTED;
    }
    /* The peer says so before it shuts the socket; and see npx_op_check. */
    int now = npx_op_check(op, NPI_VERB_READ);
    return now == NP_OK ? code : now;
}

/* A step, and another one after a moment if that is worth it; but one only, as
 * no cancel would end them. */
static int try_now(struct npx_op *op)
{
    op->begun = true;
    int code = op->step(op);
    if (code == NPX_AGAIN && !op->nowait && npx_spin_first(op)) {
        code = op->step(op);
    }
    return code;
}

bool npx_forked(const struct npx_pipe *h)
{
    return h->base.generation !=
           atomic_load_explicit(&npi_generation, memory_order_relaxed);
}

int npx_op_run(struct npx_op *op, npi_deadline deadline)
{
    pthread_mutex_lock(&op->lane->lock);
    bool turn = !op->ordered || op->lane->first == NULL;
    int code = turn ? try_now(op) : NPX_AGAIN;
    if (!turn && op->pass) {
        code = op->pass(op, op->lane->last);
    }
    if (code == NPX_AGAIN && turn && op->nowait &&
        atomic_load(&op->h->epoll) >= 0) {
        /* Somebody polls our descriptor: what it announced has been looked at,
         * and the next change must ring. */
        npx_link_drain(op->h);
        op->arm(op);
        code = op->step(op);
    }
    if (code == NPX_AGAIN) {
        code = op->nowait ? op->stop(op, NP_TIMEOUT) : block(op, deadline);
        if (npx_forked(op->h)) {
            return code;
        }
    }
    code = whose_end(op, code);
    pthread_mutex_unlock(&op->lane->lock);
    return code;
}

int npx_op_check(const struct npx_op *op, enum npi_verb verb)
{
    struct npx_pipe *h = op->h;
    if (op->epoch != atomic_load(&h->epoch)) {
        return NP_PIPE_NOT_CONNECTED;
    }
    uint32_t state = atomic_load(&h->state);
    if (state == NP_CONNECTED && !h->server &&
        atomic_load_explicit(&h->shm->disconnected, memory_order_acquire)) {
        state = NP_DISCONNECTED;
    }
    if (state == NP_CONNECTED && !h->shm) {
        state = NP_DISCONNECTED; /* by another thread, this moment */
    }
    return npi_state_check(verb, h->server, state);
}
