/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The Linux registry: slots, listening, claims, names. */

#include <sys/stat.h>

#include "linux/npx_meta.h"
#include "registry.h"

static struct instance one, two, three;

/* -------------------------------------------------------------------- files */

static void files_are_for_their_owner_alone(void)
{
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    CHECK_EQ(mode_of(file_of("demo", "")), 0700);
    CHECK_EQ(mode_of(file_of("demo", "meta")), 01600);
    CHECK_EQ(mode_of(file_of("demo", "i.0")), 01600);
    leave(&one);
}

static void the_umask_does_not_matter(void)
{
    mode_t old = umask(0777);
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    CHECK_EQ(mode_of(file_of("demo", "")), 0700);
    CHECK_EQ(mode_of(file_of("demo", "meta")), 01600);
    CHECK_EQ(mode_of(file_of("demo", "i.0")), 01600);
    umask(0);
    CHECK_EQ(serve("demo", 1, &two), NP_OK);
    CHECK_EQ(mode_of(file_of("demo", "i.1")), 01600);
    umask(old);
    CHECK_EQ(try_claim("demo"), NP_OK);
    leave(&one);
    leave(&two);
}

static void the_last_release_leaves_nothing(void)
{
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    CHECK_EQ(serve("demo", 2, &two), NP_OK);
    leave(&one);
    CHECK_EQ(files_left(), 1);
    CHECK_EQ(try_claim("demo"), NP_OK);
    leave(&two);
    CHECK_EQ(files_left(), 0);
    CHECK_EQ(look("demo"), NP_FILE_NOT_FOUND);
    leave(&two); /* harmless */
}

/* ------------------------------------------------------------ taking a slot */

/* C4: max before first before direction */
static void the_checks_of_a_further_instance_have_their_order(void)
{
    struct npi_name name = named("demo");
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    CHECK_EQ(take("demo", 1, 2, NP_FLAG_FIRST, &one), NP_OK);
    CHECK_EQ(take("Demo", 1, 2, NP_FLAG_FIRST, &two), NP_ACCESS_DENIED);
    CHECK_EQ(two.slot.meta_fd, -1);
    opts.access = NP_INBOUND;
    CHECK_EQ(npx_slot_take(&name, &opts, &two.slot, &two.meta),
             NP_ACCESS_DENIED);
    CHECK(strstr(np_error_detail(), "direction") != NULL);
    CHECK_EQ(take("DEMO", 1, 2, 0, &two), NP_OK);
    CHECK_EQ(take("demo", 1, 2, NP_FLAG_FIRST, &three), NP_PIPE_BUSY);
    CHECK_EQ(npx_slot_take(&name, &opts, &three.slot, &three.meta),
             NP_PIPE_BUSY);
    leave(&one);
    leave(&two);
    CHECK_EQ(files_left(), 0);
}

/* C6, O3 */
static void the_first_instance_fixes_what_the_pipe_is(void)
{
    struct npi_name name = named("demo");
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    opts.mode = NP_MESSAGE;
    opts.max_instances = 7;
    opts.default_timeout = 1234;
    CHECK_EQ(npx_slot_take(&name, &opts, &one.slot, &one.meta), NP_OK);
    CHECK_EQ(take("demo", 5, 200, 0, &two), NP_OK);
    CHECK_EQ(two.meta.mode, NP_MESSAGE);
    CHECK_EQ(two.meta.max_instances, 7);
    CHECK_EQ(two.meta.default_timeout, 1234);
    CHECK_EQ(two.slot.in_quota, 5);
    npx_slot_release(&one.slot);
    leave(&two);
    CHECK_EQ(npi_os_wait_default(&name), NP_FILE_NOT_FOUND);
    /* The next life of the name has nothing of the last one's. */
    CHECK_EQ(take("demo", 1, 3, NP_FLAG_FIRST, &one), NP_OK);
    CHECK_EQ(one.meta.mode, NP_BYTE);
    leave(&one);
}

/* C2, C8: 255 is no limit. */
#define MANY 300

