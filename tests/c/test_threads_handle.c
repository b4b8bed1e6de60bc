/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Many threads on the two handles of one pipe: writing, reading, peeking,
 * flushing, asking, selecting, cancelling all of that, and closing under it.
 * Every message arrives once and unharmed whatever is cancelled. */

#include "pair.h"
#include "witness.h"

#define WRITERS 2
#define READERS 2
#define LONGEST 26000 /* three rings of the quota used */
#define QUOTA 512

static struct pair ends;
static uint32_t mode;
static unsigned to_send;           /* messages of each writer */
static atomic_uint *seen[WRITERS]; /* how often each message came */
static atomic_uint arrived;
static atomic_bool over; /* all has arrived; threads may end */
static atomic_uint aborted;

static bool is_end(int code)
{
    return code == NP_INVALID_HANDLE || code == NP_BROKEN_PIPE ||
           code == NP_NO_DATA || code == NP_BAD_PIPE;
}

/* A call that was cancelled is made again; others end when all is over. */
static bool again(int code)
{
    if (code == NP_OPERATION_ABORTED) {
        atomic_fetch_add(&aborted, 1);
        return !atomic_load(&over);
    }
    EXPECT(atomic_load(&over) && is_end(code));
    return false;
}

/* ----------------------------------------------------------------- messages */

struct head {
    uint32_t writer, number, size, sum;
};

static uint32_t fill(unsigned char *data, uint32_t size, uint32_t seed)
{
    uint32_t sum = size, random = seed * 2654435761u + 1;
    for (uint32_t i = 0; i < size; i++) {
        data[i] = (unsigned char)witness_random(&random);
        sum = sum * 31 + data[i];
    }
    return sum;
}

static uint32_t sum_of(const unsigned char *data, uint32_t size)
{
    uint32_t sum = size;
    for (uint32_t i = 0; i < size; i++) {
        sum = sum * 31 + data[i];
    }
    return sum;
}

static uint32_t make_message(unsigned char *data, uint32_t writer,
                             uint32_t number)
{
    uint32_t random = (writer + 1) * 7919 + number * 104729 + 1;
    uint32_t kind = witness_random(&random) % 16;
    uint32_t size = witness_random(&random) % (kind == 0  ? LONGEST
                                               : kind < 4 ? 4 * QUOTA
                                                          : 100);
    uint32_t sum = fill(data + sizeof(struct head), size, random);
    struct head head = {writer, number, size, sum};
    memcpy(data, &head, sizeof head);
    return size + (uint32_t)sizeof head;
}

static void *write_messages(void *arg)
{
    unsigned char *data = malloc(LONGEST + sizeof(struct head));
    uint32_t writer = (uint32_t)(uintptr_t)arg;
    for (uint32_t i = 0; i < to_send; i++) {
        uint32_t size = make_message(data, writer, i);
        size_t put = 1;
        int code;
        do {
            code = np_write(ends.client, data, size, &put, NP_INFINITE);
        } while (code && put == 0 && again(code));
        EXPECT_EQ(code, NP_OK);
        EXPECT_EQ(put, size);
    }
    free(data);
    return NULL;
}

static void check_message(const unsigned char *data, size_t got, int64_t *last)
{
    struct head head;
    EXPECT(got >= sizeof head);
    memcpy(&head, data, sizeof head);
    EXPECT_EQ(head.size, got - sizeof head);
    EXPECT(head.writer < WRITERS && head.number < to_send);
    EXPECT_EQ(head.sum, sum_of(data + sizeof head, head.size));
    EXPECT(head.number > last[head.writer]); /* R8, WR4 */
    last[head.writer] = head.number;
    EXPECT_EQ(atomic_fetch_add(&seen[head.writer][head.number], 1), 0);
    atomic_fetch_add(&arrived, 1);
}

static void *read_messages(void *unused)
{
    size_t room = LONGEST + sizeof(struct head), got;
    unsigned char *data = malloc(room);
    int64_t last[WRITERS] = {-1, -1};
    int code;
    do {
        code = np_recv(ends.server, data, room, &got, NP_INFINITE);
        if (code == NP_OK) {
            check_message(data, got, last);
        }
    } while (code == NP_OK || again(code));
    free(data);
    return unused;
}

