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

/* Q8: what was placed before is never looked for elsewhere. */
static void a_ring_grows_only_when_it_is_empty(void)
{
    struct npi_put put;
    open_growing_queue();
    CHECK_EQ(put_now("a", 1), NPI_DONE);
    npi_put_init(&put, big, 100, false);
    CHECK_EQ(npi_put(&w, &put), NPI_AGAIN);
    CHECK_EQ(atomic_load(&lane.grown), 0);
    CHECK(put.placed < 100);
    CHECK_EQ(get(30, true), NPI_DONE);
    CHECK_EQ(got.got, 1);
    while (npi_put(&w, &put) == NPI_AGAIN) {
        get(10, true);
    }
    while (get(10, true) == NPI_MORE) {
    }
    put_large();
    CHECK_EQ(atomic_load(&lane.grown), 1);
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
    RUN(a_ring_grows_only_when_it_is_empty);
    RUN(a_ring_grows_behind_a_withdrawn_offer);
    free(r.stash);
    return check_done();
}
