/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What the short way of a read or a write must leave to the long way, although
 * there is a message, or room for one. */

#include <sys/wait.h>

#include "pair.h"
#include "witness.h"

/* The coarse clock, by which a write asks for the peer, ticks between two calls
 * now and then; not each time. */
#define TIMES 200

static size_t n;

static int put(np_pipe *pipe)
{
    return np_write(pipe, "word", 4, &n, 0);
}

static int take(np_pipe *pipe)
{
    char word[4];
    return np_read(pipe, word, sizeof word, &n, 0);
}

static void *read_one(void *pipe)
{
    char word[4];
    size_t got;
    EXPECT_EQ(np_read(pipe, word, sizeof word, &got, NP_INFINITE), NP_OK);
    return NULL;
}

/* R8. The one that waits is held back when it wakes up. */
static void a_read_that_waits_is_served_first(void)
{
    struct pair pair = pair_open("short", NP_MESSAGE, 100);
    struct npx_hub *hub = &npx_of(pair.client)->hub;
    pthread_t thread = witness_thread(read_one, pair.client);
    pair_await_sleepers(pair.client, 1);
    pthread_mutex_lock(&hub->lock);
    CHECK_EQ(put(pair.server), NP_OK);
    CHECK_EQ(take(pair.client), NP_TIMEOUT);
    pthread_mutex_unlock(&hub->lock);
    pthread_join(thread, NULL);
    witness_settle();
    pair_close(&pair);
}

static struct pair pair_with_rights(uint32_t access)
{
    struct pair pair;
    np_server_opts server = pair_opts(NP_MESSAGE, 100);
    np_client_opts client = NP_CLIENT_OPTS_INIT;
    client.access = access;
    pair_must(np_create("short", &server, &pair.server), "create");
    pair_must(np_open("short", &client, &pair.client), "open");
    CHECK_EQ(np_accept(pair.server, 0), NP_PIPE_CONNECTED);
    return pair;
}

/* F2. */
static void no_right_to_read_what_is_there(void)
{
    struct pair pair = pair_with_rights(NP_WRITE);
    CHECK_EQ(put(pair.server), NP_OK);
    CHECK_EQ(take(pair.client), NP_ACCESS_DENIED);
    pair_close(&pair);
}

/* F2. The read looks for the peer, which the write need not do then. */
static void no_right_to_write_where_there_is_room(void)
{
    struct pair pair = pair_with_rights(NP_READ);
    for (int i = 0; i < TIMES; i++) {
        CHECK_EQ(take(pair.client), NP_TIMEOUT);
        CHECK_EQ(put(pair.client), NP_ACCESS_DENIED);
    }
    pair_close(&pair);
}

/* For select a client is news until an accept, or a read. The peek has let it
 * in. */
static void a_read_is_as_good_as_an_accept(void)
{
    np_server_opts opts = pair_opts(NP_MESSAGE, 100);
    struct pair pair;
    uint32_t left;
    pair_must(np_create("short", &opts, &pair.server), "create");
    pair.client = pair_client("short", NP_MESSAGE);
    CHECK_EQ(put(pair.client), NP_OK);
    CHECK_EQ(np_peek(pair.server, NULL, 0, NULL, NULL, &left), NP_OK);
    CHECK_EQ(take(pair.server), NP_OK);
    np_select_item item = {.pipe = pair.server};
    CHECK_EQ(np_select(&item, 1, NULL, 0), NP_TIMEOUT);
    pair_close(&pair);
}

/* D1. */
static void nothing_is_read_after_a_disconnect(void)
{
    struct pair pair = pair_open("short", NP_MESSAGE, 100);
    CHECK_EQ(put(pair.server), NP_OK);
    CHECK_EQ(put(pair.client), NP_OK);
    CHECK_EQ(np_disconnect(pair.server), NP_OK);
    CHECK_EQ(take(pair.server), NP_PIPE_NOT_CONNECTED);
    CHECK_EQ(take(pair.client), NP_PIPE_NOT_CONNECTED);
    CHECK_EQ(put(pair.client), NP_PIPE_NOT_CONNECTED);
    pair_close(&pair);
}

static bool is_short(np_pipe *pipe)
{
    char word[4];
    struct npi_read read = {.buf = (void *)word, .size = sizeof word};
    struct npi_write write = {.data = (const void *)"word", .size = 4};
    bool reads = npx_read_now(pipe, &read);
    bool writes = npx_write_now(pipe, &write);
    return reads || writes;
}

/* There is something to read, and the system has just been asked about the
 * client. */
static void refresh(struct pair *pair)
{
    CHECK_EQ(put(pair->client), NP_OK);
    CHECK_EQ(put(pair->server), NP_OK);
}

/* A greeting is LISTENING still when it has mapped the conversation: who was
 * written to then would not be rung. A disconnect begins with the state. */
static void only_a_connected_end_goes_the_short_way(void)
{
    static const uint32_t others[] = {NP_LISTENING, NP_DISCONNECTED};
    struct pair pair = pair_open("short", NP_MESSAGE, 10000);
    struct npx_pipe *server = npx_of(pair.server);
    for (int i = 0; i < TIMES; i++) {
        refresh(&pair);
        atomic_store(&server->state, others[i % 2]);
        CHECK(!is_short(pair.server));
        atomic_store(&server->state, NP_CONNECTED);
    }
    refresh(&pair);
    CHECK(is_short(pair.server));
    pair_close(&pair);
}

