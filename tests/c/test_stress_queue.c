/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The queue between two threads that withdraw, stash, peek and wrap all the
 * time; every byte is checked, and every message is there once or not at all.
 * Runs under ThreadSanitizer as well. */

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "pipe/npi_queue.h"

#define MAX_SIZE 300
#define GROWTH 4
#define ROUNDS 40000

static struct npi_lane lane;
static unsigned char *ring;
static uint64_t capacity, quota;
static bool message_mode, parts, withdraw;
static atomic_bool writer_done;

/* What was really sent: in message mode a list of sizes, in byte mode a
 * stream's length; contents follow from the position in it. */
static unsigned char *log_data;
static size_t log_size;
static uint32_t *log_sizes;
static size_t log_count;

/* One wrong step makes all that follow wrong. */
static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "%s: %s\n", check_test, what);
        abort();
    }
}

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static uint32_t random_size(uint32_t *state)
{
    uint32_t kind = next_random(state) % 4;
    uint32_t span = kind == 0 ? 3 : kind == 1 ? 20 : MAX_SIZE;
    return next_random(state) % span;
}

static void log_sent(const unsigned char *data, uint64_t size, bool whole)
{
    memcpy(log_data + log_size, data, (size_t)size);
    log_size += (size_t)size;
    if (whole || size > 0) {
        log_sizes[log_count++] = (uint32_t)size;
    }
}

static void write_one(struct npi_writer *w, uint32_t *random)
{
    unsigned char data[MAX_SIZE];
    uint32_t size = random_size(random);
    for (uint32_t i = 0; i < size; i++) {
        data[i] = (unsigned char)next_random(random);
    }
    struct npi_put put;
    if (next_random(random) % 2 && npi_put_short(w, data, size)) {
        log_sent(data, size, true);
        return;
    }
    npi_put_init(&put, data, size, next_random(random) % 8 == 0);
    int patience = withdraw && next_random(random) % 2
                       ? (int)(next_random(random) % 20)
                       : -1;
    enum npi_step step;
    uint64_t taken;
    while ((step = npi_put(w, &put)) == NPI_AGAIN) {
        if (patience-- == 0) {
            step = npi_put_stop(w, &put, &taken);
            must(step == NPI_DONE || step == NPI_AGAIN, "stop");
            log_sent(data, step == NPI_DONE ? size : taken, step == NPI_DONE);
            return;
        }
        npi_put_arm(w);
        sched_yield();
    }
    must(step == NPI_DONE, "put");
    if (size > 0 || message_mode) {
        log_sent(data, size, true);
    }
}

static void *write_all(void *unused)
{
    (void)unused;
    struct npi_writer w;
    uint32_t random = 12345;
    npi_writer_init(&w, &lane, ring, capacity, quota, message_mode);
    npi_writer_may_grow(&w, GROWTH * capacity);
    for (int i = 0; i < ROUNDS; i++) {
        write_one(&w, &random);
    }
    struct npi_mark mark = npi_mark(&w);
    while (npi_flushed(&w, &mark, 0) == NPI_AGAIN) {
        sched_yield();
    }
    CHECK_EQ(npi_flushed(&w, &mark, 0), NPI_DONE);
    atomic_store(&writer_done, true);
    return NULL;
}

struct seen {
    unsigned char *data;
    size_t size;
    uint32_t *sizes;
    size_t count;
    uint32_t partial;
};

static void record(struct seen *seen, const struct npi_get *get,
                   const unsigned char *buf, enum npi_step step)
{
    memcpy(seen->data + seen->size, buf, (size_t)get->got);
    seen->size += (size_t)get->got;
    seen->partial += (uint32_t)get->got;
    if (step == NPI_DONE) {
        seen->sizes[seen->count++] = seen->partial;
        seen->partial = 0;
    }
}

/* Look, and require of the next read what was seen. */
static uint64_t peek_first(struct npi_reader *r, unsigned char *buf)
{
    struct npi_look look = {.buf = buf, .size = 1, .first_only = message_mode};
    must(npi_peek(r, &look, true) == NPI_DONE, "peek");
    CHECK(look.got <= look.avail);
    return look.got;
}

