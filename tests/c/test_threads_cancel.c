/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* np_server_cancel, and what the accepts are in when it comes. */

#define _GNU_SOURCE 1

#include "pair.h"
#include "witness.h"

static np_server *server;
static atomic_uint sleeps;

/* Asked before each sleep. */
static int note_sleep(void *unused)
{
    (void)unused;
    atomic_fetch_add(&sleeps, 1);
    return 0;
}

static void *accept_in_vain(void *unused)
{
    np_pipe *pipe;
    np_set_interrupt(note_sleep, NULL);
    EXPECT_EQ(np_server_accept(server, &pipe, 20000), NP_OPERATION_ABORTED);
    np_set_interrupt(NULL, NULL);
    return unused;
}

/* Who waits for room is woken when there is some, and goes on to wait on the
 * new instance: a cancel must end it wherever it is just then. */
static void a_cancel_finds_who_looks_again(void)
{
    uint32_t dice = 1;
    np_server_opts opts = pair_opts(NP_BYTE, 4096);
    opts.max_instances = 1;
    unsigned cycles = witness_scaled(1000);
    for (unsigned i = 0; i < cycles && atomic_load(&witness_wrong) == 0; i++) {
        np_pipe *client, *taken;
        pair_must(np_listen("full", &opts, &server), "listen");
        pair_must(np_open("full", NULL, &client), "open");
        pair_must(np_server_accept(server, &taken, 10000), "accept");
        atomic_store(&sleeps, 0);
        pthread_t waiter = witness_thread(accept_in_vain, NULL);
        while (atomic_load(&sleeps) == 0) {
            sched_yield();
        }
        np_close(taken);
        for (unsigned n = witness_random(&dice) % 30000; n > 0; n--) {
            atomic_thread_fence(memory_order_seq_cst);
        }
        np_server_cancel(server);
        pthread_join(waiter, NULL);
        np_close(client);
        np_server_close(server);
    }
    witness_settle();
    printf("# %u cancels\n", cycles);
}

int main(void)
{
    check_dir();
    witness_alarm(120);
    RUN(a_cancel_finds_who_looks_again);
    return check_done();
}
