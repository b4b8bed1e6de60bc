/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The reading end of a queue: taking. The argument stands in npi_queue.h;
 * looking without taking is npi_peek.c. */

#include "pipe/npi_reader.h"

#include <string.h>

void npi_get_init(struct npi_get *get, void *buf, uint64_t size, bool message,
                  bool whole)
{
    *get = (struct npi_get){
        .buf = buf, .size = size, .message = message, .whole = whole};
}

/* What the call has copied is the program's from now on. */
static void keep(struct npi_reader *r, struct npi_get *get)
{
    r->read += get->got - get->kept;
    get->kept = get->got;
    npi_publish_head(r);
}

/* ------------------------------------------------------------------ records */

/* What peek has counted (npi_walk) is without the record at head from now. */
static void pass_by(struct npi_reader *r, uint64_t size)
{
    if ((int64_t)(r->walk - r->head) > 0) {
        r->walk_bytes -= size < r->walk_bytes ? size : r->walk_bytes;
    }
}

/* Step into the record at head. */
static bool enter_record(struct npi_reader *r, uint64_t avail)
{
    uint64_t header, size;
    if (!npi_record(r, r->head, avail, &header, &size)) {
        return false;
    }
    if (!r->claim && size > avail - header) {
        return false; /* Q2: committed records are complete */
    }
    pass_by(r, size);
    r->head += header;
    r->inside = true;
    r->rest = size;
    return true;
}

static void leave_record(struct npi_reader *r, struct npi_get *get)
{
    if (r->claim) {
        r->spent = r->claim;
    }
    r->inside = false;
    r->part_of = 0;
    get->moved = true;
}

/* Copy from the record at head into the buffer: the stash, then the ring. */
static void copy_record(struct npi_reader *r, struct npi_get *get,
                        uint64_t avail)
{
    uint64_t room = get->size - get->got;
    uint64_t n = npi_stashed(r) < room ? npi_stashed(r) : room;
    if (n > 0) {
        memcpy(get->buf + get->got, r->stash + r->stash_at, (size_t)n);
        r->stash_at += n;
        get->got += n;
        room -= n;
    }
    n = r->rest < room ? r->rest : room;
    n = n < avail ? n : avail;
    if (n > 0) {
        npi_ring_out(r->ring, r->capacity, r->head, get->buf + get->got, n);
        r->head += n;
        r->rest -= n;
        get->got += n;
    }
}

static bool record_done(const struct npi_reader *r)
{
    return r->rest == 0 && npi_stashed(r) == 0;
}

/* Whether a `whole` read must leave the record alone for want of room; *needed
 * is then what it takes. A byte read wants what is there, a message read
 * all. */
static bool too_small(const struct npi_reader *r, const struct npi_get *get,
                      uint64_t avail, uint64_t *needed)
{
    uint64_t there = r->rest < avail || get->message ? r->rest : avail;
    *needed = npi_stashed(r) + there;
    return get->whole && get->got == 0 && *needed > get->size;
}

/* One record, or as much of it as is there and fits. avail is advanced. */
static enum npi_step take_record(struct npi_reader *r, struct npi_get *get,
                                 uint64_t *avail)
{
    uint64_t start = r->head, needed;
    if (!r->inside && !enter_record(r, *avail)) {
        return NPI_BROKEN;
    }
    *avail -= r->head - start;
    if (too_small(r, get, *avail, &needed)) {
        get->got = needed;
        return NPI_TOO_SMALL;
    }
    start = r->head;
    copy_record(r, get, *avail);
    *avail -= r->head - start;
    if (record_done(r)) {
        leave_record(r, get);
        return NPI_DONE;
    }
    return get->got == get->size ? NPI_MORE : NPI_AGAIN;
}

/* -------------------------------------------------------------------- reads */

static bool full(const struct npi_get *get)
{
    return get->got == get->size;
}

/* Whether a read that has taken a record goes on with the next one. */
static bool goes_on(const struct npi_get *get)
{
    return !get->message && !get->waited && !full(get);
}

