/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Waiting for something to change about a name. */

#define _GNU_SOURCE 1 /* gettid */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "registry.h"

static struct instance one, two;

/* -------------------------------------------------------- threads that wait */

struct sleeper {
    struct npi_name name;
    enum npi_wait_for what;
    const struct npi_changes *changes;
    pthread_t thread;
    atomic_int tid;
    int code;
};

static void *sleep_on(void *arg)
{
    struct sleeper *s = arg;
    atomic_store(&s->tid, (int)syscall(SYS_gettid));
    s->code = npi_os_wait(&s->name, s->what, s->changes, NPI_FOREVER);
    return NULL;
}

/* Whether a thread is in a call that waits. */
static bool is_asleep(int tid)
{
    char path[64];
    long number = -1;
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
    FILE *file = fopen(path, "re");
    if (file) {
        if (fscanf(file, "%ld", &number) != 1) {
            number = -1;
        }
        fclose(file);
    }
    return number == SYS_ppoll;
}

static void sleeper_start(struct sleeper *s, const char *text,
                          enum npi_wait_for what,
                          const struct npi_changes *changes)
{
    *s = (struct sleeper){
        .name = named(text), .what = what, .changes = changes};
    CHECK_EQ(pthread_create(&s->thread, NULL, sleep_on, s), 0);
    while (atomic_load(&s->tid) == 0 || !is_asleep(atomic_load(&s->tid))) {
        sched_yield();
    }
}

static int sleeper_end(struct sleeper *s)
{
    pthread_join(s->thread, NULL);
    return s->code;
}

static int wait_ms(const char *text, enum npi_wait_for what, uint32_t ms)
{
    struct npi_name name = named(text);
    return npi_os_wait(&name, what, NULL, npi_deadline_in(ms));
}

static void occupy(struct instance *instance)
{
    CHECK_EQ(try_claim("demo"), NP_OK);
    npx_fd_close(meet(instance));
}

/* ------------------------------------------------------ without any waiting */

/* WT1, WT2 */
static void what_is_there_is_not_waited_for(void)
{
    CHECK_EQ(wait_ms("demo", NPI_WAIT_LISTENING, NP_INFINITE),
             NP_FILE_NOT_FOUND);
    CHECK_EQ(wait_ms("demo", NPI_WAIT_ROOM, NP_INFINITE), NP_OK);
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    CHECK_EQ(wait_ms("demo", NPI_WAIT_LISTENING, NP_INFINITE), NP_OK);
    CHECK_EQ(wait_ms("Demo", NPI_WAIT_SERVER, NP_INFINITE), NP_OK);
    CHECK_EQ(wait_ms("demo", NPI_WAIT_ROOM, NP_INFINITE), NP_OK);
    CHECK_EQ(wait_ms("demo", NPI_WAIT_LISTENING, 0), NP_OK);
    CHECK_EQ(try_claim("demo"), NP_OK); /* nothing was consumed */
    leave(&one);
}

/* WT2 */
static void a_wait_ends_at_its_deadline(void)
{
    CHECK_EQ(take("demo", 1, 1, 0, &one), NP_OK);
    CHECK_EQ(wait_ms("demo", NPI_WAIT_LISTENING, 0), NP_SEM_TIMEOUT);
    CHECK_EQ(wait_ms("demo", NPI_WAIT_LISTENING, 20), NP_SEM_TIMEOUT);
    CHECK_EQ(wait_ms("demo", NPI_WAIT_ROOM, 0), NP_SEM_TIMEOUT);
    CHECK_EQ(wait_ms("demo", NPI_WAIT_ROOM, 20), NP_SEM_TIMEOUT);
    CHECK_EQ(wait_ms("other", NPI_WAIT_SERVER, 0), NP_SEM_TIMEOUT);
    CHECK_EQ(wait_ms("other", NPI_WAIT_SERVER, 20), NP_SEM_TIMEOUT);
    leave(&one);
}

/* -------------------------------------------------------------- being woken */