/* -------------------------------------------------------------------- bytes */

/* The stream is this many bytes, each told by its place. */
static uint64_t stream_size;
static atomic_ullong stream_read;

static unsigned char stream_at(uint64_t place)
{
    return (unsigned char)((place * UINT64_C(0x9E3779B97F4A7C15)) >> 56);
}

static void *write_stream(void *unused)
{
    unsigned char *data = malloc(LONGEST);
    uint32_t random = 77;
    uint64_t place = 0;
    while (place < stream_size) {
        uint32_t kind = witness_random(&random) % 16;
        uint32_t n = 1 + witness_random(&random) %
                             (kind == 0 ? LONGEST : 2 * QUOTA);
        n = stream_size - place < n ? (uint32_t)(stream_size - place) : n;
        for (uint32_t i = 0; i < n; i++) {
            data[i] = stream_at(place + i);
        }
        size_t put = 0;
        int code = np_write(ends.client, data, n, &put, NP_INFINITE);
        EXPECT(code == NP_OK ? put == n : put <= n);
        place += put;
        if (code && !again(code)) {
            break;
        }
    }
    free(data);
    return unused;
}

static void *read_stream(void *unused)
{
    unsigned char *data = malloc(LONGEST);
    uint32_t random = 78;
    uint64_t place = 0;
    int code;
    do {
        size_t got = 0;
        code = np_read(ends.server, data, 1 + witness_random(&random) % LONGEST,
                       &got, NP_INFINITE);
        for (size_t i = 0; code == NP_OK && i < got; i++) {
            if (data[i] != stream_at(place + i)) {
                EXPECT_EQ(place + i, -1);
                abort();
            }
        }
        place += code == NP_OK ? got : 0;
        atomic_store(&stream_read, place);
    } while (code == NP_OK || again(code));
    free(data);
    return unused;
}

/* ----------------------------------------------------------- the bystanders */

static void *peek(void *unused)
{
    unsigned char data[64];
    size_t got, avail;
    uint32_t left;
    int code = NP_OK;
    while (code == NP_OK) {
        code = np_peek(ends.server, data, sizeof data, &got, &avail, &left);
        EXPECT(code != NP_OK || got <= avail);
        sched_yield();
    }
    EXPECT(atomic_load(&over) && is_end(code));
    return unused;
}

static void *flush(void *unused)
{
    int code;
    do {
        code = np_flush(ends.client, NP_INFINITE);
        sched_yield();
    } while (code == NP_OK ? !atomic_load(&over) : again(code));
    return unused;
}

static void *ask(void *unused)
{
    while (!atomic_load(&over)) {
        np_info info;
        np_state state;
        np_peer peer;
        EXPECT_EQ(np_get_info(ends.client, &info), NP_OK);
        EXPECT_EQ(info.in_quota, QUOTA);
        EXPECT_EQ(np_get_state(ends.server, &state), NP_OK);
        EXPECT_EQ(state.state, NP_CONNECTED);
        EXPECT_EQ(np_get_peer(ends.server, &peer), NP_OK);
        EXPECT_EQ(peer.pid, getpid());
        sched_yield();
    }
    return unused;
}

static void *select_it(void *unused)
{
    int code;
    do {
        np_select_item item = {.pipe = ends.server};
        size_t n;
        code = np_select(&item, 1, &n, NP_INFINITE);
        sched_yield();
    } while (code == NP_OK ? !atomic_load(&over) : again(code));
    return unused;
}

static void *cancel(void *unused)
{
    uint32_t random = 5;
    while (!atomic_load(&over)) {
        np_pipe *pipe = witness_random(&random) % 2 ? ends.client : ends.server;
        int code = np_cancel(pipe);
        EXPECT(code == NP_OK || code == NP_NOT_FOUND);
        for (uint32_t n = witness_random(&random) % 200; n > 0; n--) {
            sched_yield();
        }
    }
    return unused;
}

/* ----------------------------------------------------------------- the play */

static pthread_t cast[16];
static unsigned players;

