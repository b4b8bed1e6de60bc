/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What the tests of the Linux registry share: servers and clients that are
 * made of its calls only, and processes to be killed. */

#ifndef REGISTRY_H
#define REGISTRY_H

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "linux/npx_fork.h"
#include "linux/npx_registry.h"

static inline struct npi_name named(const char *text)
{
    struct npi_name name;
    if (npi_name_parse(text, &name) != NP_OK) {
        abort();
    }
    return name;
}

/* An instance of a pipe, listening or not. */
struct instance {
    struct npx_slot slot;
    struct npx_meta meta;
    int listener;
};

/* The in-quota tells instances apart. */
static inline int take(const char *text, uint32_t in_quota, uint32_t max,
                       uint32_t flags, struct instance *instance)
{
    struct npi_name name = named(text);
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    opts.in_quota = in_quota;
    opts.max_instances = max;
    opts.flags = flags;
    instance->listener = -1;
    return npx_slot_take(&name, &opts, &instance->slot, &instance->meta);
}

static inline int serve(const char *text, uint32_t in_quota,
                        struct instance *instance)
{
    int code = take(text, in_quota, 255, 0, instance);
    return code ? code : npx_slot_listen(&instance->slot, &instance->listener);
}

/* Take the client that waits; its socket, or -1 if there is none. */
static inline int meet(struct instance *instance)
{
    shutdown(instance->listener, SHUT_RD);
    npx_fork_hold();
    int sock = npx_fd_keep(accept(instance->listener, NULL, NULL));
    npx_fork_release();
    npx_fd_close(instance->listener);
    instance->listener = -1;
    npx_slot_taken(&instance->slot);
    return sock;
}

static inline void leave(struct instance *instance)
{
    npx_slot_release(&instance->slot);
    npx_fd_close(instance->listener);
    instance->listener = -1;
}

/* A whole claim of a client. */
static inline int claim(const char *text, int *sock_out, uint32_t *in_out)
{
    struct npi_name name = named(text);
    struct npx_view view;
    struct npx_claim claimed = {.sock = -1};
    int code = npx_view_open(&name, &view);
    if (code == NP_OK) {
        code = npx_view_claim(&view, &claimed);
        npx_view_close(&view);
    }
    *sock_out = code == NP_OK ? claimed.sock : -1;
    *in_out = claimed.quotas[0];
    return code;
}

/* What a claim that gives its connection up at once returns. */
static inline int try_claim(const char *text)
{
    int sock;
    uint32_t in;
    int code = claim(text, &sock, &in);
    npx_fd_close(sock);
    return code;
}

static inline int look(const char *text)
{
    struct npi_name name = named(text);
    struct npx_view view;
    int code = npx_view_open(&name, &view);
    if (code == NP_OK) {
        code = npx_view_listening(&view);
        npx_view_close(&view);
    }
    return code;
}

/* Entries of the runtime directory. */
static inline unsigned files_left(void)
{
    unsigned n = 0;
    DIR *dir = opendir(getenv("NAMEDPIPE_DIR"));
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    if (dir) {
        closedir(dir);
    }
    return n;
}

static inline unsigned open_fds(void)
{
    unsigned n = 0;
    for (int fd = 0; fd < 2000; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

static inline mode_t mode_of(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

/* The file or directory that stands for something of a name. */
static inline const char *file_of(const char *text, const char *entry)
{
    static char path[1024];
    struct npi_name name = named(text);
    snprintf(path, sizeof path, "%s/%s/%s", getenv("NAMEDPIPE_DIR"), name.file,
             entry);
    return path;
}

/* A process that does something, says so, and lives until it is killed. */
static inline pid_t child(void (*work)(void))
{
    int fds[2];
    char byte;
    if (pipe(fds) != 0) {
        abort();
    }
    pid_t pid = fork();
    if (pid == 0) {
        int failures = check_failures;
        close(fds[0]);
        work();
        byte = check_failures == failures ? 'k' : 'x';
        if (write(fds[1], &byte, 1) == 1) {
            pause();
        }
        _exit(1);
    }
    close(fds[1]);
    CHECK(read(fds[0], &byte, 1) == 1 && byte == 'k');
    close(fds[0]);
    return pid;
}

static inline void kill_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

#endif