/* Byte reads with `whole` want all that is committed, or nothing. */
static enum npi_step measure(struct npi_reader *r, struct npi_get *get)
{
    uint64_t tail, all = npi_stashed(r) + (r->inside ? r->rest : 0);
    if (!npi_walk(r, &tail)) {
        return NPI_BROKEN;
    }
    all += r->walk_bytes;
    if (all > get->size) {
        get->got = all;
        return NPI_TOO_SMALL;
    }
    return NPI_DONE;
}

static enum npi_step get_committed(struct npi_reader *r, struct npi_get *get,
                                   uint64_t avail)
{
    enum npi_step step = NPI_DONE;
    if (get->whole && !get->message && get->got == 0) {
        step = measure(r, get);
        if (step != NPI_DONE) {
            return step;
        }
    }
    do {
        step = take_record(r, get, &avail);
    } while (step == NPI_DONE && goes_on(get) && avail > 0);
    if (step == NPI_BROKEN || step == NPI_AGAIN) {
        return NPI_BROKEN; /* Q2: there was less than the header said */
    }
    if (step == NPI_TOO_SMALL) {
        return step;
    }
    keep(r, get);
    return step == NPI_MORE && !get->message ? NPI_DONE : step;
}

/* The end of a call's work on an offer it claimed. */
static enum npi_step finish_claim(struct npi_reader *r, struct npi_get *get,
                                  enum npi_step step)
{
    uint64_t copied = step == NPI_TOO_SMALL ? 0 : get->got - get->kept;
    if (!npi_unclaim(r, copied)) {
        get->got = get->kept;
        get->moved = get->kept > 0; /* the record never was */
        return NPI_AGAIN;
    }
    if (step == NPI_TOO_SMALL) {
        return step;
    }
    npi_give(r, r->given + copied);
    keep(r, get);
    return step == NPI_MORE && !get->message ? NPI_DONE : step;
}

/* Nothing more is there of a claimed record: has the writer given it up, or
 * completed it? */
static enum npi_step starve(struct npi_reader *r, struct npi_get *get)
{
    uint64_t word = atomic_load_explicit(&r->lane->offer, memory_order_acquire);
    if (word == npi_offer_word(r->claim, NPI_CLAIMED)) {
        npi_publish_head(r); /* space for the writer to pour into */
        return NPI_AGAIN;
    }
    if (!npi_unclaim(r, get->got - get->kept)) {
        get->got = get->kept;
        return NPI_AGAIN;
    }
    uint64_t avail; /* folded: all of it is committed, or will be at once */
    if (npi_committed(r, &avail) != NPI_DONE) {
        return NPI_BROKEN;
    }
    return avail > 0 ? get_committed(r, get, avail) : NPI_AGAIN;
}

static enum npi_step get_offered(struct npi_reader *r, struct npi_get *get)
{
    uint64_t avail;
    if (npi_claimed(r, &avail) != NPI_DONE) {
        return NPI_BROKEN;
    }
    enum npi_step step = take_record(r, get, &avail);
    if (step == NPI_BROKEN) {
        return step;
    }
    if (step == NPI_AGAIN && !get->message && get->got > 0) {
        step = NPI_DONE; /* a byte read never waits to fill */
    }
    return step == NPI_AGAIN ? starve(r, get) : finish_claim(r, get, step);
}

/* All that is committed and wanted. */
static enum npi_step get_all_committed(struct npi_reader *r,
                                       struct npi_get *get)
{
    uint64_t avail;
    enum npi_step step = NPI_AGAIN;
    if (npi_committed(r, &avail) != NPI_DONE) {
        return NPI_BROKEN;
    }
    while (avail > 0 || npi_stash_only(r)) {
        step = get_committed(r, get, avail);
        if (step != NPI_DONE || !goes_on(get)) {
            return step;
        }
        if (npi_committed(r, &avail) != NPI_DONE) { /* what came since */
            return NPI_BROKEN;
        }
    }
    return step;
}

/* The writer may get on between our looking for committed data and for an
 * offer, but an honest one not for ever. */
#define LOOKS 4

