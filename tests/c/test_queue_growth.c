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

/* Always something in the queue: what a stream looks like. */
static void stream(unsigned messages)
{
    unsigned char sent = 0, seen = 0;
    while (seen < messages) {
        while (sent < messages && put_now(&sent, 1) == NPI_DONE) {
            sent++;
        }
        for (int i = 0; i < 20 && seen < sent - 1 + (sent == messages); i++) {
            CHECK_EQ(get(30, true), NPI_DONE);
            CHECK_EQ(out[0], seen);
            seen++;
        }
    }
}

static void question_and_answer_stay_in_a_small_ring(void)
{
    open_growing_queue();
    for (int i = 0; i < 10000; i++) {
        CHECK_EQ(put_now("question", 8), NPI_DONE);
        CHECK_EQ(get(30, true), NPI_DONE);
    }
    CHECK_EQ(atomic_load(&lane.grown), 0);
    for (size_t i = RING; i < sizeof ring; i++) {
        CHECK_EQ(ring[i], 0xEE);
    }
}

static void a_stream_goes_on_to_the_whole_ring(void)
{
    open_growing_queue();
    while (!atomic_load(&lane.grown)) {
        stream(200);
    }
    CHECK_EQ(w.capacity, 4 * RING);
    stream(250);
    CHECK_EQ(r.capacity, 4 * RING);
    CHECK(ring[4 * RING - 1] != 0xEE);
    CHECK_EQ(ring[4 * RING], 0xEE);
}

/* Q8: what was placed before is never looked for elsewhere. */
static void a_ring_grows_only_when_it_is_empty(void)
{
    open_growing_queue();
    w.stream = 1000;
    CHECK_EQ(put_now("a", 1), NPI_DONE);
    CHECK_EQ(atomic_load(&lane.grown), 1);

    open_growing_queue();
    CHECK_EQ(put_now("a", 1), NPI_DONE);
    w.stream = 1000;
    CHECK_EQ(put_now("b", 1), NPI_DONE);
    CHECK_EQ(atomic_load(&lane.grown), 0);
    CHECK_EQ(get(30, true), NPI_DONE);
    CHECK_EQ(get(30, true), NPI_DONE);
    w.stream = 1000;
    CHECK_EQ(put_now("c", 1), NPI_DONE);
    CHECK_EQ(atomic_load(&lane.grown), 1);
    CHECK_EQ(get(30, true), NPI_DONE);
    CHECK_EQ(out[0], 'c');
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
    w.stream = 1000;
    CHECK_EQ(put_now("fresh", 5), NPI_DONE);
    CHECK_EQ(atomic_load(&lane.grown), 1);
    CHECK_EQ(get(30, true), NPI_DONE);
    CHECK_EQ(got.got, 5);
    CHECK_MEM(out, "fresh", 5);
}

int main(void)
{
    RUN(question_and_answer_stay_in_a_small_ring);
    RUN(a_stream_goes_on_to_the_whole_ring);
    RUN(a_ring_grows_only_when_it_is_empty);
    RUN(a_ring_grows_behind_a_withdrawn_offer);
    free(r.stash);
    return check_done();
}
