/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* One direction of a connection: a ring of records between one writer and one
 * reader, in memory both share and neither trusts. Pure: no system call, no
 * allocation, never waits. The callers (one at a time per end) take a step; a
 * step that cannot get further returns NPI_AGAIN and the caller waits.
 *
 * COMMITTED DATA. The writer copies a record in and moves `tail`; the reader
 * copies it out and moves `head`. Both are free-running 64-bit positions; each
 * side keeps its own in private memory and only publishes it.
 *   Q1  Each side believes only its own private index. The other's is loaded
 *       once, compared (0 <= tail - head <= capacity), and used from a local.
 *       A length read from the ring is compared with what has been published.
 *       Whatever does not fit is NPI_BROKEN: the caller ends the connection.
 *   Q2  A committed record is complete: one store of tail publishes it. A
 *       process that is killed while it copies has published nothing.
 *
 * WAKING. Whoever finds nothing to do sets NPI_WAITS in the other's index (tail
 * for the reader, head for the writer) by an atomic or, LOOKS AGAIN, and only
 * then sleeps. Whoever publishes does so by an atomic exchange of that same
 * word and rings if NPI_WAITS was set.
 *   Q3  Both are read-modify-writes of one word, so one comes first: if the
 *       publication, the second look sees it (acquire); if the or, the exchange
 *       returns the bit and rings. Everything else that a sleeper may wait for
 *       (fill, offer, read) is stored before such an exchange, hence seen by
 *       the second look too. Coherence of one word is all that is needed; no
 *       fences. The publisher clears the bit; a bit left behind by a sleeper
 *       that went away costs one vain ring.
 *
 * QUOTA. A write may return when what is unread, itself included, fits the
 * quota in data bytes: written - read <= quota. The reader publishes `read`
 * before `head`.
 *
 * GROWING. A ring begins as the first part of its memory, which holds what the
 * quota allows: a connection of small messages touches little, and what it
 * touches stays in the caches. A writer of large messages goes on to the whole
 * ring, once: then it writes where the reader has not read for long, not into
 * lines that the other CPU's cache still holds; and what is larger than the
 * first part need not be followed by the reader step by step.
 *   Q8  It does so when no offer is out and what is between head and tail lies
 *       in the same place of both, that is, unwrapped in the first part, or is
 *       nothing; and stores `grown` before it publishes anything more. The
 *       reader looks at `grown` after each load that shows it something new,
 *       and finds what was placed before where it was.
 *
 * THE OFFER: a write that does not fit. It must be visible and readable at once
 * and still be taken back when its deadline passes. So it is placed behind tail
 * without moving tail; `fill` says how much is physically there (a write larger
 * than the ring streams through), and the word `offer` says whose it is:
 *     OFFERED -> CLAIMED     reader, before it touches the record
 *     CLAIMED -> OFFERED     reader, when its call has what it wants
 *     OFFERED, CLAIMED -> FOLDED     writer: enough is read; it moves tail
 *                            over the record next
 *     OFFERED -> WITHDRAWN   writer: deadline, cancel
 *     CLAIMED -> ABANDONED   writer: the same, while a read is copying
 *     ABANDONED -> WITHDRAWN reader: it has let go
 *   Q4  Every transition is one compare-and-exchange of `offer`, so both sides
 *       agree on what happened to it. In OFFERED the reader does not touch it
 *       and its head stands still beyond tail; in ABANDONED the writer touches
 *       no memory until the reader has answered. So no byte is ever copied
 *       while it is being overwritten.
 *   Q5  What a read took from an offer is given to the program only if
 *       CLAIMED -> OFFERED succeeds or finds it folded. If it finds ABANDONED
 *       the read drops its copy and starts again: the message never was.
 *       `head` is published before that step and `read` after it, and bytes
 *       that are dropped behind head count as read; so the writer settles a
 *       withdrawn offer by head alone, and read catches up.
 *   Q6  The writer says what became of an offer before it moves tail. A reader
 *       that stands half way in an offer and sees tail beyond that place looks
 *       at `offer` (again) before it believes that the rest is there.
 *   Q7  At most one offer exists; other writes of this end wait for it in the
 *       caller. It has no size zero.
 *   A message half read earlier (MORE_DATA) and then withdrawn loses its rest:
 *   `cut` names it, for the reader that comes after the next offer has begun.
 *
 * THE STASH. A read of a message larger than the ring must free space while it
 * copies. If its deadline passes then, what it has copied goes into memory its
 * caller provides and is the first thing the next read gets; it counts as
 * unread until then.
 *
 * CRASHES. Nothing here is repaired: when either process dies, its socket says
 * so, and the survivor drops the whole mapping after draining what is
 * committed. An offer of a dead writer is never read (npi_get with no offers).
 */

