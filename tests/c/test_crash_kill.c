/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* kill -9 at any moment: the other one is told, and nothing is left. */

#include <poll.h>

#include "crash.h"

static unsigned before; /* descriptors */

/* ------------------------------------------------------- at any instruction */

static long some_moment(uint32_t *random)
{
    static const uint32_t spans[] = {400, 4000, 4000, 15000};
    return (long)(witness_random(random) % spans[witness_random(random) % 4]);
}

static void kill_at_random(unsigned cycles, void (*live)(unsigned lives),
                           bool server)
{
    uint32_t random = 2024;
    unsigned talks = 0;
    for (unsigned i = 0; i < cycles && check_failures == 0; i++) {
        np_pipe *pipe = NULL;
        np_server_opts opts = crash_opts();
        if (!server) {
            pair_must(np_create("victim", &opts, &pipe), "create");
        }
        long moment = some_moment(&random);
        pid_t victim = fork();
        if (victim == 0) {
            crash_in(moment);
            live(UINT32_MAX);
            _exit(7);
        }
        talks += server ? crash_outlive_server(victim)
                        : crash_outlive_client(victim, pipe);
        crash_reap(victim);
        np_close(pipe);
        crash_check_leavings(i % 100 == 99 ? 255 : 2);
        witness_same_fds(before);
    }
    printf("# %u killed, %u conversations\n", cycles, talks);
}

/* X1, X2, X4 */
static void a_killed_server_is_noticed_and_leaves_nothing(void)
{
    kill_at_random(witness_scaled(200), crash_live_as_server, true);
}

static void a_killed_listener_is_noticed_and_leaves_nothing(void)
{
    kill_at_random(witness_scaled(150), crash_live_as_listener, true);
}

static void a_killed_client_is_noticed_and_leaves_nothing(void)
{
    kill_at_random(witness_scaled(200), crash_live_as_client, false);
}

/* Both at once, with somebody else looking on. */
static void two_that_are_killed_leave_nothing(void)
{
    uint32_t random = 99;
    for (unsigned i = 0; i < witness_scaled(50) && check_failures == 0; i++) {
        pid_t victims[2];
        for (int k = 0; k < 2; k++) {
            long moment = some_moment(&random);
            victims[k] = fork();
            if (victims[k] == 0) {
                crash_in(moment);
                (k ? crash_live_as_client : crash_live_as_server)(UINT32_MAX);
                _exit(7);
            }
        }
        crash_reap(victims[0]);
        crash_reap(victims[1]);
        CHECK_EQ(np_exists("victim"), NP_FILE_NOT_FOUND);
        crash_check_leavings(2);
        witness_same_fds(before);
    }
}

/* ---------------------------------------------- while somebody waits for it */

enum wait {
    READ,
    WRITE,
    FLUSH,
    TRANSACT,
    SELECT,
    POLL,
    WAIT,    /* for an instance of its name */
    CONNECT, /* the same */
    WAITS
};

static int poll_it(np_pipe *pipe)
{
    int fd = -1;
    size_t got;
    char byte;
    CHECK_EQ(np_get_fd(pipe, &fd), NP_OK);
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    int code;
    while ((code = np_read(pipe, &byte, 1, &got, 0)) == NP_TIMEOUT) {
        CHECK_EQ(poll(&poll_fd, 1, 10000), 1);
    }
    return code;
}

static int wait_for_death(enum wait wait, np_pipe *pipe)
{
    static unsigned char data[CRASH_LONGEST];
    np_pipe *another = NULL;
    np_select_item item = {.pipe = pipe};
    size_t n;
    switch (wait) {
    case READ: return np_read(pipe, data, 10, &n, 10000);
    case WRITE: return np_write(pipe, data, sizeof data, &n, 10000);
    case FLUSH:
        n = 0;
        np_write(pipe, data, 1, &n, 0);
        return np_flush(pipe, 10000);
    case TRANSACT: return np_transact(pipe, data, 9, data, 9, &n, 10000);
    case SELECT:
        CHECK_EQ(np_select(&item, 1, &n, 10000), NP_OK);
        return np_read(pipe, data, 10, &n, 0);
    case POLL: return poll_it(pipe);
    case WAIT: return np_wait("victim", 10000);
    default: return np_connect("victim", NULL, &another, 10000);
    }
}