static bool read_one(struct npi_reader *r, struct seen *seen, uint32_t *random)
{
    unsigned char buf[MAX_SIZE + 1], first[1], *old;
    struct npi_get get;
    buf[MAX_SIZE] = 0xA5;
    uint64_t size = parts ? next_random(random) % MAX_SIZE : MAX_SIZE;
    if (next_random(random) % 4 == 0) {
        peek_first(r, first);
    }
    npi_get_init(&get, buf, size, message_mode,
                 !parts && next_random(random) % 2);
    if (next_random(random) % 2 && npi_get_short(r, &get)) {
        record(seen, &get, buf, NPI_DONE);
        return true;
    }
    int patience = (int)(next_random(random) % 30);
    enum npi_step step;
    while ((step = npi_get(r, &get, true)) == NPI_AGAIN) {
        if (patience-- == 0) {
            uint64_t held = npi_get_held(&get);
            step = npi_get_stop(r, &get, held ? malloc((size_t)held) : NULL,
                                &old);
            free(old);
            break;
        }
        npi_get_arm(r, size);
        sched_yield();
    }
    must(step != NPI_BROKEN && step != NPI_TOO_SMALL, "get");
    CHECK_EQ(buf[MAX_SIZE], 0xA5);
    if (step == NPI_AGAIN) {
        CHECK_EQ(get.got, 0);
        return false;
    }
    record(seen, &get, buf, step);
    return true;
}

static void compare(const struct seen *seen)
{
    CHECK_EQ(seen->size, log_size);
    CHECK(memcmp(seen->data, log_data, log_size) == 0);
    if (message_mode) {
        CHECK_EQ(seen->count, log_count);
        CHECK(memcmp(seen->sizes, log_sizes, log_count * sizeof *log_sizes) ==
              0);
    }
}

static void run(uint64_t cap, uint64_t quota_bytes, bool messages,
                bool in_parts, bool withdrawing)
{
    struct seen seen = {.data = malloc((size_t)ROUNDS * MAX_SIZE),
                        .sizes = malloc((size_t)ROUNDS * 2 * MAX_SIZE)};
    struct npi_reader r;
    uint32_t random = 99;
    pthread_t thread;
    memset(&lane, 0, sizeof lane);
    ring = malloc((size_t)(GROWTH * cap));
    log_data = malloc((size_t)ROUNDS * MAX_SIZE);
    log_sizes = malloc(ROUNDS * sizeof *log_sizes);
    log_size = log_count = 0;
    capacity = cap;
    quota = quota_bytes;
    message_mode = messages;
    parts = in_parts;
    withdraw = withdrawing;
    atomic_store(&writer_done, false);
    npi_reader_init(&r, &lane, ring, capacity);
    npi_reader_may_grow(&r, GROWTH * capacity);
    CHECK_EQ(pthread_create(&thread, NULL, write_all, NULL), 0);
    bool more = true;
    while (more) {
        bool done = atomic_load(&writer_done);
        more = read_one(&r, &seen, &random) || !done;
    }
    pthread_join(thread, NULL);
    compare(&seen);
    free(r.stash);
    free(seen.data);
    free(seen.sizes);
    free(ring);
    free(log_data);
    free(log_sizes);
}

static void messages_in_parts_through_a_tiny_ring(void)
{
    run(64, 30, true, true, false);
}

static void whole_messages_withdrawn_or_not_through_a_tiny_ring(void)
{
    run(64, 30, true, false, true);
}

static void bytes_withdrawn_or_not_through_a_tiny_ring(void)
{
    run(64, 30, false, true, true);
}

static void whole_messages_withdrawn_with_quota_zero(void)
{
    run(1024, 0, true, false, true);
}

static void messages_that_fit_the_ring(void)
{
    run(4096, 1000, true, true, false);
}

static void whole_messages_withdrawn_where_they_fit(void)
{
    run(4096, 250, true, false, true);
}

int main(void)
{
    RUN(messages_in_parts_through_a_tiny_ring);
    RUN(whole_messages_withdrawn_or_not_through_a_tiny_ring);
    RUN(bytes_withdrawn_or_not_through_a_tiny_ring);
    RUN(whole_messages_withdrawn_with_quota_zero);
    RUN(messages_that_fit_the_ring);
    RUN(whole_messages_withdrawn_where_they_fit);
    return check_done();
}
