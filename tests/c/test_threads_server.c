/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A name kept served by many threads, for many clients at once: every client
 * that gets in is served, once. */

#define _GNU_SOURCE 1 /* sched_setaffinity */

#include <sys/wait.h>

#include "pair.h"
#include "witness.h"

#define CLIENTS 6
#define SERVANTS 3
#define MOST_VISITS 20000

static np_server *server;
static unsigned visits;     /* of each client */
static atomic_uint *served; /* how often each token was asked for */
static atomic_uint next_token;
static atomic_bool closing;
static atomic_uint busy, failed;
static bool limited; /* between two clients there may be no instance */

static uint32_t answer_to(uint32_t token)
{
    return token * 2654435761u ^ 0xA5A5A5A5u;
}

/* ------------------------------------------------------------------ clients */

static bool was_closed(int code)
{
    return code == NP_FILE_NOT_FOUND || code == NP_BROKEN_PIPE ||
           code == NP_NO_DATA || code == NP_PIPE_BUSY || code == NP_BAD_PIPE ||
           code == NP_SEM_TIMEOUT;
}

/* While the server goes, a client may find it gone. */
static void note(int code)
{
    if (atomic_load(&closing) && was_closed(code)) {
        atomic_fetch_add(&failed, 1);
    } else {
        EXPECT_EQ(code, NP_OK);
    }
}

static int converse(np_pipe *pipe, uint32_t token)
{
    size_t n;
    uint32_t answer = 0;
    int code = np_write(pipe, &token, sizeof token, &n, 10000);
    if (code == NP_OK) {
        code = np_recv(pipe, &answer, sizeof answer, &n, 10000);
    }
    if (code == NP_OK) {
        EXPECT_EQ(n, sizeof answer);
        EXPECT_EQ(answer, answer_to(token));
        EXPECT_EQ(atomic_load(&served[token]), 1);
    }
    return code;
}

static int get_in(np_pipe **pipe)
{
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    opts.wait = limited ? NP_WAIT_SERVER : NP_WAIT_INSTANCE;
    return np_connect("served", &opts, pipe, atomic_load(&closing) ? 0 : 10000);
}

static int visit(uint32_t token)
{
    np_pipe *pipe;
    int code = np_open("served", NULL, &pipe);
    if (code == NP_PIPE_BUSY || (limited && code == NP_FILE_NOT_FOUND)) {
        atomic_fetch_add(&busy, 1);
        code = get_in(&pipe);
    }
    if (code == NP_OK) {
        code = converse(pipe, token);
        np_close(pipe);
    }
    return code;
}

static int call(uint32_t token)
{
    size_t n;
    uint32_t answer = 0;
    int code;
    do {
        code = np_call("served", &token, sizeof token, &answer, sizeof answer,
                       &n, 10000);
    } while (limited && code == NP_FILE_NOT_FOUND && !atomic_load(&closing));
    if (code == NP_OK) {
        EXPECT_EQ(answer, answer_to(token));
        EXPECT_EQ(atomic_load(&served[token]), 1);
    }
    return code;
}

/* Comes and goes without a word. */
static int look_in(void)
{
    np_pipe *pipe;
    int code = get_in(&pipe);
    if (code == NP_OK) {
        np_close(pipe);
    }
    return code;
}

static void *be_client(void *arg)
{
    uint32_t random = (uint32_t)(uintptr_t)arg + 1;
    for (unsigned i = 0; i < visits; i++) {
        uint32_t kind = witness_random(&random) % 8;
        uint32_t token = atomic_fetch_add(&next_token, 1);
        int code = kind == 0  ? look_in()
                   : kind < 4 ? call(token)
                              : visit(token);
        note(code);
        if (code && atomic_load(&closing)) {
            break;
        }
    }
    return NULL;
}

/* ----------------------------------------------------------------- servants */

static void serve(np_pipe *pipe)
{
    uint32_t token, answer;
    size_t n;
    int code = np_recv(pipe, &token, sizeof token, &n, 10000);
    if (code == NP_OK) {
        EXPECT(n == sizeof token && token < CLIENTS * MOST_VISITS);
        EXPECT_EQ(atomic_fetch_add(&served[token], 1), 0);
        answer = answer_to(token);
        EXPECT_EQ(np_write(pipe, &answer, sizeof answer, &n, 10000), NP_OK);
        EXPECT_EQ(np_recv(pipe, &token, sizeof token, &n, 10000),
                  NP_BROKEN_PIPE); /* it closes first */
    } else {
        EXPECT_EQ(code, NP_BROKEN_PIPE);
    }
    np_close(pipe);
}

static bool is_over(int code)
{
    return code == NP_OPERATION_ABORTED || code == NP_INVALID_HANDLE;
}

static void *accept_always(void *unused)
{
    np_pipe *pipe;
    int code;
    while ((code = np_server_accept(server, &pipe, NP_INFINITE)) == NP_OK) {
        serve(pipe);
    }
    EXPECT(is_over(code));
    return unused;
}