static enum npi_step get_something(struct npi_reader *r, struct npi_get *get,
                                   bool offers)
{
    enum npi_step step = NPI_AGAIN;
    enum npi_claim claim = NPI_CLAIM_MOVED;
    if (r->claim) {
        return get_offered(r, get);
    }
    for (int i = 0; i < LOOKS && claim == NPI_CLAIM_MOVED; i++) {
        enum npi_step more = get_all_committed(r, get);
        step = more == NPI_AGAIN ? step : more;
        bool enough = step == NPI_DONE && (!goes_on(get) || get->whole);
        if (enough || (step != NPI_DONE && step != NPI_AGAIN)) {
            return step;
        }
        claim = offers ? npi_claim(r) : NPI_CLAIM_NONE;
    }
    if (claim == NPI_CLAIM_TAKEN) {
        enum npi_step more = get_offered(r, get);
        return more == NPI_AGAIN && !r->claim ? step : more;
    }
    return step;
}

enum npi_step npi_get(struct npi_reader *r, struct npi_get *get, bool offers)
{
    enum npi_step step = r->broken ? NPI_BROKEN : get_something(r, get, offers);
    r->broken |= step == NPI_BROKEN;
    return step;
}

bool npi_get_goes_on(const struct npi_get *get, enum npi_step step)
{
    return step == NPI_AGAIN ||
           (step == NPI_DONE && goes_on(get) && !get->whole);
}

/* ------------------------------------------------------------ the short way */

/* The header of the record at head, if all of it lies in one piece in `avail`
 * committed bytes. */
static bool whole_record(const struct npi_reader *r, uint64_t avail,
                         uint64_t *header, uint64_t *size)
{
    uint64_t offset = r->head & (r->capacity - 1);
    uint64_t room = r->capacity - offset;
    uint64_t there = avail < room ? avail : room;
    *header = 1;
    *size = r->ring[offset];
    if (*size > NPI_SHORT_MAX && !npi_record(r, r->head, there, header, size)) {
        return false;
    }
    return *size <= there - *header;
}

bool npi_get_short(struct npi_reader *r, struct npi_get *get)
{
    uint64_t avail, header, size;
    if (r->broken || r->inside || r->claim || r->part_of || get->got > 0 ||
        npi_committed(r, &avail) != NPI_DONE || avail == 0 ||
        !whole_record(r, avail, &header, &size)) {
        return false;
    }
    bool fits = get->message ? size <= get->size
                             : size == get->size && size > 0 && !get->whole;
    if (!fits) {
        return false;
    }
    pass_by(r, size);
    r->head += header;
    npi_ring_out(r->ring, r->capacity, r->head, get->buf, size);
    r->head += size;
    get->got = size;
    get->moved = true;
    keep(r, get);
    return true;
}

/* ---------------------------------------------------------------- giving up */

uint64_t npi_get_held(const struct npi_get *get)
{
    return get->message ? get->got - get->kept : 0;
}

static void put_in_stash(struct npi_reader *r, struct npi_get *get,
                         unsigned char *stash, unsigned char **old)
{
    uint64_t held = get->got - get->kept;
    memcpy(stash, get->buf + get->kept, (size_t)held);
    *old = r->stash;
    r->stash = stash;
    r->stash_at = 0;
    r->stash_size = held;
    get->got = get->kept;
}

enum npi_step npi_get_stop(struct npi_reader *r, struct npi_get *get,
                           unsigned char *stash, unsigned char **old)
{
    uint64_t copied = get->got - get->kept;
    *old = stash;
    if (r->claim && !npi_unclaim(r, copied)) {
        get->got = get->kept;
        return NPI_AGAIN;
    }
    if (copied == 0) {
        return get->moved || get->got > 0 ? NPI_DONE : NPI_AGAIN;
    }
    if (get->message && stash) {
        put_in_stash(r, get, stash, old);
        return NPI_AGAIN;
    }
    npi_give(r, r->given + copied);
    keep(r, get);
    return get->message ? NPI_MORE : NPI_DONE;
}

void npi_get_orphan(struct npi_reader *r, struct npi_get *get)
{
    uint64_t number = r->claim ? r->claim : r->part_of;
    uint64_t word = atomic_load_explicit(&r->lane->offer, memory_order_acquire);
    if (number == 0) {
        return;
    }
    bool folded = word == npi_offer_word(number, NPI_FOLDED) ||
                  word / 8 > number;
    r->claim = r->part_of = 0;
    if (!folded) {
        uint64_t copied = get ? get->got - get->kept : 0;
        npi_forget_record(r, copied);
        if (get) {
            get->got = get->kept;
        }
    }
}
