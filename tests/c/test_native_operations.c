/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Whatever ends a call on Windows, no operation that it has started is left
 * behind: the kernel would write into memory that is somebody else's by then.
 * Nor does any way to fail leave a handle open. */

#include "seam.h"

#include "check.h"
#include "np_internal.h"

#define NAME "test-operations"
#define SOON 10000

/* A connected pair of messages, of which no byte fits. */
struct ends {
    np_pipe *server, *client;
};

static struct ends connect_ends(void)
{
    struct ends ends = {NULL, NULL};
    np_server_opts server = NP_SERVER_OPTS_INIT;
    np_client_opts client = NP_CLIENT_OPTS_INIT;
    server.mode = client.read_mode = NP_MESSAGE;
    server.in_quota = server.out_quota = 0;
    CHECK_EQ(np_create(NAME, &server, &ends.server), NP_OK);
    CHECK_EQ(np_open(NAME, &client, &ends.client), NP_OK);
    return ends;
}

static void close_ends(struct ends *ends)
{
    np_close(ends->client);
    np_close(ends->server);
}

/* Not what the system counts, as Wine does not. */
static int handles(void)
{
    return atomic_load(&seam_handles);
}

/* ---------------------------------------------------------- calls that wait */

typedef int waiting(np_pipe *pipe, uint32_t ms);

static int wait_to_read(np_pipe *pipe, uint32_t ms)
{
    char byte;
    size_t got;
    return np_read(pipe, &byte, 1, &got, ms);
}

static int wait_to_receive(np_pipe *pipe, uint32_t ms)
{
    char byte;
    size_t got;
    return np_recv(pipe, &byte, 1, &got, ms);
}

static int wait_to_write(np_pipe *pipe, uint32_t ms)
{
    size_t put;
    return np_write(pipe, "x", 1, &put, ms);
}

static int wait_for_reply(np_pipe *pipe, uint32_t ms)
{
    char byte;
    size_t got;
    return np_transact(pipe, "?", 1, &byte, 1, &got, ms);
}

static int wait_for_one(np_pipe *pipe, uint32_t ms)
{
    np_select_item item = {.pipe = pipe};
    return np_select(&item, 1, NULL, ms);
}

static const struct {
    waiting *wait;
    int closed;  /* by another thread */
    int left;    /* when the other end closes */
    int dropped; /* when it disconnects */
} calls[] = {
    {wait_to_read, NP_OPERATION_ABORTED, NP_BROKEN_PIPE, NP_PIPE_NOT_CONNECTED},
    {wait_to_receive, NP_OPERATION_ABORTED, NP_BROKEN_PIPE,
     NP_PIPE_NOT_CONNECTED},
    {wait_to_write, NP_OPERATION_ABORTED, NP_BROKEN_PIPE,
     NP_PIPE_NOT_CONNECTED},
    {wait_for_reply, NP_OPERATION_ABORTED, NP_BROKEN_PIPE,
     NP_PIPE_NOT_CONNECTED},
    {wait_for_one, NP_OK, NP_OK, NP_OK},
};

#define CALLS (sizeof calls / sizeof *calls)

/* One of them, blocked in a thread of its own. */
struct blocked {
    HANDLE thread;
    waiting *wait;
    np_pipe *pipe;
    np_thread *self;
    int code;
};

static DWORD WINAPI run_blocked(void *arg)
{
    struct blocked *blocked = arg;
    CHECK_EQ(np_thread_self(&blocked->self), NP_OK);
    blocked->code = blocked->wait(blocked->pipe, SOON);
    return 0;
}

/* Returns when its operation is in the kernel. */
static void begin(struct blocked *blocked, waiting *wait, np_pipe *pipe)
{
    CHECK_EQ(atomic_load(&seam_pending), 0);
    *blocked = (struct blocked){.wait = wait, .pipe = pipe};
    blocked->thread = CreateThread(NULL, 0, run_blocked, blocked, 0, NULL);
    CHECK(blocked->thread);
    while (atomic_load(&seam_pending) == 0) {
        SwitchToThread();
    }
}

