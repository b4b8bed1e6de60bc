/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* kill -9 at each place that was thought dangerous when it was written. */

#include "crash.h"

#ifdef NPI_FAULTS

static const char *const points[] = {
    "slot-dir",
    "slot-header",
    "slot-locked",
    "listen-bound",
    "listen-published",
    "listen-turn",
    "release-removed",
    "release-unlocked",
    "collect-swept",
    "collect-unlinked",
    "claim-connected",
    "before-hello",
    "after-hello",
    "after-shutdown",
    "after-accept",
    "close-before-shutdown",
    "disconnect-before-shutdown",
};

static const struct {
    const char *name;
    void (*live)(unsigned lives);
    bool server;
} roles[] = {
    {"server", crash_live_as_server, true},
    {"listener", crash_live_as_listener, true},
    {"client", crash_live_as_client, false},
};

/* Whether the victim died of the point. */
static bool was_killed(pid_t victim)
{
    int status = 0;
    CHECK_EQ(waitpid(victim, &status, 0), victim);
    CHECK(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL
                              : WEXITSTATUS(status) == 7);
    return WIFSIGNALED(status);
}

static bool play(const char *point, unsigned pass, unsigned role)
{
    char setting[64];
    np_pipe *pipe = NULL;
    np_server_opts opts = crash_opts();
    if (!roles[role].server) {
        pair_must(np_create("victim", &opts, &pipe), "create");
    }
    snprintf(setting, sizeof setting, "%s:%u", point, pass);
    pid_t victim = fork();
    if (victim == 0) {
        setenv("NPI_KILL_AT", setting, 1);
        alarm(20);
        roles[role].live(2);
        _exit(7);
    }
    if (roles[role].server) {
        crash_outlive_server(victim);
    } else {
        crash_outlive_client(victim, pipe);
    }
    bool killed = was_killed(victim);
    np_close(pipe);
    crash_check_leavings(2);
    return killed;
}

static void every_point_may_be_the_last(void)
{
    unsigned kills = 0, passes = witness_scaled(3);
    unsigned before = witness_fds();
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        bool reached = false;
        for (unsigned k = 0; k < passes * 3 && check_failures == 0; k++) {
            bool killed = play(points[i], k / 3 + 1, k % 3);
            reached |= killed;
            kills += killed;
            witness_same_fds(before);
        }
        if (!reached || check_failures) {
            fprintf(stderr, "point %s\n", points[i]);
        }
        CHECK(reached);
    }
    printf("# %u killed at %zu points\n", kills,
           sizeof points / sizeof *points);
}

/* What stays open from the first waits on. */
static void warm_up(void)
{
    struct pair pair = pair_open("warm", NP_BYTE, 1);
    size_t got;
    CHECK_EQ(np_wait("warm", 1), NP_SEM_TIMEOUT);
    CHECK_EQ(np_read(pair.client, &(char){0}, 1, &got, 1), NP_TIMEOUT);
    pair_close(&pair);
}

int main(void)
{
    check_dir();
    witness_alarm(60);
    warm_up();
    RUN(every_point_may_be_the_last);
    return check_done();
}

#else

int main(void)
{
    printf("# skipped: this build has no fault points\n");
    return 0;
}

#endif
