/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The short way through a queue does what the long way does, or nothing: the
 * same random calls on two queues, of which one only knows the long way. */

#include "check.h"
#include "pipe/npi_queue.h"

#define RING 512
#define WHOLE (4 * RING)
#define QUOTA 200
#define LARGEST 700
#define STEPS 200000

struct queue {
    struct npi_lane lane;
    unsigned char ring[WHOLE];
    struct npi_writer writer;
    struct npi_reader reader;
    struct npi_put put; /* an offer that waits, while put.offered */
    unsigned char out[LARGEST];
    struct npi_get get;
    bool getting; /* it waits for the rest of an offer */
};

static struct queue with, without; /* a short way */
static unsigned char data[LARGEST];
static uint32_t state;
static unsigned written, read, refused;

static uint32_t dice(uint32_t n)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % n;
}

static void open_queue(struct queue *q, bool message)
{
    free(q->reader.stash);
    memset(q, 0, sizeof *q);
    npi_writer_init(&q->writer, &q->lane, q->ring, RING, QUOTA, message);
    npi_reader_init(&q->reader, &q->lane, q->ring, RING);
    npi_writer_may_grow(&q->writer, WHOLE);
    npi_reader_may_grow(&q->reader, WHOLE);
}

/* The same to the peer, and to ourselves as far as it can be seen later. */
static void compare_queues(void)
{
    CHECK_MEM(&with.lane, &without.lane, sizeof with.lane);
    CHECK_MEM(with.ring, without.ring, WHOLE);
    CHECK_EQ(with.writer.tail, without.writer.tail);
    CHECK_EQ(with.writer.written, without.writer.written);
    CHECK_EQ(with.writer.bell, without.writer.bell);
    CHECK_EQ(with.reader.head, without.reader.head);
    CHECK_EQ(with.reader.read, without.reader.read);
    CHECK_EQ(with.reader.walk, without.reader.walk);
    CHECK_EQ(with.reader.walk_bytes, without.reader.walk_bytes);
    CHECK_EQ(with.reader.bell, without.reader.bell);
}

/* ------------------------------------------------------------------ writing */

static enum npi_step put_long(struct queue *q, uint64_t size, bool offer,
                              bool force)
{
    npi_put_init(&q->put, data, size, force);
    return offer ? npi_put(&q->writer, &q->put)
                 : npi_put_now(&q->writer, &q->put);
}

static void write_both(void)
{
    static struct queue before;
    uint64_t size = dice(8) ? dice(60) : dice(LARGEST);
    bool offer = dice(4) == 0, force = dice(8) == 0;
    for (uint64_t i = 0; i < size; i++) {
        data[i] = (unsigned char)dice(256);
    }
    before = with;
    if (!force && npi_put_short(&with.writer, data, size)) {
        written++;
        CHECK_EQ(put_long(&without, size, offer, false), NPI_DONE);
        return;
    }
    refused++;
    CHECK_MEM(&with, &before, sizeof with);
    CHECK_EQ(put_long(&with, size, offer, force),
             put_long(&without, size, offer, force));
}

static void go_on_writing(struct queue *q, bool stop)
{
    uint64_t taken;
    if (stop) {
        npi_put_stop(&q->writer, &q->put, &taken);
    } else {
        npi_put(&q->writer, &q->put);
    }
}

/* ------------------------------------------------------------------ reading */

static enum npi_step get_long(struct queue *q, bool offers, bool stop)
{
    unsigned char *old, *stash;
    enum npi_step step = npi_get(&q->reader, &q->get, offers);
    q->getting = step == NPI_AGAIN && !stop;
    if (step == NPI_AGAIN && stop) {
        uint64_t held = npi_get_held(&q->get);
        stash = held ? malloc((size_t)held) : NULL;
        step = npi_get_stop(&q->reader, &q->get, stash, &old);
        free(old);
    }
    return step;
}

