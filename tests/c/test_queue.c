/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The queue step by step: framing, quota, offers and their withdrawal, the
 * stash, peeking, and a peer that breaks the rules. On a ring of 64 bytes
 * everything wraps. */

#include "queue.h"

static void a_message_comes_back_whole(void)
{
    open_queue(RING, 30, true);
    CHECK_EQ(put_now("hello", 5), NPI_DONE);
    CHECK_EQ(get(30, true), NPI_DONE);
    CHECK_EQ(got.got, 5);
    CHECK_MEM(out, "hello", 5);
    CHECK_EQ(get(30, true), NPI_AGAIN);
}

static void an_empty_message_is_a_message(void)
{
    open_queue(RING, 0, true);
    CHECK_EQ(put_now("", 0), NPI_DONE);
    CHECK_EQ(get(30, true), NPI_DONE);
    CHECK_EQ(got.got, 0);
    CHECK_EQ(get(30, true), NPI_AGAIN);
}

static void an_empty_write_of_bytes_is_nothing(void)
{
    open_queue(RING, 30, false);
    CHECK_EQ(put_now("", 0), NPI_DONE);
    CHECK_EQ(get(30, false), NPI_AGAIN);
}

static void a_short_buffer_takes_a_part_and_leaves_the_rest(void)
{
    open_queue(RING, 30, true);
    put_now("abcdef", 6);
    CHECK_EQ(get(4, true), NPI_MORE);
    CHECK_MEM(out, "abcd", 4);
    CHECK_EQ(get(4, true), NPI_DONE);
    CHECK_EQ(got.got, 2);
    CHECK_MEM(out, "ef", 2);
}

static void an_empty_buffer_takes_nothing_of_a_message(void)
{
    open_queue(RING, 30, true);
    put_now("ab", 2);
    CHECK_EQ(get(0, true), NPI_MORE);
    CHECK_EQ(get(0, false), NPI_DONE);
    CHECK_EQ(get(9, true), NPI_DONE);
    CHECK_EQ(got.got, 2);
}

static void a_byte_read_joins_writes_and_swallows_empty_messages(void)
{
    open_queue(RING, 30, true);
    put_now("ab", 2);
    put_now("", 0);
    put_now("cd", 2);
    put_now("", 0);
    CHECK_EQ(get(3, false), NPI_DONE);
    CHECK_MEM(out, "abc", 3);
    CHECK_EQ(get(9, false), NPI_DONE);
    CHECK_EQ(got.got, 1);
    CHECK_EQ(get(9, false), NPI_AGAIN);
}

static void a_byte_read_that_waited_takes_one_write(void)
{
    open_queue(RING, 30, false);
    npi_get_init(&got, out, 30, false, false);
    CHECK_EQ(npi_get(&r, &got, true), NPI_AGAIN);
    got.waited = true;
    put_now("ab", 2);
    put_now("cd", 2);
    CHECK_EQ(npi_get(&r, &got, true), NPI_DONE);
    CHECK_EQ(got.got, 2);
}

static void a_whole_read_takes_nothing_that_does_not_fit(void)
{
    open_queue(RING, 30, true);
    put_now("abcdef", 6);
    npi_get_init(&got, out, 5, true, true);
    CHECK_EQ(npi_get(&r, &got, true), NPI_TOO_SMALL);
    CHECK_EQ(got.got, 6);
    npi_get_init(&got, out, 6, true, true);
    CHECK_EQ(npi_get(&r, &got, true), NPI_DONE);
    CHECK_EQ(got.got, 6);
}

static void a_whole_byte_read_wants_all_that_is_there(void)
{
    open_queue(RING, 30, false);
    put_now("abc", 3);
    put_now("def", 3);
    npi_get_init(&got, out, 5, false, true);
    CHECK_EQ(npi_get(&r, &got, true), NPI_TOO_SMALL);
    CHECK_EQ(got.got, 6);
    npi_get_init(&got, out, 8, false, true);
    CHECK_EQ(npi_get(&r, &got, true), NPI_DONE);
    CHECK_MEM(out, "abcdef", 6);
}

static void the_quota_counts_data_bytes_alone(void)
{
    open_queue(RING, 10, true);
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(put_now("x", 1), NPI_DONE);
    }
    CHECK_EQ(put_now("y", 1), NPI_AGAIN);
    CHECK_EQ(put_now("", 0), NPI_DONE);
    get(1, true);
    CHECK_EQ(put_now("y", 1), NPI_DONE);
}