/* D1. */
static void *write_after_hearing_of_it(void *pipe)
{
    char word[4];
    size_t size;
    int code;
    do {
        code = np_read(pipe, word, sizeof word, &size, 0);
    } while (code == NP_TIMEOUT);
    EXPECT_EQ(code, NP_PIPE_NOT_CONNECTED);
    EXPECT_EQ(np_write(pipe, "word", 4, &size, 0), NP_PIPE_NOT_CONNECTED);
    return NULL;
}

static void who_has_heard_of_a_disconnect_writes_no_more(void)
{
    for (int i = 0; i < TIMES; i++) {
        struct pair pair = pair_open("short", NP_MESSAGE, 100);
        CHECK_EQ(put(pair.server), NP_OK);
        pthread_t thread = witness_thread(write_after_hearing_of_it,
                                          pair.server);
        CHECK_EQ(np_disconnect(pair.server), NP_OK);
        pthread_join(thread, NULL);
        pair_close(&pair);
    }
    witness_settle();
}

/* X4, at once, whatever the clock says. */
static void nothing_is_written_to_an_end_that_has_closed(void)
{
    for (int i = 0; i < TIMES; i++) {
        struct pair pair = pair_open("short", NP_MESSAGE, 100);
        CHECK_EQ(put(pair.server), NP_OK);
        np_close(pair.client);
        CHECK_EQ(put(pair.server), NP_NO_DATA);
        np_close(pair.server);
    }
}

static void a_handle_that_was_shut_is_none(void)
{
    struct pair pair = pair_open("short", NP_MESSAGE, 100);
    CHECK_EQ(put(pair.server), NP_OK);
    np_shutdown(pair.client);
    CHECK_EQ(take(pair.client), NP_INVALID_HANDLE);
    CHECK_EQ(put(pair.client), NP_INVALID_HANDLE);
    pair_close(&pair);
}

/* Bytes that come in twice are received as one. */
static void a_receive_of_bytes_wants_all_of_them(void)
{
    struct pair pair = pair_open("short", NP_BYTE, 100);
    char words[8];
    CHECK_EQ(put(pair.server), NP_OK);
    CHECK_EQ(put(pair.server), NP_OK);
    CHECK_EQ(np_recv(pair.client, words, 4, &n, 0), NP_INSUFFICIENT_BUFFER);
    CHECK_EQ(n, 8);
    CHECK_EQ(np_read(pair.client, words, 8, &n, 0), NP_OK);
    CHECK_EQ(n, 8);
    pair_close(&pair);
}

static void *write_one(void *pipe)
{
    size_t done;
    EXPECT_EQ(np_write(pipe, "word", 4, &done, NP_INFINITE), NP_OK);
    return NULL;
}

/* Q3. */
static void who_sleeps_is_rung(void)
{
    struct pair pair = pair_open("short", NP_MESSAGE, 4);
    for (int i = 0; i < TIMES; i++) {
        pthread_t thread = witness_thread(read_one, pair.client);
        pair_await_sleepers(pair.client, 1);
        CHECK_EQ(take(pair.server), NP_TIMEOUT);
        CHECK_EQ(put(pair.server), NP_OK);
        pthread_join(thread, NULL);

        CHECK_EQ(put(pair.server), NP_OK);
        thread = witness_thread(write_one, pair.server);
        pair_await_sleepers(pair.server, 1);
        CHECK_EQ(take(pair.client), NP_OK);
        pthread_join(thread, NULL);
        CHECK_EQ(take(pair.client), NP_OK);
    }
    witness_settle();
    pair_close(&pair);
}

/* X1, X4: the memory of a process that was killed still takes words. */
static void a_peer_that_was_killed_is_noticed(void)
{
    np_server_opts opts = pair_opts(NP_BYTE, NP_DEFAULT_QUOTA);
    np_pipe *server;
    int code = NP_OK;
    pair_must(np_create("short", &opts, &server), "create");
    pid_t child = fork();
    if (child == 0) {
        pair_client("short", NP_BYTE);
        raise(SIGKILL);
    }
    CHECK_EQ(waitpid(child, NULL, 0), child);
    for (int i = 0; i < NP_DEFAULT_QUOTA && code == NP_OK; i++) {
        code = put(server);
        witness_rest(100);
    }
    CHECK_EQ(code, NP_NO_DATA);
    np_close(server);
}

int main(void)
{
    witness_alarm(60);
    RUN(a_read_that_waits_is_served_first);
    RUN(no_right_to_read_what_is_there);
    RUN(no_right_to_write_where_there_is_room);
    RUN(a_read_is_as_good_as_an_accept);
    RUN(nothing_is_read_after_a_disconnect);
    RUN(only_a_connected_end_goes_the_short_way);
    RUN(who_has_heard_of_a_disconnect_writes_no_more);
    RUN(nothing_is_written_to_an_end_that_has_closed);
    RUN(a_handle_that_was_shut_is_none);
    RUN(a_receive_of_bytes_wants_all_of_them);
    RUN(who_sleeps_is_rung);
    RUN(a_peer_that_was_killed_is_noticed);
    return check_done();
}
