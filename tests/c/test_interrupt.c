/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Signals at every call that blocks, with and without a function to ask. */

#include <sys/wait.h>

#include "pair.h"
#include "witness.h"

#define QUOTA 10
#define BIG 100

enum call {
    READ,
    WRITE, /* over quota */
    FLUSH,
    TRANSACT,
    ACCEPT,
    SELECT,
    SERVER_ACCEPT,
    WAIT,
    CONNECT,
    SELECT_NOTHING,
    CALLS
};

static const char *const names[] = {
    "read",   "write",         "flush", "transact", "accept",
    "select", "server accept", "wait",  "connect",  "select nothing"};

static struct pair ends;
static np_pipe *listening;
static np_server *server;

static void set_up(enum call call)
{
    size_t put;
    np_server_opts opts = pair_opts(NP_MESSAGE, QUOTA);
    ends = pair_open("signal", NP_MESSAGE, QUOTA);
    pair_must(np_create("signal-listen", &opts, &listening), "create");
    pair_must(np_listen("signal-served", &opts, &server), "listen");
    if (call == FLUSH) {
        CHECK_EQ(np_write(ends.client, "x", 1, &put, 0), NP_OK);
    }
}

static void tear_down(void)
{
    pair_close(&ends);
    np_close(listening);
    np_server_close(server);
}

static int block(enum call call, size_t *n)
{
    static unsigned char data[BIG];
    np_pipe *pipe = NULL;
    np_select_item item = {.pipe = ends.client};
    int code;
    switch (call) {
    case READ: return np_read(ends.client, data, BIG, n, 20000);
    case WRITE: return np_write(ends.client, data, BIG, n, 20000);
    case FLUSH: return np_flush(ends.client, 20000);
    case TRANSACT: return np_transact(ends.client, "?", 1, data, BIG, n, 20000);
    case ACCEPT: return np_accept(listening, 20000);
    case SELECT: return np_select(&item, 1, n, 20000);
    case SERVER_ACCEPT:
        code = np_server_accept(server, &pipe, 20000);
        np_close(pipe);
        return code;
    case WAIT: return np_wait("signal", 20000);
    case CONNECT:
        code = np_connect("signal", NULL, &pipe, 20000);
        np_close(pipe);
        return code;
    default: return np_select(NULL, 0, n, 20000);
    }
}

/* What the call waits for happens. */
static void let_go(enum call call)
{
    char data[BIG];
    size_t n;
    np_pipe *pipe;
    switch (call) {
    case READ:
    case SELECT:
    case TRANSACT:
        if (call == TRANSACT) {
            EXPECT_EQ(np_read(ends.server, data, BIG, &n, 5000), NP_OK);
        }
        EXPECT_EQ(np_write(ends.server, "y", 1, &n, 5000), NP_OK);
        break;
    case WRITE:
    case FLUSH:
        EXPECT_EQ(np_read(ends.server, data, BIG, &n, 5000), NP_OK);
        break;
    case WAIT:
    case CONNECT:
        EXPECT_EQ(np_disconnect(ends.server), NP_OK);
        np_accept(ends.server, 0);
        break;
    default:
        pipe = pair_client(call == ACCEPT ? "signal-listen" : "signal-served",
                           NP_MESSAGE);
        np_close(pipe);
    }
}

/* ------------------------------------------------------------- the nuisance */

static struct {
    pthread_t target;
    enum call call;
    unsigned signals; /* then let it go; 0: signals until it has returned */
    atomic_bool returned;
} nuisance;
static atomic_uint handled, asked;

static void handle(int unused)
{
    (void)unused;
    atomic_fetch_add(&handled, 1);
}

/* A signal before the wait begins does nothing, so it is repeated. */
static void *be_a_nuisance(void *unused)
{
    unsigned sent = 0;
    while (!atomic_load(&nuisance.returned) &&
           (nuisance.signals == 0 || sent < nuisance.signals)) {
        unsigned before = atomic_load(&handled);
        pthread_kill(nuisance.target, SIGUSR1);
        while (atomic_load(&handled) == before &&
               !atomic_load(&nuisance.returned)) {
            sched_yield();
        }
        witness_rest(1000); /* time to fall asleep; any other is as good */
        sent++;
    }
    if (nuisance.signals > 0) {
        let_go(nuisance.call);
    }
    return unused;
}

