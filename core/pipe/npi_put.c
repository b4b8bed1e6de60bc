/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The writing end of a queue. The argument stands in npi_queue.h. */

#include <string.h>

#include "pipe/npi_queue.h"

/* How much of a large write is published at a time, so that both sides copy at
 * once. */
#define CHUNK 32768

/* Who has written so many messages of so many bytes gets all of the ring. */
#define LARGE 4096
#define BULK 16

void npi_ring_in(unsigned char *ring, uint64_t capacity, uint64_t at,
                 const void *data, uint64_t n)
{
    uint64_t offset = at & (capacity - 1);
    uint64_t first = n < capacity - offset ? n : capacity - offset;
    if (n == 0) {
        return;
    }
    memcpy(ring + offset, data, (size_t)first);
    if (n > first) {
        memcpy(ring, (const unsigned char *)data + first, (size_t)(n - first));
    }
}

void npi_writer_init(struct npi_writer *writer, struct npi_lane *lane,
                     unsigned char *ring, uint64_t capacity, uint64_t quota,
                     bool message)
{
    *writer = (struct npi_writer){
        .lane = lane,
        .ring = ring,
        .capacity = capacity,
        .most = capacity,
        .quota = quota < NPI_QUOTA_MAX ? quota : NPI_QUOTA_MAX,
        .message = message,
    };
}

void npi_writer_may_grow(struct npi_writer *writer, uint64_t most)
{
    writer->most = most;
}

void npi_put_init(struct npi_put *put, const void *data, uint64_t size,
                  bool force)
{
    *put = (struct npi_put){.data = data, .size = size, .force = force};
}

/* Q1: take over the reader's progress. The end of what it may have read is
 * tail, or fill while an offer is out. */
static bool refresh(struct npi_writer *w)
{
    uint64_t end = w->offering || w->abandoned ? w->fill : w->tail;
    uint64_t head = atomic_load_explicit(&w->lane->head, memory_order_acquire) &
                    ~NPI_WAITS;
    uint64_t read = atomic_load_explicit(&w->lane->read, memory_order_acquire);
    if (w->broken || head - w->head_seen > end - w->head_seen ||
        read - w->read_seen > w->written - w->read_seen) {
        w->broken = true;
        return false;
    }
    w->head_seen = head;
    w->read_seen = read;
    return true;
}

static uint64_t header(unsigned char *bytes, uint64_t size)
{
    if (size <= NPI_SHORT_MAX) {
        bytes[0] = (unsigned char)size;
        return 1;
    }
    bytes[0] = NPI_LONG;
    for (int i = 0; i < 4; i++) {
        bytes[1 + i] = (unsigned char)(size >> (8 * i));
    }
    return NPI_LONG_HEADER;
}

static uint64_t header_size(uint64_t size)
{
    return size <= NPI_SHORT_MAX ? 1 : NPI_LONG_HEADER;
}

/* Q3: publish tail, and whatever was stored before. */
static void publish(struct npi_writer *w)
{
    uint64_t old = atomic_exchange_explicit(&w->lane->tail, w->tail,
                                            memory_order_acq_rel);
    if (old & NPI_WAITS) {
        w->bell = true;
    }
}

static uint64_t unread(const struct npi_writer *w)
{
    return w->written - w->read_seen;
}

static uint64_t space(const struct npi_writer *w, uint64_t end)
{
    uint64_t held = end - w->head_seen;
    return held <= w->capacity ? w->capacity - held : 0;
}

uint64_t npi_put_wanted(struct npi_writer *w)
{
    if (!refresh(w) || w->tail != w->head_seen || w->offering) {
        return 0;
    }
    return atomic_load_explicit(&w->lane->wanted, memory_order_relaxed);
}

/* Reads that wait are not charged to the quota. Their number is a hint: if one
 * has just gone away, the queue holds a little more than its quota. */
