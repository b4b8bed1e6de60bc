/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What a test with threads or processes watches besides its own checks: that
 * nothing is stuck, how many descriptors are open, and that nobody writes into
 * files that are not his. */

#ifndef WITNESS_H
#define WITNESS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* NP_TEST_SCALE multiplies what the long tests do. */
static inline unsigned witness_scaled(unsigned n)
{
    const char *text = getenv("NP_TEST_SCALE");
    double scale = text ? strtod(text, NULL) : 1;
    return scale > 0 && n * scale >= 1 ? (unsigned)(n * scale) : 1;
}

static inline int64_t witness_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Between two looks at something that happens by itself. */
static inline void witness_rest(long microseconds)
{
    nanosleep(&(struct timespec){0, microseconds * 1000}, NULL);
}

static inline uint32_t witness_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* -------------------------------------------------------------------- stuck */

static inline void witness_stuck(int unused)
{
    static const char text[] = "stuck: a wake-up was lost in ";
    ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
    n += write(STDERR_FILENO, check_test, strlen(check_test));
    n += write(STDERR_FILENO, "\n", 1);
    (void)n;
    (void)unused;
    abort();
}

/* End the program unless it is asked again within so many seconds. A campaign
 * of more than the usual length gets more. */
static inline void witness_alarm(unsigned seconds)
{
    struct sigaction action = {.sa_handler = witness_stuck};
    unsigned scaled = witness_scaled(seconds);
    sigaction(SIGALRM, &action, NULL);
    alarm(scaled > seconds ? scaled : seconds);
}

/* ------------------------------------------------------------------ threads */

/* CHECK counts without a lock; threads and children use these. */
static atomic_uint witness_wrong;

static inline void witness_eq(const char *file, int line, const char *text,
                              intmax_t got, intmax_t want)
{
    if (got != want) {
        atomic_fetch_add(&witness_wrong, 1);
        fprintf(stderr, "%s:%d: %s: %s: got %jd (0x%jx), want %jd\n", file,
                line, check_test, text, got, (uintmax_t)got, want);
    }
}

#define EXPECT_EQ(got, want)                                                   \
    witness_eq(__FILE__, __LINE__, #got " == " #want, (intmax_t)(got),         \
               (intmax_t)(want))
#define EXPECT(cond) EXPECT_EQ(!(cond), 0)

/* At the end of a test: what its threads found. */
static inline void witness_settle(void)
{
    CHECK_EQ(atomic_exchange(&witness_wrong, 0), 0);
}

static inline pthread_t witness_thread(void *(*run)(void *), void *arg)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, arg) != 0) {
        abort();
    }
    return thread;
}

/* ------------------------------------------------------------- descriptors */

/* Of this process, that of the question not counted; named on request. */
static inline unsigned witness_list_fds(bool named)
{
    unsigned count = 0;
    struct dirent *entry;
    DIR *dir = opendir("/proc/self/fd");
    while ((entry = readdir(dir)) != NULL) {
        char path[300], target[200];
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        ssize_t n = readlink(path, target, sizeof target);
        if (named && n > 0) {
            fprintf(stderr, "  %s -> %.*s\n", entry->d_name, (int)n, target);
        }
        count++;
    }
    closedir(dir);
    return count - 3;
}

static inline unsigned witness_fds(void)
{
    return witness_list_fds(false);
}

/* Nothing was lost or left over. */
static inline void witness_same_fds(unsigned before)
{
    CHECK_EQ(witness_fds(), before);
    if (witness_fds() != before) {
        witness_list_fds(true);
    }
}

/* A thread that opens and closes files and sockets of its own all the time:
 * whoever closes a number twice, or uses one that he has given back, hits one
 * of them. */
struct witness_canary {
    pthread_t thread;
    atomic_bool stop;
    unsigned files; /* out */
};

static inline int witness_file(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/canary", check_path);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    EXPECT(fd >= 0);
    return fd;
}

static inline void witness_sing_once(void)
{
    int files[2], quiet[2], full[2];
    char byte = 0;
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, quiet), 0);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, full), 0);
    EXPECT_EQ(send(full[0], "c", 1, 0), 1);
    EXPECT_EQ(send(full[1], "c", 1, 0), 1);
    files[0] = witness_file();
    files[1] = witness_file();
    sched_yield();
    for (int i = 0; i < 2; i++) {
        /* Nothing was sent, taken away, written, or shut down. */
        EXPECT_EQ(recv(quiet[i], &byte, 1, MSG_DONTWAIT), -1);
        EXPECT_EQ(recv(full[i], &byte, 1, MSG_DONTWAIT), 1);
        EXPECT_EQ(byte, 'c');
        EXPECT_EQ(recv(full[i], &byte, 1, MSG_DONTWAIT), -1);
        EXPECT_EQ(lseek(files[i], 0, SEEK_END), 0);
    }
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(close(quiet[i]), 0);
        EXPECT_EQ(close(full[i]), 0);
        EXPECT_EQ(close(files[i]), 0);
    }
}

static inline void *witness_sing(void *arg)
{
    struct witness_canary *canary = arg;
    while (!atomic_load(&canary->stop)) {
        witness_sing_once();
        canary->files += 6;
    }
    return NULL;
}

static inline void witness_canary_start(struct witness_canary *canary)
{
    atomic_init(&canary->stop, false);
    canary->files = 0;
    canary->thread = witness_thread(witness_sing, canary);
}

static inline void witness_canary_stop(struct witness_canary *canary)
{
    atomic_store(&canary->stop, true);
    pthread_join(canary->thread, NULL);
}

#endif
