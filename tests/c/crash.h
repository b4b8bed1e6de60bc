/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Processes that live and are killed, and those that live on. A life passes
 * through all there is: creating, listening, talking, disconnecting, closing,
 * again and again. */

#ifndef CRASH_H
#define CRASH_H

#include <dirent.h>
#include <sys/wait.h>

#include "pair.h"
#include "witness.h"

#define CRASH_QUOTA 600
#define CRASH_LONGEST 20000 /* more than a ring */

/* -------------------------------------------------------------------- dying */

/* Die by SIGKILL at some moment from now. */
static inline void crash_in(long microseconds)
{
    timer_t timer;
    struct sigevent event;
    struct itimerspec when = {.it_value = {microseconds / 1000000,
                                           microseconds % 1000000 * 1000 + 1}};
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGKILL;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
        timer_settime(timer, 0, &when, NULL) != 0) {
        _exit(9);
    }
}

static inline void crash_reap(pid_t child)
{
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Whether it is dead; it stays to be reaped. */
static inline bool crash_dead(pid_t child)
{
    siginfo_t info;
    info.si_pid = 0;
    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) ==
               0 &&
           info.si_pid == child;
}

/* ------------------------------------------------------------------ talking */

/* A message says how long it is and what it contains. */
static inline uint32_t crash_write_message(unsigned char *data,
                                           uint32_t *random)
{
    uint32_t kind = witness_random(random) % 16;
    uint32_t size = 8 + witness_random(random) % (kind == 0  ? CRASH_LONGEST - 8
                                                  : kind < 4 ? 2 * CRASH_QUOTA
                                                             : 60);
    uint32_t seed = witness_random(random);
    memcpy(data, &size, 4);
    memcpy(data + 4, &seed, 4);
    for (uint32_t i = 8; i < size; i++) {
        data[i] = (unsigned char)(seed + i * 7);
    }
    return size;
}

/* No message of a killed process is there in part (X5). */
static inline void crash_check_message(const unsigned char *data, size_t got)
{
    uint32_t size, seed;
    CHECK(got >= 8);
    memcpy(&size, data, 4);
    memcpy(&seed, data + 4, 4);
    CHECK_EQ(got, size);
    for (uint32_t i = 8; i < size && i < got; i++) {
        if (data[i] != (unsigned char)(seed + i * 7)) {
            CHECK(!"the message is as it was written");
            break;
        }
    }
}

/* What the end of the other one may look like. */
static inline bool crash_is_end(int code)
{
    return code == NP_BROKEN_PIPE || code == NP_NO_DATA ||
           code == NP_PIPE_NOT_CONNECTED;
}

static inline int crash_say(np_pipe *pipe, uint32_t *random)
{
    static unsigned char data[CRASH_LONGEST];
    size_t put;
    uint32_t size = crash_write_message(data, random);
    int code = np_write(pipe, data, size, &put, 10000);
    CHECK(code == NP_OK ? put == size : crash_is_end(code));
    return code;
}

static inline int crash_hear(np_pipe *pipe)
{
    static unsigned char data[CRASH_LONGEST];
    size_t got;
    int code = np_recv(pipe, data, sizeof data, &got, 10000);
    if (code == NP_OK) {
        crash_check_message(data, got);
    } else {
        CHECK(crash_is_end(code));
    }
    return code;
}

/* Some exchanges, or until the other end is gone. Who hears first says first as
 * well now and then, so that both are caught writing. */
static inline int crash_talk(np_pipe *pipe, bool first, unsigned exchanges)
{
    uint32_t random = 77;
    int code = NP_OK;
    for (unsigned i = 0; code == NP_OK && i < exchanges; i++) {
        code = first ? crash_say(pipe, &random) : crash_hear(pipe);
        if (code == NP_OK) {
            code = first ? crash_hear(pipe) : crash_say(pipe, &random);
        }
    }
    return code;
}

/* -------------------------------------------------------------------- lives */

#define CRASH_EXCHANGES 6

static inline np_server_opts crash_opts(void)
{
    np_server_opts opts = pair_opts(NP_MESSAGE, CRASH_QUOTA);
    opts.max_instances = 4;
    return opts;
}