static bool quota_allows(struct npi_writer *w, const struct npi_put *put)
{
    if (put->force || put->size == 0) {
        return true;
    }
    uint64_t held = unread(w);
    if (held <= w->quota && put->size <= w->quota - held) {
        return true;
    }
    uint64_t wanted = npi_put_wanted(w);
    return wanted > 0 &&
           (wanted >= put->size || put->size - wanted <= w->quota);
}

static bool allowed(struct npi_writer *w, const struct npi_put *put)
{
    uint64_t room = space(w, w->tail), head = header_size(put->size);
    return quota_allows(w, put) && room >= head && put->size <= room - head;
}

static void commit(struct npi_writer *w, struct npi_put *put)
{
    unsigned char bytes[NPI_LONG_HEADER];
    uint64_t n = header(bytes, put->size);
    npi_ring_in(w->ring, w->capacity, w->tail, bytes, n);
    npi_ring_in(w->ring, w->capacity, w->tail + n, put->data, put->size);
    w->tail += n + put->size;
    w->written += put->size;
    put->placed = put->size;
    publish(w);
}

/* Q5: the reader stands still, at head. The next record goes there, or where
 * the offer began if the reader has not come so far. */
static void take_back(struct npi_writer *w)
{
    uint64_t gone = w->head_seen - w->tail;
    if (gone <= w->fill - w->tail && gone > 0) {
        w->tail = w->head_seen;
        w->written = w->begin + (gone > w->header ? gone - w->header : 0);
    } else {
        w->written = w->begin;
    }
    w->offering = w->abandoned = false;
}

/* Q4: after an abandoned offer the ring is ours again once the reader has
 * answered. */
static enum npi_step settle(struct npi_writer *w)
{
    uint64_t word = atomic_load_explicit(&w->lane->offer, memory_order_acquire);
    if (word == npi_offer_word(w->number, NPI_ABANDONED)) {
        return NPI_AGAIN;
    }
    if (!refresh(w)) {
        return NPI_BROKEN;
    }
    take_back(w);
    return NPI_DONE;
}

static void pay_owed(struct npi_writer *w)
{
    struct npi_put empty;
    npi_put_init(&empty, NULL, 0, false);
    for (; w->owed > 0 && allowed(w, &empty); w->owed--) {
        commit(w, &empty);
    }
}

/* Q8. */
static bool lies_as_in_all(const struct npi_writer *w)
{
    uint64_t held = w->tail - w->head_seen;
    return held == 0 || (held <= w->capacity &&
                         (w->head_seen & (w->most - 1)) <= w->capacity - held);
}

/* Q8: for what does not fit otherwise, and for who has written large messages
 * before; all else streams as well through little memory. */
static void grow_for(struct npi_writer *w, const struct npi_put *put)
{
    if (w->capacity == w->most || w->abandoned) {
        return;
    }
    w->bulk += put->size >= LARGE;
    if (put->size + NPI_LONG_HEADER <= w->capacity && w->bulk < BULK) {
        return;
    }
    if (refresh(w) && lies_as_in_all(w)) {
        w->capacity = w->most;
        atomic_store_explicit(&w->lane->grown, 1, memory_order_release);
    }
}

enum npi_step npi_put_now(struct npi_writer *w, struct npi_put *put)
{
    if (w->broken) {
        return NPI_BROKEN;
    }
    if (put->size == 0 ? !w->message : put->placed == put->size) {
        return NPI_DONE; /* nothing to do, or done already by npi_put_leave */
    }
    if (w->abandoned) {
        enum npi_step step = settle(w);
        if (step != NPI_DONE) {
            return step;
        }
    }
    grow_for(w, put);
    pay_owed(w);
    if (w->owed > 0 || !allowed(w, put)) {
        if (!refresh(w)) {
            return NPI_BROKEN;
        }
        pay_owed(w);
        if (w->owed > 0 || !allowed(w, put)) {
            return NPI_AGAIN;
        }
    }
    commit(w, put);
    return NPI_DONE;
}