/* A loop that selects, and lets another one have the client. */
static void *select_always(void *unused)
{
    np_pipe *pipe;
    int code = NP_OK;
    while (code == NP_OK || code == NP_TIMEOUT) {
        size_t n;
        np_select_item item = {.server = server};
        EXPECT_EQ(np_select(&item, 1, &n, NP_INFINITE), NP_OK);
        code = np_server_accept(server, &pipe, 0);
        if (code == NP_OK) {
            serve(pipe);
        }
    }
    EXPECT(is_over(code));
    return unused;
}

/* ---------------------------------------------------------------- the house */

static void open_house(uint32_t max_instances)
{
    np_server_opts opts = pair_opts(NP_MESSAGE, 4096);
    opts.max_instances = max_instances;
    served = calloc(CLIENTS * MOST_VISITS, sizeof *served);
    atomic_store(&next_token, 0);
    atomic_store(&closing, false);
    atomic_store(&busy, 0);
    atomic_store(&failed, 0);
    pair_must(np_listen("served", &opts, &server), "listen");
}

static void close_house(pthread_t servants[SERVANTS])
{
    atomic_store(&closing, true);
    np_server_shutdown(server);
    for (int i = 0; i < SERVANTS; i++) {
        pthread_join(servants[i], NULL);
    }
    np_server_close(server);
    CHECK_EQ(np_exists("served"), NP_FILE_NOT_FOUND);
    free(served);
    witness_settle();
}

static void run_house(uint32_t max_instances, void *(*servant)(void *),
                      void *(*other)(void *))
{
    pthread_t servants[SERVANTS], clients[CLIENTS];
    unsigned before = witness_fds();
    visits = witness_scaled(120) < MOST_VISITS ? witness_scaled(120)
                                               : MOST_VISITS;
    open_house(max_instances);
    limited = max_instances != NP_UNLIMITED_INSTANCES;
    for (uintptr_t i = 0; i < SERVANTS; i++) {
        servants[i] = witness_thread(i == 0 ? other : servant, NULL);
    }
    for (uintptr_t i = 0; i < CLIENTS; i++) {
        clients[i] = witness_thread(be_client, (void *)i);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i], NULL);
    }
    close_house(servants);
    witness_same_fds(before);
    printf("# %u clients, %u found it busy\n", CLIENTS * visits,
           atomic_load(&busy));
}

static void accepting_threads_serve_each_client_once(void)
{
    run_house(NP_UNLIMITED_INSTANCES, accept_always, accept_always);
}

static void so_they_do_with_one_instance(void)
{
    run_house(1, accept_always, accept_always);
}

static void so_they_do_with_as_many_instances_as_servants(void)
{
    run_house(SERVANTS, accept_always, accept_always);
}

static void selecting_threads_serve_each_client_once(void)
{
    run_house(NP_UNLIMITED_INSTANCES, select_always, select_always);
}

static void some_may_select_and_some_accept(void)
{
    run_house(2, accept_always, select_always);
}

/* Clients come while the server goes. */
static void a_server_may_close_at_any_moment(void)
{
    uint32_t random = 9;
    unsigned before = witness_fds();
    for (unsigned i = 0; i < witness_scaled(12); i++) {
        pthread_t servants[SERVANTS], clients[CLIENTS];
        visits = 50;
        limited = false;
        open_house(NP_UNLIMITED_INSTANCES);
        for (uintptr_t k = 0; k < SERVANTS; k++) {
            servants[k] = witness_thread(
                k == i % 3 ? select_always : accept_always, NULL);
        }
        for (uintptr_t k = 0; k < CLIENTS; k++) {
            clients[k] = witness_thread(be_client, (void *)k);
        }
        for (uint32_t n = witness_random(&random) % 2000; n > 0; n--) {
            sched_yield();
        }
        atomic_store(&closing, true);
        np_server_shutdown(server);
        for (int k = 0; k < CLIENTS; k++) {
            pthread_join(clients[k], NULL);
        }
        close_house(servants);
    }
    witness_same_fds(before);
}

/* ------------------------------------------------------- one listening pipe */

static np_pipe *listening;
static atomic_bool conversation;

static void *look_again_and_again(void *unused)
{
    while (atomic_load(&conversation)) {
        size_t avail;
        np_state state;
        np_peek(listening, NULL, 0, NULL, &avail, NULL);
        EXPECT_EQ(np_get_state(listening, &state), NP_OK);
    }
    return unused;
}

static void *select_again_and_again(void *unused)
{
    while (atomic_load(&conversation)) {
        size_t n;
        np_select_item item = {.pipe = listening};
        np_select(&item, 1, &n, 20);
    }
    return unused;
}

/* What is announced of the listener, or of the last client, says nothing about
 * the client that has come meanwhile. */