/* WT3 */
static void all_waiters_learn_of_a_listener(void)
{
    struct sleeper sleepers[8];
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    for (int round = 0; round < 3; round++) {
        occupy(&one);
        for (int i = 0; i < 8; i++) {
            sleeper_start(&sleepers[i], "demo", NPI_WAIT_LISTENING, NULL);
        }
        CHECK_EQ(npx_slot_listen(&one.slot, &one.listener), NP_OK);
        for (int i = 0; i < 8; i++) {
            CHECK_EQ(sleeper_end(&sleepers[i]), NP_OK);
        }
    }
    leave(&one);
}

/* WT2: all instances gone while waiting */
static void a_wait_ends_with_the_pipe(void)
{
    struct sleeper sleeper;
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    CHECK_EQ(serve("demo", 2, &two), NP_OK);
    occupy(&one);
    occupy(&two);
    sleeper_start(&sleeper, "demo", NPI_WAIT_LISTENING, NULL);
    leave(&one);
    leave(&two);
    CHECK_EQ(sleeper_end(&sleeper), NP_FILE_NOT_FOUND);
}

static void serve_busy(void)
{
    CHECK_EQ(take("demo", 1, 1, 0, &one), NP_OK);
}

/* Its locks are dropped a moment after the event. */
static void a_wait_ends_with_a_killed_server(void)
{
    struct sleeper sleeper, room;
    for (int round = 0; round < 5; round++) {
        pid_t pid = child(serve_busy);
        sleeper_start(&sleeper, "demo", NPI_WAIT_LISTENING, NULL);
        sleeper_start(&room, "demo", NPI_WAIT_ROOM, NULL);
        kill_child(pid);
        CHECK_EQ(sleeper_end(&sleeper), NP_FILE_NOT_FOUND);
        CHECK_EQ(sleeper_end(&room), NP_OK);
    }
    CHECK_EQ(look("demo"), NP_FILE_NOT_FOUND);
}

static void a_server_can_be_waited_for_from_nothing(void)
{
    struct sleeper sleeper;
    const char *base = getenv("NAMEDPIPE_DIR");
    CHECK_EQ(rmdir(base), 0);
    sleeper_start(&sleeper, "demo", NPI_WAIT_SERVER, NULL);
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    CHECK_EQ(sleeper_end(&sleeper), NP_OK);
    /* With other names around. */
    sleeper_start(&sleeper, "other", NPI_WAIT_SERVER, NULL);
    CHECK_EQ(serve("third", 1, &two), NP_OK);
    leave(&two);
    CHECK_EQ(serve("other", 1, &two), NP_OK);
    CHECK_EQ(sleeper_end(&sleeper), NP_OK);
    leave(&one);
    leave(&two);
}

static void a_server_can_be_waited_for_over_remains(void)
{
    struct sleeper sleeper;
    kill_child(child(serve_busy));
    CHECK_EQ(files_left(), 1);
    sleeper_start(&sleeper, "demo", NPI_WAIT_SERVER, NULL);
    CHECK_EQ(files_left(), 1); /* waiting collects nothing */
    CHECK_EQ(look("demo"), NP_FILE_NOT_FOUND);
    CHECK_EQ(files_left(), 0); /* opening does */
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    CHECK_EQ(sleeper_end(&sleeper), NP_OK);
    leave(&one);
}

/* A wait for the server goes on from one life of the pipe to the next. */
static void a_server_can_be_waited_for_across_restarts(void)
{
    struct sleeper sleeper;
    CHECK_EQ(take("demo", 1, 9, 0, &one), NP_OK);
    sleeper_start(&sleeper, "demo", NPI_WAIT_SERVER, NULL);
    leave(&one);
    CHECK_EQ(take("demo", 1, 9, 0, &one), NP_OK);
    leave(&one);
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    CHECK_EQ(sleeper_end(&sleeper), NP_OK);
    leave(&one);
}

static void room_is_there_when_one_of_several_goes(void)
{
    struct sleeper sleeper;
    CHECK_EQ(take("demo", 1, 2, 0, &one), NP_OK);
    CHECK_EQ(take("demo", 2, 2, 0, &two), NP_OK);
    sleeper_start(&sleeper, "demo", NPI_WAIT_ROOM, NULL);
    leave(&one);
    CHECK_EQ(sleeper_end(&sleeper), NP_OK);
    leave(&two);
}

