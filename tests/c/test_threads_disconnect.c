/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A server that throws its clients out while it reads and writes. A handle
 * outlives many connections: what belonged to the last one must not be taken
 * for the next one's, nor for a stranger's who got its descriptor's number. */

#include "pair.h"
#include "witness.h"

#define QUOTA 64

static np_pipe *server;
static atomic_bool enough;
static atomic_uint next_word;
static atomic_uint written, heard, thrown_out;

static bool is_expected(int code)
{
    return code == NP_OK || code == NP_TIMEOUT || code == NP_MORE_DATA ||
           code == NP_NO_DATA || code == NP_BROKEN_PIPE ||
           code == NP_PIPE_NOT_CONNECTED || code == NP_PIPE_LISTENING;
}

#define WORDS 12

/* A message repeats one word, so that it is known from a mixture. */
static void fill(uint32_t data[WORDS])
{
    uint32_t word = atomic_fetch_add(&next_word, 1);
    for (int i = 0; i < WORDS; i++) {
        data[i] = word;
    }
}

static void check_message(const uint32_t data[WORDS], size_t got)
{
    EXPECT_EQ(got, WORDS * sizeof *data);
    for (int i = 0; i < WORDS; i++) {
        EXPECT_EQ(data[i], data[0]);
    }
}

static void *write_always(void *unused)
{
    uint32_t random = 3;
    while (!atomic_load(&enough)) {
        uint32_t data[WORDS];
        size_t put;
        fill(data);
        int code = np_write(server, data, sizeof data, &put,
                            witness_random(&random) % 2);
        EXPECT(is_expected(code));
        atomic_fetch_add(&written, code == NP_OK);
    }
    return unused;
}

static void *read_always(void *unused)
{
    uint32_t random = 4;
    while (!atomic_load(&enough)) {
        uint32_t data[WORDS];
        size_t got;
        int code = np_read(server, data, sizeof data, &got,
                           witness_random(&random) % 2);
        EXPECT(is_expected(code));
        if (code == NP_OK) {
            check_message(data, got);
            atomic_fetch_add(&heard, 1);
        }
    }
    return unused;
}

static void *peek_and_flush_always(void *unused)
{
    while (!atomic_load(&enough)) {
        size_t avail;
        np_select_item item = {.pipe = server};
        np_peek(server, NULL, 0, NULL, &avail, NULL);
        int code = np_flush(server, 1);
        EXPECT(is_expected(code));
        np_select(&item, 1, &avail, 1);
    }
    return unused;
}

/* A client reads and writes until it is thrown out. */
static void *be_client(void *unused)
{
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    while (!atomic_load(&enough)) {
        np_pipe *client;
        size_t n;
        if (np_connect("thrown", &opts, &client, 20) != NP_OK) {
            continue;
        }
        uint32_t data[WORDS];
        int code = NP_OK;
        while (is_expected(code) && code != NP_PIPE_NOT_CONNECTED &&
               code != NP_BROKEN_PIPE && code != NP_NO_DATA) {
            fill(data);
            code = np_write(client, data, sizeof data, &n, 1);
            if (code == NP_OK || code == NP_TIMEOUT) {
                code = np_read(client, data, sizeof data, &n, 1);
                if (code == NP_OK) {
                    check_message(data, n);
                }
            }
        }
        EXPECT(is_expected(code));
        atomic_fetch_add(&thrown_out, code == NP_PIPE_NOT_CONNECTED);
        np_close(client);
    }
    return unused;
}

/* D1, D2 */
static void throwing_out_under_traffic_touches_no_stranger(void)
{
    pthread_t threads[6];
    struct witness_canary canaries[2];
    np_server_opts opts = pair_opts(NP_MESSAGE, QUOTA);
    pair_must(np_create("thrown", &opts, &server), "create");
    threads[0] = witness_thread(write_always, NULL);
    threads[1] = witness_thread(write_always, NULL);
    threads[2] = witness_thread(read_always, NULL);
    threads[3] = witness_thread(peek_and_flush_always, NULL);
    threads[4] = witness_thread(be_client, NULL);
    threads[5] = witness_thread(be_client, NULL);
    witness_canary_start(&canaries[0]);
    witness_canary_start(&canaries[1]);
    unsigned cycles = witness_scaled(1000);
    for (unsigned i = 0; i < cycles && atomic_load(&witness_wrong) < 5; i++) {
        int code = np_accept(server, 20);
        EXPECT(code == NP_OK || code == NP_PIPE_CONNECTED ||
               code == NP_NO_DATA || code == NP_TIMEOUT);
        for (unsigned k = i % 8; k > 0; k--) {
            sched_yield();
        }
        EXPECT_EQ(np_disconnect(server), NP_OK);
    }
    atomic_store(&enough, true);
    for (int i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
    }
    witness_canary_stop(&canaries[0]);
    witness_canary_stop(&canaries[1]);
    np_close(server);
    witness_settle();
    printf("# %u conversations, %u written, %u heard, %u thrown out\n", cycles,
           atomic_load(&written), atomic_load(&heard),
           atomic_load(&thrown_out));
}

