/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* One name's directory and its meta file, see npx_registry.c.
 *
 * LOCKS. All are open-file-description locks on bytes of the meta file: byte n
 * is slot n's, held as long as the instance lives, and one more is the name's,
 * held for some dozen system calls. The kernel drops them with the description,
 * however its process ends. Nothing else uses classic record locks on these
 * files, and those conflict with every description's locks, the asking one's
 * included; so "is it held by anybody" is asked as a classic lock.
 *
 * Unlocking is always said, never left to close(): a child of fork() that has
 * not yet closed its copies would keep the lock alive.
 *
 * COLLECTING WITHOUT WAITING. Who gives up the last slot may find the name's
 * lock taken, and shall not wait. Whoever held it looks again after letting go;
 * since a slot is unlocked before the name's lock is tried, one of the two sees
 * that nothing is left. */

#define _GNU_SOURCE 1        /* F_OFD_SETLK */
#define _FILE_OFFSET_BITS 64 /* which wants the wide struct flock */

#include "linux/npx_meta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "linux/npx_base.h"
#include "linux/npx_fork.h"

#define NAME_BYTE NPX_MAX_SLOTS

/* ------------------------------------------------------------------ opening */

static int open_failed(int error, const char *what)
{
    return error == ENOENT ? NP_FILE_NOT_FOUND
                           : npx_fail_errno(error, "open", what);
}

/* 0 or an errno; ENOENT: the runtime directory is gone, or somebody collected
 * the new directory already. The umask may have cut off our own rights. */
static int make_dir(int base_fd, const char *file)
{
    if (mkdirat(base_fd, file, 0700) != 0) {
        return errno == EEXIST ? 0 : errno;
    }
    return fchmodat(base_fd, file, 0700, 0) == 0 ? 0 : errno;
}

int npx_name_open(int base_fd, const char *file, bool make, int *dir_out)
{
    int error = make ? make_dir(base_fd, file) : 0;
    if (error != 0 && error != ENOENT) {
        return npx_fail_errno(error, "make the directory", file);
    }
    int fd = npx_openat(base_fd, file, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return open_failed(errno, file);
    }
    int code = npx_dir_check(fd, file);
    if (code != NP_OK) {
        npx_fd_close(fd);
        return code;
    }
    *dir_out = fd;
    return NP_OK;
}

int npx_meta_open(int dir_fd, int flags, int *meta_out)
{
    struct stat st;
    int fd = npx_openat(dir_fd, "meta", flags, 0600);
    if (fd < 0) {
        return open_failed(errno, "the meta file");
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        npx_fd_close(fd);
        return npi_fail(NP_REVISION_MISMATCH, "the meta file is no file");
    }
    *meta_out = fd;
    return NP_OK;
}

bool npx_is_linked(int meta_fd)
{
    struct stat st;
    return fstat(meta_fd, &st) == 0 && st.st_nlink > 0;
}

/* -------------------------------------------------------------------- locks */

static int set_lock(int meta_fd, short type, unsigned byte)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    while ((type == F_WRLCK && npx_failing(NPI_FAULT("lock"))) ||
           fcntl(meta_fd, F_OFD_SETLK, &lock) != 0) {
        if (errno != EINTR) {
            return errno == EACCES ? EAGAIN : errno;
        }
    }
    return 0;
}

int npx_slot_lock(int meta_fd, unsigned slot)
{
    return set_lock(meta_fd, F_WRLCK, slot);
}

int npx_name_try_lock(int meta_fd)
{
    return set_lock(meta_fd, F_WRLCK, NAME_BYTE);
}

void npx_slot_unlock(int meta_fd, unsigned slot)
{
    set_lock(meta_fd, F_UNLCK, slot);
}

void npx_name_unlock(int meta_fd)
{
    set_lock(meta_fd, F_UNLCK, NAME_BYTE);
}

/* There is no locking call with a time-out, and a stopped process may hold the
 * lock for ever. */
int npx_name_lock(int meta_fd, npi_deadline deadline)
{
    int error;
    long us = 50; /* about as long as the lock is held */
    while ((error = npx_name_try_lock(meta_fd)) == EAGAIN) {
        if (npi_left(deadline) == 0) {
            return npi_fail(NP_SEM_TIMEOUT,
                            "another process holds the lock of the pipe's "
                            "name; it may be stopped");
        }
        nanosleep(&(struct timespec){0, us * 1000}, NULL);
        us = us < 16000 ? us * 2 : 16000;
    }
    return error == 0 ? NP_OK : npx_fail_errno(error, "lock", "the meta file");
}

