/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A call that blocks against something that ends it, at any moment: before the
 * call is inside, while it makes up its mind, while it sleeps. Meanwhile a
 * third thread opens and closes files, and finds out who touches them. */

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
    CALLS
};

enum end {
    CANCEL,
    CANCEL_THREAD,
    SHUTDOWN,
    CLOSE,
    PEER_CLOSE,
    DISCONNECT,
    ENDS
};

static const char *const call_names[] = {
    "read", "write", "flush", "transact", "accept", "select", "server accept"};
static const char *const end_names[] = {"cancel",       "thread's cancel",
                                        "shutdown",     "close",
                                        "peer's close", "disconnect"};

/* -------------------------------------------------------------- the blocked */

static struct {
    enum call call;
    np_pipe *pipe;
    np_server *server;
    int code;
    size_t count;
} job;
static atomic_uint given, done; /* jobs so far */
static atomic_bool no_more;
static np_thread *worker_thread;

static int run_job(void)
{
    unsigned char data[BIG] = {1};
    np_pipe *pipe = NULL;
    np_select_item item = {.pipe = job.pipe};
    switch (job.call) {
    case READ: return np_read(job.pipe, data, BIG, &job.count, NP_INFINITE);
    case WRITE: return np_write(job.pipe, data, BIG, &job.count, NP_INFINITE);
    case FLUSH: return np_flush(job.pipe, NP_INFINITE);
    case TRANSACT:
        return np_transact(job.pipe, data, BIG, data, BIG, &job.count,
                           NP_INFINITE);
    case ACCEPT: return np_accept(job.pipe, NP_INFINITE);
    case SELECT: return np_select(&item, 1, &job.count, NP_INFINITE);
    case SERVER_ACCEPT: return np_server_accept(job.server, &pipe, NP_INFINITE);
    default: return -1;
    }
}

static void *work(void *unused)
{
    EXPECT_EQ(np_thread_self(&worker_thread), NP_OK);
    atomic_store(&done, 0);
    for (unsigned n = 1; !atomic_load(&no_more); n++) {
        while (atomic_load(&given) < n && !atomic_load(&no_more)) {
            sched_yield();
        }
        if (!atomic_load(&no_more)) {
            job.count = 0;
            job.code = run_job();
            np_thread_clear();
            atomic_store(&done, n);
        }
    }
    return unused;
}

/* ------------------------------------------------------------------ the end */

static uint32_t seed = 4711;

/* Not for long, as yielding is where others keep the CPUs busy. */
static void hesitate(void)
{
    npi_deadline enough = npi_deadline_in(1);
    for (uint32_t n = witness_random(&seed) % 64; n > 0; n--) {
        sched_yield();
        if (npi_left(enough) <= 0) {
            return;
        }
    }
}

/* An accept that is about to wait may end although none was found waiting. */
static void cancel_it(void)
{
    int code;
    do {
        code = job.call == SERVER_ACCEPT ? np_server_cancel(job.server)
                                         : np_cancel(job.pipe);
    } while (code == NP_NOT_FOUND && atomic_load(&done) < atomic_load(&given));
    CHECK(code == NP_OK || job.call == SERVER_ACCEPT);
}

static void end_it(enum end end, struct pair *pair)
{
    np_pipe *other = job.pipe == pair->server ? pair->client : pair->server;
    switch (end) {
    case CANCEL: cancel_it(); break;
    case CANCEL_THREAD:
        hesitate();
        np_thread_cancel(worker_thread);
        break;
    case SHUTDOWN:
        hesitate();
        np_shutdown(job.pipe);
        np_server_shutdown(job.server);
        break;
    case CLOSE:
        pair_await_inside(job.pipe, 1);
        hesitate();
        np_close(job.pipe);
        *(job.pipe == pair->server ? &pair->server : &pair->client) = NULL;
        break;
    case PEER_CLOSE:
        hesitate();
        np_close(other);
        *(other == pair->server ? &pair->server : &pair->client) = NULL;
        break;
    default:
        if (job.call == ACCEPT) {
            /* An accept that begins later would listen again. */
            pair_await_sleepers(job.pipe, 1);
        } else {
            hesitate();
        }
        CHECK_EQ(np_disconnect(pair->server), NP_OK);
        break;
    }
}

/* What a call may answer when it had begun, and besides when it had not. */
static bool may_answer(enum end end, int code, bool server)
{
    switch (end) {
    case CANCEL:
    case CANCEL_THREAD:
    case CLOSE: return code == NP_OPERATION_ABORTED;
    case SHUTDOWN:
        return code == NP_OPERATION_ABORTED || code == NP_INVALID_HANDLE;
    case PEER_CLOSE:
        return code == NP_BROKEN_PIPE ||
               (code == NP_NO_DATA &&
                (job.call == WRITE || job.call == TRANSACT)) ||
               (code == NP_BAD_PIPE && job.call == TRANSACT) ||
               (code == NP_OK && job.call == FLUSH);
    default:
        return code == NP_PIPE_NOT_CONNECTED ||
               (code == NP_BAD_PIPE && job.call == TRANSACT && server) ||
               (code == NP_OK && job.call == FLUSH && server);
    }
}