static void old_news_do_not_end_a_new_conversation(void)
{
    np_server_opts opts = pair_opts(NP_MESSAGE, 4096);
    pair_must(np_create("served", &opts, &listening), "create");
    atomic_store(&conversation, true);
    pthread_t looker = witness_thread(look_again_and_again, NULL);
    pthread_t selecter = witness_thread(select_again_and_again, NULL);
    for (unsigned i = 0; i < witness_scaled(800) && !check_failures; i++) {
        uint32_t token = i, got = 0;
        size_t n;
        np_pipe *client = pair_client("served", NP_MESSAGE);
        int code = np_accept(listening, 5000);
        CHECK(code == NP_OK || code == NP_PIPE_CONNECTED);
        for (int k = 0; k < 2; k++) {
            CHECK_EQ(np_write(client, &token, sizeof token, &n, 5000), NP_OK);
            CHECK_EQ(np_read(listening, &got, sizeof got, &n, 5000), NP_OK);
            CHECK_EQ(np_write(listening, &token, sizeof token, &n, 5000),
                     NP_OK);
            CHECK_EQ(np_read(client, &got, sizeof got, &n, 5000), NP_OK);
        }
        CHECK_EQ(got, token);
        np_close(client);
        CHECK_EQ(np_disconnect(listening), NP_OK);
        code = np_accept(listening, 0);
        CHECK_EQ(code, NP_TIMEOUT);
    }
    atomic_store(&conversation, false);
    pthread_join(looker, NULL);
    pthread_join(selecter, NULL);
    np_close(listening);
    witness_settle();
}

/* The first wait for a name makes a descriptor that stays. */
static void wait_once(void)
{
    struct pair pair = pair_open("warm", NP_BYTE, 1);
    CHECK_EQ(np_wait("warm", 1), NP_SEM_TIMEOUT);
    pair_close(&pair);
}

/* ------------------------------------------------------------- hammering */

/* Opens as fast as it can. Who gets in is served. */
static void *hammer(void *unused)
{
    while (!atomic_load(&closing)) {
        np_pipe *pipe;
        uint32_t token = 0;
        size_t n;
        int code = np_open("hammered", NULL, &pipe);
        if (code == NP_OK) {
            code = np_read(pipe, &token, sizeof token, &n, 10000);
            if (!atomic_load(&closing)) {
                EXPECT_EQ(code, NP_OK);
            }
            EXPECT(code || token == 4711);
            np_close(pipe);
        } else {
            EXPECT(code == NP_PIPE_BUSY || atomic_load(&closing));
        }
    }
    return unused;
}

/* No client connects and is then forgotten, however it meets the moment in
 * which the listener changes. */
static void who_gets_in_is_served(void)
{
    uint32_t token = 4711;
    pthread_t clients[4];
    size_t n;
    np_pipe *pipe;
    np_server_opts opts = pair_opts(NP_BYTE, 4096);
    pair_must(np_create("hammered", &opts, &pipe), "create");
    atomic_store(&closing, false);
    for (int i = 0; i < 4; i++) {
        clients[i] = witness_thread(hammer, NULL);
    }
    unsigned cycles = witness_scaled(1500);
    for (unsigned i = 0; i < cycles && atomic_load(&witness_wrong) < 5; i++) {
        int code = np_accept(pipe, 10000);
        EXPECT(code == NP_OK || code == NP_PIPE_CONNECTED);
        CHECK_EQ(np_write(pipe, &token, sizeof token, &n, 10000), NP_OK);
        CHECK_EQ(np_read(pipe, &(char){0}, 1, &n, 10000), NP_BROKEN_PIPE);
        CHECK_EQ(np_disconnect(pipe), NP_OK);
    }
    atomic_store(&closing, true);
    np_close(pipe);
    for (int i = 0; i < 4; i++) {
        pthread_join(clients[i], NULL);
    }
    witness_settle();
    printf("# %u served\n", cycles);
}

/* All on one CPU: then somebody else runs in the middle of everything. */
static void even_in_the_middle_of_an_accept(void)
{
    int status = -1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((unsigned)sched_getcpu(), &one);
        sched_setaffinity(0, sizeof one, &one);
        alarm(120);
        who_gets_in_is_served();
        _exit(check_failures != 0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

int main(void)
{
    check_dir();
    witness_alarm(120);
    RUN(even_in_the_middle_of_an_accept);
    wait_once();
    RUN(accepting_threads_serve_each_client_once);
    RUN(so_they_do_with_one_instance);
    RUN(so_they_do_with_as_many_instances_as_servants);
    RUN(selecting_threads_serve_each_client_once);
    RUN(some_may_select_and_some_accept);
    RUN(a_server_may_close_at_any_moment);
    RUN(who_gets_in_is_served);
    RUN(old_news_do_not_end_a_new_conversation);
    return check_done();
}