/* One lock that somebody holds in [first, first + n): its first and last byte
 * inside of that. What cannot be asked counts as held: nothing that may be
 * alive is to be collected. */
static bool find_lock(int meta_fd, unsigned first, unsigned n,
                      unsigned *from_out, unsigned *to_out)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = first, .l_len = n};
    int result;
    do {
        result = fcntl(meta_fd, F_GETLK, &lock);
    } while (result != 0 && errno == EINTR);
    if (result == 0 && lock.l_type == F_UNLCK) {
        return false;
    }
    long start = (long)lock.l_start, end = start + (long)lock.l_len;
    *from_out = start > (long)first ? (unsigned)start : first;
    *to_out = lock.l_len == 0 || end > (long)(first + n) ? first + n - 1
                                                         : (unsigned)(end - 1);
    return true;
}

bool npx_slot_held(int meta_fd, unsigned slot)
{
    unsigned from, to;
    return find_lock(meta_fd, slot, 1, &from, &to);
}

bool npx_any_held(int meta_fd)
{
    unsigned from, to;
    return find_lock(meta_fd, 0, NPX_MAX_SLOTS, &from, &to);
}

/* The kernel names any lock of a range, so what is left of it and what is right
 * of it are counted in turn; the right part by going on. */
static unsigned count_locks(int meta_fd, unsigned first, unsigned end,
                            unsigned most)
{
    unsigned count = 0, from, to;
    while (first < end && count < most &&
           find_lock(meta_fd, first, end - first, &from, &to)) {
        count += to - from + 1;
        if (from > first && count < most) {
            count += count_locks(meta_fd, first, from, most - count);
        }
        first = to + 1;
    }
    return count;
}

unsigned npx_count(int meta_fd, unsigned most)
{
    unsigned count = count_locks(meta_fd, 0, NPX_MAX_SLOTS, most);
    return count < most ? count : most;
}

/* ------------------------------------------------------------------ records */

/* Passing the limit would not fail, but kill with a signal. */
static bool within_limit(size_t end)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) != 0 ||
           limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= end;
}

static bool write_at(int meta_fd, const void *data, size_t n, size_t at)
{
    ssize_t put;
    if (!within_limit(at + n)) {
        errno = EFBIG;
        return false;
    }
    do {
        put = npx_failing(NPI_FAULT("pwrite"))
                  ? -1
                  : pwrite(meta_fd, data, n, (off_t)at);
    } while (put < 0 && errno == EINTR);
    if (put >= 0 && (size_t)put != n) {
        errno = ENOSPC;
    }
    return put == (ssize_t)n;
}

static size_t read_some(int meta_fd, void *data, size_t n, size_t at)
{
    ssize_t got;
    do {
        got = pread(meta_fd, data, n, (off_t)at);
    } while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

/* What lies beyond the end of the file is zero. */
static void read_at(int meta_fd, void *data, size_t n, size_t at)
{
    size_t have = read_some(meta_fd, data, n, at);
    memset((char *)data + have, 0, n - have);
}

/* FNV-1a: it tells a header that was damaged, not one that was forged. */
static uint64_t checksum(const struct npx_header *header)
{
    const unsigned char *byte = (const unsigned char *)header;
    uint64_t sum = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < offsetof(struct npx_header, sum); i++) {
        sum = (sum ^ byte[i]) * UINT64_C(0x100000001B3);
    }
    return sum;
}

int npx_header_write(int meta_fd, const struct npi_name *name,
                     const struct npx_meta *meta)
{
    struct npx_header header;
    memset(&header, 0, sizeof header);
    header.magic = NPX_MAGIC;
    header.format = NPX_FORMAT;
    header.meta = *meta;
    memcpy(header.path, name->path, strlen(name->path));
    header.sum = checksum(&header);
    if (!write_at(meta_fd, &header, sizeof header, 0)) {
        return npx_fail_errno(errno, "write", "the meta file");
    }
    return NP_OK;
}

