/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The short way of a read and a write: a message that is there, or has room, in
 * a conversation where nobody waits and nothing has happened. Anything else is
 * left to npx_pipe.c, which answers the same to what is done here.
 *
 * THE HANDLE IS NOT ENTERED. A lane's lock does that: the last one out unmaps
 * the conversation under both lanes' locks and gives up the handle's memory
 * afterwards (npx_link_release). Who holds one of them and sees the mapping is
 * safe until he unlocks, and touches nothing after that. The locks themselves
 * live as long as the memory. Nobody waits for one here: what is busy is not
 * undisturbed.
 *
 * CONNECTED, AND NO LESS. A greeting maps the conversation before it has the
 * socket that the peer is rung by, and a disconnect is known before it unmaps.
 * `state` says CONNECTED after the one and before the other, so a mapping seen
 * together with it is complete and goes on.
 *
 * ONE LOCKED INSTRUCTION, the exchange that publishes (Q3), beside the lane's
 * uncontended lock. */

#define _GNU_SOURCE 1

#include "linux/npx.h"

/* Under a lane's lock. */
static bool undisturbed(struct npx_pipe *h, const struct npx_lane *lane)
{
    return h->shm && !lane->first &&
           atomic_load_explicit(&h->state, memory_order_acquire) ==
               NP_CONNECTED &&
           (h->server ||
            !atomic_load_explicit(&h->shm->disconnected, memory_order_acquire));
}

static bool take(struct npx_pipe *h, struct npi_get *get)
{
    if (npi_get_short(&h->reader, get)) {
        return true;
    }
    if (!npx_gather(h)) {
        return false;
    }
    if (npi_get_short(&h->reader, get)) {
        return true;
    }
    npx_streams_less(h);
    return false;
}

static bool read_short(struct npx_pipe *h, struct npi_read *op)
{
    struct npi_get get;
    uint32_t mode = atomic_load_explicit(&h->mode, memory_order_relaxed);
    if (!undisturbed(h, &h->in) ||
        !atomic_load_explicit(&h->accepted, memory_order_relaxed)) {
        return false;
    }
    npi_get_init(&get, op->buf, op->size, mode & NP_READMODE_MESSAGE,
                 op->whole);
    if (!take(h, &get)) {
        return false;
    }
    npx_streams(h);
    npx_ring_writer(h);
    op->got = (size_t)get.got;
    return true;
}

bool npx_read_now(np_pipe *pipe, struct npi_read *op)
{
    struct npx_pipe *h = npx_of(pipe);
    if (!(h->access & NP_READ) || pthread_mutex_trylock(&h->in.lock) != 0) {
        return false;
    }
    bool done = read_short(h, op);
    pthread_mutex_unlock(&h->in.lock);
    return done;
}

static bool write_short(struct npx_pipe *h, struct npi_write *op)
{
    if (!undisturbed(h, &h->out) || npx_peer_gone(h) || !npx_link_looked(h) ||
        !npi_put_short(&h->writer, op->data, op->size)) {
        return false;
    }
    npx_streams_not(h);
    npx_ring_reader(h);
    op->put = op->size;
    return true;
}

bool npx_write_now(np_pipe *pipe, struct npi_write *op)
{
    struct npx_pipe *h = npx_of(pipe);
    if (!(h->access & NP_WRITE) || pthread_mutex_trylock(&h->out.lock) != 0) {
        return false;
    }
    bool done = write_short(h, op);
    pthread_mutex_unlock(&h->out.lock);
    return done;
}
