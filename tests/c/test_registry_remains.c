/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The Linux registry: what killed processes, other processes and other versions
 * leave or have put into its files. */

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "linux/npx_meta.h"
#include "registry.h"

static struct instance one, two, three;

static void serve_demo(void)
{
    CHECK_EQ(serve("demo", 10, &one), NP_OK);
}

static void serve_two_demos(void)
{
    CHECK_EQ(serve("demo", 10, &one), NP_OK);
    CHECK_EQ(serve("demo", 11, &two), NP_OK);
}

static void a_client_removes_what_a_killed_server_left(void)
{
    kill_child(child(serve_two_demos));
    CHECK_EQ(files_left(), 1);
    CHECK_EQ(try_claim("demo"), NP_FILE_NOT_FOUND);
    CHECK_EQ(files_left(), 0);
}

static void a_server_replaces_what_a_killed_server_left(void)
{
    kill_child(child(serve_two_demos));
    CHECK_EQ(take("demo", 5, 3, NP_FLAG_FIRST, &one), NP_OK);
    CHECK_EQ(one.meta.max_instances, 3);
    CHECK_EQ(npx_slot_listen(&one.slot, &one.listener), NP_OK);
    CHECK_EQ(access(file_of("demo", "i.1"), F_OK), -1);
    CHECK_EQ(try_claim("demo"), NP_OK);
    leave(&one);
    CHECK_EQ(files_left(), 0);
}

static void a_killed_instance_is_skipped_and_replaced(void)
{
    int sock;
    uint32_t in;
    pid_t pid = child(serve_demo);
    CHECK_EQ(serve("demo", 20, &two), NP_OK);
    CHECK_EQ(npx_count(two.slot.meta_fd, 9), 2);
    kill_child(pid);
    CHECK_EQ(npx_count(two.slot.meta_fd, 9), 1);
    CHECK_EQ(claim("demo", &sock, &in), NP_OK);
    CHECK_EQ(in, 20);
    npx_fd_close(sock);
    CHECK_EQ(look("demo"), NP_PIPE_BUSY);
    CHECK_EQ(try_claim("demo"), NP_PIPE_BUSY);
    CHECK_EQ(serve("demo", 30, &three), NP_OK);
    CHECK_EQ(three.slot.index, 0);
    CHECK_EQ(claim("demo", &sock, &in), NP_OK);
    CHECK_EQ(in, 30);
    npx_fd_close(sock);
    leave(&two);
    leave(&three);
    CHECK_EQ(files_left(), 0);
}

/* The new life is in the same directory, where the old one's sockets were. */
static void a_claim_does_not_reach_into_the_next_life(void)
{
    struct npi_name name = named("demo");
    struct npx_view view;
    struct npx_claim claimed;
    pid_t pid = child(serve_demo);
    CHECK_EQ(npx_view_open(&name, &view), NP_OK);
    kill_child(pid);
    CHECK_EQ(serve("demo", 20, &two), NP_OK);
    CHECK_EQ(npx_view_listening(&view), NP_FILE_NOT_FOUND);
    CHECK_EQ(npx_view_claim(&view, &claimed), NP_FILE_NOT_FOUND);
    npx_view_close(&view);
    leave(&two);
    CHECK_EQ(files_left(), 0);
}

static void remains_of_every_moment_are_collected(void)
{
    struct npi_name name = named("demo");
    for (int moment = 0; moment < 4; moment++) {
        CHECK_EQ(mkdir(file_of("demo", ""), 0700), 0);
        if (moment >= 1) {
            close(open(file_of("demo", "i.3"), O_CREAT | O_WRONLY, 0600));
            close(open(file_of("demo", "t.4"), O_CREAT | O_WRONLY, 0600));
        }
        if (moment >= 2) {
            close(open(file_of("demo", "meta"), O_CREAT | O_WRONLY, 0600));
        }
        if (moment >= 3) {
            CHECK_EQ(truncate(file_of("demo", "meta"), 10), 0);
        }
        CHECK_EQ(npi_os_exists(&name), NP_FILE_NOT_FOUND);
        if (moment != 1) { /* without a meta file there is nothing to lock */
            CHECK_EQ(look("demo"), NP_FILE_NOT_FOUND);
            CHECK_EQ(files_left(), 0);
        }
        CHECK_EQ(serve("demo", 1, &one), NP_OK);
        CHECK_EQ(try_claim("demo"), NP_OK);
        leave(&one);
        CHECK_EQ(files_left(), 0);
    }
}

