/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The client's side of the registry: finding a name, claiming an instance.
 *
 * A claim is a connect() that succeeds: a listener has room for one client, and
 * the server stops it before it takes that one. The records only say where to
 * try, in the order of their turns. What connect() answers is told apart by the
 * slot's lock: refused or full with the lock held is an instance that is taken,
 * or is just being taken; with the lock free it is the socket of a dead server.
 *
 * WHO WRITES `taken`. After each attempt, successful or not, the client notes
 * the turn it had read before it connected, and only if the record still shows
 * that turn. Had it noted a turn read after connecting, it could hide a
 * listener that came in between. Two clients may overwrite each other's note
 * with an older one; then somebody connects in vain and notes it again.
 *
 * THE QUOTAS are read after connecting: the owner of a slot writes them before
 * it first listens, so they are those of the listener that was reached, or the
 * connection is dead already.
 *
 * THE SAME LIFE. Behind a client's back the pipe may end and begin again, in
 * the same directory. The new life's first listener comes after the old meta
 * file was removed; so if that is still there after connecting, the listener
 * was of the life that was looked at. If not, the claim is given up, and the
 * new server sees somebody who came and left without a word.
 *
 * BUSY IS TRUE. A scan takes time; instances that began to listen behind its
 * back are found by reading the table again, until it shows none listening. */

#define _GNU_SOURCE 1 /* struct ucred */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/npx_base.h"
#include "linux/npx_fork.h"
#include "linux/npx_meta.h"
#include "linux/npx_registry.h"
#include "linux/npx_socket.h"

/* Each round fails only because others succeeded. */
#define ROUNDS 64

/* -------------------------------------------------------------------- views */

static const struct npx_view no_view = {.dir_fd = -1, .meta_fd = -1};

/* A directory without a meta file was left by a server that was killed; or one
 * is just beginning, which makes it again. */
static void remove_empty(const struct npi_name *name)
{
    int base_fd;
    if (npx_base_open(false, &base_fd) == NP_OK) {
        unlinkat(base_fd, name->file, AT_REMOVEDIR);
        npx_fd_close(base_fd);
    }
}

/* NP_FILE_NOT_FOUND leaves open what there is. */
static int open_files(const struct npi_name *name, int flags,
                      struct npx_view *view)
{
    int base_fd;
    *view = no_view;
    int code = npx_base_open(false, &base_fd);
    if (code != NP_OK) {
        return code;
    }
    code = npx_name_open(base_fd, name->file, false, &view->dir_fd);
    npx_fd_close(base_fd);
    if (code == NP_OK) {
        code = npx_meta_open(view->dir_fd, flags, &view->meta_fd);
    }
    if (code == NP_OK && !npx_any_held(view->meta_fd)) {
        code = NP_FILE_NOT_FOUND;
    }
    return code;
}

static void collect(const struct npi_name *name, const struct npx_view *view)
{
    if (view->meta_fd >= 0) {
        npx_collect(view->dir_fd, view->meta_fd, name->file);
    } else if (view->dir_fd >= 0) {
        remove_empty(name);
    }
}

int npx_view_open(const struct npi_name *name, struct npx_view *view_out)
{
    struct npi_name found;
    int code = open_files(name, O_RDWR, view_out);
    if (code == NP_FILE_NOT_FOUND) {
        collect(name, view_out);
    }
    if (code == NP_OK) {
        code = npx_header_read(view_out->meta_fd, &view_out->meta, &found);
    }
    if (code == NP_OK && strcmp(found.folded, name->folded) != 0) {
        code = npi_fail(NP_REVISION_MISMATCH,
                        "the files of this name belong to the pipe %s",
                        found.path);
    }
    if (code != NP_OK) {
        npx_view_close(view_out);
    }
    return code;
}

int npx_view_look(const struct npi_name *name, struct npx_view *view_out)
{
    int code = open_files(name, O_RDONLY, view_out);
    if (code != NP_OK) {
        npx_view_close(view_out);
    }
    return code;
}

void npx_view_close(struct npx_view *view)
{
    npx_fd_close(view->meta_fd);
    npx_fd_close(view->dir_fd);
    *view = no_view;
}

/* ---------------------------------------------------------- choosing a slot */

struct candidate {
    uint64_t turn; /* 0: none */
    unsigned slot;
};

/* The listening slot with the smallest turn after a given one; of equal turns,
 * by their slots. */
static struct candidate next_candidate(int meta_fd, struct candidate after)
{
    struct npx_table table;
    const struct npx_record *record;
    struct candidate best = {0, 0};
    npx_table_open(&table, meta_fd);
    while ((record = npx_table_next(&table))) {
        struct candidate c = {record->listen, table.next - 1};
        bool later = c.turn > after.turn ||
                     (c.turn == after.turn && c.slot > after.slot);
        if (c.turn > record->taken && later &&
            (best.turn == 0 || c.turn < best.turn)) {
            best = c;
        }
    }
    return best;
}

static void note_taken(int meta_fd, struct candidate c, uint32_t quotas_out[2])
{
    struct npx_record record;
    npx_record_read(meta_fd, c.slot, &record);
    quotas_out[0] = record.quotas[0];
    quotas_out[1] = record.quotas[1];
    if (record.listen == c.turn && record.taken < c.turn) {
        npx_taken_write(meta_fd, c.slot, c.turn);
    }
}