static int block_under_signals(enum call call, unsigned signals, size_t *n)
{
    nuisance.target = pthread_self();
    nuisance.call = call;
    nuisance.signals = signals;
    atomic_store(&nuisance.returned, false);
    atomic_store(&handled, 0);
    atomic_store(&asked, 0);
    pthread_t thread = witness_thread(be_a_nuisance, NULL);
    *n = 4711;
    int code = block(call, n);
    atomic_store(&nuisance.returned, true);
    pthread_join(thread, NULL);
    return code;
}

static void check(enum call call, int code, int want)
{
    if (code != want) {
        fprintf(stderr, "%s: ", names[call]);
        CHECK_EQ(code, want);
    }
}

/* ---------------------------------------------------------------- the tests */

static void without_a_function_a_signal_ends_the_call(void)
{
    np_set_interrupt(NULL, NULL);
    for (enum call call = READ; call < CALLS; call++) {
        size_t n, avail = 9;
        set_up(call);
        check(call, block_under_signals(call, 0, &n), NP_INTERRUPTED);
        if (call == WRITE) {
            CHECK_EQ(n, 0); /* taken back */
        } else {
            CHECK_EQ(n, 4711); /* outputs are written on success only */
        }
        CHECK_EQ(np_peek(ends.server, NULL, 0, NULL, &avail, NULL), NP_OK);
        CHECK_EQ(avail, call == FLUSH || call == TRANSACT);
        tear_down();
    }
    witness_settle();
}

static int go_on(void *unused)
{
    (void)unused;
    atomic_fetch_add(&asked, 1);
    return 0;
}

static void a_function_that_says_0_lets_it_go_on(void)
{
    np_set_interrupt(go_on, NULL);
    for (enum call call = READ; call < SELECT_NOTHING; call++) {
        size_t n;
        set_up(call);
        check(call, block_under_signals(call, 20, &n), NP_OK);
        CHECK(atomic_load(&asked) > 10);
        CHECK(atomic_load(&handled) >= 20);
        tear_down();
    }
    np_set_interrupt(NULL, NULL);
    witness_settle();
}

static int stop_if_handled(void *unused)
{
    (void)unused;
    return atomic_load(&handled) > 2;
}

static void a_function_that_says_1_ends_it(void)
{
    np_set_interrupt(stop_if_handled, NULL);
    for (enum call call = READ; call < CALLS; call++) {
        size_t n;
        set_up(call);
        check(call, block_under_signals(call, 0, &n), NP_INTERRUPTED);
        tear_down();
    }
    np_set_interrupt(NULL, NULL);
    witness_settle();
}

static int stop_the_third_time(void *unused)
{
    (void)unused;
    return atomic_fetch_add(&asked, 1) >= 2;
}

/* The signal may be another thread's. */
static void it_is_asked_now_and_then_without_a_signal(void)
{
    np_set_interrupt(stop_the_third_time, NULL);
    for (enum call call = READ; call < CALLS; call++) {
        size_t n;
        set_up(call);
        atomic_store(&asked, 0);
        check(call, block(call, &n), NP_INTERRUPTED);
        tear_down();
    }
    np_set_interrupt(NULL, NULL);
}

static void a_call_that_need_not_wait_asks_nobody(void)
{
    char byte;
    size_t n;
    set_up(READ);
    np_set_interrupt(go_on, NULL);
    atomic_store(&asked, 0);
    CHECK_EQ(np_write(ends.client, "a", 1, &n, 5000), NP_OK);
    CHECK_EQ(np_read(ends.server, &byte, 1, &n, 5000), NP_OK);
    CHECK_EQ(np_read(ends.server, &byte, 1, &n, 0), NP_TIMEOUT);
    CHECK_EQ(atomic_load(&asked), 0);
    np_set_interrupt(NULL, NULL);
    tear_down();
}

/* ------------------------------------------ functions that call the library */

static np_pipe *other;

static int read_another(void *unused)
{
    char byte = 0;
    size_t n;
    (void)unused;
    if (atomic_fetch_add(&asked, 1) == 0) {
        EXPECT_EQ(np_read(other, &byte, 1, &n, 5), NP_TIMEOUT);
        EXPECT_EQ(np_write(ends.server, "z", 1, &n, 5000), NP_OK);
    }
    return 0;
}

