/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The reading end of a queue: looking without taking, and waiting. */

#include <string.h>

#include "pipe/npi_reader.h"

/* Where a look stands in the records. */
struct place {
    uint64_t at, limit, rest;
    bool inside;
};

static void look_stash(const struct npi_reader *r, struct npi_look *look)
{
    uint64_t n = npi_stashed(r) < look->size ? npi_stashed(r) : look->size;
    if (n > 0) {
        memcpy(look->buf, r->stash + r->stash_at, (size_t)n);
        look->got = n;
    }
}

static void look_bytes(const struct npi_reader *r, struct npi_look *look,
                       struct place *place)
{
    uint64_t n = look->size - look->got;
    n = n < place->rest ? n : place->rest;
    n = n < place->limit - place->at ? n : place->limit - place->at;
    if (n > 0) {
        npi_ring_out(r->ring, r->capacity, place->at, look->buf + look->got, n);
        look->got += n;
        place->at += n;
        place->rest -= n;
    }
}

/* Copy from the records between head and limit. */
static enum npi_step look_records(struct npi_reader *r, struct npi_look *look,
                                  uint64_t limit)
{
    struct place place = {r->head, limit, r->rest, r->inside};
    bool first = true;
    look_stash(r, look);
    do {
        if (!place.inside) {
            uint64_t header;
            if (place.at == limit) {
                break;
            }
            if (!npi_record(r, place.at, limit - place.at, &header,
                            &place.rest)) {
                return NPI_BROKEN;
            }
            place.at += header;
        }
        if (first) {
            uint64_t of_first = place.rest + npi_stashed(r);
            look_bytes(r, look, &place);
            look->left = of_first - look->got;
        } else {
            look_bytes(r, look, &place);
        }
        look->any = true;
        first = false;
        place.inside = false;
    } while (!look->first_only && place.rest == 0 && look->got < look->size);
    return NPI_DONE;
}

/* What the writer says of itself is believed within reason. */
static uint64_t at_most(uint64_t value, uint64_t limit)
{
    return value < limit ? value : limit;
}

static uint64_t behind(const struct npi_reader *r)
{
    return at_most(atomic_load_explicit(&r->lane->behind, memory_order_relaxed),
                   NPI_SIZE_MAX * 1024);
}

static uint64_t offer_size(const struct npi_reader *r)
{
    return at_most(
        atomic_load_explicit(&r->lane->offer_size, memory_order_relaxed),
        NPI_SIZE_MAX);
}

/* Nothing is committed: the offer, if there is one, is what comes next. */
static enum npi_step look_offer(struct npi_reader *r, struct npi_look *look)
{
    uint64_t limit, size;
    while (npi_claim(r) == NPI_CLAIM_TAKEN) {
        size = r->inside ? r->rest + npi_stashed(r) : offer_size(r);
        enum npi_step step = npi_claimed(r, &limit);
        if (step == NPI_DONE) {
            step = look_records(r, look, r->head + limit);
        }
        if (step != NPI_DONE) {
            return step;
        }
        if (npi_unclaim(r, 0)) {
            look->avail = size + behind(r);
            return NPI_DONE;
        }
        look->got = look->left = 0;
        look->any = false;
    }
    return NPI_DONE;
}

static uint64_t offered(const struct npi_reader *r)
{
    uint64_t word;
    if (!npi_on_offer(r, &word)) {
        return 0;
    }
    return offer_size(r) + behind(r);
}

static enum npi_step look_at_queue(struct npi_reader *r, struct npi_look *look,
                                   bool offers)
{
    look->got = look->avail = look->left = 0;
    look->any = false;
    if (r->claim || !npi_readable(r, offers)) {
        return NPI_DONE;
    }
    uint64_t avail, tail;
    if (npi_committed(r, &avail) != NPI_DONE || !npi_walk(r, &tail)) {
        return NPI_BROKEN;
    }
    if (avail == 0 && !npi_stash_only(r)) {
        return offers ? look_offer(r, look) : NPI_DONE;
    }
    uint64_t own = npi_stashed(r) + (r->inside ? r->rest : 0);
    look->avail = own + r->walk_bytes + (offers ? offered(r) : 0);
    /* Not up to `avail`, which may be of an earlier look. */
    return look_records(r, look, tail);
}

enum npi_step npi_peek(struct npi_reader *r, struct npi_look *look, bool offers)
{
    enum npi_step step = r->broken ? NPI_BROKEN
                                   : look_at_queue(r, look, offers);
    r->broken |= step == NPI_BROKEN;
    return step;
}

/* ------------------------------------------------------------------ waiting */

void npi_get_wanted(struct npi_reader *r, uint64_t wanted)
{
    atomic_store_explicit(&r->lane->wanted, wanted, memory_order_relaxed);
}

/* Q3: where the bit is left from an earlier wait, the next publication finds it
 * as well. */
void npi_get_arm(struct npi_reader *r, uint64_t wanted)
{
    if (atomic_load_explicit(&r->lane->wanted, memory_order_relaxed) ==
            wanted &&
        atomic_load_explicit(&r->lane->tail, memory_order_acquire) &
            NPI_WAITS) {
        return;
    }
    npi_get_wanted(r, wanted);
    atomic_fetch_or_explicit(&r->lane->tail, NPI_WAITS, memory_order_acq_rel);
}

bool npi_get_fed(const struct npi_reader *r)
{
    return atomic_load_explicit(&r->lane->fill, memory_order_acquire) !=
               r->head ||
           atomic_load_explicit(&r->lane->offer, memory_order_acquire) !=
               npi_offer_word(r->claim, NPI_CLAIMED);
}

bool npi_readable(struct npi_reader *r, bool offers)
{
    uint64_t avail;
    if (r->claim) {
        return false; /* a read is at it */
    }
    if (npi_committed(r, &avail) != NPI_DONE || avail > 0 ||
        npi_stash_only(r)) {
        return true;
    }
    uint64_t word;
    return offers && npi_on_offer(r, &word);
}