static void end(struct blocked *blocked, int code)
{
    CHECK_EQ(WaitForSingleObject(blocked->thread, 2 * SOON), WAIT_OBJECT_0);
    CloseHandle(blocked->thread);
    CHECK_EQ(blocked->code, code);
    CHECK_EQ(atomic_load(&seam_pending), 0);
}

/* ------------------------------------------------------------- what ends it */

static void a_deadline_leaves_nothing(void)
{
    for (size_t i = 0; i < CALLS; i++) {
        struct ends ends = connect_ends();
        CHECK_EQ(calls[i].wait(ends.client, 0), NP_TIMEOUT);
        CHECK_EQ(atomic_load(&seam_pending), 0);
        CHECK_EQ(calls[i].wait(ends.client, 1), NP_TIMEOUT);
        CHECK_EQ(atomic_load(&seam_pending), 0);
        close_ends(&ends);
    }
}

static void a_cancel_leaves_nothing(void)
{
    for (size_t i = 0; i < CALLS; i++) {
        struct blocked blocked;
        struct ends ends = connect_ends();
        begin(&blocked, calls[i].wait, ends.client);
        while (np_cancel(ends.client) == NP_NOT_FOUND) {
            SwitchToThread(); /* begun, and not asleep yet */
        }
        end(&blocked, NP_OPERATION_ABORTED);
        close_ends(&ends);
    }
}

static void a_threads_cancel_leaves_nothing(void)
{
    for (size_t i = 0; i < CALLS; i++) {
        struct blocked blocked;
        struct ends ends = connect_ends();
        begin(&blocked, calls[i].wait, ends.client);
        np_thread_cancel(blocked.self);
        end(&blocked, NP_OPERATION_ABORTED);
        close_ends(&ends);
    }
}

static void a_close_leaves_nothing(void)
{
    for (size_t i = 0; i < CALLS; i++) {
        struct blocked blocked;
        struct ends ends = connect_ends();
        begin(&blocked, calls[i].wait, ends.client);
        np_close(ends.client);
        end(&blocked, calls[i].closed);
        np_close(ends.server);
    }
}

static void the_other_ends_close_leaves_nothing(void)
{
    for (size_t i = 0; i < CALLS; i++) {
        struct blocked blocked;
        struct ends ends = connect_ends();
        begin(&blocked, calls[i].wait, ends.client);
        np_close(ends.server);
        end(&blocked, calls[i].left);
        np_close(ends.client);
    }
}

static void a_disconnect_leaves_nothing(void)
{
    for (size_t i = 0; i < CALLS; i++) {
        struct blocked blocked;
        struct ends ends = connect_ends();
        begin(&blocked, calls[i].wait, ends.client);
        CHECK_EQ(np_disconnect(ends.server), NP_OK);
        end(&blocked, calls[i].dropped);
        close_ends(&ends);
    }
}

static int wait_for_client(np_pipe *pipe, uint32_t ms)
{
    return np_accept(pipe, ms);
}

static void an_accept_leaves_nothing(void)
{
    struct blocked blocked;
    np_pipe *pipe;
    CHECK_EQ(np_create(NAME, NULL, &pipe), NP_OK);
    CHECK_EQ(np_accept(pipe, 0), NP_TIMEOUT);
    CHECK_EQ(wait_for_one(pipe, 0), NP_TIMEOUT);
    CHECK_EQ(atomic_load(&seam_pending), 0);
    begin(&blocked, wait_for_one, pipe);
    np_thread_cancel(blocked.self);
    end(&blocked, NP_OPERATION_ABORTED);
    begin(&blocked, wait_for_client, pipe);
    np_close(pipe);
    end(&blocked, NP_OPERATION_ABORTED);
}

/* Asked before the sleep, when the operation is in the kernel already. */
static int say_stop(void *asked)
{
    CHECK_EQ(atomic_load(&seam_pending), 1);
    *(bool *)asked = true;
    return 1;
}

static void an_interrupt_leaves_nothing(void)
{
    for (size_t i = 0; i < CALLS; i++) {
        bool asked = false;
        struct ends ends = connect_ends();
        np_set_interrupt(say_stop, &asked);
        CHECK_EQ(calls[i].wait(ends.client, SOON), NP_INTERRUPTED);
        np_set_interrupt(NULL, NULL);
        CHECK(asked);
        CHECK_EQ(atomic_load(&seam_pending), 0);
        close_ends(&ends);
    }
}