/* Another instance is made and goes while this one is served. */
static inline void crash_serve(np_pipe *pipe, int64_t until)
{
    np_server_opts opts = crash_opts();
    while (witness_ms() < until) {
        np_pipe *second;
        int code = np_accept(pipe, 20);
        if (code == NP_TIMEOUT) {
            continue;
        }
        crash_talk(pipe, false, CRASH_EXCHANGES);
        if (np_create("victim", &opts, &second) == NP_OK) {
            np_close(second);
        }
        np_disconnect(pipe);
    }
}

/* A server that closes its only instance now and then. */
static inline void crash_live_as_server(unsigned lives)
{
    np_server_opts opts = crash_opts();
    while (lives-- > 0) {
        np_pipe *pipe;
        if (np_create("victim", &opts, &pipe) != NP_OK) {
            _exit(8);
        }
        crash_serve(pipe, witness_ms() + 30);
        np_close(pipe);
    }
}

static inline void crash_live_as_listener(unsigned lives)
{
    np_server_opts opts = crash_opts();
    while (lives-- > 0) {
        np_server *server;
        np_pipe *pipe;
        int64_t until = witness_ms() + 30;
        if (np_listen("victim", &opts, &server) != NP_OK) {
            _exit(8);
        }
        while (witness_ms() < until) {
            if (np_server_accept(server, &pipe, 20) == NP_OK) {
                crash_talk(pipe, false, CRASH_EXCHANGES);
                np_close(pipe);
            }
        }
        np_server_close(server);
    }
}

static inline void crash_live_as_client(unsigned lives)
{
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    opts.wait = NP_WAIT_SERVER;
    while (lives-- > 0) {
        np_pipe *pipe;
        int code = np_connect("victim", &opts, &pipe, 5000);
        if (code == NP_OK) {
            crash_talk(pipe, true, CRASH_EXCHANGES / 2);
            np_close(pipe);
        }
    }
}

/* ------------------------------------------------------------- who lives on */

/* The client of a server that is going to die. */
static inline unsigned crash_outlive_server(pid_t victim)
{
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    opts.wait = NP_WAIT_SERVER;
    unsigned talks = 0;
    bool dead = false;
    while (!dead) {
        np_pipe *pipe;
        dead = crash_dead(victim);
        int code = np_connect("victim", &opts, &pipe, dead ? 0 : 5);
        if (code == NP_OK) {
            /* With no end of its own: the server has to make one. */
            code = crash_talk(pipe, true, 1000);
            CHECK(code != NP_OK);
            np_close(pipe);
            talks++;
        } else {
            CHECK_EQ(code, NP_SEM_TIMEOUT);
        }
    }
    return talks;
}

/* The server of clients that are going to die. */
static inline unsigned crash_outlive_client(pid_t victim, np_pipe *pipe)
{
    unsigned talks = 0;
    bool dead = false;
    while (!dead) {
        dead = crash_dead(victim);
        int code = np_accept(pipe, dead ? 0 : 5);
        if (code == NP_OK || code == NP_PIPE_CONNECTED || code == NP_NO_DATA) {
            crash_talk(pipe, false, 1000);
            CHECK_EQ(np_disconnect(pipe), NP_OK);
            talks++;
            dead = false;
        } else {
            CHECK_EQ(code, NP_TIMEOUT);
        }
    }
    return talks;
}

/* ------------------------------------------------------------- what is left */

static inline unsigned crash_leavings(void)
{
    unsigned count = 0;
    struct dirent *entry;
    DIR *dir = opendir(check_path);
    while ((entry = readdir(dir)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    closedir(dir);
    return count;
}

/* After the next open of the name there is nothing; and all instances can be
 * made. */
static inline void crash_check_leavings(unsigned instances)
{
    np_pipe *pipe, *pipes[255];
    np_server_opts opts = crash_opts();
    CHECK_EQ(np_open("victim", NULL, &pipe), NP_FILE_NOT_FOUND);
    CHECK_EQ(crash_leavings(), 0);
    opts.max_instances = NP_UNLIMITED_INSTANCES;
    for (unsigned i = 0; i < instances; i++) {
        pair_must(np_create("victim", &opts, &pipes[i]), "create again");
    }
    for (unsigned i = 0; i < instances; i++) {
        np_close(pipes[i]);
    }
    CHECK_EQ(crash_leavings(), 0);
}

#endif