/* WR3 */
static void an_overlong_write_is_done_when_its_rest_fits_the_quota(void)
{
    struct npi_put put;
    open_queue(4096, 100, false);
    npi_put_init(&put, big, 300, false);
    CHECK_EQ(npi_put(&w, &put), NPI_AGAIN);
    CHECK_EQ(get(199, false), NPI_DONE);
    CHECK_EQ(got.got, 199);
    CHECK_EQ(npi_put(&w, &put), NPI_AGAIN);
    CHECK_EQ(get(1, false), NPI_DONE);
    CHECK_EQ(npi_put(&w, &put), NPI_DONE);
    CHECK_EQ(get(4096, false), NPI_DONE);
    CHECK_EQ(got.got, 100);
    CHECK_MEM(out, big + 200, 100);
}

/* P3 */
static void an_offer_is_seen_at_once_with_its_whole_length(void)
{
    struct npi_put put;
    struct npi_look look = {.buf = out, .size = 4, .first_only = true};
    open_queue(RING, 10, true);
    put_now("ab", 2);
    npi_put_init(&put, big, 1000, false);
    CHECK_EQ(npi_put(&w, &put), NPI_AGAIN);
    CHECK_EQ(npi_peek(&r, &look, true), NPI_DONE);
    CHECK_EQ(look.got, 2);
    CHECK_EQ(look.left, 0);
    CHECK_EQ(look.avail, 1002);
    get(9, true);
    CHECK_EQ(npi_peek(&r, &look, true), NPI_DONE);
    CHECK_EQ(look.got, 4);
    CHECK_EQ(look.left, 996);
    CHECK_EQ(look.avail, 1000);
}

/* I5 */
static void a_withdrawn_message_never_was(void)
{
    struct npi_put put;
    uint64_t taken;
    open_queue(RING, 10, true);
    put_now("first", 5);
    npi_put_init(&put, big, 200, false);
    npi_put(&w, &put);
    CHECK_EQ(npi_put_stop(&w, &put, &taken), NPI_AGAIN);
    CHECK_EQ(taken, 0);
    CHECK_EQ(put_now("next", 4), NPI_DONE);
    CHECK_EQ(get(99, true), NPI_DONE);
    CHECK_MEM(out, "first", 5);
    CHECK_EQ(get(99, true), NPI_DONE);
    CHECK_MEM(out, "next", 4);
}

/* I5 */
static void a_message_withdrawn_half_read_loses_its_rest(void)
{
    struct npi_put put, second;
    uint64_t taken;
    open_queue(RING, 10, true);
    npi_put_init(&put, big, 200, false);
    npi_put(&w, &put);
    CHECK_EQ(get(8, true), NPI_MORE);
    CHECK_EQ(npi_put_stop(&w, &put, &taken), NPI_AGAIN);
    CHECK_EQ(taken, 8);
    npi_put_init(&second, big, 100, false); /* hides the first one's word */
    npi_put(&w, &second);
    npi_put_stop(&w, &second, &taken);
    CHECK_EQ(put_now("next", 4), NPI_DONE);
    CHECK_EQ(get(99, true), NPI_DONE);
    CHECK_EQ(got.got, 4);
    CHECK_MEM(out, "next", 4);
}

static void bytes_withdrawn_half_read_tell_how_many_went(void)
{
    struct npi_put put;
    uint64_t taken;
    open_queue(RING, 10, false);
    npi_put_init(&put, big, 200, false);
    npi_put(&w, &put);
    CHECK_EQ(get(20, false), NPI_DONE);
    CHECK_EQ(npi_put_stop(&w, &put, &taken), NPI_AGAIN);
    CHECK_EQ(taken, 20);
    CHECK_EQ(get(20, false), NPI_AGAIN);
    CHECK_EQ(put_now("0123456789", 10), NPI_DONE);
    CHECK_EQ(get(20, false), NPI_DONE);
    CHECK_EQ(got.got, 10);
}

