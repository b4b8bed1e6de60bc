/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The registry: which pipes exist, their instances' slots, who listens.
 *
 * FILES. A directory for each name, inside the runtime directory, with
 *     meta         a header (the pipe-wide values, the full name) and a table
 *                  of slot records, as many as were ever needed at once
 *     i.<slot>     the socket an instance listens on, or last listened on
 *     t.<slot>     the same before it is ready
 * They are only read and written, never mapped: whoever may open them may also
 * cut them short.
 *
 * WHAT IS TRUE is held by the kernel, so that a process may be killed anywhere:
 *   M1  An instance exists as long as the lock of its slot is held; a pipe, as
 *       long as a slot's is. Locks die with their process.
 *   M2  Whether an instance can be connected to is known by connecting: its
 *       listener has room for one client. Connecting is the claim.
 * Everything else is advice, or was fixed before the first slot was locked:
 *   M3  A meta file serves one life of a pipe. Its header is complete before a
 *       slot is locked, and never changes. Once all slots are free (seen under
 *       the name's lock) the file is removed, not used again: who still has it
 *       open sees that it is, and that the pipe is gone.
 *   M4  A record says "listening" when listen > taken. `listen` is written
 *       after the socket has its name and grows from listen to listen over all
 *       slots, so the smallest one has waited longest. `taken` is only ever set
 *       to a turn whose listener was seen taken or refused; it may lag behind,
 *       and cost somebody a connect() in vain, but it never hides a listener.
 *
 * THE NAME'S LOCK is taken to create an instance and to remove the last traces.
 * It lies on the meta file, so after locking the file must still be linked, or
 * all begins anew. It is waited for with a limit. Listening, being taken,
 * connecting and counting need no lock; nor does a further instance of whoever
 * holds one already, as long as no limit has to be kept: the pipe cannot come
 * to its end meanwhile, and a slot's own lock settles whose it is.
 *
 * WHO DIES leaves files: with the name's lock in hand, a directory without a
 * meta file, or with one that is empty or has no locked slot; with a slot, its
 * socket. All of that is replaced or removed by the next create or open of the
 * name. Within one description locking a byte twice succeeds, so each instance
 * opens the meta file for itself. */

#define _GNU_SOURCE 1

#include "linux/npx_registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/npx_base.h"
#include "linux/npx_fork.h"
#include "linux/npx_meta.h"
#include "linux/npx_socket.h"

/* How long a create waits for the name's lock. */
#define LOCK_MS 5000

/* Somebody has removed the files meanwhile: begin anew. */
#define AGAIN (-1)

static const struct npx_slot no_slot = {.dir_fd = -1, .meta_fd = -1};

static void close_files(struct npx_slot *slot)
{
    npx_fd_close(slot->meta_fd);
    npx_fd_close(slot->dir_fd);
    *slot = no_slot;
}

/* ------------------------------------------------------------ taking a slot */

static int again_if_missing(int code)
{
    return code == NP_FILE_NOT_FOUND ? AGAIN : code;
}

static int open_files(const struct npi_name *name, struct npx_slot *slot)
{
    int base_fd;
    int code = npx_base_open(true, &base_fd);
    if (code != NP_OK) {
        return code;
    }
    code = npx_name_open(base_fd, name->file, true, &slot->dir_fd);
    if (code == NP_OK) {
        NPI_POINT("slot-dir");
        code = npx_meta_open(slot->dir_fd, O_RDWR | O_CREAT, &slot->meta_fd);
        if (code == NP_OK) {
            /* The sticky bit keeps it from being swept out as an old file. */
            fchmod(slot->meta_fd, S_ISVTX | 0600);
        } else {
            /* Perhaps we made it; it goes only if it is empty. */
            unlinkat(base_fd, name->file, AT_REMOVEDIR);
        }
    }
    npx_fd_close(base_fd);
    return again_if_missing(code);
}

/* The first instance: write down what the pipe is. An old file is the trace of
 * servers that were killed. */
static int begin_life(const struct npi_name *name, const np_server_opts *opts,
                      const struct npx_slot *slot, struct npx_meta *meta_out)
{
    struct stat st;
    struct npx_meta meta = {opts->mode, opts->access, opts->max_instances,
                            opts->default_timeout};
    npx_sweep(slot->dir_fd);
    if (fstat(slot->meta_fd, &st) != 0 || st.st_size != 0) {
        unlinkat(slot->dir_fd, "meta", 0);
        return AGAIN;
    }
    int code = npx_header_write(slot->meta_fd, name, &meta);
    NPI_POINT("slot-header");
    *meta_out = meta;
    return code;
}

/* A further instance of a pipe that exists. */
static int join_life(const struct npi_name *name, const np_server_opts *opts,
                     const struct npx_slot *slot, struct npx_meta *meta_out)
{
    struct npx_meta meta;
    struct npi_name found;
    int code = npx_header_read(slot->meta_fd, &meta, &found);
    if (code != NP_OK) {
        return code;
    }
    if (strcmp(found.folded, name->folded) != 0) {
        return npi_fail(NP_REVISION_MISMATCH,
                        "the files of this name belong to the pipe %s",
                        found.path);
    }
    if (meta.max_instances != NP_UNLIMITED_INSTANCES &&
        npx_count(slot->meta_fd, meta.max_instances) >= meta.max_instances) {
        return npi_fail(NP_PIPE_BUSY, "the pipe has all of its %u instances",
                        (unsigned)meta.max_instances);
    }
    if (opts->flags & NP_FLAG_FIRST) {
        return npi_fail(NP_ACCESS_DENIED, "the name is served already");
    }
    if (opts->access != meta.access) {
        return npi_fail(NP_ACCESS_DENIED, "the pipe exists with another "
                                          "direction (access)");
    }
    *meta_out = meta;
    return NP_OK;
}

/* Each try costs a walk over all locks of the file: so of the slots there are
 * those are tried that were given back. NPX_MAX_SLOTS: none of them. */
static int lock_free_slot(int meta_fd, unsigned *slot_out, unsigned *count_out)
{
    struct npx_table table;
    const struct npx_record *record;
    int error = EAGAIN;
    npx_table_open(&table, meta_fd);
    while (error == EAGAIN && (record = npx_table_next(&table))) {
        if (record->pid == 0) {
            *slot_out = table.next - 1;
            error = npx_slot_lock(meta_fd, *slot_out);
        }
    }
    *count_out = table.next;
    return error;
}

/* Before the table grows the first few are all tried, which finds those of
 * killed processes. */
#define FEW 32

static int lock_slot(int meta_fd, unsigned *slot_out)
{
    unsigned count;
    int error = lock_free_slot(meta_fd, slot_out, &count);
    for (unsigned i = 0; i < FEW && i < count && error == EAGAIN; i++) {
        *slot_out = i;
        error = npx_slot_lock(meta_fd, i);
    }
    for (; count < NPX_MAX_SLOTS && error == EAGAIN; count++) {
        *slot_out = count;
        error = npx_slot_lock(meta_fd, count);
    }
    return error;
}

/* Lock a free slot and write its record: of the last owner's listening nothing
 * is left, but the turn, which must not go back. */
static int occupy(struct npx_slot *slot)
{
    struct npx_record record;
    unsigned i;
    int error = lock_slot(slot->meta_fd, &i);
    if (error == EAGAIN) {
        return npi_fail(NP_PIPE_BUSY, "the pipe has %u instances",
                        NPX_MAX_SLOTS);
    }
    if (error != 0) {
        return npx_fail_errno(error, "lock a slot of", "the pipe");
    }
    NPI_POINT("slot-locked");
    npx_record_read(slot->meta_fd, i, &record);
    record.taken = record.listen;
    record.quotas[0] = slot->in_quota;
    record.quotas[1] = slot->out_quota;
    record.pid = (uint32_t)getpid();
    if (!npx_record_write(slot->meta_fd, i, &record)) {
        error = errno;
        npx_slot_unlock(slot->meta_fd, i);
        return npx_fail_errno(error, "write", "the meta file");
    }
    slot->index = i;
    slot->turn = record.listen;
    return NP_OK;
}

static int take_locked(const struct npi_name *name, const np_server_opts *opts,
                       struct npx_slot *slot, struct npx_meta *meta_out)
{
    if (!npx_is_linked(slot->meta_fd)) {
        return AGAIN;
    }
    int code = npx_any_held(slot->meta_fd)
                   ? join_life(name, opts, slot, meta_out)
                   : begin_life(name, opts, slot, meta_out);
    return code == NP_OK ? occupy(slot) : code;
}

static int take_once(const struct npi_name *name, const np_server_opts *opts,
                     npi_deadline deadline, struct npx_slot *slot,
                     struct npx_meta *meta_out)
{
    *slot = no_slot;
    slot->in_quota = opts->in_quota;
    slot->out_quota = opts->out_quota;
    int code = open_files(name, slot);
    if (code == NP_OK) {
        code = npx_name_lock(slot->meta_fd, deadline);
        if (code == NP_OK) {
            code = take_locked(name, opts, slot, meta_out);
            npx_name_unlock(slot->meta_fd);
            npx_collect(slot->dir_fd, slot->meta_fd, name->file);
        }
    }
    if (code != NP_OK) {
        close_files(slot);
    }
    return code;
}

int npx_slot_take(const struct npi_name *name, const np_server_opts *opts,
                  struct npx_slot *slot_out, struct npx_meta *meta_out)
{
    npi_deadline deadline = npi_deadline_in(LOCK_MS);
    struct npx_slot slot;
    int code;
    do {
        code = take_once(name, opts, deadline, &slot, meta_out);
    } while (code == AGAIN && npi_left(deadline) > 0);
    *slot_out = slot;
    return code == AGAIN ? npi_fail(NP_SEM_TIMEOUT,
                                    "the pipe's directory keeps being removed")
                         : code;
}

/* The same file, opened anew for a lock of its own. */
static bool open_beside(const struct npx_slot *slot, struct npx_slot *beside)
{
    struct stat ours, opened;
    beside->dir_fd = npx_fd_copy(slot->dir_fd);
    beside->meta_fd = npx_openat(slot->dir_fd, "meta", O_RDWR, 0);
    return beside->dir_fd >= 0 && fstat(slot->meta_fd, &ours) == 0 &&
           fstat(beside->meta_fd, &opened) == 0 &&
           ours.st_dev == opened.st_dev && ours.st_ino == opened.st_ino;
}

bool npx_slot_beside(const struct npx_slot *slot, struct npx_slot *beside_out)
{
    struct npx_slot beside = no_slot;
    beside.in_quota = slot->in_quota;
    beside.out_quota = slot->out_quota;
    bool done = open_beside(slot, &beside) && occupy(&beside) == NP_OK;
    if (!done) {
        close_files(&beside);
    }
    *beside_out = beside;
    return done;
}

/* ---------------------------------------------------------------- listening */

/* The mode a socket is bound with is cut by the umask; 0600 must be left, or
 * other programs of this user could not connect. A change of mode wakes
 * everybody who waits for the name, so none is made without need. */
static int set_mode(int dir_fd, const char *entry)
{
    struct stat st;
    if (fstatat(dir_fd, entry, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        (st.st_mode & 0777) == 0600) {
        return 0;
    }
    return fchmodat(dir_fd, entry, 0600, 0) == 0 ? 0 : errno;
}

/* A turn after all others. Two instances that begin to listen at the same
 * moment may get the same one: neither was first. */
static uint64_t next_turn(int meta_fd)
{
    struct npx_table table;
    const struct npx_record *record;
    uint64_t last = 0;
    npx_table_open(&table, meta_fd);
    while ((record = npx_table_next(&table))) {
        last = record->listen > last ? record->listen : last;
    }
    return last + 1;
}

/* Bound and listening under a name nobody connects to, then renamed: who finds
 * it can connect to it. The rename also replaces an older socket. */
static int publish(const struct npx_slot *slot, int sock)
{
    char from[NPX_ENTRY_SIZE], to[NPX_ENTRY_SIZE];
    npx_entry(from, 't', slot->index);
    npx_entry(to, 'i', slot->index);
    unlinkat(slot->dir_fd, from, 0);
    fchmod(sock, 0600);
    int error = npx_socket_bind(sock, slot->dir_fd, slot->meta_fd, 't',
                                slot->index);
    if (error != 0) {
        return error;
    }
    NPI_POINT("listen-bound");
    error = set_mode(slot->dir_fd, from);
    if (error == 0 &&
        (npx_failing(NPI_FAULT("listen")) || listen(sock, 0) != 0)) {
        error = errno;
    }
    if (error == 0 && (npx_failing(NPI_FAULT("rename")) ||
                       renameat(slot->dir_fd, from, slot->dir_fd, to) != 0)) {
        error = errno;
    }
    if (error != 0) {
        unlinkat(slot->dir_fd, from, 0);
    }
    return error;
}

/* Tell those who look, and those who wait: they watch for changes of mode,
 * because the rename comes too early for them, and every other write to the
 * meta file would wake them as well. The sticky bit, like that of the meta
 * file, keeps the socket from being swept out. */
static int announce(struct npx_slot *slot)
{
    char entry[NPX_ENTRY_SIZE];
    uint64_t turn = next_turn(slot->meta_fd);
    if (!npx_turn_write(slot->meta_fd, slot->index, turn)) {
        return errno;
    }
    slot->turn = turn;
    NPI_POINT("listen-turn");
    npx_entry(entry, 'i', slot->index);
    /* Without it, waiters find out when they look anyway. */
    bool told = fchmodat(slot->dir_fd, entry, S_ISVTX | 0600, 0) == 0;
    (void)told;
    return 0;
}

static int listen_on(struct npx_slot *slot, int sock)
{
    int error = publish(slot, sock);
    if (error == 0) {
        NPI_POINT("listen-published");
        error = announce(slot);
    }
    return error == 0 ? NP_OK
                      : npx_fail_errno(error, "listen in",
                                       "the pipe's "
                                       "directory");
}

/* The files were removed under us, as when the runtime directory is cleared at
 * logout. Make the pipe anew, from what its orphaned header says. */
static int renew(struct npx_slot *slot)
{
    struct npi_name name;
    struct npx_meta meta, now;
    struct npx_slot fresh;
    int code = npx_header_read(slot->meta_fd, &meta, &name);
    if (code != NP_OK) {
        return code;
    }
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    opts.mode = meta.mode;
    opts.access = meta.access;
    opts.max_instances = meta.max_instances;
    opts.default_timeout = meta.default_timeout;
    opts.in_quota = slot->in_quota;
    opts.out_quota = slot->out_quota;
    code = npx_slot_take(&name, &opts, &fresh, &now);
    if (code == NP_OK && now.mode != meta.mode) {
        npx_slot_release(&fresh);
        code = npi_fail(NP_ACCESS_DENIED,
                        "the pipe's files were removed, and its name is now "
                        "served with another mode");
    }
    if (code == NP_OK) {
        close_files(slot);
        *slot = fresh;
    }
    return code;
}

int npx_slot_listen(struct npx_slot *slot, int *listener_out)
{
    int sock, code = NP_OK;
    if (!npx_is_linked(slot->meta_fd)) {
        code = renew(slot);
    }
    if (code == NP_OK) {
        code = npx_socket_make(&sock);
    }
    if (code != NP_OK) {
        return code;
    }
    slot->has_socket = true;
    code = listen_on(slot, sock);
    if (code != NP_OK) {
        npx_fd_close(sock);
        return code;
    }
    *listener_out = sock;
    return NP_OK;
}

bool npx_slot_announce(struct npx_slot *slot)
{
    return announce(slot) == 0;
}

void npx_slot_taken(struct npx_slot *slot)
{
    npx_taken_write(slot->meta_fd, slot->index, slot->turn);
}

/* ----------------------------------------------------------- giving it back */

static void remove_entry(const struct npx_slot *slot, char kind)
{
    char entry[NPX_ENTRY_SIZE];
    npx_entry(entry, kind, slot->index);
    unlinkat(slot->dir_fd, entry, 0);
}

/* Removing before unlocking: afterwards the entries may be somebody else's. */
void npx_slot_release(struct npx_slot *slot)
{
    struct npx_meta meta;
    struct npi_name name;
    if (slot->meta_fd < 0) {
        close_files(slot);
        return;
    }
    if (slot->has_socket) {
        remove_entry(slot, 'i');
        remove_entry(slot, 't');
    }
    NPI_POINT("release-removed");
    npx_pid_write(slot->meta_fd, slot->index, 0);
    npx_slot_unlock(slot->meta_fd, slot->index);
    NPI_POINT("release-unlocked");
    if (!npx_any_held(slot->meta_fd) &&
        npx_header_read(slot->meta_fd, &meta, &name) == NP_OK) {
        npx_collect(slot->dir_fd, slot->meta_fd, name.file);
    }
    close_files(slot);
}
