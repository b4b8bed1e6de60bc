/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Pending operations and their threads at the limits of a process. */

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "win32_op.h"
#include "witness.h"

/* From now on no descriptor can be had. */
static struct rlimit use_up_descriptors(void)
{
    struct rlimit before, now;
    getrlimit(RLIMIT_NOFILE, &before);
    now = before;
    int lowest_free = dup(0);
    close(lowest_free);
    now.rlim_cur = (rlim_t)lowest_free;
    setrlimit(RLIMIT_NOFILE, &now);
    return before;
}

/* The first to be pending: its worker has no descriptor yet to wait with. */
static void what_cannot_wait_fails_at_once(void)
{
    struct op op;
    struct ends ends = ends_open(BYTES, 100, FILE_FLAG_OVERLAPPED);
    op_init(&op);
    struct rlimit before = use_up_descriptors();
    CHECK_FAILS(ReadFile(ends.server, op.buffer, 9, NULL, &op.overlapped),
                ERROR_NO_SYSTEM_RESOURCES);
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK(!is_set(&op));
    op_free(&op);
    begin_read(ends.server, &op, 9);
    put(ends.client, "abc");
    ends_with(ends.server, &op, 0, 3);
    ends_close(ends);
}

static void read_with_a_worker(void)
{
    struct op op;
    struct ends ends = ends_open(BYTES, 100, FILE_FLAG_OVERLAPPED);
    begin_read(ends.server, &op, 9);
    put(ends.client, "abc");
    ends_with(ends.server, &op, 0, 3);
    ends_close(ends);
}

static int exit_status_of(pid_t child)
{
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

/* The thread sanitizer does not support threads in such a child. */
static void a_child_makes_workers_of_its_own(void)
{
    struct op op;
    read_with_a_worker();
    struct ends ends = ends_open(BYTES, 100, FILE_FLAG_OVERLAPPED);
    begin_read(ends.client, &op, 9);
    pid_t child = fork();
    if (child == 0) {
        check_failures = 0;
#ifndef __SANITIZE_THREAD__
        HANDLE server = CreateNamedPipeA(
            NAME "2", PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, 0, 1, 1, 1, 0,
            NULL);
        struct op own;
        op_init(&own);
        CHECK_FAILS(ConnectNamedPipe(server, &own.overlapped),
                    ERROR_IO_PENDING);
        CHECK(CloseHandle(server));
        ends_with(server, &own, ERROR_BROKEN_PIPE, 0);
#endif
        CHECK(!HasOverlappedIoCompleted(&op.overlapped));
        _exit(check_done());
    }
    CHECK_EQ(exit_status_of(child), 0);
    put(ends.server, "abc");
    ends_with(ends.client, &op, 0, 3);
    ends_close(ends);
}

/* What is kept for the next operation is kept once for each worker; there may
 * be a second and a third one, if the one before is still on its way home. */
static void pending_operations_leave_no_descriptors(void)
{
    read_with_a_worker();
    unsigned before = witness_fds();
    for (int i = 0; i < 100; i++) {
        read_with_a_worker();
    }
    CHECK(witness_fds() <= before + 2);
}

/* The last test: exit must not wait for what nobody will complete. */
static void a_program_may_end_with_operations_pending(void)
{
    static struct op read, write;
    struct ends ends = ends_open(BYTES, 0, FILE_FLAG_OVERLAPPED);
    begin_read(ends.server, &read, 9);
    begin_write(ends.server, &write, "never read");
}

int main(void)
{
    witness_alarm(60);
    check_dir();
    RUN(what_cannot_wait_fails_at_once);
    RUN(a_child_makes_workers_of_its_own);
    RUN(pending_operations_leave_no_descriptors);
    RUN(a_program_may_end_with_operations_pending);
    return check_done();
}
