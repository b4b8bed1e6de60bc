/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Selecting among many handles, the same ones again and again: what a thread
 * keeps of them (npx_set.c) must not change what np_select finds. */

#define _GNU_SOURCE 1

#include "many.h"

static void each_one_is_found(void)
{
    open_all();
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < MANY; i++) {
            say(pairs[i].client, "x");
            expect_only(i, MANY, SECONDS);
            expect_only(i, MANY, 0);
            hear(pairs[i].server, "x");
            if (i % 3 == 0) {
                expect_none(MANY);
            }
        }
    }
    close_all();
    witness_settle();
}

static void all_that_are_ready_are_told(void)
{
    size_t ready;
    open_all();
    get_used_to(MANY);
    for (size_t i = 0; i < MANY; i += 2) {
        say(pairs[i].client, "x");
    }
    EXPECT_EQ(select_n(MANY, &ready, SECONDS), NP_OK);
    EXPECT_EQ(ready, MANY / 2);
    EXPECT_EQ(select_n(MANY, &ready, 0), NP_OK);
    EXPECT_EQ(ready, MANY / 2);
    close_all();
    witness_settle();
}

static void the_quiet_are_heard_beside_the_loud(void)
{
    size_t ready;
    open_all();
    get_used_to(MANY);
    say(pairs[0].client, "never read");
    EXPECT_EQ(select_n(MANY, &ready, SECONDS), NP_OK);
    say(pairs[1].client, "x");
    for (int tries = 0; items[1].ready == 0 && tries < 100; tries++) {
        EXPECT_EQ(select_n(MANY, &ready, SECONDS), NP_OK);
    }
    EXPECT_EQ(items[1].ready, 1);
    close_all();
    witness_settle();
}

static void what_is_half_read_is_ready(void)
{
    size_t n;
    char buf[4];
    open_all();
    get_used_to(MANY);
    say(pairs[5].client, "half read");
    expect_only(5, MANY, SECONDS);
    EXPECT_EQ(np_read(pairs[5].server, buf, 4, &n, 0), NP_MORE_DATA);
    expect_only(5, MANY, SECONDS);
    hear(pairs[5].server, " read");
    expect_none(MANY);
    close_all();
    witness_settle();
}

/* ------------------------------------- what happens just before it sleeps */

static void close_client(void)
{
    np_close(pairs[7].client);
}
static void shut_server(void)
{
    np_shutdown(pairs[7].server);
}
static void cancel_one(void)
{
    EXPECT_EQ(np_cancel(pairs[7].server), NP_OK);
}
static void throw_out(void)
{
    EXPECT_EQ(np_disconnect(pairs[7].server), NP_OK);
}

static void write_and_take_back(void)
{
    write_one();
    hear(pairs[7].server, "late");
    event = write_one;
}

static void a_late_event_ends_the_sleep(void)
{
    static void (*const events[])(void) = {
        write_one, write_and_take_back, close_client, shut_server, throw_out};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        open_all();
        get_used_to(MANY);
        on_sleep(events[i]);
        expect_only(7, MANY, SECONDS);
        np_set_interrupt(NULL, NULL);
        if (events[i] == close_client) {
            pairs[7].client = NULL;
        }
        close_all();
    }
    witness_settle();
}

static void a_cancel_ends_it(void)
{
    size_t ready;
    open_all();
    get_used_to(MANY);
    EXPECT_EQ(np_cancel(pairs[7].server), NP_NOT_FOUND);
    on_sleep(cancel_one);
    EXPECT_EQ(select_n(MANY, &ready, SECONDS), NP_OPERATION_ABORTED);
    np_set_interrupt(NULL, NULL);
    EXPECT_EQ(np_cancel(pairs[7].server), NP_NOT_FOUND);
    expect_none(MANY);
    close_all();
    witness_settle();
}

/* ------------------------------------------------------ handles that change */

static void connect_again(void)
{
    np_close(pairs[3].client);
    pairs[3].client = pair_client("many-3", NP_MESSAGE);
}

static void an_instance_may_serve_its_next_client(void)
{
    open_all();
    for (int round = 0; round < 5; round++) {
        get_used_to(MANY);
        EXPECT_EQ(np_disconnect(pairs[3].server), NP_OK);
        expect_only(3, MANY, SECONDS);
        EXPECT_EQ(np_accept(pairs[3].server, 0), NP_TIMEOUT);
        get_used_to(MANY);
        on_sleep(connect_again);
        expect_only(3, MANY, SECONDS);
        np_set_interrupt(NULL, NULL);
        EXPECT_EQ(np_accept(pairs[3].server, 0), NP_PIPE_CONNECTED);
        expect_none(MANY);
        say(pairs[3].client, "again");
        expect_only(3, MANY, SECONDS);
        hear(pairs[3].server, "again");
    }
    close_all();
    witness_settle();
}