/* The thread that selects is the one that reads: it has to push its own probe
 * aside. */
static int read_inside(void *pipe)
{
    CHECK_EQ(atomic_load(&seam_pending), 1);
    CHECK_EQ(wait_to_receive(pipe, 0), NP_TIMEOUT);
    CHECK_EQ(atomic_load(&seam_pending), 0);
    return 1;
}

static void a_select_makes_way_for_its_own_thread(void)
{
    struct ends ends = connect_ends();
    np_set_interrupt(read_inside, ends.client);
    CHECK_EQ(wait_for_one(ends.client, SOON), NP_INTERRUPTED);
    np_set_interrupt(NULL, NULL);
    close_ends(&ends);
}

/* --------------------------------------------------------- the system fails */

/* There must be no events yet that could be used again. */
static void no_events(void)
{
    static const char *const kinds[] = {"CreateEventW manual",
                                        "CreateEventW auto"};
    np_pipe *pipe;
    CHECK_EQ(np_create(NAME, NULL, &pipe), NP_OK);
    int before = handles();
    for (size_t i = 0; i < 2; i++) {
        seam_fail(kinds[i], ERROR_NO_SYSTEM_RESOURCES);
        CHECK_EQ(np_accept(pipe, 0), NP_NO_SYSTEM_RESOURCES);
        CHECK(!seam_failing);
        CHECK_EQ(handles(), before);
    }
    np_close(pipe);
}

static void no_wait(void)
{
    for (size_t i = 0; i < CALLS; i++) {
        struct ends ends = connect_ends();
        int before = handles();
        seam_fail("WaitForMultipleObjects", ERROR_NOT_ENOUGH_MEMORY);
        CHECK_EQ(calls[i].wait(ends.client, SOON), NP_NO_SYSTEM_RESOURCES);
        CHECK(!seam_failing);
        CHECK_EQ(atomic_load(&seam_pending), 0);
        CHECK_EQ(handles(), before);
        close_ends(&ends);
    }
}

static void no_thread_for_a_flush(void)
{
    struct ends ends = connect_ends();
    int before = handles();
    seam_fail("CreateThread", ERROR_NOT_ENOUGH_MEMORY);
    CHECK_EQ(np_flush(ends.client, SOON), NP_NO_SYSTEM_RESOURCES);
    seam_fail("WaitForMultipleObjects", ERROR_NOT_ENOUGH_MEMORY);
    CHECK_EQ(np_flush(ends.client, SOON) & ~NP_NO_SYSTEM_RESOURCES, 0);
    CHECK(!seam_failing);
    CHECK_EQ(handles(), before);
    close_ends(&ends);
}

static void no_open(const char *function, int code)
{
    np_pipe *server, *client;
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    np_server_opts messages = NP_SERVER_OPTS_INIT;
    messages.mode = NP_MESSAGE;
    opts.access = NP_READ;
    CHECK_EQ(np_create(NAME, &messages, &server), NP_OK);
    int before = handles();
    seam_fail(function, ERROR_NOT_ENOUGH_MEMORY);
    CHECK_EQ(np_connect(NAME, &opts, &client, SOON), code);
    CHECK(!seam_failing);
    CHECK_EQ(handles(), before);
    np_close(server);
}

static void an_open_that_fails_closes_what_it_made(void)
{
    no_open("GetSecurityInfo", NP_SERVER_NOT_TRUSTED);
    no_open("SetNamedPipeHandleState", NP_NOT_ENOUGH_MEMORY);
    no_open("DuplicateHandle", NP_NOT_ENOUGH_MEMORY);
}

static void no_instance(void)
{
    np_server *server;
    int before = handles();
    seam_fail("CreateNamedPipeW", ERROR_NO_SYSTEM_RESOURCES);
    CHECK_EQ(np_listen(NAME, NULL, &server), NP_NO_SYSTEM_RESOURCES);
    CHECK(!seam_failing);
    CHECK_EQ(handles(), before);
}