static void enter(void *(*run)(void *), uintptr_t arg)
{
    cast[players++] = witness_thread(run, (void *)arg);
}

static bool all_arrived(void)
{
    return mode == NP_BYTE ? atomic_load(&stream_read) == stream_size
                           : atomic_load(&arrived) == WRITERS * to_send;
}

/* When all is there, the handles are shut under everybody who is blocked. */
static void play(void)
{
    pthread_t asker = witness_thread(ask, NULL);
    pthread_t canceller = witness_thread(cancel, NULL);
    enter(peek, 0);
    enter(flush, 0);
    enter(select_it, 0);
    while (!all_arrived() && atomic_load(&witness_wrong) == 0) {
        sched_yield();
    }
    atomic_store(&over, true);
    pthread_join(asker, NULL); /* these two expect good answers */
    pthread_join(canceller, NULL);
    np_shutdown(ends.server);
    np_shutdown(ends.client);
    while (players > 0) {
        pthread_join(cast[--players], NULL);
    }
    pair_close(&ends);
    CHECK(atomic_load(&aborted) > 0);
    witness_settle();
}

static void begin(uint32_t the_mode)
{
    mode = the_mode;
    atomic_store(&over, false);
    atomic_store(&aborted, 0);
    ends = pair_open("stage", mode, QUOTA);
}

/* WR4, R8, I5: no message is lost, doubled or harmed by what is cancelled. */
static void messages_survive_eight_threads(void)
{
    to_send = witness_scaled(6000);
    begin(NP_MESSAGE);
    atomic_store(&arrived, 0);
    for (uintptr_t i = 0; i < WRITERS; i++) {
        seen[i] = calloc(to_send, sizeof *seen[i]);
        enter(write_messages, i);
    }
    for (uintptr_t i = 0; i < READERS; i++) {
        enter(read_messages, i);
    }
    play();
    for (int i = 0; i < WRITERS; i++) {
        free(seen[i]);
    }
}

/* The count of a cancelled write says exactly what was taken. */
static void a_stream_survives_seven_threads(void)
{
    stream_size = witness_scaled(20000000);
    begin(NP_BYTE);
    atomic_store(&stream_read, 0);
    enter(write_stream, 0);
    enter(read_stream, 0);
    play();
}

/* -------------------------------------------------- who watches the socket */

static atomic_bool flushed;

static void *flush_in_vain(void *pipe)
{
    EXPECT_EQ(np_flush(pipe, 2), NP_TIMEOUT);
    atomic_store(&flushed, true);
    return NULL;
}

/* Until the flush is inside, or has been. */
static void await_flush(np_pipe *pipe)
{
    while (atomic_load(&pipe->inside) < 2 && !atomic_load(&flushed)) {
        sched_yield();
    }
}

static void *read_one(void *pipe)
{
    char byte = 0;
    size_t got;
    EXPECT_EQ(np_read(pipe, &byte, 1, &got, NP_INFINITE), NP_OK);
    EXPECT_EQ(byte, 'w');
    return NULL;
}

/* One of those who wait watches for all; when it gives up, another must. */
static void who_leaves_hands_the_watch_over(void)
{
    for (unsigned i = 0; i < witness_scaled(200); i++) {
        size_t put;
        witness_alarm(30);
        struct pair pair = pair_open("watch", NP_BYTE, QUOTA);
        CHECK_EQ(np_write(pair.client, "u", 1, &put, 0), NP_OK);
        atomic_store(&flushed, false);
        pthread_t watcher = witness_thread(flush_in_vain, pair.client);
        if (i % 2) {
            await_flush(pair.client);
        }
        pthread_t reader = witness_thread(read_one, pair.client);
        pthread_join(watcher, NULL);
        pair_await_sleepers(pair.client, 1);
        CHECK_EQ(np_write(pair.server, "w", 1, &put, 0), NP_OK);
        pthread_join(reader, NULL);
        pair_close(&pair);
    }
    witness_settle();
}

int main(void)
{
    check_dir();
    witness_alarm(120);
    RUN(messages_survive_eight_threads);
    RUN(a_stream_survives_seven_threads);
    RUN(who_leaves_hands_the_watch_over);
    return check_done();
}
