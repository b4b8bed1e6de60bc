/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The Linux registry under many servers and clients at once. */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "registry.h"

static pthread_t threads[16];
static unsigned started;
/* check.h counts failures without a lock, so threads only add up here. */
static atomic_uint wrong;

static void start(void *(*run)(void *), unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        CHECK_EQ(pthread_create(&threads[started++], NULL, run, NULL), 0);
    }
}

static void end(unsigned n)
{
    while (n-- > 0) {
        pthread_join(threads[--started], NULL);
    }
}

static void expect(bool condition)
{
    atomic_fetch_add(&wrong, !condition);
}

/* ------------------------------------------------------------ who was first */

#define FIRST_ROUNDS 400

static atomic_uint owners, wins;

static void *try_to_be_first(void *unused)
{
    struct instance mine;
    for (int i = 0; i < FIRST_ROUNDS; i++) {
        int code = take("demo", 1, 255, NP_FLAG_FIRST, &mine);
        if (code == NP_OK) {
            expect(atomic_fetch_add(&owners, 1) == 0);
            atomic_fetch_add(&wins, 1);
            expect(npx_slot_listen(&mine.slot, &mine.listener) == NP_OK);
            atomic_fetch_sub(&owners, 1);
            leave(&mine);
        } else {
            expect(code == NP_ACCESS_DENIED);
        }
    }
    return unused;
}

static void *look_for_it(void *unused)
{
    struct npi_name name = named("demo");
    for (int i = 0; i < FIRST_ROUNDS; i++) {
        int code = try_claim("demo");
        expect(code == NP_OK || code == NP_PIPE_BUSY ||
               code == NP_FILE_NOT_FOUND);
        code = npi_os_exists(&name);
        expect(code == NP_OK || code == NP_FILE_NOT_FOUND);
    }
    return unused;
}

/* C4, and nothing is left by whom the last release raced with */
static void one_at_a_time_is_first(void)
{
    start(try_to_be_first, 4);
    start(look_for_it, 2);
    end(6);
    CHECK_EQ(atomic_exchange(&wrong, 0), 0);
    CHECK(atomic_load(&wins) > 0);
    CHECK_EQ(files_left(), 0);
}

/* -------------------------------------------------------- who goes out last */

#define LAST_ROUNDS 500

static pthread_barrier_t barrier;
static struct instance leaving;

static void *come_and_go(void *unused)
{
    struct instance mine;
    for (int i = 0; i < LAST_ROUNDS; i++) {
        pthread_barrier_wait(&barrier);
        if (take("demo", 1, 255, i % 2 ? NP_FLAG_FIRST : 0, &mine) == NP_OK) {
            leave(&mine);
        }
        pthread_barrier_wait(&barrier);
    }
    return unused;
}

/* One gives up the last instance while the other looks at it under the name's
 * lock: whoever comes later must clear up, and neither waits for that. */
static void the_last_one_out_clears_up(void)
{
    pthread_barrier_init(&barrier, NULL, 2);
    start(come_and_go, 1);
    for (int i = 0; i < LAST_ROUNDS; i++) {
        CHECK_EQ(serve("demo", 1, &leaving), NP_OK);
        pthread_barrier_wait(&barrier);
        leave(&leaving);
        pthread_barrier_wait(&barrier);
        CHECK_EQ(files_left(), 0);
    }
    end(1);
    pthread_barrier_destroy(&barrier);
}

/* ------------------------------------------------------ everybody is served */

#define CLIENTS 4
#define CLAIMS 300

static atomic_uint next_quota, served, clients_done;

/* Wait for a client; false when there will be none any more. */
static bool somebody_comes(int listener)
{
    struct pollfd fd = {.fd = listener, .events = POLLIN};
    while (poll(&fd, 1, 10) == 0) {
        if (atomic_load(&clients_done) == CLIENTS) {
            return false;
        }
    }
    return true;
}

/* Each client meets a new instance; between two, the pipe may be gone. */
static void *serve_clients(void *unused)
{
    bool more = true;
    while (more) {
        struct instance mine;
        char byte;
        uint32_t quota = atomic_fetch_add(&next_quota, 1);
        int code = serve("demo", quota, &mine);
        expect(code == NP_OK);
        if (code != NP_OK) {
            break;
        }
        more = somebody_comes(mine.listener);
        if (more) {
            int sock = meet(&mine);
            expect(read(sock, &byte, 1) == 1);
            expect(write(sock, &quota, sizeof quota) == sizeof quota);
            atomic_fetch_add(&served, 1);
            npx_fd_close(sock);
        }
        leave(&mine);
    }
    return unused;
}

static void talk(int sock, uint32_t quota)
{
    struct pollfd fd = {.fd = sock, .events = POLLIN};
    uint32_t answer = 0;
    expect(write(sock, "x", 1) == 1);
    expect(poll(&fd, 1, 30000) == 1);
    expect(read(sock, &answer, sizeof answer) == sizeof answer);
    expect(answer == quota); /* those of the instance that was reached */
    npx_fd_close(sock);
}

static void *be_clients(void *unused)
{
    struct npi_name name = named("demo");
    for (int i = 0; i < CLAIMS; i++) {
        int sock;
        uint32_t quota;
        int code = claim("demo", &sock, &quota);
        while (code == NP_PIPE_BUSY || code == NP_FILE_NOT_FOUND) {
            expect(npi_os_wait(&name, NPI_WAIT_SERVER, NULL,
                               npi_deadline_in(30000)) == NP_OK);
            code = claim("demo", &sock, &quota);
        }
        expect(code == NP_OK);
        if (code == NP_OK) {
            talk(sock, quota);
        }
    }
    atomic_fetch_add(&clients_done, 1);
    return unused;
}

static void everybody_who_connects_is_served_once(void)
{
    start(serve_clients, 3);
    start(be_clients, CLIENTS);
    end(3 + CLIENTS);
    CHECK_EQ(atomic_exchange(&wrong, 0), 0);
    CHECK_EQ(atomic_load(&served), CLIENTS * CLAIMS);
    CHECK_EQ(files_left(), 0);
}

int main(void)
{
    alarm(250);
    check_dir();
    RUN(one_at_a_time_is_first);
    RUN(the_last_one_out_clears_up);
    RUN(everybody_who_connects_is_served_once);
    return check_done();
}