#ifndef NPI_QUEUE_H
#define NPI_QUEUE_H

#include <stdbool.h>

#include "pipe/npi_format.h"

enum npi_step {
    NPI_DONE = 0,
    NPI_AGAIN,    /* nothing more can be done now: arm, look again, wait */
    NPI_BROKEN,   /* the peer broke the rules */
    NPI_MORE,     /* npi_get: a part of a message; the rest stays */
    NPI_TOO_SMALL /* npi_get, whole: get->got bytes are needed */
};

/* -------------------------------------------------------------- writing end */

struct npi_writer {
    struct npi_lane *lane;
    unsigned char *ring;
    uint64_t capacity; /* a power of two */
    uint64_t most;     /* what it may grow to */
    uint64_t quota;
    bool message;       /* keep empty writes as messages */
    uint64_t tail;      /* committed */
    uint64_t head_seen; /* the reader's, checked */
    uint64_t read_seen; /* data bytes, checked */
    uint64_t written;   /* data bytes committed or on offer */
    uint64_t number;    /* of the last offer, which began at tail */
    uint64_t begin;     /* written before it */
    uint64_t header;    /* bytes of its header */
    uint64_t fill;      /* where it ends, physically */
    bool offering;      /* it is out */
    bool abandoned;     /* waiting for the reader's answer */
    uint64_t owed;      /* empty messages to write before the next one */
    unsigned bulk;      /* large writes tried, up to what it grows for */
    bool broken;        /* the reader broke the rules: do nothing any more */
    bool bell;          /* the reader sleeps: ring, and clear this */
};

/* One write, filled by npi_put_init. */
struct npi_put {
    const unsigned char *data;
    uint64_t size;
    uint64_t placed; /* data bytes in the ring so far */
    bool force;      /* not subject to the quota */
    bool offered;
};

void npi_writer_init(struct npi_writer *writer, struct npi_lane *lane,
                     unsigned char *ring, uint64_t capacity, uint64_t quota,
                     bool message);

/* The ring has room for more, a power of two; to be said to both ends. */
void npi_writer_may_grow(struct npi_writer *writer, uint64_t most);

void npi_put_init(struct npi_put *put, const void *data, uint64_t size,
                  bool force);

/* Write if the quota and the ring allow it now: NPI_DONE, NPI_AGAIN,
 * NPI_BROKEN. Not while an offer is out. */
enum npi_step npi_put_now(struct npi_writer *writer, struct npi_put *put);

/* The short way, for what has room as it is, in one piece: written, with the
 * effect of npi_put_now. False: nothing was done, go the long way. */
bool npi_put_short(struct npi_writer *writer, const void *data, uint64_t size);

/* What npi_put_now does, and otherwise offer it: NPI_DONE when it may return.
 * Called again after every wake-up. */
enum npi_step npi_put(struct npi_writer *writer, struct npi_put *put);

/* Give up: NPI_DONE if it turned out to be complete, else NPI_AGAIN with
 * *taken = data bytes of it that had been read. */
enum npi_step npi_put_stop(struct npi_writer *writer, struct npi_put *put,
                           uint64_t *taken);

/* Write the empty messages that could not be written when they came. */
void npi_put_owed(struct npi_writer *writer);

/* This end closes under a write that waits: if all of it is in the ring it
 * stays there for the reader (NPI_DONE), else NPI_AGAIN: stop it. */
enum npi_step npi_put_leave(struct npi_writer *writer, struct npi_put *put);

/* How many bytes reads that wait now could take (a hint). */
uint64_t npi_put_wanted(struct npi_writer *writer);

/* Ask to be rung when the reader gets on. Look again before sleeping. */
void npi_put_arm(struct npi_writer *writer);

/* Whether the reader has got on since this end looked last; reads memory
 * only. */
bool npi_put_stirred(const struct npi_writer *writer);

/* Flush: where the end of what is written stands now. */
struct npi_mark {
    uint64_t tail, written;
};
struct npi_mark npi_mark(const struct npi_writer *writer);
/* NPI_DONE when all before the mark has been read. To let it include writes
 * that wait behind the queue's last, add their bytes to the mark's `written`;
 * `behind` are those that still wait. */
enum npi_step npi_flushed(struct npi_writer *writer,
                          const struct npi_mark *mark, uint64_t behind);

/* -------------------------------------------------------------- reading end */