static bool right_answer(enum wait wait, int code)
{
    switch (wait) {
    case WAIT:
    case CONNECT: return code == NP_FILE_NOT_FOUND; /* WT2 */
    case WRITE: return code == NP_BROKEN_PIPE || code == NP_NO_DATA;
    case FLUSH: return code == NP_BROKEN_PIPE || code == NP_OK;
    case TRANSACT:
        return code == NP_BROKEN_PIPE || code == NP_NO_DATA ||
               code == NP_BAD_PIPE;
    default: return code == NP_BROKEN_PIPE;
    }
}

/* The victim is there, silent, for a moment. */
static np_pipe *meet_victim(bool server, pid_t *victim, long moment)
{
    np_pipe *pipe = NULL;
    np_server_opts opts = crash_opts();
    opts.max_instances = 1;
    if (server) {
        pair_must(np_create("victim", &opts, &pipe), "create");
    }
    *victim = fork();
    if (*victim == 0) {
        if (server) {
            pair_client("victim", NP_MESSAGE);
        } else {
            pair_must(np_create("victim", &opts, &pipe), "create");
            np_accept(pipe, NP_INFINITE);
        }
        crash_in(moment);
        for (;;) {
            pause();
        }
    }
    if (server) {
        int code = np_accept(pipe, 10000);
        /* It may be dead by now (N1). */
        bool came = code == NP_PIPE_CONNECTED || code == NP_NO_DATA;
        pair_must(came ? NP_OK : code, "accept");
        return pipe;
    }
    np_client_opts client_opts = NP_CLIENT_OPTS_INIT;
    client_opts.wait = NP_WAIT_SERVER;
    client_opts.read_mode = NP_MESSAGE;
    pair_must(np_connect("victim", &client_opts, &pipe, 10000), "connect");
    return pipe;
}

static void who_waits_for_a_killed_one_is_told(void)
{
    uint32_t random = 5;
    unsigned waits = 0;
    for (unsigned i = 0; i < witness_scaled(12) * WAITS * 2; i++) {
        enum wait wait = (enum wait)(i % WAITS);
        bool server = i / WAITS % 2;
        pid_t victim;
        if (server && wait >= WAIT) {
            continue; /* its name is ours */
        }
        np_pipe *pipe = meet_victim(server, &victim, some_moment(&random));
        int code = wait_for_death(wait, pipe);
        if (!right_answer(wait, code)) {
            fprintf(stderr, "wait %d, %s: %d\n", (int)wait,
                    server ? "server" : "client", code);
            CHECK(!"the right answer");
        }
        np_close(pipe);
        crash_reap(victim);
        crash_check_leavings(1);
        waits++;
    }
    printf("# %u waits ended by a death\n", waits);
}

/* The first wait for a name makes a descriptor that stays, and so does the
 * first of a thread. */
static void warm_up(void)
{
    struct pair pair = pair_open("warm", NP_BYTE, 1);
    size_t got;
    CHECK_EQ(np_wait("warm", 1), NP_SEM_TIMEOUT);
    CHECK_EQ(np_read(pair.client, &(char){0}, 1, &got, 1), NP_TIMEOUT);
    pair_close(&pair);
    before = witness_fds();
}

int main(void)
{
    check_dir();
    witness_alarm(60);
    warm_up();
    RUN(a_killed_server_is_noticed_and_leaves_nothing);
    RUN(a_killed_listener_is_noticed_and_leaves_nothing);
    RUN(a_killed_client_is_noticed_and_leaves_nothing);
    RUN(two_that_are_killed_leave_nothing);
    RUN(who_waits_for_a_killed_one_is_told);
    return check_done();
}