/* ------------------------------------------------------- which conversation */

/* TSan delivers no signal while a call sleeps. */
#ifdef __SANITIZE_THREAD__
#define SIGNALS_ARE_HELD_BACK 1
#else
#define SIGNALS_ARE_HELD_BACK 0
#endif

enum call { READ, WRITE, FLUSH, TRANSACT, ACCEPT, CALLS };

static enum call blocked_call;
static atomic_bool held, release;

/* Keeps the thread from looking until all has happened. */
static void hold(int unused)
{
    (void)unused;
    atomic_store(&held, true);
    while (!atomic_load(&release)) {
        sched_yield();
    }
}

static int go_on(void *unused)
{
    (void)unused;
    return 0;
}

static void *block(void *unused)
{
    char data[3 * QUOTA] = {0};
    size_t n;
    int code = -1;
    np_set_interrupt(go_on, NULL);
    switch (blocked_call) {
    case READ: code = np_read(server, data, sizeof data, &n, 20000); break;
    case WRITE: code = np_write(server, data, sizeof data, &n, 20000); break;
    case FLUSH: code = np_flush(server, 20000); break;
    case TRANSACT:
        code = np_transact(server, "?", 1, data, sizeof data, &n, 20000);
        break;
    default: code = np_accept(server, 20000); break;
    }
    EXPECT_EQ(code, NP_PIPE_NOT_CONNECTED);
    return unused;
}

static void replace_client(np_pipe **client)
{
    size_t put, avail = 0;
    CHECK_EQ(np_disconnect(server), NP_OK);
    CHECK_EQ(np_accept(server, 0), NP_TIMEOUT);
    np_pipe *next = pair_client("thrown", NP_MESSAGE);
    CHECK_EQ(np_write(next, "new", 3, &put, 0), NP_OK);
    CHECK_EQ(np_accept(server, 5000), NP_PIPE_CONNECTED);
    CHECK_EQ(np_peek(server, NULL, 0, NULL, &avail, NULL), NP_OK);
    CHECK_EQ(avail, 3);
    np_close(*client);
    *client = next;
}

/* D2: who slept through a disconnect and the next accept is told, and takes
 * nothing from the next client. */
static void a_call_belongs_to_the_conversation_it_began_in(void)
{
    struct sigaction action = {.sa_handler = hold};
    sigaction(SIGUSR1, &action, NULL);
    for (blocked_call = READ; blocked_call < CALLS; blocked_call++) {
        size_t n, avail = 0;
        struct pair pair = {NULL, NULL};
        np_server_opts opts = pair_opts(NP_MESSAGE, QUOTA);
        pair_must(np_create("thrown", &opts, &server), "create");
        if (blocked_call != ACCEPT) {
            pair.client = pair_client("thrown", NP_MESSAGE);
            CHECK_EQ(np_accept(server, 5000), NP_PIPE_CONNECTED);
        }
        if (blocked_call == FLUSH) {
            CHECK_EQ(np_write(server, "u", 1, &n, 0), NP_OK);
        }
        atomic_store(&held, false);
        atomic_store(&release, false);
        pthread_t thread = witness_thread(block, NULL);
        pair_await_sleepers(server, 1);
        pthread_kill(thread, SIGUSR1);
        while (!atomic_load(&held)) {
            sched_yield();
        }
        replace_client(&pair.client);
        atomic_store(&release, true);
        pthread_join(thread, NULL);
        CHECK_EQ(np_peek(server, NULL, 0, NULL, &avail, NULL), NP_OK);
        CHECK_EQ(avail, 3);
        CHECK_EQ(np_peek(pair.client, NULL, 0, NULL, &avail, NULL), NP_OK);
        CHECK_EQ(avail, 0);
        np_close(pair.client);
        np_close(server);
    }
    witness_settle();
}

int main(void)
{
    check_dir();
    witness_alarm(120);
    if (!SIGNALS_ARE_HELD_BACK) {
        RUN(a_call_belongs_to_the_conversation_it_began_in);
    }
    RUN(throwing_out_under_traffic_touches_no_stranger);
    return check_done();
}