bool npi_put_short(struct npi_writer *w, const void *data, uint64_t size)
{
    uint64_t offset = w->tail & (w->capacity - 1);
    uint64_t held = w->written - w->read_seen;
    if (size >= LARGE && w->capacity != w->most) {
        return false; /* which may grow */
    }
    if (w->broken || w->offering || w->abandoned || w->owed > 0 ||
        (size == 0 && !w->message) || held > w->quota ||
        size > w->quota - held ||
        size + NPI_LONG_HEADER > w->capacity - offset ||
        size + NPI_LONG_HEADER > space(w, w->tail)) {
        return false;
    }
    uint64_t n = header(w->ring + offset, size);
    if (size > 0) {
        memcpy(w->ring + offset + n, data, (size_t)size);
    }
    w->tail += n + size;
    w->written += size;
    publish(w);
    return true;
}

void npi_put_owed(struct npi_writer *w)
{
    if (!w->broken && w->owed > 0 && !w->offering &&
        (!w->abandoned || settle(w) == NPI_DONE)) {
        pay_owed(w);
    }
}

/* ---------------------------------------------------------------- the offer */

/* Copy in as much as there is room for, publishing piece by piece. */
static void pour(struct npi_writer *w, struct npi_put *put)
{
    while (put->placed < put->size) {
        uint64_t n = put->size - put->placed;
        uint64_t room = space(w, w->fill);
        n = n < room ? n : room;
        n = n < CHUNK ? n : CHUNK;
        if (n == 0) {
            return;
        }
        npi_ring_in(w->ring, w->capacity, w->fill, put->data + put->placed, n);
        w->fill += n;
        put->placed += n;
        atomic_store_explicit(&w->lane->fill, w->fill, memory_order_release);
        publish(w);
    }
}

static void offer(struct npi_writer *w, struct npi_put *put)
{
    unsigned char bytes[NPI_LONG_HEADER];
    w->header = header(bytes, put->size);
    npi_ring_in(w->ring, w->capacity, w->tail, bytes, w->header);
    w->fill = w->tail + w->header;
    w->begin = w->written;
    w->written += put->size;
    w->number++;
    w->offering = put->offered = true;
    atomic_store_explicit(&w->lane->fill, w->fill, memory_order_relaxed);
    atomic_store_explicit(&w->lane->offer_size, put->size,
                          memory_order_relaxed);
    atomic_store_explicit(&w->lane->offer,
                          npi_offer_word(w->number, NPI_OFFERED),
                          memory_order_release);
    pour(w, put);
    publish(w);
}

/* Move the offer from one of two states to another; the state it had. */
static uint64_t resolve(struct npi_writer *w, enum npi_offer_state from_offered,
                        enum npi_offer_state from_claimed)
{
    uint64_t offered = npi_offer_word(w->number, NPI_OFFERED);
    uint64_t claimed = npi_offer_word(w->number, NPI_CLAIMED);
    uint64_t word = offered;
    for (;;) {
        uint64_t next = npi_offer_word(
            w->number, word == offered ? from_offered : from_claimed);
        if (atomic_compare_exchange_strong_explicit(&w->lane->offer, &word,
                                                    next, memory_order_acq_rel,
                                                    memory_order_acquire)) {
            return word;
        }
        if (word != offered && word != claimed) {
            w->broken = true;
            return 0;
        }
    }
}

/* Enough is read. FOLDED first: who sees tail beyond the place where it read
 * half of the offer finds out what became of that. */
static enum npi_step fold(struct npi_writer *w, struct npi_put *put)
{
    bool sane = resolve(w, NPI_FOLDED, NPI_FOLDED) != 0;
    w->tail = w->fill;
    w->offering = put->offered = false;
    publish(w);
    return sane ? NPI_DONE : NPI_BROKEN;
}

