/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A server's listening socket outlives the instance that listened on it; and
 * where that cannot be, or the instance comes to nothing, nobody notices. */

#define _GNU_SOURCE 1

#include <sys/resource.h>
#include <sys/stat.h>

#include "stranger.h"

static np_server *server;

static void serve(uint32_t max_instances)
{
    np_server_opts opts = pair_opts(NP_MESSAGE, 100);
    opts.max_instances = max_instances;
    pair_must(np_listen("served", &opts, &server), "listen");
}

/* The socket that clients of a slot connect to; 0: there is none. */
static ino_t socket_of(unsigned slot)
{
    char path[200];
    struct stat st;
    snprintf(path, sizeof path, "%s/SERVED/i.%u", check_path, slot);
    return stat(path, &st) == 0 ? st.st_ino : 0;
}

static uint32_t instances(np_pipe *pipe)
{
    np_state state;
    CHECK_EQ(np_get_state(pipe, &state), NP_OK);
    return state.instances;
}

/* A client comes in, both sides talk. */
static struct pair visit(void)
{
    struct pair pair;
    char byte = 0;
    size_t n;
    pair.client = pair_client("served", NP_MESSAGE);
    pair_must(np_server_accept(server, &pair.server, 5000), "accept");
    CHECK_EQ(np_write(pair.client, "p", 1, &n, 1000), NP_OK);
    CHECK_EQ(np_read(pair.server, &byte, 1, &n, 1000), NP_OK);
    CHECK_EQ(byte, 'p');
    return pair;
}

static void visit_and_leave(void)
{
    struct pair pair = visit();
    pair_close(&pair);
}

static rlim_t lowest_free_fd(void)
{
    int fd = dup(0);
    close(fd);
    return (rlim_t)fd;
}

/* -------------------------------------------------------------------- tests */

static void clients_come_through_the_same_socket(void)
{
    serve(NP_UNLIMITED_INSTANCES);
    ino_t first = socket_of(0);
    struct pair one = visit(), two = visit();
    CHECK(first != 0);
    CHECK_EQ(socket_of(0), first);
    CHECK_EQ(socket_of(1), 0);
    CHECK_EQ(instances(one.client), 3);
    pair_close(&one);
    CHECK_EQ(instances(two.client), 2);
    pair_close(&two);
    np_server_close(server);
}

static void with_a_limit_each_instance_has_its_own(void)
{
    serve(2);
    ino_t first = socket_of(0);
    struct pair one = visit();
    CHECK(socket_of(1) != 0 && socket_of(1) != first);
    CHECK_EQ(instances(one.client), 2);
    pair_close(&one);
    visit_and_leave();
    np_server_close(server);
}

/* D1: the instance is the caller's, who may have it listen again. */
static void an_instance_that_was_moved_can_listen_again(void)
{
    np_pipe *client;
    serve(NP_UNLIMITED_INSTANCES);
    struct pair pair = visit();
    CHECK_EQ(np_disconnect(pair.server), NP_OK);
    np_close(pair.client);
    CHECK_EQ(np_accept(pair.server, 0), NP_TIMEOUT);
    CHECK(socket_of(1) != 0);
    client = pair_client("served", NP_MESSAGE);
    struct pair other = {NULL, pair_client("served", NP_MESSAGE)};
    CHECK_EQ(np_accept(pair.server, 1000), NP_PIPE_CONNECTED);
    CHECK_EQ(np_server_accept(server, &other.server, 1000), NP_OK);
    np_close(client);
    np_close(pair.server);
    CHECK_EQ(socket_of(1), 0);
    pair_close(&other);
    np_server_close(server);
}

/* Somebody who says nothing holds up nobody: the next is claimed already. */
static void a_client_may_come_while_another_is_greeted(void)
{
    np_pipe *pipe, *client;
    serve(NP_UNLIMITED_INSTANCES);
    int stranger = stranger_connect("served", 0);
    CHECK(stranger >= 0);
    CHECK_EQ(np_server_accept(server, &pipe, 0), NP_TIMEOUT);
    CHECK_EQ(np_open("served", NULL, &client), NP_OK);
    close(stranger);
    CHECK_EQ(np_server_accept(server, &pipe, 1000), NP_OK);
    CHECK_EQ(instances(pipe), 2);
    np_close(client);
    np_close(pipe);
    visit_and_leave();
    np_server_close(server);
}

static void a_server_that_closes_meanwhile_leaves_nothing(void)
{
    np_pipe *pipe, *client;
    char byte;
    size_t n;
    serve(NP_UNLIMITED_INSTANCES);
    unsigned before = witness_fds();
    int stranger = stranger_connect("served", 0);
    CHECK_EQ(np_server_accept(server, &pipe, 0), NP_TIMEOUT);
    CHECK_EQ(np_open("served", NULL, &client), NP_OK);
    np_server_close(server);
    CHECK_EQ(np_read(client, &byte, 1, &n, 1000), NP_BROKEN_PIPE);
    CHECK_EQ(np_exists("served"), NP_FILE_NOT_FOUND);
    np_close(client);
    close(stranger);
    CHECK(witness_fds() < before);
}

/* The listener is shut before an accept that is not to hand it on; if that
 * accept fails, it must not be handed on later. */
static void a_listener_that_was_shut_is_not_handed_on(void)
{
    struct rlimit limit, none;
    np_pipe *pipe, *client = NULL;
    serve(NP_UNLIMITED_INSTANCES);
    CHECK_EQ(np_open("served", NULL, &client), NP_OK);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = lowest_free_fd();
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    CHECK_EQ(np_server_accept(server, &pipe, 0), NP_NO_SYSTEM_RESOURCES);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_EQ(np_server_accept(server, &pipe, 1000), NP_OK);
    np_close(client);
    np_close(pipe);
    visit_and_leave();
    np_server_close(server);
}

#ifdef NPI_FAULTS
/* The turn cannot be written: who waits would never look there. */
static void a_listener_that_cannot_be_announced_is_replaced(void)
{
    np_pipe *pipe, *client;
    serve(NP_UNLIMITED_INSTANCES);
    ino_t first = socket_of(0);
    CHECK_EQ(np_open("served", NULL, &client), NP_OK);
    /* The second one; the first writes the record of the slot beside. */
    setenv("NPI_FAIL_AT", "pwrite:2:28", 1);
    CHECK_EQ(np_server_accept(server, &pipe, 1000), NP_OK);
    unsetenv("NPI_FAIL_AT");
    CHECK_EQ(instances(pipe), 2);
    CHECK(socket_of(0) != first);
    np_close(client);
    np_close(pipe);
    visit_and_leave();
    np_server_close(server);
}
#endif

int main(void)
{
    check_dir();
    witness_alarm(50);
    RUN(clients_come_through_the_same_socket);
    RUN(with_a_limit_each_instance_has_its_own);
    RUN(an_instance_that_was_moved_can_listen_again);
    RUN(a_client_may_come_while_another_is_greeted);
    RUN(a_server_that_closes_meanwhile_leaves_nothing);
    RUN(a_listener_that_was_shut_is_not_handed_on);
#ifdef NPI_FAULTS
    RUN(a_listener_that_cannot_be_announced_is_replaced);
#endif
    return check_done();
}
