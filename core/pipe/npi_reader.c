/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The reading end of a queue: what its other files stand on. */

#include "pipe/npi_reader.h"

#include <string.h>

void npi_ring_out(const unsigned char *ring, uint64_t capacity, uint64_t at,
                  void *data, uint64_t n)
{
    uint64_t offset = at & (capacity - 1);
    uint64_t first = n < capacity - offset ? n : capacity - offset;
    if (n == 0) {
        return;
    }
    memcpy(data, ring + offset, (size_t)first);
    if (n > first) {
        memcpy((unsigned char *)data + first, ring, (size_t)(n - first));
    }
}

void npi_reader_init(struct npi_reader *reader, struct npi_lane *lane,
                     const unsigned char *ring, uint64_t capacity)
{
    *reader = (struct npi_reader){
        .lane = lane, .ring = ring, .capacity = capacity, .most = capacity};
}

void npi_reader_may_grow(struct npi_reader *reader, uint64_t most)
{
    reader->most = most;
}

/* Q8: after a load that may show something new. */
void npi_follow_growth(struct npi_reader *r)
{
    if (r->capacity != r->most &&
        atomic_load_explicit(&r->lane->grown, memory_order_relaxed)) {
        r->capacity = r->most;
    }
}

uint64_t npi_stashed(const struct npi_reader *r)
{
    return r->stash_size - r->stash_at;
}

/* Q3: publish `read` and head. */
void npi_publish_head(struct npi_reader *r)
{
    atomic_store_explicit(&r->lane->read, r->read, memory_order_release);
    uint64_t old = atomic_exchange_explicit(&r->lane->head, r->head,
                                            memory_order_acq_rel);
    if (old & NPI_WAITS) {
        r->bell = true;
    }
}

/* Read the header at a ring position with `avail` published bytes. */
bool npi_record(const struct npi_reader *r, uint64_t at, uint64_t avail,
                uint64_t *header, uint64_t *size)
{
    unsigned char bytes[NPI_LONG_HEADER];
    if (avail == 0) {
        return false;
    }
    npi_ring_out(r->ring, r->capacity, at, bytes, 1);
    if (bytes[0] <= NPI_SHORT_MAX) {
        *header = 1;
        *size = bytes[0];
        return true;
    }
    if (bytes[0] != NPI_LONG || avail < NPI_LONG_HEADER) {
        return false;
    }
    npi_ring_out(r->ring, r->capacity, at, bytes, NPI_LONG_HEADER);
    *header = NPI_LONG_HEADER;
    *size = 0;
    for (int i = 4; i > 0; i--) {
        *size = *size << 8 | bytes[i];
    }
    return *size <= NPI_SIZE_MAX;
}

/* Counting goes on where the last peek stopped, so that peeking at a long queue
 * again and again costs only what is new. */
bool npi_walk(struct npi_reader *r, uint64_t *tail_out)
{
    uint64_t next = r->head + (r->inside ? r->rest : 0);
    uint64_t tail = atomic_load_explicit(&r->lane->tail, memory_order_acquire) &
                    ~NPI_WAITS;
    npi_follow_growth(r);
    *tail_out = tail;
    if ((int64_t)(tail - r->head) <= 0) {
        *tail_out = r->walk = r->head;
        r->walk_bytes = 0;
        return true;
    }
    if (tail - r->head > r->capacity) {
        return false;
    }
    if ((int64_t)(r->walk - next) < 0) {
        r->walk = next;
        r->walk_bytes = 0;
    }
    while ((int64_t)(tail - r->walk) > 0) {
        uint64_t header, size, avail = tail - r->walk;
        if (!npi_record(r, r->walk, avail, &header, &size) ||
            size > avail - header) {
            return false;
        }
        r->walk += header + size;
        r->walk_bytes += size;
    }
    return true;
}