enum npi_step npi_put_leave(struct npi_writer *w, struct npi_put *put)
{
    if (put->offered && put->placed == put->size) {
        return fold(w, put);
    }
    return NPI_AGAIN;
}

enum npi_step npi_put(struct npi_writer *w, struct npi_put *put)
{
    if (!put->offered) {
        enum npi_step step = npi_put_now(w, put);
        if (step != NPI_AGAIN || w->abandoned || put->size == 0 ||
            space(w, w->tail) <= NPI_LONG_HEADER) {
            return step;
        }
        offer(w, put);
    }
    if (!refresh(w)) {
        return NPI_BROKEN;
    }
    pour(w, put);
    if (put->placed == put->size && (put->force || unread(w) <= w->quota)) {
        return fold(w, put);
    }
    return NPI_AGAIN;
}

/* Data bytes of the offer that the program on the other end has. While it is
 * claimed the reader says so; otherwise in byte mode it is all before head, in
 * message mode some of that may be stashed. */
static uint64_t delivered(const struct npi_writer *w, const struct npi_put *put,
                          bool claimed)
{
    uint64_t given = atomic_load_explicit(&w->lane->given,
                                          memory_order_relaxed);
    if (!claimed && !w->message) {
        uint64_t gone = w->head_seen - w->tail;
        given = gone <= w->fill - w->tail && gone > w->header ? gone - w->header
                                                              : 0;
    }
    if (!claimed && w->head_seen - w->tail - 1 >= w->fill - w->tail) {
        given = 0; /* not begun: given is of an older offer */
    }
    return given < put->size ? given : put->size;
}

enum npi_step npi_put_stop(struct npi_writer *w, struct npi_put *put,
                           uint64_t *taken)
{
    *taken = 0;
    if (!put->offered) {
        return NPI_AGAIN;
    }
    put->offered = false;
    uint64_t was = resolve(w, NPI_WITHDRAWN, NPI_ABANDONED);
    if (!was || !refresh(w)) {
        w->offering = false;
        return NPI_BROKEN;
    }
    if (was == npi_offer_word(w->number, NPI_CLAIMED)) {
        w->offering = false;
        w->abandoned = true;
        *taken = delivered(w, put, true);
        publish(w); /* the reader may sleep for more of it */
        return NPI_AGAIN;
    }
    bool all = put->placed == put->size && w->head_seen == w->fill;
    *taken = all ? put->size : delivered(w, put, false);
    if (w->head_seen - w->tail - 1 < w->fill - w->tail) {
        /* Half read. There is one such record at most: the reader must have
         * noticed it before it can read half of another. */
        atomic_store_explicit(&w->lane->cut, w->number, memory_order_release);
    }
    take_back(w);
    publish(w);
    return all ? NPI_DONE : NPI_AGAIN;
}

void npi_put_arm(struct npi_writer *w)
{
    atomic_fetch_or_explicit(&w->lane->head, NPI_WAITS, memory_order_acq_rel);
}

bool npi_put_stirred(const struct npi_writer *w)
{
    uint64_t head = atomic_load_explicit(&w->lane->head, memory_order_acquire) &
                    ~NPI_WAITS;
    uint64_t read = atomic_load_explicit(&w->lane->read, memory_order_relaxed);
    return head != w->head_seen || read != w->read_seen;
}

struct npi_mark npi_mark(const struct npi_writer *w)
{
    return (struct npi_mark){w->tail, w->written};
}

enum npi_step npi_flushed(struct npi_writer *w, const struct npi_mark *mark,
                          uint64_t behind)
{
    if (!refresh(w)) {
        return NPI_BROKEN;
    }
    /* A write that was taken back since will never be read. */
    uint64_t most = w->written + behind;
    uint64_t goal = mark->written < most ? mark->written : most;
    bool all = w->read_seen >= goal && w->head_seen >= mark->tail;
    return all ? NPI_DONE : NPI_AGAIN;
}
