/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Selecting among many handles while other threads, and strangers, use, cancel
 * and close them. */

#define _GNU_SOURCE 1

#include <sys/wait.h>

#include "linux/npx_set.h"
#include "many.h"

/* ------------------------------------------------------------ other threads */

static void *read_one(void *unused)
{
    size_t n;
    char buf[100];
    EXPECT_EQ(np_recv(pairs[7].server, buf, sizeof buf, &n, SECONDS), NP_OK);
    return unused;
}

/* What a waiting read takes is not ready; what comes next is. */
static void another_thread_may_read(void)
{
    open_all();
    for (int round = 0; round < 50; round++) {
        get_used_to(MANY);
        pthread_t reader = witness_thread(read_one, NULL);
        pair_await_sleepers(pairs[7].server, 1);
        if (round % 2) {
            expect_none(MANY);
        }
        write_one();
        pthread_join(reader, NULL);
        expect_none(MANY);
        on_sleep(write_one);
        expect_only(7, MANY, SECONDS);
        np_set_interrupt(NULL, NULL);
        hear(pairs[7].server, "late");
    }
    close_all();
    witness_settle();
}

/* Whether a thread sleeps that has the handle in a set. */
static bool is_slept_on(np_pipe *pipe)
{
    struct npx_hub *hub = &npx_of(pipe)->hub;
    bool sleeps = false;
    pthread_mutex_lock(&hub->lock);
    for (struct npx_waiter *w = hub->first; w; w = w->next) {
        if (w->standing) {
            struct npi_kept *set = npx_member_of(w)->set;
            pthread_mutex_lock(&set->lock);
            sleeps |= set->sleeping;
            pthread_mutex_unlock(&set->lock);
        }
    }
    pthread_mutex_unlock(&hub->lock);
    return sleeps;
}

static void await_sleep(np_pipe *pipe)
{
    while (!is_slept_on(pipe)) {
        sched_yield();
    }
}

static void *wait_and_write_two(void *unused)
{
    struct npx_pipe *h = npx_of(pairs[7].server);
    while (!is_slept_on(pairs[7].server) &&
           pair_sleepers(pairs[7].server) < 2) {
        sched_yield();
    }
    pthread_mutex_lock(&h->in.lock);
    write_one();
    write_one();
    while (pair_sleepers(pairs[7].server) > 0) {
        sched_yield();
    }
    pthread_mutex_unlock(&h->in.lock);
    return unused;
}

/* Both are awake and want to look; who selects may do so first, while the other
 * one still waits for what has come, and go to sleep again. */
static void select_beside_a_read(size_t n)
{
    for (int round = 0; round < 100; round++) {
        get_used_to(n);
        pthread_t reader = witness_thread(read_one, NULL);
        pair_await_sleepers(pairs[7].server, 1);
        pthread_t writer = witness_thread(wait_and_write_two, NULL);
        expect_only(7, n, SECONDS);
        pthread_join(reader, NULL);
        pthread_join(writer, NULL);
        hear(pairs[7].server, "late");
    }
}

static void what_a_waiting_read_leaves_is_ready(void)
{
    open_all();
    select_beside_a_read(8);
    select_beside_a_read(MANY);
    close_all();
    witness_settle();
}

static void *cancel_in_its_sleep(void *unused)
{
    await_sleep(pairs[7].server);
    EXPECT_EQ(np_cancel(pairs[7].server), NP_OK);
    return unused;
}

static void *cancel_at_any_moment(void *unused)
{
    while (np_cancel(pairs[7].server) == NP_NOT_FOUND) {
    }
    return unused;
}

static void *shut_in_its_sleep(void *unused)
{
    await_sleep(pairs[7].server);
    np_shutdown(pairs[7].server);
    return unused;
}

static void other_threads_end_it(void)
{
    size_t ready;
    open_all();
    get_used_to(MANY);
    for (int i = 0; i < 2000; i++) {
        pthread_t thread = witness_thread(
            i % 10 ? cancel_at_any_moment : cancel_in_its_sleep, NULL);
        EXPECT_EQ(select_n(MANY, &ready, SECONDS), NP_OPERATION_ABORTED);
        pthread_join(thread, NULL);
    }
    pthread_t thread = witness_thread(shut_in_its_sleep, NULL);
    expect_only(7, MANY, SECONDS);
    pthread_join(thread, NULL);
    close_all();
    witness_settle();
}

static void *get_in_behind_a_stranger(void *unused)
{
    await_sleep(pairs[3].server);
    int stranger = stranger_connect("many-3", 0);
    EXPECT(stranger >= 0);
    pairs[3].client = pair_client("many-3", NP_MESSAGE);
    close(stranger);
    return unused;
}