static pid_t serve_for_ever(void)
{
    pid_t pid = fork();
    while (pid == 0) {
        serve("demo", 10, &one);
        serve("demo", 11, &two);
        try_claim("demo");
        npx_fd_close(meet(&one));
        leave(&one);
        leave(&two);
    }
    return pid;
}

static void servers_killed_at_any_moment_leave_nothing_behind(void)
{
    for (unsigned round = 0; round < 100; round++) {
        pid_t first = serve_for_ever(), second = serve_for_ever();
        for (unsigned i = 0; i < round; i++) {
            int code = try_claim("demo");
            CHECK(code == NP_OK || code == NP_PIPE_BUSY ||
                  code == NP_FILE_NOT_FOUND);
        }
        kill_child(first);
        kill_child(second);
        CHECK_EQ(look("demo"), NP_FILE_NOT_FOUND);
        CHECK_EQ(files_left(), 0);
        CHECK_EQ(take("demo", 1, 1, NP_FLAG_FIRST, &one), NP_OK);
        leave(&one);
    }
}

/* A child of fork() closes its copies; the parent's instance is its own. */
static void do_nothing(void)
{
}

static void a_forked_child_keeps_no_instance_alive(void)
{
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    pid_t pid = child(do_nothing);
    CHECK_EQ(look("demo"), NP_OK);
    leave(&one);
    CHECK_EQ(look("demo"), NP_FILE_NOT_FOUND);
    CHECK_EQ(files_left(), 0);
    kill_child(pid);
}

static void a_server_survives_the_removal_of_its_files(void)
{
    char command[1100];
    snprintf(command, sizeof command, "rm -rf '%s'", getenv("NAMEDPIPE_DIR"));
    CHECK_EQ(serve("demo", 33, &one), NP_OK);
    CHECK_EQ(system(command), 0);
    CHECK_EQ(look("demo"), NP_FILE_NOT_FOUND);
    npx_fd_close(one.listener);
    CHECK_EQ(npx_slot_listen(&one.slot, &one.listener), NP_OK);
    int sock;
    uint32_t in;
    CHECK_EQ(claim("demo", &sock, &in), NP_OK);
    CHECK_EQ(in, 33);
    npx_fd_close(sock);
    leave(&one);
    CHECK_EQ(files_left(), 0);
}

/* ---------------------------------------------------------------- strangers */

static void another_format_is_refused(void)
{
    uint32_t format = NPX_FORMAT + 1;
    struct npi_name name = named("demo");
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    CHECK_EQ(pwrite(one.slot.meta_fd, &format, sizeof format,
                    offsetof(struct npx_header, format)),
             sizeof format);
    CHECK_EQ(try_claim("demo"), NP_REVISION_MISMATCH);
    CHECK(strstr(np_error_detail(), "format 2") != NULL);
    CHECK_EQ(serve("demo", 1, &two), NP_REVISION_MISMATCH);
    CHECK_EQ(npi_os_exists(&name), NP_OK);
    format = NPX_FORMAT;
    CHECK_EQ(pwrite(one.slot.meta_fd, &format, sizeof format,
                    offsetof(struct npx_header, format)),
             sizeof format);
    CHECK_EQ(pwrite(one.slot.meta_fd, "x", 1, 100), 1);
    CHECK_EQ(try_claim("demo"), NP_REVISION_MISMATCH);
    CHECK_EQ(truncate(file_of("demo", "meta"), 3), 0);
    CHECK_EQ(try_claim("demo"), NP_REVISION_MISMATCH);
    leave(&one);
}