static void judge(enum end end, bool server)
{
    bool good = may_answer(end, job.code, server);
    if (job.call == SELECT && end != CANCEL && end != CANCEL_THREAD) {
        good = job.code == NP_OK && job.count == 1; /* closed is ready */
    }
    if (!good) {
        fprintf(stderr, "%s of the %s ended by %s: %d %s\n",
                call_names[job.call], server ? "server" : "client",
                end_names[end], job.code, np_error_name(job.code));
        CHECK(good);
    }
}

/* X5, I5: an aborted write is there whole for the peer, or not at all. */
static void look_at_the_rest(enum end end, np_pipe *other)
{
    unsigned char data[BIG + 1];
    size_t got = 0;
    int code = np_read(other, data, sizeof data, &got, 0);
    if (end == CANCEL || end == CANCEL_THREAD) {
        CHECK_EQ(code, NP_TIMEOUT);
    } else {
        CHECK(code == NP_OK ? got == BIG : code == NP_BROKEN_PIPE);
    }
}

static void race_a_pair(enum call call, enum end end, bool server)
{
    size_t put;
    struct pair pair = {NULL, NULL};
    if (call == ACCEPT) {
        np_server_opts opts = pair_opts(NP_BYTE, QUOTA);
        pair_must(np_create("race", &opts, &pair.server), "create");
    } else {
        pair = pair_open("race", NP_MESSAGE, QUOTA);
    }
    job.call = call;
    job.server = NULL;
    job.pipe = server ? pair.server : pair.client;
    if (call == FLUSH) {
        CHECK_EQ(np_write(job.pipe, "x", 1, &put, 0), NP_OK);
    }
    unsigned n = atomic_fetch_add(&given, 1) + 1;
    end_it(end, &pair);
    while (atomic_load(&done) < n) {
        sched_yield();
    }
    judge(end, server);
    if (call == WRITE && end != PEER_CLOSE && end != DISCONNECT) {
        look_at_the_rest(end, server ? pair.client : pair.server);
    }
    pair_close(&pair);
}

static void race_a_server(enum end end)
{
    job.call = SERVER_ACCEPT;
    job.pipe = NULL;
    np_server_opts opts = pair_opts(NP_BYTE, QUOTA);
    pair_must(np_listen("race", &opts, &job.server), "listen");
    unsigned n = atomic_fetch_add(&given, 1) + 1;
    end_it(end, &(struct pair){NULL, NULL});
    while (atomic_load(&done) < n) {
        sched_yield();
    }
    judge(end, true);
    np_server_close(job.server);
}

static bool makes_sense(enum call call, enum end end, bool server)
{
    if (call == SERVER_ACCEPT) {
        return server && end <= SHUTDOWN;
    }
    return call != ACCEPT || (server && end != PEER_CLOSE);
}

static unsigned race_all(unsigned rounds)
{
    unsigned races = 0;
    for (unsigned i = 0; i < rounds * CALLS * ENDS * 2; i++) {
        enum call call = (enum call)(i % CALLS);
        enum end end = (enum end)(i / CALLS % ENDS);
        bool server = i / CALLS / ENDS % 2;
        if (!makes_sense(call, end, server) || check_failures > 20) {
            continue;
        }
        if (call == SERVER_ACCEPT) {
            race_a_server(end);
        } else {
            race_a_pair(call, end, server);
        }
        races++;
    }
    return races;
}

/* I4, D2, X4: and nobody touches a descriptor that is not his. */
static void every_blocked_call_is_ended_by_everything(void)
{
    struct witness_canary canary;
    unsigned before = witness_fds();
    atomic_store(&no_more, false);
    atomic_store(&given, 0);
    pthread_t worker = witness_thread(work, NULL);
    witness_canary_start(&canary);
    unsigned races = race_all(witness_scaled(30));
    witness_canary_stop(&canary);
    atomic_store(&no_more, true);
    pthread_join(worker, NULL);
    witness_same_fds(before);
    witness_settle();
    printf("# %u races, %u files of others\n", races, canary.files);
}

/* --------------------------------------------------------------- last words */

static atomic_uint heard;

static void *hear(void *pipe)
{
    unsigned char data[BIG];
    size_t got;
    int code = NP_OK;
    while (code == NP_OK) {
        code = np_read(pipe, data, sizeof data, &got, NP_INFINITE);
        atomic_fetch_add(&heard, code == NP_OK ? (unsigned)got : 0);
    }
    EXPECT_EQ(code, NP_BROKEN_PIPE);
    return NULL;
}