/* What is there and fits goes the short way, so ask for its size often. */
static void read_both(bool message)
{
    uint64_t size = dice(4) ? dice(60) : dice(LARGEST);
    bool whole = dice(4) == 0, offers = dice(2), stop = dice(2);
    struct npi_look look = {.first_only = message || dice(2)};
    if (dice(2) && npi_peek(&with.reader, &look, false) == NPI_DONE) {
        look = (struct npi_look){.first_only = look.first_only};
        npi_peek(&without.reader, &look, false);
        size = look.left > 0 && look.left <= LARGEST ? look.left : size;
    }
    if (!with.getting) {
        npi_get_init(&with.get, with.out, size, message, whole);
        npi_get_init(&without.get, without.out, size, message, whole);
    }
    if (npi_get_short(&with.reader, &with.get)) {
        read++;
        with.getting = false;
        CHECK_EQ(get_long(&without, offers, stop), NPI_DONE);
        CHECK(with.get.moved && without.get.moved);
    } else {
        refused++;
        CHECK_EQ(get_long(&with, offers, stop),
                 get_long(&without, offers, stop));
    }
    CHECK_EQ(with.get.got, without.get.got);
    CHECK_MEM(with.out, without.out, LARGEST);
}

static void arm_both(void)
{
    if (dice(2)) {
        npi_put_arm(&with.writer);
        npi_put_arm(&without.writer);
    } else {
        npi_get_arm(&with.reader, 9);
        npi_get_arm(&without.reader, 9);
    }
}

/* As the transport does with an empty message that came behind a write. */
static void owe_both(void)
{
    with.writer.owed++;
    without.writer.owed++;
}

static void play(bool message)
{
    state = message ? 7 : 8;
    written = read = refused = 0;
    open_queue(&with, message);
    open_queue(&without, message);
    for (int i = 0; i < STEPS && !check_failures; i++) {
        uint32_t what = dice(16);
        if (what == 0) {
            arm_both();
        } else if (what < 9) {
            read_both(message && dice(8) > 0);
        } else if (without.put.offered) {
            bool stop = dice(4) == 0;
            CHECK(!npi_put_short(&with.writer, data, 1));
            go_on_writing(&with, stop);
            go_on_writing(&without, stop);
        } else if (message && dice(16) == 0) {
            owe_both();
        } else {
            write_both();
        }
        compare_queues();
    }
    /* Both ways were gone. */
    CHECK(written > STEPS / 20);
    CHECK(read > STEPS / 50);
    CHECK(refused > STEPS / 20);
    CHECK_EQ(atomic_load(&with.lane.grown), 1);
}

static void the_short_way_of_messages_ends_where_the_long_one_does(void)
{
    play(true);
}

static void the_short_way_of_bytes_ends_where_the_long_one_does(void)
{
    play(false);
}

/* ---------------------------------------------------- when it is not a way */

static void open_one(bool message)
{
    open_queue(&with, message);
    CHECK(npi_put_short(&with.writer, "four", 4));
    npi_get_init(&with.get, with.out, 4, message, false);
}

static void a_broken_end_does_nothing(void)
{
    open_one(true);
    with.writer.broken = with.reader.broken = true;
    CHECK(!npi_put_short(&with.writer, "more", 4));
    CHECK(!npi_get_short(&with.reader, &with.get));
}

static void a_ring_full_of_empty_messages_has_no_room(void)
{
    open_queue(&with, true);
    while (put_long(&with, 0, false, false) == NPI_DONE) {
    }
    CHECK(!npi_put_short(&with.writer, "more", 4));
}

static void a_tail_that_cannot_be_is_left_to_the_long_way(void)
{
    open_one(true);
    atomic_store(&with.lane.tail, RING + 1);
    CHECK(!npi_get_short(&with.reader, &with.get));
    CHECK_EQ(npi_get(&with.reader, &with.get, true), NPI_BROKEN);
}

static void a_length_beyond_the_tail_is_left_to_the_long_way(void)
{
    open_one(true);
    npi_get_init(&with.get, with.out, LARGEST, true, false);
    with.ring[0] = 5;
    CHECK(!npi_get_short(&with.reader, &with.get));
    CHECK_EQ(npi_get(&with.reader, &with.get, true), NPI_BROKEN);
}

int main(void)
{
    RUN(the_short_way_of_messages_ends_where_the_long_one_does);
    RUN(the_short_way_of_bytes_ends_where_the_long_one_does);
    RUN(a_broken_end_does_nothing);
    RUN(a_ring_full_of_empty_messages_has_no_room);
    RUN(a_tail_that_cannot_be_is_left_to_the_long_way);
    RUN(a_length_beyond_the_tail_is_left_to_the_long_way);
    free(with.reader.stash);
    free(without.reader.stash);
    return check_done();
}
