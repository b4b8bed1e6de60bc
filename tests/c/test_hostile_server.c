/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Servers that are none, as an honest client meets them. */

#define _GNU_SOURCE 1

#include <sys/wait.h>

#include "stranger.h"

#define QUOTA 100
#define SLACK_MS 1500
#define HEADER 808 /* what the checksum of the meta file covers */

/* ------------------------------------------------------------- another user */

/* A server whose listener belongs to nobody: the kernel notes who called
 * listen(). It counts what it is sent, and exits with that. */
static void be_nobody(int ready)
{
    np_pipe *pipe;
    char data[100];
    np_server_opts opts = pair_opts(NP_BYTE, QUOTA);
    alarm(20);
    pair_must(np_create("mine", &opts, &pipe), "create");
    int listener = npx_of(pipe)->fd;
    if (setresgid(65534, 65534, 65534) != 0 ||
        setresuid(65534, 65534, 65534) != 0 || listen(listener, 0) != 0) {
        _exit(99);
    }
    fcntl(listener, F_SETFL, 0);
    ssize_t unused = write(ready, "r", 1);
    (void)unused;
    int sock = accept(listener, NULL, NULL);
    ssize_t n = recv(sock, data, sizeof data, 0);
    _exit(n > 0 ? 1 : 0);
}