/* X5: it comes whole or not at all, and never twice. */
static void what_a_closing_end_was_writing_comes_once(void)
{
    unsigned all = 0, rounds = witness_scaled(1000);
    atomic_store(&no_more, false);
    atomic_store(&given, 0);
    pthread_t worker = witness_thread(work, NULL);
    for (unsigned n = 1; n <= rounds; n++) {
        struct pair pair = pair_open("words", NP_BYTE, QUOTA);
        atomic_store(&heard, 0);
        job.call = WRITE;
        job.pipe = pair.client;
        atomic_store(&given, n);
        if (n % 2) {
            pair_await_sleepers(pair.client, 1);
        }
        pthread_t ear = witness_thread(hear, pair.server);
        hesitate();
        np_shutdown(pair.client);
        pthread_join(ear, NULL);
        while (atomic_load(&done) < n) {
            sched_yield();
        }
        unsigned total = atomic_load(&heard);
        CHECK(total == BIG || total == 0);
        CHECK(job.code == NP_OK ? total == BIG
                                : job.code == NP_OPERATION_ABORTED ||
                                      job.code == NP_INVALID_HANDLE);
        all += total == BIG;
        pair_close(&pair);
    }
    atomic_store(&no_more, true);
    pthread_join(worker, NULL);
    witness_settle();
    printf("# %u of %u came\n", all, rounds);
}

/* ------------------------------------------------------ many, on one handle */

#define CROWD 8

static struct pair crowded;

static void *join_crowd(void *arg)
{
    unsigned char data[BIG] = {0};
    size_t n;
    np_pipe *pipe = crowded.client;
    uintptr_t kind = (uintptr_t)arg % 4;
    np_select_item item = {.pipe = pipe};
    int code = kind == 0   ? np_read(pipe, data, BIG, &n, NP_INFINITE)
               : kind == 1 ? np_write(pipe, data, BIG, &n, NP_INFINITE)
               : kind == 2 ? np_flush(pipe, NP_INFINITE)
                           : np_select(&item, 1, &n, NP_INFINITE);
    if (code != (kind == 3 ? NP_OK : NP_OPERATION_ABORTED)) {
        static const enum call calls[] = {READ, WRITE, FLUSH, SELECT};
        fprintf(stderr, "%s: ", call_names[calls[kind]]);
        EXPECT_EQ(code, NP_OPERATION_ABORTED);
    }
    return NULL;
}

/* The last one out frees, whoever that is. */
static void a_close_ends_all_calls_of_a_handle(void)
{
    for (unsigned i = 0; i < witness_scaled(100); i++) {
        pthread_t threads[CROWD];
        size_t put;
        crowded = pair_open("crowd", NP_BYTE, QUOTA);
        CHECK_EQ(np_write(crowded.client, "x", 1, &put, 0), NP_OK);
        for (uintptr_t k = 0; k < CROWD; k++) {
            threads[k] = witness_thread(join_crowd, (void *)k);
        }
        if (i % 2) {
            pair_await_sleepers(crowded.client, CROWD);
        }
        pair_await_inside(crowded.client, CROWD);
        np_close(crowded.client);
        for (int k = 0; k < CROWD; k++) {
            pthread_join(threads[k], NULL);
        }
        np_close(crowded.server);
    }
    witness_settle();
}

/* --------------------------------------------------------- waits for a name */

static atomic_int wait_code;
static atomic_bool waiting;

static void *wait_for_name(void *arg)
{
    np_pipe *pipe = NULL;
    atomic_store(&waiting, true);
    int code = arg ? np_connect("busy", NULL, &pipe, NP_INFINITE)
                   : np_wait("busy", NP_INFINITE);
    np_close(pipe);
    atomic_store(&wait_code, code);
    return NULL;
}

/* WT2, WT3 */
static void waits_end_with_the_pipe_or_with_an_instance(void)
{
    for (uintptr_t i = 0; i < witness_scaled(60); i++) {
        struct pair pair = pair_open("busy", NP_BYTE, QUOTA);
        bool goes = i / 2 % 2;
        atomic_store(&waiting, false);
        pthread_t thread = witness_thread(wait_for_name, (void *)(i % 2));
        while (!atomic_load(&waiting)) {
            sched_yield();
        }
        hesitate();
        if (goes) {
            np_close(pair.server);
            pair.server = NULL;
        } else {
            CHECK_EQ(np_disconnect(pair.server), NP_OK);
            int code = np_accept(pair.server, 0);
            CHECK(code == NP_TIMEOUT || code == NP_PIPE_CONNECTED ||
                  code == NP_NO_DATA);
        }
        pthread_join(thread, NULL);
        CHECK_EQ(atomic_load(&wait_code), goes ? NP_FILE_NOT_FOUND : NP_OK);
        pair_close(&pair);
    }
}

int main(void)
{
    check_dir();
    witness_alarm(120);
    RUN(every_blocked_call_is_ended_by_everything);
    RUN(what_a_closing_end_was_writing_comes_once);
    RUN(a_close_ends_all_calls_of_a_handle);
    RUN(waits_end_with_the_pipe_or_with_an_instance);
    return check_done();
}