static void there_is_room_for_many_instances(void)
{
    static struct instance all[MANY];
    struct npi_name name = named("demo");
    struct npx_view view;
    for (unsigned i = 0; i < MANY; i++) {
        CHECK_EQ(serve("demo", i, &all[i]), NP_OK);
        CHECK_EQ(all[i].slot.index, i);
        CHECK_EQ(npx_count(all[i].slot.meta_fd, 1000), i + 1);
    }
    CHECK_EQ(npx_view_open(&name, &view), NP_OK);
    CHECK_EQ(npx_count(view.meta_fd, 1000), MANY);
    CHECK_EQ(npx_count(view.meta_fd, 255), 255);
    leave(&all[100]);
    leave(&all[7]);
    leave(&all[254]);
    CHECK_EQ(npx_count(view.meta_fd, 1000), MANY - 3);
    CHECK_EQ(npx_count(all[0].slot.meta_fd, 1000), MANY - 3);
    npx_view_close(&view);
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    CHECK_EQ(one.slot.index, 7);
    leave(&one);
    for (unsigned i = 0; i < MANY; i++) {
        leave(&all[i]);
    }
    CHECK_EQ(files_left(), 0);
}

/* ------------------------------------------------------ listening, claiming */

static void a_claim_takes_an_instance(void)
{
    int sock;
    uint32_t in, pid = 0, uid = 77;
    CHECK_EQ(serve("demo", 42, &one), NP_OK);
    CHECK_EQ(look("demo"), NP_OK);
    CHECK_EQ(claim("demo", &sock, &in), NP_OK);
    CHECK_EQ(in, 42);
    CHECK_EQ(npx_peer_check(sock, &pid, &uid), NP_OK);
    CHECK_EQ(pid, getpid());
    CHECK_EQ(uid, geteuid());
    CHECK_EQ(look("demo"), NP_PIPE_BUSY);
    CHECK_EQ(try_claim("demo"), NP_PIPE_BUSY);
    int server = meet(&one);
    CHECK(server >= 0);
    CHECK_EQ(write(sock, "x", 1), 1);
    char byte;
    CHECK_EQ(read(server, &byte, 1), 1);
    CHECK_EQ(look("demo"), NP_PIPE_BUSY);
    CHECK_EQ(try_claim("demo"), NP_PIPE_BUSY);
    npx_fd_close(server);
    npx_fd_close(sock);
    leave(&one);
}

/* D3, N1 */
static void an_instance_listens_again(void)
{
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    for (int i = 0; i < 20; i++) {
        uint64_t turn = one.slot.turn;
        CHECK_EQ(try_claim("demo"), NP_OK);
        npx_fd_close(meet(&one));
        CHECK_EQ(try_claim("demo"), NP_PIPE_BUSY);
        CHECK_EQ(npx_slot_listen(&one.slot, &one.listener), NP_OK);
        CHECK(one.slot.turn > turn);
        CHECK_EQ(look("demo"), NP_OK);
    }
    leave(&one);
}

/* F6 */
static void who_has_listened_longest_is_claimed_first(void)
{
    struct instance *order[] = {&three, &one, &two};
    int sock;
    uint32_t in;
    CHECK_EQ(take("demo", 1, 255, 0, &one), NP_OK);
    CHECK_EQ(take("demo", 2, 255, 0, &two), NP_OK);
    CHECK_EQ(take("demo", 3, 255, 0, &three), NP_OK);
    CHECK_EQ(look("demo"), NP_PIPE_BUSY);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++) {
            struct npx_slot *slot = &order[i]->slot;
            CHECK_EQ(npx_slot_listen(slot, &order[i]->listener), NP_OK);
        }
        for (int i = 0; i < 3; i++) {
            CHECK_EQ(claim("demo", &sock, &in), NP_OK);
            CHECK_EQ(in, order[i]->slot.in_quota);
            npx_fd_close(sock);
        }
        CHECK_EQ(try_claim("demo"), NP_PIPE_BUSY);
        for (int i = 0; i < 3; i++) {
            npx_fd_close(meet(order[i]));
        }
    }
    leave(&one);
    leave(&two);
    leave(&three);
}