static void a_wait_ends_when_its_counter_moves(void)
{
    struct sleeper first, second;
    atomic_uint counter = 7;
    struct npi_changes changes = {&counter, 7};
    CHECK_EQ(take("demo", 1, 1, 0, &one), NP_OK);
    sleeper_start(&first, "demo", NPI_WAIT_ROOM, &changes);
    sleeper_start(&second, "demo", NPI_WAIT_ROOM, &changes);
    npi_os_kick();
    atomic_fetch_add(&counter, 1);
    npi_os_kick();
    CHECK_EQ(sleeper_end(&first), NP_OK);
    CHECK_EQ(sleeper_end(&second), NP_OK);
    CHECK_EQ(npi_os_wait(&first.name, NPI_WAIT_ROOM, &changes, NPI_FOREVER),
             NP_OK); /* it has moved already */
    leave(&one);
}

/* ----------------------------------------------------- interrupts and forks */

static int refuse(void *arg)
{
    ++*(int *)arg;
    return 1;
}

static void the_interrupt_function_ends_a_wait(void)
{
    int asked = 0;
    CHECK_EQ(take("demo", 1, 1, 0, &one), NP_OK);
    np_set_interrupt(refuse, &asked);
    CHECK_EQ(wait_ms("demo", NPI_WAIT_LISTENING, NP_INFINITE), NP_INTERRUPTED);
    CHECK(asked > 0);
    np_set_interrupt(NULL, NULL);
    leave(&one);
}

static void wait_in_the_child(void)
{
    struct sleeper sleeper;
    CHECK_EQ(take("inner", 1, 1, 0, &two), NP_OK);
    sleeper_start(&sleeper, "inner", NPI_WAIT_LISTENING, NULL);
    CHECK_EQ(npx_slot_listen(&two.slot, &two.listener), NP_OK);
    CHECK_EQ(sleeper_end(&sleeper), NP_OK);
    leave(&two);
}

static void a_forked_child_waits_for_itself(void)
{
    struct sleeper sleeper;
    CHECK_EQ(take("demo", 1, 1, 0, &one), NP_OK);
    sleeper_start(&sleeper, "demo", NPI_WAIT_LISTENING, NULL);
    kill_child(child(wait_in_the_child));
    CHECK_EQ(npx_slot_listen(&one.slot, &one.listener), NP_OK);
    CHECK_EQ(sleeper_end(&sleeper), NP_OK);
    leave(&one);
}

/* All of this user's inotify instances are taken: looking again and again is
 * what is left. */
static void wait_without_inotify(void)
{
    int fd, taken = 0;
    while ((fd = inotify_init1(IN_CLOEXEC)) >= 0) {
        taken++;
    }
    CHECK_EQ(errno, EMFILE);
    CHECK(taken > 0);
    wait_in_the_child();
    CHECK_EQ(wait_ms("other", NPI_WAIT_SERVER, 20), NP_SEM_TIMEOUT);
}

static void waiting_does_without_inotify(void)
{
    kill_child(child(wait_without_inotify));
}

int main(void)
{
    alarm(50);
    check_dir();
    RUN(what_is_there_is_not_waited_for);
    RUN(a_wait_ends_at_its_deadline);
    RUN(all_waiters_learn_of_a_listener);
    RUN(a_wait_ends_with_the_pipe);
    RUN(a_wait_ends_with_a_killed_server);
    RUN(a_server_can_be_waited_for_from_nothing);
    RUN(a_server_can_be_waited_for_over_remains);
    RUN(a_server_can_be_waited_for_across_restarts);
    RUN(room_is_there_when_one_of_several_goes);
    RUN(a_wait_ends_when_its_counter_moves);
    RUN(the_interrupt_function_ends_a_wait);
    RUN(a_forked_child_waits_for_itself);
    RUN(waiting_does_without_inotify);
    CHECK_EQ(files_left(), 0);
    return check_done();
}