int npx_header_read(int meta_fd, struct npx_meta *meta_out,
                    struct npi_name *name_out)
{
    struct npx_header header;
    struct npi_name name;
    read_at(meta_fd, &header, sizeof header, 0);
    if (header.magic == NPX_MAGIC && header.format != NPX_FORMAT) {
        return npi_fail(NP_REVISION_MISMATCH,
                        "the pipe's server uses format %u of the registry, "
                        "this library %u",
                        (unsigned)header.format, NPX_FORMAT);
    }
    if (header.magic != NPX_MAGIC || header.sum != checksum(&header) ||
        header.path[NPX_PATH_FIELD - 1] != '\0' ||
        npi_name_parse(header.path, &name) != NP_OK) {
        return npi_fail(NP_REVISION_MISMATCH, "the pipe's meta file is "
                                              "damaged, or of another version");
    }
    *meta_out = header.meta;
    if (name_out) {
        *name_out = name;
    }
    return NP_OK;
}

static size_t record_at(unsigned slot)
{
    return NPX_TABLE_AT + slot * sizeof(struct npx_record);
}

void npx_table_open(struct npx_table *table, int meta_fd)
{
    table->meta_fd = meta_fd;
    table->next = table->first = table->have = 0;
    table->more = true;
}

static void read_chunk(struct npx_table *table)
{
    unsigned n = NPX_MAX_SLOTS - table->next;
    n = n < NPX_CHUNK ? n : NPX_CHUNK;
    size_t got = read_some(table->meta_fd, table->chunk,
                           n * sizeof *table->chunk, record_at(table->next));
    table->first = table->next;
    table->have = (unsigned)(got / sizeof *table->chunk);
    table->more = table->have == NPX_CHUNK;
}

const struct npx_record *npx_table_next(struct npx_table *table)
{
    if (table->next == table->first + table->have && table->more) {
        read_chunk(table);
    }
    return table->next < table->first + table->have
               ? &table->chunk[table->next++ - table->first]
               : NULL;
}

void npx_record_read(int meta_fd, unsigned slot, struct npx_record *record_out)
{
    read_at(meta_fd, record_out, sizeof *record_out, record_at(slot));
}

bool npx_record_write(int meta_fd, unsigned slot,
                      const struct npx_record *record)
{
    return write_at(meta_fd, record, sizeof *record, record_at(slot));
}

bool npx_pid_write(int meta_fd, unsigned slot, uint32_t pid)
{
    return write_at(meta_fd, &pid, sizeof pid,
                    record_at(slot) + offsetof(struct npx_record, pid));
}

bool npx_turn_write(int meta_fd, unsigned slot, uint64_t turn)
{
    return write_at(meta_fd, &turn, sizeof turn,
                    record_at(slot) + offsetof(struct npx_record, listen));
}

void npx_taken_write(int meta_fd, unsigned slot, uint64_t turn)
{
    write_at(meta_fd, &turn, sizeof turn,
             record_at(slot) + offsetof(struct npx_record, taken));
}

/* --------------------------------------------------------------- collecting */

void npx_entry(char entry_out[NPX_ENTRY_SIZE], char kind, unsigned slot)
{
    snprintf(entry_out, NPX_ENTRY_SIZE, "%c.%u", kind, slot % 100000);
}

static bool sweep_one(void *arg, const char *entry)
{
    const int *dir_fd = arg;
    if ((entry[0] == 'i' || entry[0] == 't') && entry[1] == '.') {
        unlinkat(*dir_fd, entry, 0);
    }
    return true;
}

void npx_sweep(int dir_fd)
{
    npx_dir_each(dir_fd, sweep_one, &dir_fd);
}

/* Under the name's lock. The meta file goes after the sockets, so that who dies
 * in between leaves something to lock for whoever collects next; the directory
 * goes last, and stays if somebody is putting a new meta file into it. */
static void remove_all(int dir_fd, const char *file)
{
    npx_sweep(dir_fd);
    NPI_POINT("collect-swept");
    unlinkat(dir_fd, "meta", 0);
    NPI_POINT("collect-unlinked");
    int base_fd = npx_openat(dir_fd, "..", O_RDONLY | O_DIRECTORY, 0);
    if (base_fd >= 0) {
        unlinkat(base_fd, file, AT_REMOVEDIR);
        npx_fd_close(base_fd);
    }
}

void npx_collect(int dir_fd, int meta_fd, const char *file)
{
    while (!npx_any_held(meta_fd) && npx_name_try_lock(meta_fd) == 0) {
        bool linked = npx_is_linked(meta_fd);
        if (linked && !npx_any_held(meta_fd)) {
            remove_all(dir_fd, file);
            linked = false;
        }
        npx_name_unlock(meta_fd);
        if (!linked) {
            return;
        }
    }
}
