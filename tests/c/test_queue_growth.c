/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A queue that goes on from the first part of its memory to all of it. */

#include "queue.h"

static void open_growing_queue(void)
{
    open_queue(RING, 30, true);
    npi_writer_may_grow(&w, 4 * RING);
    npi_reader_may_grow(&r, 4 * RING);
}

/* The ring is large enough for it from now on. */
static void put_large(void)
{
    struct npi_put put;
    npi_put_init(&put, big, 100, false);
    CHECK_EQ(npi_put(&w, &put), NPI_AGAIN);
    CHECK_EQ(put.placed, 100);
    CHECK_EQ(get(100, true), NPI_DONE);
    CHECK_MEM(out, big, 100);
    CHECK_EQ(npi_put(&w, &put), NPI_DONE);
}

static void small_messages_stay_in_a_small_ring(void)
{
    open_growing_queue();
    for (int i = 0; i < 1000; i++) {
        CHECK_EQ(put_now("question", 8), NPI_DONE);
        CHECK_EQ(put_now("and another", 11), NPI_DONE);
        CHECK_EQ(get(30, true), NPI_DONE);
        CHECK_EQ(get(30, true), NPI_DONE);
    }
    CHECK_EQ(atomic_load(&lane.grown), 0);
    for (size_t i = RING; i < sizeof ring; i++) {
        CHECK_EQ(ring[i], 0xEE);
    }
}

static void a_large_one_goes_on_to_the_whole_ring(void)
{
    open_growing_queue();
    CHECK_EQ(put_now("small", 5), NPI_DONE);
    CHECK_EQ(get(30, true), NPI_DONE);
    for (int i = 0; i < 20; i++) {
        put_large();
        CHECK_EQ(put_now("small", 5), NPI_DONE);
        CHECK_EQ(get(30, true), NPI_DONE);
        CHECK_MEM(out, "small", 5);
    }
    CHECK_EQ(w.capacity, 4 * RING);
    CHECK_EQ(r.capacity, 4 * RING);
    CHECK(ring[4 * RING - 1] != 0xEE);
    CHECK_EQ(ring[4 * RING], 0xEE);
}

static enum npi_step put_too_large(struct npi_put *put)
{
    npi_put_init(put, big, 100, false);
    return npi_put(&w, put);
}

static void pass(uint64_t bytes)
{
    for (; bytes > 0; bytes--) {
        CHECK_EQ(put_now("", 0), NPI_DONE);
        CHECK_EQ(get(30, true), NPI_DONE);
    }
}

/* Q8: what was placed before is found where it was. */
static void a_ring_grows_behind_what_lies_in_its_first_part(void)
{
    struct npi_put put;
    open_growing_queue();
    pass(4 * RING + RING - 31); /* to its very end */
    CHECK_EQ(put_now(big, 30), NPI_DONE);
    CHECK_EQ(put_too_large(&put), NPI_AGAIN);
    CHECK_EQ(atomic_load(&lane.grown), 1);
    CHECK_EQ(put.placed, 100);
    CHECK_EQ(get(10, true), NPI_MORE);
    CHECK_EQ(get(30, true), NPI_DONE);
    CHECK_MEM(out, big + 10, 20);
    CHECK_EQ(get(100, true), NPI_DONE);
    CHECK_MEM(out, big, 100);
}

/* Not while something lies elsewhere in the whole ring: wrapped, or in a later
 * part. As soon as that has been read, the next may. */
static void a_ring_does_not_grow_under_what_would_move(void)
{
    static const uint64_t places[] = {RING - 20, RING - 10, RING + 5, 3 * RING};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct npi_put put;
        open_growing_queue();
        pass(places[i]);
        CHECK_EQ(put_now(big, 20), NPI_DONE);
        CHECK_EQ(put_too_large(&put), NPI_AGAIN);
        CHECK_EQ(atomic_load(&lane.grown), 0);
        CHECK(put.placed < 100);
        CHECK_EQ(get(30, true), NPI_DONE);
        CHECK_MEM(out, big, 20);
        while (npi_put(&w, &put) == NPI_AGAIN) {
            get(10, true);
        }
        while (get(10, true) == NPI_MORE) {
        }
        put_large();
        CHECK_EQ(atomic_load(&lane.grown), 1);
    }
}

/* Whoever sends many large messages has use for all of it. */
static void bulk_goes_on_to_the_whole_ring(void)
{
    enum { FIRST = 16384, ALL = 8 * FIRST, LARGE = 4096 };
    static unsigned char room[ALL];
    open_queue(RING, 0, true);
    npi_writer_init(&w, &lane, room, FIRST, 2 * LARGE, true);
    npi_reader_init(&r, &lane, room, FIRST);
    npi_writer_may_grow(&w, ALL);
    npi_reader_may_grow(&r, ALL);
    for (int i = 0; i < 1000; i++) {
        CHECK(npi_put_short(&w, big, LARGE - 1) ||
              put_now(big, LARGE - 1) == NPI_DONE);
        CHECK_EQ(get(LARGE, true), NPI_DONE);
    }
    CHECK_EQ(atomic_load(&lane.grown), 0);
    CHECK_EQ(put_now("small", 5), NPI_DONE); /* the queue is never empty */
    for (int i = 0; i < 1000; i++) {
        CHECK(npi_put_short(&w, big, LARGE) || put_now(big, LARGE) == NPI_DONE);
        CHECK_EQ(get(LARGE, true), NPI_DONE);
        CHECK_MEM(out, i == 0 ? (const void *)"small" : big, got.got);
    }
    CHECK_EQ(atomic_load(&lane.grown), 1);
    CHECK_EQ(r.capacity, ALL);
}

/* The reader comes late, half way in an offer that was taken back. */
static void a_ring_grows_behind_a_withdrawn_offer(void)
{
    struct npi_put put;
    uint64_t taken;
    open_growing_queue();
    npi_put_init(&put, big, 40, false);
    CHECK_EQ(npi_put(&w, &put), NPI_AGAIN);
    CHECK_EQ(get(10, true), NPI_MORE);
    CHECK_EQ(npi_put_stop(&w, &put, &taken), NPI_AGAIN);
    CHECK_EQ(taken, 10);
    put_large();
    CHECK_EQ(atomic_load(&lane.grown), 1);
}

int main(void)
{
    RUN(small_messages_stay_in_a_small_ring);
    RUN(a_large_one_goes_on_to_the_whole_ring);
    RUN(a_ring_grows_behind_what_lies_in_its_first_part);
    RUN(a_ring_does_not_grow_under_what_would_move);
    RUN(bulk_goes_on_to_the_whole_ring);
    RUN(a_ring_grows_behind_a_withdrawn_offer);
    free(r.stash);
    return check_done();
}