/* It waits itself, and then gives us what we wait for. */
static void it_may_read_another_pipe(void)
{
    char byte = 0;
    size_t n;
    set_up(READ);
    struct pair others = pair_open("signal-other", NP_MESSAGE, QUOTA);
    other = others.client;
    atomic_store(&asked, 0);
    np_set_interrupt(read_another, NULL);
    CHECK_EQ(np_read(ends.client, &byte, 1, &n, 20000), NP_OK);
    CHECK_EQ(byte, 'z');
    np_set_interrupt(NULL, NULL);
    pair_close(&others);
    tear_down();
    witness_settle();
}

static int shut_it(void *pipe)
{
    np_shutdown(*(np_pipe **)pipe);
    return 0;
}

static int cancel_it(void *pipe)
{
    EXPECT_EQ(np_cancel(*(np_pipe **)pipe), NP_OK);
    return 0;
}

/* T48: on the thread that is inside. */
static void it_may_end_the_call_it_is_asked_about(void)
{
    static int (*const functions[])(void *) = {shut_it, cancel_it};
    static const enum call calls[] = {READ, WRITE, FLUSH, TRANSACT, ACCEPT};
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 5; k++) {
            size_t n;
            set_up(calls[k]);
            np_set_interrupt(functions[i],
                             calls[k] == ACCEPT ? &listening : &ends.client);
            check(calls[k], block(calls[k], &n), NP_OPERATION_ABORTED);
            np_set_interrupt(NULL, NULL);
            tear_down();
        }
    }
    witness_settle();
}

static int close_for_good(void *pipe)
{
    np_close(*(np_pipe **)pipe);
    *(np_pipe **)pipe = NULL;
    np_set_interrupt(NULL, NULL);
    return 0;
}

/* The last one out frees. */
static void it_may_even_close_the_handle(void)
{
    for (enum call call = READ; call <= TRANSACT; call++) {
        size_t n;
        set_up(call);
        np_set_interrupt(close_for_good, &ends.client);
        check(call, block(call, &n), NP_OPERATION_ABORTED);
        tear_down();
    }
}

static pid_t born;

static int fork_once(void *unused)
{
    (void)unused;
    np_set_interrupt(stop_the_third_time, NULL);
    atomic_store(&asked, 0);
    fflush(NULL);
    born = fork();
    return 0;
}

static void be_born_inside(enum call call, int code)
{
    alarm(10);
    if (code != NP_INVALID_HANDLE && code != NP_INTERRUPTED) {
        fprintf(stderr, "in the child of a %s: %d\n", names[call], code);
        _exit(1);
    }
    size_t n;
    if (call != WAIT && call != CONNECT &&
        np_write(ends.client, "x", 1, &n, 0) != NP_INVALID_HANDLE) {
        _exit(2);
    }
    tear_down();
    np_set_interrupt(NULL, NULL);
    struct pair own = pair_open("signal-child", NP_BYTE, QUOTA);
    pair_close(&own);
    _exit(check_failures ? 3 : 0);
}

/* A signal's handler may fork; the child comes back into a call on a handle it
 * does not have. */
static void it_may_fork(void)
{
    for (enum call call = READ; call < SELECT_NOTHING; call++) {
        size_t n;
        int status = -1;
        set_up(call);
        born = -1;
        np_set_interrupt(fork_once, NULL);
        int code = block(call, &n);
        if (born == 0) {
            be_born_inside(call, code);
        }
        check(call, code, NP_INTERRUPTED);
        CHECK_EQ(waitpid(born, &status, 0), born);
        check(call, status, 0);
        np_set_interrupt(NULL, NULL);
        tear_down();
    }
}

int main(void)
{
    struct sigaction action = {.sa_handler = handle}; /* without SA_RESTART */
    sigaction(SIGUSR1, &action, NULL);
    check_dir();
    witness_alarm(60);
    RUN(without_a_function_a_signal_ends_the_call);
    RUN(a_function_that_says_0_lets_it_go_on);
    RUN(a_function_that_says_1_ends_it);
    RUN(it_is_asked_now_and_then_without_a_signal);
    RUN(a_call_that_need_not_wait_asks_nobody);
    RUN(it_may_read_another_pipe);
    RUN(it_may_end_the_call_it_is_asked_about);
    RUN(it_may_even_close_the_handle);
    RUN(it_may_fork);
    return check_done();
}