/* A select does what an accept would: it ends the time of who says nothing. */
static void a_stranger_does_not_keep_an_instance(void)
{
    open_all();
    EXPECT_EQ(np_disconnect(pairs[3].server), NP_OK);
    np_close(pairs[3].client);
    EXPECT_EQ(np_accept(pairs[3].server, 0), NP_TIMEOUT);
    get_used_to(MANY);
    pthread_t thread = witness_thread(get_in_behind_a_stranger, NULL);
    expect_only(3, MANY, SECONDS);
    pthread_join(thread, NULL);
    close_all();
    witness_settle();
}

static void *select_and_end(void *unused)
{
    np_select_item own[MANY];
    size_t ready;
    for (size_t i = 0; i < MANY; i++) {
        own[i] = (np_select_item){.pipe = pairs[i].server};
    }
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(np_select(own, MANY, &ready, 1), NP_TIMEOUT);
    }
    return unused;
}

static void a_thread_that_ends_leaves_nothing(void)
{
    open_all();
    pthread_join(witness_thread(select_and_end, NULL), NULL);
    unsigned fds = witness_fds();
    for (int i = 0; i < 5; i++) {
        pthread_t threads[3];
        for (int k = 0; k < 3; k++) {
            threads[k] = witness_thread(select_and_end, NULL);
        }
        for (int k = 0; k < 3; k++) {
            pthread_join(threads[k], NULL);
        }
    }
    witness_same_fds(fds);
    close_all();
    witness_settle();
}

static void a_child_begins_anew(void)
{
    int status = -1;
    size_t ready;
    open_all();
    get_used_to(MANY);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        EXPECT_EQ(select_n(MANY, &ready, 0), NP_OK);
        EXPECT_EQ(ready, MANY); /* they are dead, which is to be seen */
        for (int i = 0; i < MANY; i++) {
            char name[32];
            np_close(pairs[i].server);
            np_close(pairs[i].client);
            snprintf(name, sizeof name, "childs-%d", i);
            pairs[i] = pair_open(name, NP_MESSAGE, 4096);
            items[i] = (np_select_item){.pipe = pairs[i].server};
        }
        get_used_to(MANY);
        write_one();
        expect_only(7, MANY, SECONDS);
        _exit(atomic_load(&witness_wrong) != 0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    get_used_to(MANY);
    write_one();
    expect_only(7, MANY, SECONDS);
    close_all();
    witness_settle();
}

/* -------------------------------------------------------------- at random */

static unsigned messages; /* of each writer */

static void *write_at_random(void *arg)
{
    uint32_t dice = 17 + (uint32_t)(uintptr_t)arg;
    for (unsigned i = 0; i < messages; i++) {
        say(pairs[witness_random(&dice) % MANY].client, "random");
        for (unsigned n = witness_random(&dice) % 4000; n > 0; n--) {
            atomic_thread_fence(memory_order_seq_cst);
        }
        if (witness_random(&dice) % 16 == 0) {
            witness_rest((long)(witness_random(&dice) % 200));
        }
    }
    return NULL;
}

/* No message is waited for in vain. */
static void nothing_is_missed(void)
{
    pthread_t writers[2];
    size_t ready, n, got = 0;
    char buf[100];
    open_all();
    messages = witness_scaled(20000);
    for (int i = 0; i < 2; i++) {
        writers[i] = witness_thread(write_at_random, (void *)(uintptr_t)i);
    }
    while (got < 2 * messages && atomic_load(&witness_wrong) == 0) {
        EXPECT_EQ(select_n(MANY, &ready, SECONDS), NP_OK);
        EXPECT(ready > 0);
        for (size_t i = 0; i < MANY; i++) {
            if (items[i].ready) {
                EXPECT_EQ(np_recv(items[i].pipe, buf, sizeof buf, &n, 0),
                          NP_OK);
                got++;
            }
        }
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(writers[i], NULL);
    }
    expect_none(MANY);
    printf("# %zu messages\n", got);
    close_all();
    witness_settle();
}

int main(void)
{
    check_dir();
    witness_alarm(120);
    RUN(another_thread_may_read);
    RUN(what_a_waiting_read_leaves_is_ready);
    RUN(other_threads_end_it);
    RUN(a_stranger_does_not_keep_an_instance);
    RUN(a_thread_that_ends_leaves_nothing);
    RUN(a_child_begins_anew);
    RUN(nothing_is_missed);
    return check_done();
}