static void handles_come_and_go(void)
{
    open_all();
    size_t n = MANY;
    for (size_t round = 0; round < 40; round++) {
        size_t i = round * 7 % MANY;
        char name[32];
        get_used_to(n);
        pair_close(&pairs[i]);
        snprintf(name, sizeof name, "many-%zu", i);
        pairs[i] = pair_open(name, NP_MESSAGE, 4096);
        /* Those after the first `round` are not asked for in every round. */
        n = MANY - round % 5;
        for (size_t k = 0; k < MANY; k++) {
            items[k] = (np_select_item){
                .pipe = pairs[(k + round) % MANY].server};
        }
        size_t at = (i + MANY - round % MANY) % MANY;
        say(pairs[i].client, "new");
        if (at < n) {
            expect_only(at, n, SECONDS);
        }
        hear(pairs[i].server, "new");
    }
    close_all();
    witness_settle();
}

#ifdef NPI_FAULTS
static void throw_out_unwatched(void)
{
    setenv("NPI_FAIL_AT", "epoll_ctl:0", 1);
    EXPECT_EQ(np_disconnect(pairs[3].server), NP_OK);
    EXPECT_EQ(np_accept(pairs[3].server, 0), NP_TIMEOUT);
    event = connect_again;
}

static void *speak_up(void *unused)
{
    pair_await_sleepers(pairs[3].server, 1);
    say(pairs[3].client, "x");
    return unused;
}

/* Then all are looked at, as if nothing had been kept. */
static void a_descriptor_may_fail_to_be_watched(void)
{
    open_all();
    setenv("NPI_FAIL_AT", "epoll_ctl:0", 1);
    get_used_to(MANY);
    on_sleep(write_one);
    expect_only(7, MANY, SECONDS);
    hear(pairs[7].server, "late");
    unsetenv("NPI_FAIL_AT");
    items[0] = (np_select_item){.pipe = pairs[1].server};
    items[1] = (np_select_item){.pipe = pairs[0].server};
    get_used_to(MANY);
    on_sleep(throw_out_unwatched);
    expect_only(3, MANY, SECONDS);
    np_set_interrupt(NULL, NULL);
    unsetenv("NPI_FAIL_AT");
    EXPECT_EQ(np_accept(pairs[3].server, 0), NP_PIPE_CONNECTED);
    get_used_to(MANY);
    pthread_t thread = witness_thread(speak_up, NULL);
    expect_only(3, MANY, SECONDS);
    pthread_join(thread, NULL);
    close_all();
    witness_settle();
}
#endif

static void one_may_be_named_twice(void)
{
    size_t ready;
    open_all();
    items[MANY] = items[2];
    get_used_to(MANY + 1);
    say(pairs[2].client, "x");
    EXPECT_EQ(select_n(MANY + 1, &ready, SECONDS), NP_OK);
    EXPECT_EQ(ready, 2);
    EXPECT_EQ(items[2].ready, 1);
    EXPECT_EQ(items[MANY].ready, 1);
    close_all();
    witness_settle();
}

static np_pipe *guest;

static void visit(void)
{
    guest = pair_client("beside", NP_BYTE);
}

static void a_server_may_be_among_them(void)
{
    np_server *server;
    np_pipe *pipe;
    open_all();
    pair_must(np_listen("beside", NULL, &server), "listen");
    items[MANY] = (np_select_item){.server = server};
    for (int round = 0; round < 5; round++) {
        get_used_to(MANY + 1);
        on_sleep(visit);
        expect_only(MANY, MANY + 1, SECONDS);
        np_set_interrupt(NULL, NULL);
        EXPECT_EQ(np_server_accept(server, &pipe, 0), NP_OK);
        get_used_to(MANY + 1);
        on_sleep(write_one);
        expect_only(7, MANY + 1, SECONDS);
        np_set_interrupt(NULL, NULL);
        hear(pairs[7].server, "late");
        np_close(guest);
        np_close(pipe);
    }
    np_server_close(server);
    close_all();
    witness_settle();
}

int main(void)
{
    check_dir();
    witness_alarm(120);
    RUN(each_one_is_found);
    RUN(all_that_are_ready_are_told);
    RUN(the_quiet_are_heard_beside_the_loud);
    RUN(what_is_half_read_is_ready);
    RUN(a_late_event_ends_the_sleep);
    RUN(a_cancel_ends_it);
    RUN(an_instance_may_serve_its_next_client);
    RUN(handles_come_and_go);
#ifdef NPI_FAULTS
    RUN(a_descriptor_may_fail_to_be_watched);
#endif
    RUN(one_may_be_named_twice);
    RUN(a_server_may_be_among_them);
    return check_done();
}
