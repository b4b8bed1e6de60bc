/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The reading end's part in the life of an offer, and what is committed, which
 * depends on it. The argument stands in npi_queue.h. */

#include "pipe/npi_reader.h"

/* Stored before the claim that a writer may abandon, who then reads it. */
void npi_give(struct npi_reader *r, uint64_t bytes)
{
    r->given = bytes;
    atomic_store_explicit(&r->lane->given, bytes, memory_order_relaxed);
}

/* Q5: the rest of a withdrawn record; what head has passed counts as read. */
void npi_forget_record(struct npi_reader *r, uint64_t copied)
{
    r->read += copied + npi_stashed(r);
    r->stash_at = r->stash_size;
    r->inside = false;
    r->rest = 0;
    r->part_of = 0;
    npi_publish_head(r);
}

/* A record half read from an offer: what has become of the offer since? */
void npi_follow_offer(struct npi_reader *r)
{
    if (r->part_of == 0) {
        return;
    }
    uint64_t word = atomic_load_explicit(&r->lane->offer, memory_order_acquire);
    if (word == npi_offer_word(r->part_of, NPI_OFFERED)) {
        return;
    }
    bool gone = word == npi_offer_word(r->part_of, NPI_WITHDRAWN) ||
                (word / 8 != r->part_of &&
                 atomic_load_explicit(&r->lane->cut, memory_order_relaxed) ==
                     r->part_of);
    r->part_of = 0;
    if (gone) {
        npi_forget_record(r, 0);
    }
}

/* An offer that waits to be read. One that was read to its end stays OFFERED
 * until the writer has seen that. */
bool npi_on_offer(const struct npi_reader *r, uint64_t *word)
{
    *word = atomic_load_explicit(&r->lane->offer, memory_order_acquire);
    return *word % 8 == NPI_OFFERED && *word / 8 != r->spent;
}

enum npi_step npi_claimed(struct npi_reader *r, uint64_t *avail)
{
    uint64_t fill = atomic_load_explicit(&r->lane->fill, memory_order_acquire);
    *avail = fill - r->head;
    return *avail > r->capacity ? NPI_BROKEN : NPI_DONE;
}

/* Q5: let go of the claim. False: it was abandoned, the record never was;
 * `copied` bytes of it are dropped. Any other state but ABANDONED means folded:
 * the writer begins nothing new before it has our answer. */
bool npi_unclaim(struct npi_reader *r, uint64_t copied)
{
    uint64_t number = r->claim;
    uint64_t word = npi_offer_word(number, NPI_CLAIMED);
    npi_publish_head(r);
    r->claim = 0;
    bool still = atomic_compare_exchange_strong_explicit(
        &r->lane->offer, &word, npi_offer_word(number, NPI_OFFERED),
        memory_order_acq_rel, memory_order_acquire);
    r->part_of = still && r->inside ? number : 0;
    if (still || word != npi_offer_word(number, NPI_ABANDONED)) {
        return true;
    }
    npi_forget_record(r, copied);
    atomic_store_explicit(&r->lane->offer,
                          npi_offer_word(number, NPI_WITHDRAWN),
                          memory_order_release);
    npi_publish_head(r); /* the answer, for a writer that sleeps for it */
    return false;
}

bool npi_offer_next(const struct npi_reader *r)
{
    uint64_t word;
    return !r->claim && npi_on_offer(r, &word);
}

static bool take_claim(struct npi_reader *r, uint64_t word)
{
    uint64_t number = word / 8;
    if (number != r->given_of) {
        r->given_of = number;
        npi_give(r, 0);
    }
    if (!atomic_compare_exchange_strong_explicit(
            &r->lane->offer, &word, npi_offer_word(number, NPI_CLAIMED),
            memory_order_acq_rel, memory_order_relaxed)) {
        return false;
    }
    r->claim = number;
    return true;
}

/* Q4: claim the offer, if there is one and nothing is committed before it. The
 * tail is loaded after the word: what was committed before this offer, or took
 * the place of an earlier one, is visible then and comes first. */
enum npi_claim npi_claim(struct npi_reader *r)
{
    uint64_t word;
    if (!npi_on_offer(r, &word)) {
        return NPI_CLAIM_NONE;
    }
    r->limit = atomic_load_explicit(&r->lane->tail, memory_order_acquire) &
               ~NPI_WAITS;
    npi_follow_growth(r);
    bool older = r->part_of != 0 && r->part_of != word / 8;
    if (older || (int64_t)(r->limit - r->head) > 0 || !take_claim(r, word)) {
        return NPI_CLAIM_MOVED;
    }
    return NPI_CLAIM_TAKEN;
}

/* -------------------------------------------------------- what is committed */

static enum npi_step load_tail(struct npi_reader *r, uint64_t *avail)
{
    if ((int64_t)(r->limit - r->head) <= 0) {
        r->limit = atomic_load_explicit(&r->lane->tail, memory_order_acquire) &
                   ~NPI_WAITS;
        npi_follow_growth(r);
    }
    int64_t n = (int64_t)(r->limit - r->head);
    *avail = n > 0 ? (uint64_t)n : 0;
    return n > (int64_t)r->capacity ? NPI_BROKEN : NPI_DONE;
}

/* Committed bytes at head; Q1, Q6. A tail behind head is an offer half read; so
 * is a rest that is not covered yet. */
enum npi_step npi_committed(struct npi_reader *r, uint64_t *avail)
{
    npi_follow_offer(r);
    enum npi_step step = load_tail(r, avail);
    if (*avail > 0 && r->part_of) {
        npi_follow_offer(r);
    }
    if (r->part_of || (r->inside && r->rest > *avail)) {
        *avail = 0;
    }
    return step;
}

/* Whether the record at head can be gone on with although nothing follows. */
bool npi_stash_only(const struct npi_reader *r)
{
    return r->inside && !r->part_of && r->rest == 0;
}