static void a_held_name_lock_is_not_waited_for_without_end(void)
{
    struct npi_name name = named("demo");
    struct npx_view view;
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    CHECK_EQ(npx_view_open(&name, &view), NP_OK);
    CHECK_EQ(npx_name_try_lock(view.meta_fd), 0);
    CHECK_EQ(npx_name_lock(one.slot.meta_fd, npi_deadline_in(20)),
             NP_SEM_TIMEOUT);
    CHECK(np_error_detail()[0] != '\0');
    /* Listening, claiming and leaving do without it. */
    CHECK_EQ(try_claim("demo"), NP_OK);
    npx_fd_close(meet(&one));
    CHECK_EQ(npx_slot_listen(&one.slot, &one.listener), NP_OK);
    leave(&one);
    CHECK_EQ(files_left(), 1);
    npx_view_close(&view);
    CHECK_EQ(look("demo"), NP_FILE_NOT_FOUND);
    CHECK_EQ(files_left(), 0);
}

/* Bound by us, listened on as somebody else: what counts is who listens. */
static void listen_as_a_stranger(void)
{
    int sock = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr address = {.sa_family = AF_UNIX};
    CHECK_EQ(chdir(file_of("demo", "")), 0);
    CHECK_EQ(unlink("i.0"), 0);
    strcpy(address.sa_data, "i.0");
    CHECK_EQ(bind(sock, &address, sizeof address), 0);
    CHECK_EQ(setuid(65534), 0);
    CHECK_EQ(listen(sock, 0), 0);
}

static void a_server_of_another_user_is_not_trusted(void)
{
    if (geteuid() != 0) {
        return; /* only root can become somebody else */
    }
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    pid_t pid = child(listen_as_a_stranger);
    CHECK_EQ(try_claim("demo"), NP_SERVER_NOT_TRUSTED);
    CHECK(strstr(np_error_detail(), "65534") != NULL);
    kill_child(pid);
    leave(&one);
}

/* ---------------------------------------------------------------- shortages */

static int serve_with_limit(int what, rlim_t soft)
{
    struct rlimit limit, old;
    getrlimit(what, &old);
    limit = old;
    limit.rlim_cur = soft;
    CHECK_EQ(setrlimit(what, &limit), 0);
    int code = serve("demo", 1, &one);
    if (code != NP_OK) {
        CHECK(np_error_detail()[0] != '\0');
        leave(&one);
    }
    CHECK_EQ(setrlimit(what, &old), 0);
    return code;
}

static void a_shortage_of_descriptors_leaks_nothing(void)
{
    unsigned fds = open_fds(), limit = 0;
    while (serve_with_limit(RLIMIT_NOFILE, limit) == NP_NO_SYSTEM_RESOURCES) {
        CHECK_EQ(open_fds(), fds);
        CHECK(look("demo") == NP_FILE_NOT_FOUND);
        CHECK_EQ(files_left(), 0);
        limit++;
    }
    CHECK(limit > 3);
    CHECK_EQ(try_claim("demo"), NP_OK);
    leave(&one);
    CHECK_EQ(files_left(), 0);
}

static void a_limit_of_file_sizes_kills_nobody(void)
{
    CHECK_EQ(serve_with_limit(RLIMIT_FSIZE, 100), NP_NO_SYSTEM_RESOURCES);
    CHECK_EQ(serve_with_limit(RLIMIT_FSIZE, 1024), NP_NO_SYSTEM_RESOURCES);
    CHECK_EQ(files_left(), 0);
}

int main(void)
{
    alarm(50);
    check_dir();
    unsigned fds = open_fds();
    RUN(a_client_removes_what_a_killed_server_left);
    RUN(a_server_replaces_what_a_killed_server_left);
    RUN(a_killed_instance_is_skipped_and_replaced);
    RUN(a_claim_does_not_reach_into_the_next_life);
    RUN(remains_of_every_moment_are_collected);
    RUN(servers_killed_at_any_moment_leave_nothing_behind);
    RUN(a_forked_child_keeps_no_instance_alive);
    RUN(a_server_survives_the_removal_of_its_files);
    RUN(another_format_is_refused);
    RUN(a_held_name_lock_is_not_waited_for_without_end);
    RUN(a_server_of_another_user_is_not_trusted);
    RUN(a_shortage_of_descriptors_leaks_nothing);
    RUN(a_limit_of_file_sizes_kills_nobody);
    CHECK_EQ(open_fds(), fds);
    return check_done();
}