static void giving_up_a_write_that_was_read_is_success(void)
{
    struct npi_put put;
    uint64_t taken;
    open_queue(RING, 0, true);
    npi_put_init(&put, "abc", 3, false);
    CHECK_EQ(npi_put(&w, &put), NPI_AGAIN);
    CHECK_EQ(get(9, true), NPI_DONE);
    CHECK_EQ(npi_put_stop(&w, &put, &taken), NPI_DONE);
    CHECK_EQ(taken, 3);
    CHECK_EQ(get(9, true), NPI_AGAIN);
}

/* Q5 */
static void a_message_abandoned_under_a_read_never_was(void)
{
    struct npi_put put;
    unsigned char *old;
    uint64_t taken;
    open_queue(RING, 10, true);
    npi_put_init(&put, big, 200, false);
    npi_put(&w, &put);
    CHECK_EQ(get(200, true), NPI_AGAIN); /* 60 bytes of it are copied */
    CHECK_EQ(npi_put_stop(&w, &put, &taken), NPI_AGAIN);
    CHECK_EQ(put_now("x", 1), NPI_AGAIN); /* not before the reader answers */
    CHECK_EQ(npi_get(&r, &got, true), NPI_AGAIN);
    CHECK_EQ(put_now("next", 4), NPI_DONE);
    CHECK_EQ(npi_get(&r, &got, true), NPI_DONE);
    CHECK_EQ(got.got, 4);
    CHECK_MEM(out, "next", 4);
    CHECK_EQ(npi_get_stop(&r, &got, NULL, &old), NPI_DONE);
}

/* A deadline moves nothing, also in the middle of a message. */
static void a_read_given_up_half_way_keeps_what_it_copied(void)
{
    struct npi_put put;
    unsigned char *old;
    open_queue(RING, 10, true);
    npi_put_init(&put, big, 200, false);
    npi_put(&w, &put);
    CHECK_EQ(get(200, true), NPI_AGAIN);
    uint64_t held = npi_get_held(&got);
    CHECK(held > 0);
    CHECK_EQ(npi_get_stop(&r, &got, malloc((size_t)held), &old), NPI_AGAIN);
    CHECK_EQ(got.got, 0);
    struct npi_mark mark = npi_mark(&w);
    CHECK_EQ(npi_flushed(&w, &mark, 0), NPI_AGAIN); /* it counts as unread */
    npi_get_init(&got, out, 200, true, false);
    while (npi_get(&r, &got, true) == NPI_AGAIN) {
        npi_put(&w, &put);
    }
    CHECK_EQ(got.got, 200);
    CHECK_MEM(out, big, 200);
}

static void an_offer_of_a_writer_that_died_is_not_read(void)
{
    struct npi_put put;
    open_queue(RING, 10, true);
    put_now("last", 4);
    npi_put_init(&put, big, 200, false);
    npi_put(&w, &put);
    npi_get_init(&got, out, 99, true, false);
    CHECK_EQ(npi_get(&r, &got, false), NPI_DONE);
    CHECK_MEM(out, "last", 4);
    npi_get_init(&got, out, 99, true, false);
    CHECK_EQ(npi_get(&r, &got, false), NPI_AGAIN);
}

/* X5 */
static void a_closing_end_leaves_an_offer_that_is_all_there(void)
{
    struct npi_put put;
    open_queue(RING, 10, true);
    npi_put_init(&put, big, 40, false);
    npi_put(&w, &put);
    CHECK_EQ(npi_put_leave(&w, &put), NPI_DONE);
    npi_get_init(&got, out, 99, true, false);
    CHECK_EQ(npi_get(&r, &got, false), NPI_DONE);
    CHECK_EQ(got.got, 40);
}

/* FL1 */
static void flush_waits_for_what_was_written_before_it(void)
{
    open_queue(RING, 30, true);
    put_now("ab", 2);
    put_now("", 0);
    struct npi_mark mark = npi_mark(&w);
    put_now("later", 5);
    get(9, true);
    CHECK_EQ(npi_flushed(&w, &mark, 0), NPI_AGAIN);
    get(9, true);
    CHECK_EQ(npi_flushed(&w, &mark, 0), NPI_DONE);
}

/* Q3 */
static void only_a_peer_that_waits_is_rung(void)
{
    open_queue(RING, 30, true);
    put_now("a", 1);
    CHECK(!w.bell);
    npi_get_arm(&r, 1);
    put_now("a", 1);
    CHECK(w.bell);
    w.bell = false;
    put_now("a", 1);
    CHECK(!w.bell);
    get(1, true);
    CHECK(!r.bell);
    npi_put_arm(&w);
    get(1, true);
    CHECK(r.bell);
}