static void notes_of_slow_clients_hide_no_listener(void)
{
    struct npi_name name = named("demo");
    struct npx_view view;
    struct npx_record record;
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    CHECK_EQ(npx_view_open(&name, &view), NP_OK);
    uint64_t old = one.slot.turn;
    CHECK_EQ(try_claim("demo"), NP_OK);
    npx_fd_close(meet(&one));
    CHECK_EQ(npx_slot_listen(&one.slot, &one.listener), NP_OK);
    npx_taken_write(view.meta_fd, 0, old);
    CHECK_EQ(npx_view_listening(&view), NP_OK);
    CHECK_EQ(try_claim("demo"), NP_OK);
    npx_fd_close(meet(&one));
    /* The other way round: a false hope costs one attempt. */
    npx_taken_write(view.meta_fd, 0, old);
    CHECK_EQ(npx_view_listening(&view), NP_OK);
    CHECK_EQ(try_claim("demo"), NP_PIPE_BUSY);
    CHECK_EQ(npx_view_listening(&view), NP_PIPE_BUSY);
    npx_record_read(view.meta_fd, 0, &record);
    CHECK_EQ(record.taken, one.slot.turn);
    npx_view_close(&view);
    leave(&one);
}

static void a_view_outlives_no_pipe(void)
{
    struct npi_name name = named("demo");
    struct npx_view view;
    struct npx_claim claimed;
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    CHECK_EQ(npx_view_open(&name, &view), NP_OK);
    leave(&one);
    CHECK_EQ(npx_view_listening(&view), NP_FILE_NOT_FOUND);
    CHECK_EQ(serve("demo", 2, &one), NP_OK);
    CHECK_EQ(npx_view_listening(&view), NP_FILE_NOT_FOUND);
    CHECK_EQ(npx_view_claim(&view, &claimed), NP_FILE_NOT_FOUND);
    CHECK_EQ(npx_count(view.meta_fd, 9), 0);
    npx_view_close(&view);
    CHECK_EQ(look("demo"), NP_OK);
    leave(&one);
}

static void names_of_any_length_can_be_claimed(void)
{
    char name[248];
    memset(name, '%', 247);
    name[247] = '\0';
    CHECK_EQ(serve(name, 9, &one), NP_OK);
    CHECK_EQ(try_claim(name), NP_OK);
    leave(&one);
    CHECK_EQ(files_left(), 0);
}

/* -------------------------------------------------------------------- names */

static unsigned count_names(const char *pattern, const char *wanted)
{
    char *list = NULL;
    unsigned n = 0;
    bool found = false;
    CHECK_EQ(npi_os_names(pattern, &list), NP_OK);
    for (const char *s = list; s && *s; s += strlen(s) + 1) {
        n++;
        found = found || strcmp(s, wanted) == 0;
    }
    CHECK(found || n == 0);
    free(list);
    return n;
}

/* S8 */
static void the_names_that_exist_can_be_listed(void)
{
    struct npi_name name = named("a/B");
    CHECK_EQ(count_names(NULL, ""), 0);
    CHECK_EQ(serve("Demo", 1, &one), NP_OK);
    CHECK_EQ(serve("dEMO", 1, &two), NP_OK);
    CHECK_EQ(serve("a/B", 1, &three), NP_OK);
    CHECK_EQ(mkdir(file_of("stale", ""), 0700), 0);
    CHECK_EQ(count_names(NULL, "Demo"), 2);
    CHECK_EQ(count_names("*", "a\\B"), 2);
    CHECK_EQ(count_names("DE*", "Demo"), 1);
    CHECK_EQ(count_names("x*", ""), 0);
    CHECK_EQ(npi_os_exists(&name), NP_OK);
    CHECK_EQ(look("demo"), NP_OK); /* nothing was consumed */
    leave(&one);
    leave(&three);
    CHECK_EQ(npi_os_exists(&name), NP_FILE_NOT_FOUND);
    CHECK_EQ(count_names(NULL, "Demo"), 1);
    leave(&two);
    CHECK_EQ(look("stale"), NP_FILE_NOT_FOUND);
    CHECK_EQ(files_left(), 0);
}

int main(void)
{
    alarm(50);
    check_dir();
    unsigned fds = open_fds();
    RUN(files_are_for_their_owner_alone);
    RUN(the_umask_does_not_matter);
    RUN(the_last_release_leaves_nothing);
    RUN(the_checks_of_a_further_instance_have_their_order);
    RUN(the_first_instance_fixes_what_the_pipe_is);
    RUN(there_is_room_for_many_instances);
    RUN(a_claim_takes_an_instance);
    RUN(an_instance_listens_again);
    RUN(who_has_listened_longest_is_claimed_first);
    RUN(notes_of_slow_clients_hide_no_listener);
    RUN(a_view_outlives_no_pipe);
    RUN(names_of_any_length_can_be_claimed);
    RUN(the_names_that_exist_can_be_listed);
    CHECK_EQ(open_fds(), fds);
    return check_done();
}
