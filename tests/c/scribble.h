/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Somebody who writes into a queue's memory what he likes: noise, edges, and
 * what could nearly be true. */

#ifndef SCRIBBLE_H
#define SCRIBBLE_H

#include "pipe/npi_queue.h"
#include "witness.h"

struct scribble {
    struct npi_lane *lane;
    unsigned char *ring;
    uint64_t capacity;
};

static inline uint64_t scribble_near(const struct scribble *s, uint32_t *random)
{
    uint64_t words[4] = {atomic_load(&s->lane->tail),
                         atomic_load(&s->lane->head),
                         atomic_load(&s->lane->fill), 0};
    uint64_t word = words[witness_random(random) % 4] & ~NPI_WAITS;
    switch (witness_random(random) % 8) {
    case 0: return word + s->capacity;
    case 1: return word + s->capacity + 1;
    case 2: return word - 1;
    case 3: return word + witness_random(random) % 8;
    case 4: return word - witness_random(random) % 300;
    case 5: return word + witness_random(random) % 300;
    case 6: return word ^ UINT64_C(1) << witness_random(random) % 64;
    default: return word;
    }
}

static inline uint64_t scribble_number(const struct scribble *s,
                                       uint32_t *random)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     UINT32_MAX,
                                     UINT64_MAX,
                                     INT64_MAX,
                                     NPI_WAITS,
                                     NPI_WAITS - 1,
                                     0x7FFFFFFF,
                                     0x80000000u,
                                     UINT64_MAX - 4,
                                     UINT64_MAX - 1};
    switch (witness_random(random) % 3) {
    case 0: return edges[witness_random(random) % 12];
    case 1:
        return (uint64_t)witness_random(random) << 32 | witness_random(random);
    default: return scribble_near(s, random);
    }
}

/* Mostly a word that could be true. */
static inline void scribble_offer(const struct scribble *s, uint32_t *random)
{
    uint64_t word = atomic_load(&s->lane->offer);
    uint64_t number = word / 8 + witness_random(random) % 3 - 1;
    atomic_store(&s->lane->offer, witness_random(random) % 8
                                      ? number * 8 + witness_random(random) % 8
                                      : scribble_number(s, random));
}

/* A header at a place where one may be looked for. */
static inline void scribble_header(const struct scribble *s, uint32_t *random)
{
    static const unsigned char firsts[] = {0, 1, 238, 239, 240, 241, 255};
    volatile unsigned char *ring = s->ring;
    uint64_t at = scribble_near(s, random);
    uint32_t size = (uint32_t)scribble_number(s, random);
    if (witness_random(random) % 2) {
        size = witness_random(random) % (2 * (uint32_t)s->capacity);
    }
    ring[at & (s->capacity - 1)] = firsts[witness_random(random) % 7];
    for (uint64_t i = 1; i < NPI_LONG_HEADER; i++) {
        ring[(at + i) & (s->capacity - 1)] = (unsigned char)(size >>
                                                             (8 * (i - 1)));
    }
}

/* One of them. */
static inline void scribble(const struct scribble *s, uint32_t *random)
{
    struct npi_lane *lane = s->lane;
    uint64_t number = scribble_number(s, random);
    switch (witness_random(random) % 17) {
    case 0: atomic_store(&lane->tail, number); break;
    case 1: atomic_store(&lane->tail, scribble_near(s, random)); break;
    case 2: atomic_store(&lane->head, number); break;
    case 3: atomic_store(&lane->head, scribble_near(s, random)); break;
    case 4: atomic_store(&lane->fill, number); break;
    case 5: atomic_store(&lane->fill, scribble_near(s, random)); break;
    case 6: atomic_store(&lane->offer_size, number); break;
    case 7: atomic_store(&lane->behind, number); break;
    case 8: atomic_store(&lane->cut, number % 8); break;
    case 9: atomic_store(&lane->read, number); break;
    case 10: atomic_store(&lane->wanted, number); break;
    case 11: atomic_store(&lane->given, number); break;
    case 12: scribble_header(s, random); break;
    case 14: atomic_store(&lane->grown, (uint32_t)number); break;
    case 13: memset(s->ring, (int)(number & 255), s->capacity / 2); break;
    default: scribble_offer(s, random); break;
    }
}

/* The same for a moment only: for who looks at a word twice. */
static inline void scribble_flicker(const struct scribble *s, uint32_t *random)
{
    struct npi_lane *lane = s->lane;
    _Atomic uint64_t *words[] = {&lane->tail,  &lane->head,      &lane->fill,
                                 &lane->offer, &lane->read,      &lane->wanted,
                                 &lane->given, &lane->offer_size};
    _Atomic uint64_t *word = words[witness_random(random) % 8];
    uint64_t number = scribble_number(s, random), old = atomic_load(word);
    if (witness_random(random) % 4 == 0) {
        volatile unsigned char *at = s->ring +
                                     witness_random(random) % s->capacity;
        unsigned char byte = *at;
        *at = (unsigned char)(0xEE + number % 4);
        sched_yield();
        *at = byte;
        return;
    }
    atomic_store(word, number);
    for (uint32_t n = witness_random(random) % 64; n > 0; n--) {
        (void)atomic_load(word);
    }
    atomic_compare_exchange_strong(word, &number, old);
}

#endif
