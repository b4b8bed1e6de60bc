/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Who looks again before sleeping, and for how long in vain. Times are not
 * looked at, only whether there was a look. */

#define _GNU_SOURCE 1

#include "pair.h"

static unsigned looks;

static bool never(struct npx_op *op)
{
    (void)op;
    looks++;
    return false;
}

static bool at_once(struct npx_op *op)
{
    (void)op;
    looks++;
    return true;
}

/* One wait for something to read; whether it looked. */
static bool looked(np_pipe *pipe, bool (*ready)(struct npx_op *))
{
    struct npx_pipe *h = npx_of(pipe);
    struct npx_op op = npx_op_new(h, &h->in, NP_INFINITE);
    op.ready = ready;
    looks = 0;
    pthread_mutex_lock(&h->in.lock);
    npx_spin(&op);
    pthread_mutex_unlock(&h->in.lock);
    return looks > 0;
}

static np_pipe *client_that(uint32_t flags)
{
    np_pipe *client;
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    opts.flags = flags;
    pair_must(np_open("spun", &opts, &client), "open");
    return client;
}

static struct pair open_pair(uint32_t server_flags, uint32_t client_flags)
{
    struct pair pair;
    np_server_opts opts = pair_opts(NP_BYTE, 100);
    opts.flags = server_flags;
    pair_must(np_create("spun", &opts, &pair.server), "create");
    pair.client = client_that(client_flags);
    CHECK_EQ(np_accept(pair.server, 1000), NP_PIPE_CONNECTED);
    return pair;
}

static void a_flag_of_each_end_forbids_it(void)
{
    struct pair pair = open_pair(NP_FLAG_NO_SPIN, 0);
    CHECK(!looked(pair.server, at_once));
    CHECK(looked(pair.client, at_once));
    pair_close(&pair);
    pair = open_pair(0, NP_FLAG_NO_SPIN);
    CHECK(looked(pair.server, at_once));
    CHECK(!looked(pair.client, at_once));
    pair_close(&pair);
}

static void what_was_in_vain_is_soon_given_up(void)
{
    struct pair pair = open_pair(0, 0);
    unsigned times = 0;
    for (int i = 0; i < 500; i++) {
        times += looked(pair.client, never);
    }
    CHECK(times > 0);
    CHECK(times < 60);
    pair_close(&pair);
}

/* As when each wait is long enough to have earned the next spin: one of many
 * clients that wait for a busy server. All of them together would waste too
 * much. */
static void what_is_always_in_vain_is_hardly_tried(void)
{
    struct pair pair = open_pair(0, 0);
    unsigned times = 0;
    for (int i = 0; i < 500; i++) {
        npx_of(pair.client)->in.account.balance = 100000;
        times += looked(pair.client, never);
    }
    CHECK(times > 5);
    CHECK(times < 20);
    pair_close(&pair);
}

static void hope_comes_back(void)
{
    struct pair pair = open_pair(0, 0);
    unsigned waits = 0;
    for (int i = 0; i < 100; i++) {
        looked(pair.client, never);
    }
    do {
        npx_of(pair.client)->in.account.balance = 100000;
        waits++;
    } while (!looked(pair.client, at_once) && waits < 1000);
    CHECK(waits < 300);
    CHECK(looked(pair.client, at_once));
    pair_close(&pair);
}

static void what_succeeds_is_done_each_time(void)
{
    struct pair pair = open_pair(0, 0);
    unsigned times = 0;
    for (int i = 0; i < 500; i++) {
        times += looked(pair.client, at_once);
    }
    CHECK_EQ(times, 500);
    pair_close(&pair);
}

/* Others may run meanwhile for as long as they like, and until the call has
 * joined the hub no cancel finds it. */
static void giving_way_comes_after_joining(void)
{
    struct pair pair = open_pair(0, 0);
    struct npx_pipe *h = npx_of(pair.client);
    struct npx_op op = npx_op_new(h, &h->in, NP_INFINITE);
    cpu_set_t all, one;
    unsigned cpu = (unsigned)sched_getcpu();
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    CHECK_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    op.ready = at_once;
    looks = 0;
    atomic_store(&h->shm->cpu[1], cpu + 1);
    CHECK(!npx_spin_first(&op));
    CHECK(!op.spun);
    CHECK_EQ(looks, 0);
    CHECK(npx_spin(&op));
    h->in.account.balance = 100000; /* others may have run for long */
    atomic_store(&h->shm->cpu[1], cpu + 2);
    CHECK(npx_spin_first(&op));
    CHECK(!op.spun);
    op.ready = never;
    CHECK(!npx_spin_first(&op));
    CHECK(op.spun);
    CHECK_EQ(sched_setaffinity(0, sizeof all, &all), 0);
    pair_close(&pair);
}

/* Messages from the server, until the client has caught up. */
static void read_some(struct pair *pair, unsigned n)
{
    char word[4];
    size_t size;
    for (unsigned i = 0; i < n; i++) {
        CHECK_EQ(np_write(pair->server, "word", 4, &size, 0), NP_OK);
        CHECK_EQ(np_read(pair->client, word, 4, &size, 0), NP_OK);
    }
}

/* The server's clock may tick, and then a write goes the long way; what is read
 * goes the short way each time. */
static void a_stream_may_gather(void)
{
    struct pair pair = open_pair(0, 0);
    struct npx_pipe *client = npx_of(pair.client);
    char word[4];
    size_t size;
    read_some(&pair, 10);
    CHECK(!npx_gather(client));
    read_some(&pair, 10);
    CHECK(npx_gather(client));
    CHECK_EQ(np_read(pair.client, word, 4, &size, 0), NP_TIMEOUT);
    CHECK(!npx_gather(client)); /* in vain: once only */
    read_some(&pair, 10);
    CHECK(npx_gather(client));
    pair_close(&pair);
}

static void a_conversation_does_not_gather(void)
{
    struct pair pair = open_pair(0, 0);
    size_t size;
    for (int i = 0; i < 100; i++) {
        read_some(&pair, 1);
        CHECK(!npx_gather(npx_of(pair.client)));
        CHECK_EQ(np_write(pair.client, "w", 1, &size, 0), NP_OK);
    }
    read_some(&pair, 20);
    CHECK(npx_gather(npx_of(pair.client)));
    CHECK_EQ(np_write(pair.client, "w", 1, &size, 0), NP_TIMEOUT); /* full */
    CHECK(!npx_gather(npx_of(pair.client)));
    pair_close(&pair);
}

static void who_must_not_spin_does_not_gather(void)
{
    struct pair pair = open_pair(0, NP_FLAG_NO_SPIN);
    read_some(&pair, 100);
    CHECK(!npx_gather(npx_of(pair.client)));
    pair_close(&pair);
}

/* One CPU, or a share of some. */
static bool nothing_spins_here(void)
{
    struct pair pair = open_pair(0, 0);
    bool nothing = !npx_may_spin(npx_of(pair.client));
    pair_close(&pair);
    return nothing;
}

int main(void)
{
    check_dir();
    if (nothing_spins_here()) {
        printf("# skipped: too few CPUs to spin on\n");
        return 0;
    }
    RUN(a_flag_of_each_end_forbids_it);
    RUN(what_was_in_vain_is_soon_given_up);
    RUN(what_is_always_in_vain_is_hardly_tried);
    RUN(hope_comes_back);
    RUN(what_succeeds_is_done_each_time);
    RUN(giving_way_comes_after_joining);
    RUN(a_stream_may_gather);
    RUN(a_conversation_does_not_gather);
    RUN(who_must_not_spin_does_not_gather);
    return check_done();
}