/* Row 3 of the threats: the impostor gets nothing. */
static void another_user_s_server_is_not_told_anything(void)
{
    int ready[2], status = -1;
    char byte;
    np_pipe *pipe;
    if (geteuid() != 0) {
        printf("# skipped: wants to become another user\n");
        return;
    }
    CHECK_EQ(pipe2(ready, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        be_nobody(ready[1]);
    }
    close(ready[1]);
    CHECK_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    CHECK_EQ(np_open("mine", NULL, &pipe), NP_SERVER_NOT_TRUSTED);
    CHECK(*np_error_detail() != '\0');
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

/* ------------------------------------------------------- a server like ours */

static np_pipe *server;

static np_pipe *open_client(void)
{
    np_pipe *client;
    pair_must(np_open("door", NULL, &client), "open");
    return client;
}

static int accept_raw(void)
{
    int sock = accept4(npx_of(server)->fd, NULL, NULL, SOCK_CLOEXEC);
    CHECK(sock >= 0);
    return sock;
}

static void renew(void)
{
    np_server_opts opts = pair_opts(NP_BYTE, QUOTA);
    np_close(server);
    pair_must(np_create("door", &opts, &server), "create");
}

static int timed_read(np_pipe *client, uint32_t ms)
{
    char byte;
    size_t got;
    int64_t start = witness_ms();
    int code = np_read(client, &byte, 1, &got, ms);
    CHECK(witness_ms() - start < ms + SLACK_MS);
    return code;
}

static void who_never_accepts_keeps_no_deadline_waiting(void)
{
    char data[5000] = {0};
    size_t put = 9;
    np_pipe *client = open_client();
    CHECK_EQ(timed_read(client, 20), NP_TIMEOUT);
    CHECK_EQ(np_write(client, data, 10, &put, 20), NP_OK);
    CHECK_EQ(np_flush(client, 20), NP_TIMEOUT);
    CHECK_EQ(np_write(client, data, sizeof data, &put, 20), NP_TIMEOUT);
    CHECK_EQ(put, 0);
    renew();
    CHECK_EQ(timed_read(client, 1000), NP_BROKEN_PIPE);
    np_close(client);
}

static void who_accepts_and_goes_is_a_broken_pipe(void)
{
    np_pipe *client = open_client();
    close(accept_raw());
    CHECK_EQ(timed_read(client, 1000), NP_BROKEN_PIPE);
    size_t put;
    CHECK_EQ(np_write(client, "x", 1, &put, 1000), NP_NO_DATA);
    np_close(client);
    renew();
}

static void who_sends_descriptors_is_refused_or_left(void)
{
    int fds[STRANGER_FDS];
    unsigned before = witness_fds();
    np_pipe *client = open_client();
    int sock = accept_raw(), null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < STRANGER_FDS; i++) {
        fds[i] = null;
    }
    bool refused = stranger_send(sock, "!", 1, fds, STRANGER_FDS) < 0;
    CHECK_EQ(timed_read(client, 20), refused ? NP_TIMEOUT : NP_BROKEN_PIPE);
    close(null);
    close(sock);
    np_close(client);
    renew();
    int64_t until = witness_ms() + 5000;
    while (witness_fds() != before && witness_ms() < until) {
        witness_rest(1000);
    }
    CHECK_EQ(witness_fds(), before);
}

static void who_sends_nonsense_bells_costs_nothing_but_time(void)
{
    static const char bells[4096];
    np_pipe *client = open_client();
    int sock = accept_raw();
    for (int i = 0; i < 10; i++) {
        while (send(sock, bells, sizeof bells, MSG_DONTWAIT) > 0) {
        }
        CHECK_EQ(timed_read(client, 10), NP_TIMEOUT);
    }
    close(sock);
    CHECK_EQ(timed_read(client, 1000), NP_BROKEN_PIPE);
    np_close(client);
    renew();
}

/* ----------------------------------------- files that are not what they say */

static void spoil_meta(off_t at, const void *data, size_t n)
{
    CHECK_EQ(pwrite(npx_of(server)->slot.meta_fd, data, n, at), n);
}

/* The quotas of a record are not the server's: the sizes do not agree, and the
 * client is not let in. Nobody maps what is not there. */
static void wrong_quotas_let_nobody_in(void)
{
    static const uint32_t quotas[][2] = {
        {0, 0}, {UINT32_MAX, UINT32_MAX}, {1 << 20, QUOTA}, {QUOTA, 1 << 20}};
    for (int i = 0; i < 4; i++) {
        np_pipe *client = NULL;
        spoil_meta(1024 + 16, quotas[i], sizeof quotas[i]);
        int code = np_open("door", NULL, &client);
        if (code == NP_OK) {
            /* Sizes are rounded up: 0 makes the same rings. */
            int accepted = np_accept(server, 100);
            CHECK(accepted == NP_TIMEOUT || accepted == NP_PIPE_CONNECTED);
            code = timed_read(client, 20);
            CHECK(code == NP_BROKEN_PIPE ||
                  (accepted == NP_PIPE_CONNECTED && code == NP_TIMEOUT));
        } else {
            CHECK(code == NP_NO_SYSTEM_RESOURCES ||
                  code == NP_NOT_ENOUGH_MEMORY);
        }
        np_close(client);
        renew();
    }
}

/* Every byte of the meta file may be wrong: an answer comes, in time. */
static void a_spoilt_meta_file_is_answered(void)
{
    uint32_t random = 12;
    for (unsigned i = 0; i < witness_scaled(1500); i++) {
        np_pipe *client = NULL;
        unsigned char noise[16];
        off_t at = witness_random(&random) % (i % 2 ? 1100 : 9000);
        for (size_t k = 0; k < sizeof noise; k++) {
            noise[k] = (unsigned char)witness_random(&random);
        }
        size_t n = 1 + witness_random(&random) % sizeof noise;
        spoil_meta(at, noise, n);
        int64_t start = witness_ms();
        int code = np_open("door", NULL, &client);
        if (n > 4 && (size_t)at + n <= HEADER) {
            CHECK_EQ(code, NP_REVISION_MISMATCH);
        }
        CHECK(*np_error_name(code) != '\0' && code != NP_OK + 1000000);
        np_close(client);
        code = np_wait("door", 1);
        CHECK(*np_error_name(code) != '\0');
        CHECK(witness_ms() - start < SLACK_MS);
        renew();
    }
}

int main(void)
{
    check_dir();
    witness_alarm(60);
    RUN(another_user_s_server_is_not_told_anything);
    renew();
    np_pipe *client = open_client(); /* the first wait makes a descriptor */
    CHECK_EQ(timed_read(client, 1), NP_TIMEOUT);
    np_close(client);
    renew();
    RUN(who_never_accepts_keeps_no_deadline_waiting);
    RUN(who_accepts_and_goes_is_a_broken_pipe);
    RUN(who_sends_descriptors_is_refused_or_left);
    RUN(who_sends_nonsense_bells_costs_nothing_but_time);
    RUN(wrong_quotas_let_nobody_in);
    RUN(a_spoilt_meta_file_is_answered);
    np_close(server);
    return check_done();
}