static void waiting_reads_are_not_charged_to_the_quota(void)
{
    open_queue(RING, 0, true);
    CHECK_EQ(put_now("abc", 3), NPI_AGAIN);
    npi_get_arm(&r, 3);
    CHECK_EQ(npi_put_wanted(&w), 3);
    CHECK_EQ(put_now("abc", 3), NPI_DONE);
}

/* --------------------------------------------- a peer that breaks the rules */

static void a_tail_beyond_the_ring_is_refused(void)
{
    struct npi_look look = {.buf = out, .size = 9};
    open_queue(RING, 30, true);
    atomic_store(&lane.tail, RING + 1);
    CHECK_EQ(get(9, true), NPI_BROKEN);
    CHECK_EQ(npi_peek(&r, &look, true), NPI_BROKEN);
}

static void a_tail_behind_the_head_is_an_empty_queue(void)
{
    open_queue(RING, 30, true);
    put_now("ab", 2);
    get(9, true);
    atomic_store(&lane.tail, 1);
    CHECK_EQ(get(9, true), NPI_AGAIN);
}

static void a_length_beyond_what_is_published_is_refused(void)
{
    open_queue(RING, 30, true);
    ring[0] = 200;
    atomic_store(&lane.tail, 3);
    CHECK_EQ(get(500, true), NPI_BROKEN);
}

static void a_header_of_no_kind_is_refused(void)
{
    open_queue(RING, 30, true);
    ring[0] = 0xF7;
    atomic_store(&lane.tail, 9);
    CHECK_EQ(get(9, true), NPI_BROKEN);
}

static void a_head_beyond_the_tail_is_refused(void)
{
    open_queue(RING, 4, true);
    put_now("abc", 3);
    atomic_store(&lane.head, 5);
    CHECK_EQ(put_now("abc", 3), NPI_BROKEN);
}

static void reading_more_than_was_written_is_refused(void)
{
    open_queue(RING, 4, true);
    put_now("abc", 3);
    atomic_store(&lane.read, 99);
    CHECK_EQ(put_now("abc", 3), NPI_BROKEN);
}

int main(void)
{
    RUN(a_message_comes_back_whole);
    RUN(an_empty_message_is_a_message);
    RUN(an_empty_write_of_bytes_is_nothing);
    RUN(a_short_buffer_takes_a_part_and_leaves_the_rest);
    RUN(an_empty_buffer_takes_nothing_of_a_message);
    RUN(a_byte_read_joins_writes_and_swallows_empty_messages);
    RUN(a_byte_read_that_waited_takes_one_write);
    RUN(a_whole_read_takes_nothing_that_does_not_fit);
    RUN(a_whole_byte_read_wants_all_that_is_there);
    RUN(the_quota_counts_data_bytes_alone);
    RUN(an_overlong_write_is_done_when_its_rest_fits_the_quota);
    RUN(an_offer_is_seen_at_once_with_its_whole_length);
    RUN(a_withdrawn_message_never_was);
    RUN(a_message_withdrawn_half_read_loses_its_rest);
    RUN(bytes_withdrawn_half_read_tell_how_many_went);
    RUN(giving_up_a_write_that_was_read_is_success);
    RUN(a_message_abandoned_under_a_read_never_was);
    RUN(a_read_given_up_half_way_keeps_what_it_copied);
    RUN(an_offer_of_a_writer_that_died_is_not_read);
    RUN(a_closing_end_leaves_an_offer_that_is_all_there);
    RUN(flush_waits_for_what_was_written_before_it);
    RUN(only_a_peer_that_waits_is_rung);
    RUN(waiting_reads_are_not_charged_to_the_quota);
    RUN(a_tail_beyond_the_ring_is_refused);
    RUN(a_tail_behind_the_head_is_an_empty_queue);
    RUN(a_length_beyond_what_is_published_is_refused);
    RUN(a_header_of_no_kind_is_refused);
    RUN(a_head_beyond_the_tail_is_refused);
    RUN(reading_more_than_was_written_is_refused);
    free(r.stash);
    return check_done();
}
