/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* fork() in the middle of everything: handles stay with who made them. */

#include <spawn.h>
#include <sys/wait.h>

#include "pair.h"
#include "witness.h"

extern char **environ;

#define QUOTA 512

static struct pair ends;
static np_server *server;

/* The allocator of AddressSanitizer, unlike the C library's, does not survive a
 * fork while another thread is in it, before gcc 14: the child waits for ever
 * when it allocates. So there, and only there, those who allocate stand still
 * for a fork. */
#if defined __SANITIZE_ADDRESS__ && __GNUC__ < 14
#define STAND_STILL 1
#else
#define STAND_STILL 0
#endif

static atomic_bool about_to_fork;
static pthread_mutex_t allocating = PTHREAD_MUTEX_INITIALIZER;

static void begin_allocating(void)
{
    while (STAND_STILL && atomic_load(&about_to_fork)) {
        sched_yield(); /* a mutex alone lets nobody else in for long */
    }
    if (STAND_STILL) {
        pthread_mutex_lock(&allocating);
    }
}

static void end_allocating(void)
{
    if (STAND_STILL) {
        pthread_mutex_unlock(&allocating);
    }
}

static pid_t fork_in_traffic(void)
{
    atomic_store(&about_to_fork, true);
    if (STAND_STILL) {
        pthread_mutex_lock(&allocating);
    }
    pid_t child = fork();
    end_allocating();
    atomic_store(&about_to_fork, false);
    return child;
}