static void all_handles_are_closed(void)
{
    np_peer peer;
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    opts.access = NP_READ;
    opts.read_mode = NP_MESSAGE; /* which takes a right it does not keep */
    int before = handles();
    struct ends ends = connect_ends();
    CHECK_EQ(np_flush(ends.client, SOON), NP_OK);
    CHECK_EQ(wait_to_write(ends.client, 0), NP_TIMEOUT);
    CHECK_EQ(np_get_peer(ends.client, &peer), NP_OK);
    np_close(ends.client);
    CHECK_EQ(np_disconnect(ends.server), NP_OK);
    CHECK_EQ(np_accept(ends.server, 0), NP_TIMEOUT);
    CHECK_EQ(np_open(NAME, &opts, &ends.client), NP_OK);
    close_ends(&ends);
    CHECK_EQ(handles(), before);
}

/* --------------------------------------------------- no more than it takes */

static void check_calls(const char *const *names)
{
    unsigned n = 0;
    for (; names[n]; n++) {
        CHECK(n < atomic_load(&seam_count) &&
              strcmp(seam_calls[n].name, names[n]) == 0);
    }
    CHECK_EQ(atomic_load(&seam_count), n);
}

static void a_write_that_fits_is_two_calls(np_pipe *pipe)
{
    size_t put;
    seam_reset();
    CHECK_EQ(np_write(pipe, "five!", 5, &put, SOON), NP_OK);
    check_calls(
        (const char *const[]){"WriteFile", "GetOverlappedResult", NULL});
}

static void a_read_of_what_is_there_is_two_calls(np_pipe *pipe, bool whole)
{
    char buffer[10];
    size_t got;
    seam_reset();
    CHECK_EQ(whole ? np_recv(pipe, buffer, sizeof buffer, &got, SOON)
                   : np_read(pipe, buffer, sizeof buffer, &got, SOON),
             NP_OK);
    CHECK_EQ(got, 5);
    check_calls((const char *const[]){"ReadFile", "GetOverlappedResult", NULL});
}

static void a_read_that_waits_is_three_calls(struct ends *ends)
{
    struct blocked blocked;
    seam_reset();
    begin(&blocked, wait_to_read, ends->client);
    while (!seam_find("WaitForMultipleObjects", 0)) {
        SwitchToThread();
    }
    CHECK_EQ(wait_to_write(ends->server, SOON), NP_OK);
    end(&blocked, NP_OK);
    CHECK_EQ(seam_times("ReadFile"), 1);
    CHECK_EQ(seam_times("WaitForMultipleObjects"), 1);
    CHECK_EQ(seam_times("GetOverlappedResult"), 2); /* one of the write */
    CHECK_EQ(seam_times("CreateEventW"), 0);
    CHECK_EQ(seam_times("CancelIoEx"), 0);
    CHECK_EQ(seam_times("PeekNamedPipe"), 0);
}

static void a_message_costs_what_the_kernel_costs(void)
{
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    struct ends ends = {NULL, NULL};
    opts.mode = NP_MESSAGE;
    CHECK_EQ(np_create(NAME, &opts, &ends.server), NP_OK);
    CHECK_EQ(np_connect(NAME, NULL, &ends.client, SOON), NP_OK);
    for (int i = 0; i < 2; i++) {
        a_write_that_fits_is_two_calls(ends.server);
        a_read_of_what_is_there_is_two_calls(ends.client, i);
    }
    a_read_that_waits_is_three_calls(&ends);
    close_ends(&ends);
}

int main(void)
{
    RUN(no_events);
    RUN(a_deadline_leaves_nothing);
    RUN(a_cancel_leaves_nothing);
    RUN(a_threads_cancel_leaves_nothing);
    RUN(a_close_leaves_nothing);
    RUN(the_other_ends_close_leaves_nothing);
    RUN(a_disconnect_leaves_nothing);
    RUN(an_accept_leaves_nothing);
    RUN(an_interrupt_leaves_nothing);
    RUN(a_select_makes_way_for_its_own_thread);
    RUN(no_wait);
    RUN(no_thread_for_a_flush);
    RUN(an_open_that_fails_closes_what_it_made);
    RUN(no_instance);
    RUN(all_handles_are_closed);
    RUN(a_message_costs_what_the_kernel_costs);
    return check_done();
}