struct npi_reader {
    struct npi_lane *lane;
    const unsigned char *ring;
    uint64_t capacity;
    uint64_t most;       /* what it may grow to */
    uint64_t head;       /* private truth */
    uint64_t limit;      /* the tail, or fill, last seen and checked */
    uint64_t read;       /* data bytes given to the program */
    uint64_t rest;       /* of the record at head: data bytes still in the ring
                            or to come */
    bool inside;         /* the header of the record at head is consumed */
    uint64_t part_of;    /* the offer the record at head belongs to, or 0 */
    uint64_t claim;      /* the offer claimed now, or 0 */
    uint64_t spent;      /* the last offer that was read to its end */
    uint64_t given_of;   /* the offer claimed last ... */
    uint64_t given;      /* ... and how much of it the program was given */
    uint64_t walk;       /* peek has counted up to this position ... */
    uint64_t walk_bytes; /* ... this many bytes in records behind this one */
    unsigned char *stash;
    uint64_t stash_at, stash_size;
    bool broken; /* the writer broke the rules: do nothing any more */
    bool bell;   /* the writer sleeps: ring, and clear this */
};

/* One read, filled by npi_get_init. */
struct npi_get {
    unsigned char *buf;
    uint64_t size;
    uint64_t got;
    bool message;  /* message-read mode */
    bool whole;    /* no parts */
    bool waited;   /* it waited: takes what one write gave, not more */
    bool moved;    /* a record, perhaps empty, has been taken */
    uint64_t kept; /* of got: counted as read for good */
};

void npi_reader_init(struct npi_reader *reader, struct npi_lane *lane,
                     const unsigned char *ring, uint64_t capacity);

void npi_reader_may_grow(struct npi_reader *reader, uint64_t most);

void npi_get_init(struct npi_get *get, void *buf, uint64_t size, bool message,
                  bool whole);

/* Take what there is. `offers`: whether an offer may be taken (false once the
 * writer is gone). NPI_DONE, NPI_MORE, NPI_TOO_SMALL, NPI_AGAIN, NPI_BROKEN. */
enum npi_step npi_get(struct npi_reader *reader, struct npi_get *get,
                      bool offers);

/* The short way, for a committed record in one piece that all of `get` has room
 * for: taken, with the effect of npi_get. False: nothing was done, go the long
 * way. */
bool npi_get_short(struct npi_reader *reader, struct npi_get *get);

/* Whether a call that came to this without offers would take one now. */
bool npi_get_goes_on(const struct npi_get *get, enum npi_step step);

/* Give up. NPI_DONE or NPI_MORE: it had something after all. NPI_AGAIN: nothing
 * was taken. npi_get_held says how large a stash it needs for that; stash may
 * be NULL (then a part is delivered: NPI_MORE). A stash that is replaced is
 * returned in *old for the caller to free. */
uint64_t npi_get_held(const struct npi_get *get);
enum npi_step npi_get_stop(struct npi_reader *reader, struct npi_get *get,
                           unsigned char *stash, unsigned char **old);

/* The writer is gone: what it had not completed vanishes. get may be NULL. */
void npi_get_orphan(struct npi_reader *reader, struct npi_get *get);

/* Ask to be rung when something comes; `wanted` is the room in the buffers of
 * all reads that wait. Look again before sleeping. */
void npi_get_arm(struct npi_reader *reader, uint64_t wanted);
void npi_get_wanted(struct npi_reader *reader, uint64_t wanted);

/* While a read has an offer claimed: whether there is more of it, or news. */
bool npi_get_fed(const struct npi_reader *reader);

/* Whether there is an offer that no read is at yet. */
bool npi_offer_next(const struct npi_reader *reader);

/* Whether npi_get would not return NPI_AGAIN. */
bool npi_readable(struct npi_reader *reader, bool offers);

struct npi_look {
    unsigned char *buf;
    uint64_t size;
    uint64_t got, avail, left;
    bool first_only; /* of the first record only: a message pipe */
    bool any;        /* out: there is a record, perhaps empty */
};
enum npi_step npi_peek(struct npi_reader *reader, struct npi_look *look,
                       bool offers);

/* ------------------------------------------------- shared by the two halves */

/* Copy n bytes to or from ring position `at`, wrapping. */
void npi_ring_in(unsigned char *ring, uint64_t capacity, uint64_t at,
                 const void *data, uint64_t n);
void npi_ring_out(const unsigned char *ring, uint64_t capacity, uint64_t at,
                  void *data, uint64_t n);

static inline uint64_t npi_offer_word(uint64_t number,
                                      enum npi_offer_state state)
{
    return number * 8 + (uint64_t)state;
}

#endif
