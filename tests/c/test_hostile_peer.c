/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A connection whose other end scribbles in the shared memory while all calls
 * are made on this one: they stay inside their memory, and end in time. */

#define _GNU_SOURCE 1 /* MAP_ANONYMOUS */

#include "witness.h"

#if defined __SANITIZE_THREAD__

int main(void)
{
    printf("# skipped: here the races are wanted\n");
    return 0;
}

#else

#include <sys/mman.h>
#include <sys/socket.h>

#include "pair.h"
#include "scribble.h"

#define PAGE 4096
#define BUFFER 30000
#define GUARD 16
#define SLACK_MS 2000 /* for a machine with other things to do */

static struct pair ends;
static np_pipe *victim;
static int bell; /* the hostile end's socket */
static struct npi_shm *memory;
static size_t memory_size;
static struct scribble lanes[2];

static unsigned char buffer[BUFFER + GUARD];
static uint64_t calls, broken, scribbles;

/* ---------------------------------------------------- memory with two walls */

/* The same size with nothing before and nothing behind it. The library unmaps
 * it with the connection; the walls go with forget(). */
static void move_into_walls(struct npx_pipe *h)
{
    memory_size = h->shm_size;
    unsigned char *walls = mmap(NULL, memory_size + 2 * PAGE, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memory = (struct npi_shm *)(void *)(walls + PAGE);
    if (walls == MAP_FAILED ||
        mprotect(memory, memory_size, PROT_READ | PROT_WRITE) != 0) {
        abort();
    }
    munmap(h->shm, h->shm_size);
    npx_pipe_attach(h, memory, memory_size);
}

static void forget(void)
{
    munmap((unsigned char *)memory - PAGE, PAGE);
    munmap((unsigned char *)memory + memory_size, PAGE);
}

static void meet(uint32_t *random)
{
    static const uint32_t quotas[] = {0, 10, 5000};
    ends = pair_open("hostile",
                     witness_random(random) % 2 ? NP_MESSAGE : NP_BYTE,
                     quotas[witness_random(random) % 3]);
    bool server = witness_random(random) % 2;
    victim = server ? ends.server : ends.client;
    bell = npx_of(server ? ends.client : ends.server)->sock;
    move_into_walls(npx_of(victim));
    unsigned char *ring = (unsigned char *)memory + NPI_SHM_HEADER;
    for (int i = 0; i < 2; i++) {
        lanes[i].lane = &memory->lane[i];
        lanes[i].capacity = npi_ring_most(npx_of(victim)->quotas[i]);
        lanes[i].ring = ring;
        ring += lanes[i].capacity;
    }
}

static void part(void)
{
    np_close(ends.server);
    np_close(ends.client);
    forget();
}

/* ---------------------------------------------------------------- the calls */

static uint32_t some_ms(uint32_t *random)
{
    return witness_random(random) % 16 ? 0 : 1 + witness_random(random) % 2;
}

static int read_some(uint32_t *random)
{
    size_t got = 0, size = witness_random(random) % BUFFER;
    bool whole = witness_random(random) % 2;
    memset(buffer + size, 0xA5, GUARD);
    int code = (whole ? np_recv : np_read)(victim, buffer, size, &got,
                                           some_ms(random));
    for (int i = 0; i < GUARD; i++) {
        EXPECT_EQ(buffer[size + (size_t)i], 0xA5);
    }
    EXPECT(code == NP_INSUFFICIENT_BUFFER ? whole && got > size : got <= size);
    return code;
}

/* From memory of just that size. */
static int write_some(uint32_t *random)
{
    uint32_t kind = witness_random(random) % 4;
    size_t put = 0, size = witness_random(random) % (kind == 0   ? BUFFER
                                                     : kind == 1 ? 700
                                                                 : 20);
    unsigned char *data = calloc(1, size + (size == 0));
    int code = np_write(victim, data, size, &put, some_ms(random));
    EXPECT(put <= size);
    free(data);
    return code;
}

static int look_some(uint32_t *random)
{
    size_t got, avail, size = witness_random(random) % 400;
    uint32_t left;
    memset(buffer + size, 0xA5, GUARD);
    int code = np_peek(victim, buffer, size, &got, &avail, &left);
    EXPECT(code || got <= size);
    for (int i = 0; i < GUARD; i++) {
        EXPECT_EQ(buffer[size + (size_t)i], 0xA5);
    }
    return code;
}

static int ask_some(uint32_t *random)
{
    np_state state;
    np_peer peer;
    int fd;
    switch (witness_random(random) % 4) {
    case 0: return np_get_state(victim, &state);
    case 1: return np_get_peer(victim, &peer);
    case 2: return np_get_fd(victim, &fd);
    default: return np_set_state(victim, witness_random(random) % 4);
    }
}

static int call_some(uint32_t *random)
{
    size_t n;
    np_select_item item = {.pipe = victim};
    switch (witness_random(random) % 12) {
    case 0: return np_flush(victim, some_ms(random));
    case 1: return np_select(&item, 1, &n, some_ms(random));
    case 2:
        return np_transact(victim, buffer, 20, buffer + 40, 100, &n,
                           some_ms(random));
    case 3: return ask_some(random);
    case 4:
    case 5: return look_some(random);
    case 6:
    case 7:
    case 8: return write_some(random);
    default: return read_some(random);
    }
}

static void call(uint32_t *random)
{
    int64_t before = witness_ms();
    int code = call_some(random);
    EXPECT(witness_ms() - before < SLACK_MS);
    EXPECT(*np_error_name(code) != '\0');
    calls++;
    broken += code == NP_BROKEN_PIPE;
}

/* ---------------------------------------------------------- the hostile end */

static void do_harm(uint32_t *random)
{
    uint32_t kind = witness_random(random) % 64;
    scribble(&lanes[witness_random(random) % 2], random);
    if (kind == 0) {
        atomic_store(&memory->closed[witness_random(random) % 2],
                     witness_random(random) % 2);
    } else if (kind == 1) {
        atomic_store(&memory->disconnected, witness_random(random) % 2);
    } else if (kind < 8) {
        atomic_store(&memory->cpu[witness_random(random) % 2],
                     witness_random(random));
        send(bell, "!?", 1 + kind % 2, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

static void harm_between_two_calls_stays_with_who_does_it(void)
{
    uint32_t random = 31337;
    uint64_t wanted = witness_scaled(20000), done = 0;
    while (done < wanted && atomic_load(&witness_wrong) == 0) {
        witness_alarm(20);
        meet(&random);
        for (uint32_t n = witness_random(&random) % 60; n > 0; n--) {
            call(&random);
            if (witness_random(&random) % 3 == 0) {
                do_harm(&random);
                done++;
            }
        }
        part();
    }
    printf("# %ju scribbles, %ju calls, %ju of them broken\n", (uintmax_t)done,
           (uintmax_t)calls, (uintmax_t)broken);
    witness_settle();
}

static atomic_bool enough;

static void *harm_always(void *unused)
{
    uint32_t random = 1999;
    while (!atomic_load(&enough)) {
        if (scribbles % 4096 == 4095) {
            do_harm(&random);
        } else {
            scribble_flicker(&lanes[witness_random(&random) % 2], &random);
        }
        scribbles++;
    }
    return unused;
}

static void harm_during_a_call_stays_with_who_does_it(void)
{
    uint32_t random = 555;
    calls = broken = 0;
    for (unsigned i = 0; i < witness_scaled(120); i++) {
        witness_alarm(20);
        meet(&random);
        atomic_store(&enough, false);
        pthread_t harm = witness_thread(harm_always, NULL);
        for (int n = 0; n < 60; n++) {
            call(&random);
        }
        atomic_store(&enough, true);
        pthread_join(harm, NULL);
        part();
    }
    printf("# %ju scribbles, %ju calls, %ju of them broken\n",
           (uintmax_t)scribbles, (uintmax_t)calls, (uintmax_t)broken);
    witness_settle();
}

/* ------------------------------------------------------- what did harm once */

static void meet_server(uint32_t mode, uint32_t quota)
{
    ends = pair_open("hostile", mode, quota);
    victim = ends.server;
    move_into_walls(npx_of(victim));
}

/* Changes its mind all the time about how much it waits for. */
static void *wish_always(void *unused)
{
    struct npi_lane *lane = &memory->lane[1];
    while (!atomic_load(&enough)) {
        atomic_store(&lane->wanted, 0);
        atomic_store(&lane->head, atomic_load(&lane->tail) & ~NPI_WAITS);
        atomic_store(&lane->wanted, 3000);
        (void)atomic_load(&lane->tail);
        atomic_store(&lane->wanted, UINT64_MAX - 3);
    }
    return unused;
}

/* A NOWAIT byte writer fills the reads that wait: with what it was given, not
 * with what the reader would like. */
static void a_reader_gets_no_more_than_was_written(void)
{
    static const size_t sizes[] = {100, 20000};
    unsigned char *data[] = {calloc(1, 100), calloc(1, 20000)};
    meet_server(NP_BYTE, 10);
    CHECK_EQ(np_set_state(victim, NP_NOWAIT), NP_OK);
    atomic_store(&enough, false);
    pthread_t thread = witness_thread(wish_always, NULL);
    for (unsigned i = 0; i < witness_scaled(60000); i++) {
        size_t put = 0;
        int k = i % 16 == 0;
        CHECK_EQ(np_write(victim, data[k], sizes[k], &put, 0), NP_OK);
        CHECK(put <= sizes[k]);
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    part();
    free(data[0]);
    free(data[1]);
}

static void *write_in_vain(void *data)
{
    size_t put;
    EXPECT(np_write(victim, data, 30000, &put, 100) != NP_OK);
    return NULL;
}

/* The word that says what became of an offer is nonsense when it is withdrawn,
 * and head is where the offer would have ended. */
static void nonsense_at_a_withdrawal_ends_the_conversation(void)
{
    size_t n;
    unsigned char *data = calloc(1, 65536);
    meet_server(NP_BYTE, 10);
    struct npi_lane *lane = &memory->lane[1];
    for (int i = 0; i < 800; i++) { /* far into the ring */
        CHECK_EQ(np_write(victim, data, 9, &n, 0), NP_OK);
        atomic_store(&lane->read, (uint64_t)(i + 1) * 9);
        atomic_store(&lane->head, (uint64_t)(i + 1) * 10);
    }
    pthread_t writer = witness_thread(write_in_vain, data);
    pair_await_sleepers(victim, 1);
    atomic_store(&lane->offer, 7);
    atomic_store(&lane->head, atomic_load(&lane->fill));
    pthread_join(writer, NULL);
    CHECK_EQ(np_write(victim, data, 65536, &n, 0), NP_NO_DATA);
    part();
    free(data);
    witness_settle();
}

int main(void)
{
    check_dir();
    RUN(a_reader_gets_no_more_than_was_written);
    RUN(nonsense_at_a_withdrawal_ends_the_conversation);
    RUN(harm_between_two_calls_stays_with_who_does_it);
    RUN(harm_during_a_call_stays_with_who_does_it);
    return check_done();
}

#endif
