/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Two parties talk: there and back, one way, both ways at once, one way in a
 * hurry; as threads and as processes; on all CPUs and on one. Every byte is
 * compared with what it should be, and nobody has a deadline to save him: a
 * wake-up that is lost stops the show. */

#define _GNU_SOURCE 1 /* sched_setaffinity */

#include <sys/wait.h>

#include "pair.h"
#include "witness.h"

#define PERIOD 65521 /* of the noise, a prime */
#define LONGEST (3 * 262144)

enum talk { PING_PONG, ONE_WAY, BOTH_WAYS, IN_A_HURRY, TALKS };

static const char *const talk_names[] = {"there and back", "one way",
                                         "both ways", "in a hurry"};
static const uint32_t quotas[] = {0, 1, 512, 4096, 65536};

/* The scene that is played. */
static struct {
    enum talk talk;
    uint32_t mode, quota, ring;
    unsigned messages;
} scene;

static unsigned char *noise;

static void make_noise(void)
{
    uint32_t random = 1;
    noise = malloc(PERIOD + LONGEST);
    for (int i = 0; i < PERIOD; i++) {
        noise[i] = (unsigned char)witness_random(&random);
    }
    for (int i = PERIOD; i < PERIOD + LONGEST; i++) {
        noise[i] = noise[i - PERIOD];
    }
}

/* Message k and where its noise begins. */
static uint32_t size_of(uint32_t k)
{
    uint32_t random = (k + 1) * 2654435761u;
    uint32_t kind = witness_random(&random) % 64;
    uint32_t span = kind == 0   ? 3 * scene.ring
                    : kind < 4  ? 2 * scene.quota + 2
                    : kind < 10 ? 1
                                : 100;
    return witness_random(&random) % span;
}

static uint64_t place_of(uint32_t k)
{
    return (uint64_t)k * 7919;
}

/* ------------------------------------------------------------------ sending */

static uint32_t hurry(uint32_t *random)
{
    return scene.talk == IN_A_HURRY ? witness_random(random) % 3 : NP_INFINITE;
}

/* What a deadline has taken back is sent again. */
static bool send_all(np_pipe *pipe, uint64_t place, uint32_t size)
{
    uint32_t random = size + 1, sent = 0;
    int code;
    do {
        size_t put = 0;
        code = np_write(pipe, noise + (place + sent) % PERIOD, size - sent,
                        &put, hurry(&random));
        EXPECT(code == NP_OK ? put == size - sent
                             : put <= (scene.mode == NP_BYTE ? size : 0));
        sent += (uint32_t)put;
    } while (code == NP_TIMEOUT && scene.talk == IN_A_HURRY);
    EXPECT_EQ(code, NP_OK);
    return code == NP_OK;
}

/* In byte mode the noise goes on from message to message. */
static bool send_message(np_pipe *pipe, uint32_t k, uint64_t *stream)
{
    uint32_t size = size_of(k);
    uint64_t place = scene.mode == NP_BYTE ? *stream : place_of(k);
    *stream += size;
    return send_all(pipe, place, size);
}