int npx_view_listening(const struct npx_view *view)
{
    struct candidate c = {0, 0};
    while ((c = next_candidate(view->meta_fd, c)).turn > 0) {
        if (npx_slot_held(view->meta_fd, c.slot)) {
            return NP_OK;
        }
    }
    return npx_any_held(view->meta_fd) ? NP_PIPE_BUSY : NP_FILE_NOT_FOUND;
}

/* ----------------------------------------------------------------- claiming */

/* Whether an errno of connect() is about us, not about the listener. */
static bool is_shortage(int error)
{
    return error == ENOMEM || error == ENOBUFS || error == EMFILE ||
           error == ENFILE || error == ENAMETOOLONG;
}

/* NP_PIPE_BUSY: not this one. */
static int try_slot(const struct npx_view *view, struct candidate c,
                    struct npx_claim *claim)
{
    int error = npx_socket_connect(claim->sock, view->dir_fd, view->meta_fd,
                                   'i', c.slot);
    if (error != 0 && is_shortage(error)) {
        return npx_fail_errno(error, "connect to", "the pipe");
    }
    NPI_POINT("claim-connected");
    note_taken(view->meta_fd, c, claim->quotas);
    if (error != 0) {
        return NP_PIPE_BUSY;
    }
    if (!npx_is_linked(view->meta_fd)) {
        return NP_FILE_NOT_FOUND;
    }
    return npx_peer_check(claim->sock, &claim->pid, &claim->uid);
}

/* One pass over the slots that listen: NP_PIPE_BUSY, *seen_out of them were
 * tried and none was free. Turns only grow, so it comes to an end. A socket
 * whose connect() failed can try again. */
static int try_all(const struct npx_view *view, struct npx_claim *claim,
                   unsigned *seen_out)
{
    struct candidate c = {0, 0};
    for (*seen_out = 0; *seen_out < NPX_MAX_SLOTS; ++*seen_out) {
        c = next_candidate(view->meta_fd, c);
        if (c.turn == 0) {
            return NP_PIPE_BUSY;
        }
        int code = try_slot(view, c, claim);
        if (code != NP_PIPE_BUSY) {
            return code;
        }
    }
    return NP_PIPE_BUSY;
}

int npx_view_claim(const struct npx_view *view, struct npx_claim *claim_out)
{
    unsigned seen = 1;
    int code = npx_socket_make(&claim_out->sock);
    if (code != NP_OK) {
        return code;
    }
    code = NP_PIPE_BUSY;
    for (int i = 0; i < ROUNDS && seen > 0 && code == NP_PIPE_BUSY; i++) {
        code = try_all(view, claim_out, &seen);
    }
    if (code != NP_OK) {
        npx_fd_close(claim_out->sock);
    }
    return code == NP_PIPE_BUSY && !npx_any_held(view->meta_fd)
               ? NP_FILE_NOT_FOUND
               : code;
}

/* ------------------------------------------------------------- who is there */

/* The beginning of a small file of /proc; "" if it cannot be read. */
static void read_proc(const char *path, char *text_out, size_t n)
{
    ssize_t got = -1;
    int fd = npx_openat(AT_FDCWD, path, O_RDONLY, 0);
    if (fd >= 0) {
        got = read(fd, text_out, n - 1);
        npx_fd_close(fd);
    }
    text_out[got > 0 ? got : 0] = '\0';
}

/* A setting of the whole system, made when it starts. */
static uid_t overflow_uid(void)
{
    static atomic_ulong known; /* one more than it is; 0: not yet */
    unsigned long value = atomic_load_explicit(&known, memory_order_relaxed);
    if (value == 0) {
        char text[64];
        unsigned long overflow = 65534;
        read_proc("/proc/sys/kernel/overflowuid", text, sizeof text);
        sscanf(text, "%lu", &overflow);
        value = overflow + 1;
        atomic_store_explicit(&known, value, memory_order_relaxed);
    }
    return (uid_t)(value - 1);
}

/* In a user namespace every user it does not know is shown as one and the same,
 * the overflow user. Nobody can be told apart under that number, unless the
 * namespace knows all users. */
static bool is_ambiguous(uid_t uid)
{
    char text[64];
    unsigned long inside = 1, outside = 1, count = 0;
    if (uid != overflow_uid()) {
        return false;
    }
    read_proc("/proc/self/uid_map", text, sizeof text);
    return sscanf(text, "%lu %lu %lu", &inside, &outside, &count) != 3 ||
           inside != 0 || outside != 0 || count != 0xFFFFFFFF;
}

/* The user is the one who called listen() or connect(), fixed by the kernel at
 * that moment. The process may have ended since; its number tells people where
 * to look, and decides nothing. */
int npx_peer_check(int sock, uint32_t *pid_out, uint32_t *uid_out)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
        return npi_fail(NP_SERVER_NOT_TRUSTED,
                        "the system does not tell who is on the other end: %s",
                        strerror(errno));
    }
    if (peer.uid != geteuid() || is_ambiguous(peer.uid)) {
        return npi_fail(NP_SERVER_NOT_TRUSTED,
                        "the other end runs as user %lu, this one as %lu",
                        (unsigned long)peer.uid, (unsigned long)geteuid());
    }
    if (pid_out) {
        *pid_out = peer.pid > 0 ? (uint32_t)peer.pid : 0;
    }
    if (uid_out) {
        *uid_out = peer.uid;
    }
    return NP_OK;
}