static void run_in_child(void (*run)(void))
{
    int status = -1;
    fflush(NULL);
    pid_t child = fork_in_traffic();
    if (child == 0) {
        alarm(20);
        check_failures = 0;
        run();
        _exit(check_failures ? 1 : 0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

static void ping(struct pair *pair)
{
    char byte = 0;
    size_t n;
    CHECK_EQ(np_write(pair->client, "p", 1, &n, 5000), NP_OK);
    CHECK_EQ(np_read(pair->server, &byte, 1, &n, 5000), NP_OK);
    CHECK_EQ(byte, 'p');
    CHECK_EQ(np_write(pair->server, "q", 1, &n, 5000), NP_OK);
    CHECK_EQ(np_read(pair->client, &byte, 1, &n, 5000), NP_OK);
    CHECK_EQ(byte, 'q');
}

/* ------------------------------------------------------------- in the child */

static void use_everything(np_pipe *pipe)
{
    char byte;
    size_t n;
    uint32_t left;
    int fd;
    np_state state;
    np_info info;
    np_peer peer;
    CHECK_EQ(np_accept(pipe, 10), NP_INVALID_HANDLE);
    CHECK_EQ(np_disconnect(pipe), NP_INVALID_HANDLE);
    CHECK_EQ(np_read(pipe, &byte, 1, &n, 10), NP_INVALID_HANDLE);
    CHECK_EQ(np_recv(pipe, &byte, 1, &n, 10), NP_INVALID_HANDLE);
    CHECK_EQ(np_write(pipe, "x", 1, &n, 10), NP_INVALID_HANDLE);
    CHECK_EQ(np_peek(pipe, &byte, 1, &n, &n, &left), NP_INVALID_HANDLE);
    CHECK_EQ(np_transact(pipe, "x", 1, &byte, 1, &n, 10), NP_INVALID_HANDLE);
    CHECK_EQ(np_flush(pipe, 10), NP_INVALID_HANDLE);
    CHECK_EQ(np_cancel(pipe), NP_INVALID_HANDLE);
    CHECK_EQ(np_get_state(pipe, &state), NP_INVALID_HANDLE);
    CHECK_EQ(np_set_state(pipe, 0), NP_INVALID_HANDLE);
    CHECK_EQ(np_get_info(pipe, &info), NP_INVALID_HANDLE);
    CHECK_EQ(np_get_peer(pipe, &peer), NP_INVALID_HANDLE);
    CHECK_EQ(np_get_fd(pipe, &fd), NP_INVALID_HANDLE);
    CHECK(*np_error_detail() != '\0');
    CHECK(strstr(np_path(pipe), "fork") != NULL);
    np_select_item item = {.pipe = pipe};
    CHECK_EQ(np_select(&item, 1, &n, 10), NP_OK);
    CHECK_EQ(item.ready, 1);
}

static void use_and_close(void)
{
    np_pipe *pipe;
    int fd;
    size_t n;
    use_everything(ends.client);
    use_everything(ends.server);
    np_shutdown(ends.client);
    pair_close(&ends);
    np_select_item item = {.server = server};
    CHECK_EQ(np_select(&item, 1, &n, 10), NP_OK);
    CHECK_EQ(np_server_accept(server, &pipe, 10), NP_INVALID_HANDLE);
    CHECK_EQ(np_server_get_fd(server, &fd), NP_INVALID_HANDLE);
    CHECK_EQ(np_server_cancel(server), NP_INVALID_HANDLE);
    np_server_shutdown(server);
    np_server_close(server);
}

static void talk_to_oneself(void)
{
    struct pair own = pair_open("fork-own", NP_MESSAGE, QUOTA);
    np_pipe *another;
    ping(&own);
    CHECK_EQ(np_wait("fork-own", 5), NP_SEM_TIMEOUT);
    CHECK_EQ(np_open("fork-own", NULL, &another), NP_PIPE_BUSY);
    pair_close(&own);
    CHECK_EQ(np_exists("fork-own"), NP_FILE_NOT_FOUND);
}

static void use_close_and_begin_anew(void)
{
    use_and_close();
    talk_to_oneself();
    run_in_child(talk_to_oneself); /* a grandchild as well */
    talk_to_oneself();
}

/* The parent's server serves the child like anybody. */
static void be_a_client_of_the_parent(void)
{
    np_pipe *pipe = pair_client("fork-listen", NP_MESSAGE);
    size_t n;
    CHECK_EQ(np_write(pipe, "c", 1, &n, 5000), NP_OK);
    CHECK_EQ(np_flush(pipe, 5000), NP_OK);
    np_close(pipe);
}

static void a_child_has_no_handles_but_may_make_some(void)
{
    np_server_opts opts = pair_opts(NP_MESSAGE, QUOTA);
    np_pipe *pipe;
    char byte;
    size_t n;
    ends = pair_open("fork-pair", NP_MESSAGE, QUOTA);
    pair_must(np_listen("fork-listen", &opts, &server), "listen");
    ping(&ends);
    for (int i = 0; i < 5; i++) {
        run_in_child(use_close_and_begin_anew);
        ping(&ends);
    }
    pid_t child = fork();
    if (child == 0) {
        be_a_client_of_the_parent();
        _exit(check_failures ? 1 : 0);
    }
    CHECK_EQ(np_server_accept(server, &pipe, 5000), NP_OK);
    CHECK_EQ(np_read(pipe, &byte, 1, &n, 5000), NP_OK);
    CHECK_EQ(np_read(pipe, &byte, 1, &n, 5000), NP_BROKEN_PIPE);
    np_close(pipe);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    np_server_close(server);
    pair_close(&ends);
}

/* ------------------------------------------------------------ under traffic */

static atomic_bool enough;
static atomic_uint at_work; /* threads; who only begins allocates as well */
static atomic_ullong moved;

static void *write_always(void *unused)
{
    uint32_t next = 0;
    atomic_fetch_add(&at_work, 1);
    while (!atomic_load(&enough)) {
        uint32_t data[64];
        size_t put;
        for (int i = 0; i < 64; i++) {
            data[i] = next++;
        }
        EXPECT_EQ(np_write(ends.client, data, sizeof data, &put, 10000), NP_OK);
    }
    np_shutdown(ends.client);
    return unused;
}

static void *read_always(void *unused)
{
    uint32_t next = 0, data[64];
    int code;
    atomic_fetch_add(&at_work, 1);
    do {
        size_t got = 0;
        code = np_recv(ends.server, data, sizeof data, &got, 10000);
        for (size_t i = 0; i < got / 4; i++) {
            EXPECT_EQ(data[i], next++);
        }
        atomic_fetch_add(&moved, got);
    } while (code == NP_OK);
    EXPECT_EQ(code, NP_BROKEN_PIPE);
    return unused;
}

/* Descriptors are made and given back all the time. */
static void *come_and_go_always(void *unused)
{
    atomic_fetch_add(&at_work, 1);
    while (!atomic_load(&enough)) {
        begin_allocating();
        struct pair pair = pair_open("fork-brief", NP_BYTE, QUOTA);
        np_wait("fork-brief", 1);
        pair_close(&pair);
        end_allocating();
    }
    return unused;
}

static unsigned bare_fds; /* without any handle */

static unsigned shared_mappings(void)
{
    char line[512];
    unsigned count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (fgets(line, sizeof line, maps)) {
        count += strstr(line, "memfd:namedpipe") != NULL;
    }
    fclose(maps);
    return count;
}

static void be_a_child_under_traffic(void)
{
    CHECK_EQ(witness_fds(), bare_fds);
    CHECK_EQ(shared_mappings(), 0);
    use_everything(ends.client);
    np_close(ends.client);
    np_close(ends.server);
    talk_to_oneself();
}

static void traffic_does_not_notice(void)
{
    pthread_t threads[3];
    atomic_store(&enough, false);
    ends = pair_open("fork-pair", NP_MESSAGE, QUOTA);
    threads[0] = witness_thread(write_always, NULL);
    threads[1] = witness_thread(read_always, NULL);
    threads[2] = witness_thread(come_and_go_always, NULL);
    while (atomic_load(&at_work) < 3) {
        sched_yield();
    }
    unsigned forks = witness_scaled(40);
    CHECK(shared_mappings() >= 2);
    for (unsigned i = 0; i < forks && check_failures == 0; i++) {
        run_in_child(be_a_child_under_traffic);
    }
    atomic_store(&enough, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    pair_close(&ends);
    witness_settle();
    printf("# %u forks, %ju bytes meanwhile\n", forks,
           (uintmax_t)atomic_load(&moved));
}

/* ----------------------------------------- the parent dies, the child lives */

/* The parent's parent waits for news on `tell`. */
static void be_a_parent(int tell)
{
    np_server_opts opts = pair_opts(NP_BYTE, QUOTA);
    np_pipe *connected, *listening;
    alarm(30);
    pair_must(np_create("fork-dies", &opts, &connected), "create");
    pair_must(np_accept(connected, 10000) & ~NP_PIPE_CONNECTED, "accept");
    pair_must(np_create("fork-dies", &opts, &listening), "create");
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        ssize_t unused = write(tell, &(pid_t){getpid()}, sizeof(pid_t));
        (void)unused;
        for (;;) {
            pause();
        }
    }
    for (;;) {
        pause();
    }
}

/* T25: what the child has inherited keeps nothing alive. */
static void the_end_of_a_parent_is_seen_although_its_child_lives(void)
{
    for (unsigned i = 0; i < witness_scaled(20); i++) {
        int news[2], status;
        pid_t child;
        char byte;
        size_t n;
        np_pipe *client, *fresh;
        CHECK_EQ(pipe(news), 0);
        pid_t parent = fork();
        if (parent == 0) {
            be_a_parent(news[1]);
        }
        np_client_opts opts = NP_CLIENT_OPTS_INIT;
        opts.wait = NP_WAIT_SERVER;
        pair_must(np_connect("fork-dies", &opts, &client, 10000), "connect");
        CHECK_EQ(read(news[0], &child, sizeof child), sizeof child);
        CHECK_EQ(kill(parent, SIGKILL), 0);
        CHECK_EQ(np_read(client, &byte, 1, &n, 10000), NP_BROKEN_PIPE);
        CHECK_EQ(waitpid(parent, &status, 0), parent);
        CHECK_EQ(np_exists("fork-dies"), NP_FILE_NOT_FOUND);
        np_server_opts first = pair_opts(NP_BYTE, QUOTA);
        first.flags = NP_FLAG_FIRST;
        CHECK_EQ(np_create("fork-dies", &first, &fresh), NP_OK);
        np_close(fresh);
        np_close(client);
        CHECK_EQ(kill(child, 0), 0); /* it was there all the time */
        kill(child, SIGKILL);
        close(news[0]);
        close(news[1]);
    }
}

/* --------------------------------------------------------------------- exec */

static int fds_of_a_program(bool spawned)
{
    char *arguments[] = {(char *)(uintptr_t) "test_fork",
                         (char *)(uintptr_t) "count", NULL};
    int status = -1;
    pid_t child;
    if (spawned) {
        CHECK_EQ(posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments,
                             environ),
                 0);
    } else {
        child = fork();
        if (child == 0) {
            execv("/proc/self/exe", arguments);
            _exit(255);
        }
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void programs_inherit_nothing(void)
{
    int fd, bare = fds_of_a_program(false);
    np_server_opts opts = pair_opts(NP_BYTE, QUOTA);
    CHECK(bare >= 3);
    struct pair pair = pair_open("fork-exec", NP_BYTE, QUOTA);
    pair_must(np_listen("fork-listen", &opts, &server), "listen");
    CHECK_EQ(np_get_fd(pair.client, &fd), NP_OK);
    CHECK_EQ(np_server_get_fd(server, &fd), NP_OK);
    CHECK_EQ(np_wait("fork-exec", 5), NP_SEM_TIMEOUT);
    size_t n;
    CHECK_EQ(np_read(pair.client, &(char){0}, 1, &n, 5), NP_TIMEOUT);
    CHECK_EQ(fds_of_a_program(false), bare);
    CHECK_EQ(fds_of_a_program(true), bare);
    ping(&pair);
    pair_close(&pair);
    np_server_close(server);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        return (int)witness_fds();
    }
    bare_fds = witness_fds();
    check_dir();
    witness_alarm(60);
    RUN(a_child_has_no_handles_but_may_make_some);
    RUN(traffic_does_not_notice);
    RUN(the_end_of_a_parent_is_seen_although_its_child_lives);
    RUN(programs_inherit_nothing);
    return check_done();
}