static bool send_messages(np_pipe *pipe)
{
    uint64_t stream = 0;
    for (uint32_t k = 0; k < scene.messages; k++) {
        if (!send_message(pipe, k, &stream)) {
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- receiving */

static _Thread_local unsigned char *buffer;

/* One message in as many reads as it takes, or so many bytes. */
static bool receive(np_pipe *pipe, uint64_t place, uint32_t size)
{
    uint32_t random = size + 7, had = 0;
    int code;
    do {
        uint32_t room = witness_random(&random) % 4 ? size : size / 3 + 1;
        room = scene.mode == NP_BYTE && room > size - had ? size - had : room;
        size_t got = 0;
        /* Parts of a message that is taken back would be lost. */
        code = scene.talk == IN_A_HURRY && scene.mode == NP_MESSAGE
                   ? np_recv(pipe, buffer, LONGEST, &got, hurry(&random))
                   : np_read(pipe, buffer, room, &got, hurry(&random));
        if (memcmp(buffer, noise + (place + had) % PERIOD, got) != 0) {
            EXPECT_EQ(place + had, -1);
            return false;
        }
        had += (uint32_t)got;
        EXPECT(had <= size);
    } while (code == NP_MORE_DATA || (code == NP_OK && had < size && had > 0) ||
             (code == NP_TIMEOUT && scene.talk == IN_A_HURRY));
    EXPECT_EQ(code, NP_OK);
    EXPECT_EQ(had, size);
    return code == NP_OK && had == size;
}

static bool receive_message(np_pipe *pipe, uint32_t k, uint64_t *stream)
{
    uint32_t size = size_of(k);
    uint64_t place = scene.mode == NP_BYTE ? *stream : place_of(k);
    *stream += size;
    if (scene.mode == NP_BYTE && size == 0) {
        return true; /* WR1: nothing was sent */
    }
    return receive(pipe, place, size);
}

static bool receive_messages(np_pipe *pipe)
{
    uint64_t stream = 0;
    for (uint32_t k = 0; k < scene.messages; k++) {
        if (!receive_message(pipe, k, &stream)) {
            return false;
        }
    }
    return true;
}

/* -------------------------------------------------------------- the parties */

static void *send_thread(void *pipe)
{
    EXPECT(send_messages(pipe));
    return NULL;
}

static void both_ways(np_pipe *pipe)
{
    pthread_t sender = witness_thread(send_thread, pipe);
    EXPECT(receive_messages(pipe));
    pthread_join(sender, NULL);
}

static void ping_pong(np_pipe *pipe, bool first)
{
    uint64_t sent = 0, received = 0;
    bool good = true;
    for (uint32_t k = 0; good && k < scene.messages; k++) {
        if (first) {
            good = send_message(pipe, k, &sent);
        }
        good = good && receive_message(pipe, k, &received);
        if (good && !first) {
            good = send_message(pipe, k, &sent);
        }
    }
}

/* The server receives what goes one way. */
static void talk(np_pipe *pipe, bool server)
{
    buffer = malloc(LONGEST);
    switch (scene.talk) {
    case PING_PONG: ping_pong(pipe, !server); break;
    case BOTH_WAYS: both_ways(pipe); break;
    default: EXPECT(server ? receive_messages(pipe) : send_messages(pipe));
    }
    free(buffer);
}

static void *be_client(void *unused)
{
    np_pipe *pipe;
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    opts.wait = NP_WAIT_SERVER;
    pair_must(np_connect("talk", &opts, &pipe, 10000), "connect");
    talk(pipe, false);
    /* What was written is there for the other one to read (X2). */
    np_close(pipe);
    return unused;
}

static void be_server(void)
{
    np_pipe *pipe;
    size_t got;
    np_server_opts opts = pair_opts(scene.mode, scene.quota);
    pair_must(np_create("talk", &opts, &pipe), "create");
    int code = np_accept(pipe, 10000);
    pair_must(code == NP_PIPE_CONNECTED ? NP_OK : code, "accept");
    talk(pipe, true);
    EXPECT_EQ(np_read(pipe, &(char){0}, 1, &got, NP_INFINITE), NP_BROKEN_PIPE);
    np_close(pipe);
}

static void play_with_threads(void)
{
    pthread_t client = witness_thread(be_client, NULL);
    be_server();
    pthread_join(client, NULL);
}

static int in_a_child(void (*run)(void))
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        run();
        _exit(atomic_load(&witness_wrong) != 0 || check_failures != 0);
    }
    waitpid(child, &status, 0);
    return status;
}

static void client_process(void)
{
    be_client(NULL);
}

static void play_with_processes(void)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        client_process();
        _exit(atomic_load(&witness_wrong) != 0);
    }
    be_server();
    waitpid(child, &status, 0);
    CHECK_EQ(status, 0);
}

/* --------------------------------------------------------------- the scenes */

static void play(void (*how)(void))
{
    static const uint32_t modes[] = {NP_BYTE, NP_MESSAGE};
    for (unsigned i = 0; i < TALKS * 2 * 5; i++) {
        scene.talk = (enum talk)(i % TALKS);
        scene.mode = modes[i / TALKS % 2];
        scene.quota = quotas[i / TALKS / 2];
        scene.ring = (uint32_t)npi_ring_size(scene.quota);
        scene.messages = witness_scaled(scene.quota > 10000 ? 150 : 700);
        unsigned wrong = atomic_load(&witness_wrong);
        witness_alarm(30);
        how();
        if (atomic_load(&witness_wrong) != wrong) {
            fprintf(stderr, "%s, %s mode, quota %u\n", talk_names[scene.talk],
                    scene.mode == NP_BYTE ? "byte" : "message", scene.quota);
        }
    }
    witness_settle();
}

static void threads_talk(void)
{
    play(play_with_threads);
}

static void processes_talk(void)
{
    play(play_with_processes);
}

static void play_all(void)
{
    play(play_with_threads);
    play(play_with_processes);
}

static void pin_and_play(void)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((unsigned)sched_getcpu(), &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    play_all();
}

static void play_without_spinning(void)
{
    setenv("NAMEDPIPE_SPIN", "0", 1);
    play_all();
}

/* Whether to spin is found out once, so these are processes of their own. */
static void all_talk_on_one_cpu(void)
{
    CHECK_EQ(in_a_child(pin_and_play), 0);
}

static void all_talk_without_spinning(void)
{
    CHECK_EQ(in_a_child(play_without_spinning), 0);
}

int main(void)
{
    check_dir();
    make_noise();
    RUN(all_talk_on_one_cpu);
    RUN(all_talk_without_spinning);
    RUN(processes_talk);
    RUN(threads_talk);
    free(noise);
    return check_done();
}
