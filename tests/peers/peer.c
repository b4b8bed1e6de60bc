/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A process for tests to drive by lines; peer.py and peer.lua speak the same.
 *
 * Each line of stdin is VERB ARG..., tokens separated by exactly one space, and
 * is answered by exactly one line: "ok VALUES..." or "err CODE", where CODE is
 * a number of names.h, or "usage" for a line that makes no sense. Bytes are
 * lower-case hexadecimal, "-" for none; time-outs are milliseconds, "inf" or
 * (for wait) "default"; handles are small integers this program chooses. A
 * handle that was closed answers err 6. The verbs stand in the table below, the
 * letters of their arguments in args.h. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"

static np_pipe *pipe_of(const struct arg *arg)
{
    return handles[arg->num].pipe;
}

/* ---------------------------------------------------------------- answers */

static int answer_handle(int error, np_pipe *pipe, np_server *server)
{
    if (error) {
        return error;
    }
    if (handle_count == MAX_HANDLES) {
        abort();
    }
    handles[handle_count] = (struct handle){pipe, server};
    printf("ok %" PRIu32 "\n", handle_count++);
    return NP_OK;
}

static int answer_done(int error)
{
    if (!error) {
        puts("ok");
    }
    return error;
}

static int answer_size(int error, size_t n)
{
    if (!error) {
        printf("ok %zu\n", n);
    }
    return error;
}

static void print_hex(const unsigned char *data, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    if (n == 0) {
        putchar('-');
    }
    for (size_t i = 0; i < n; i++) {
        putchar(digits[data[i] >> 4]);
        putchar(digits[data[i] & 15]);
    }
}

/* Takes data over. */
static int answer_data(int error, unsigned char *data, size_t n)
{
    if (error == NP_OK || error == NP_MORE_DATA) {
        fputs("ok ", stdout);
        print_hex(data, n);
        puts(error == NP_MORE_DATA ? " 1" : " 0");
        error = NP_OK;
    }
    free(data);
    return error;
}

/* ------------------------------------------------------------------ verbs */

static int do_create(const struct arg *a)
{
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    np_pipe *pipe = NULL;
    int error;

    opts.mode = a[1].num;
    opts.read_mode = a[2].num;
    opts.access = a[3].num;
    opts.max_instances = a[4].num;
    opts.in_quota = a[5].num;
    opts.out_quota = a[6].num;
    opts.flags = a[7].num;
    error = np_create(a[0].text, &opts, &pipe);
    return answer_handle(error, pipe, NULL);
}

static int do_listen(const struct arg *a)
{
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    np_server *server = NULL;
    int error;

    opts.mode = a[1].num;
    opts.max_instances = a[2].num;
    error = np_listen(a[0].text, &opts, &server);
    return answer_handle(error, NULL, server);
}

static int do_saccept(const struct arg *a)
{
    np_pipe *pipe = NULL;
    int error = np_server_accept(handles[a[0].num].server, &pipe, a[1].num);

    if (error == NP_PIPE_CONNECTED) {
        error = NP_OK;
    }
    return answer_handle(error, pipe, NULL);
}

static int do_open(const struct arg *a)
{
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    np_pipe *pipe = NULL;
    int error;

    opts.access = a[1].num;
    opts.read_mode = a[2].num;
    error = np_open(a[0].text, &opts, &pipe);
    return answer_handle(error, pipe, NULL);
}

static int do_connect(const struct arg *a)
{
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    np_pipe *pipe = NULL;
    int error;

    opts.read_mode = a[1].num;
    opts.wait = a[3].num;
    error = np_connect(a[0].text, &opts, &pipe, a[2].num);
    return answer_handle(error, pipe, NULL);
}

static int do_accept(const struct arg *a)
{
    int error = np_accept(pipe_of(a), a[1].num);

    return answer_done(error == NP_PIPE_CONNECTED ? NP_OK : error);
}

static int do_disconnect(const struct arg *a)
{
    return answer_done(np_disconnect(pipe_of(a)));
}

static int do_wait(const struct arg *a)
{
    return answer_done(np_wait(a[0].text, a[1].num));
}

static int do_read(const struct arg *a)
{
    unsigned char *buf = allocate(a[1].num);
    size_t got = 0;
    int error = np_read(pipe_of(a), buf, a[1].num, &got, a[2].num);

    return answer_data(error, buf, got);
}

static int do_recv(const struct arg *a)
{
    unsigned char *buf = allocate(0);
    size_t size = 0;
    size_t got = 0;
    int error;

    while ((error = np_recv(pipe_of(a), buf, size, &got, a[1].num)) ==
           NP_INSUFFICIENT_BUFFER) {
        free(buf);
        size = got;
        buf = allocate(size);
    }
    if (!error) {
        fputs("ok ", stdout);
        print_hex(buf, got);
        putchar('\n');
    }
    free(buf);
    return error;
}

static int do_write(const struct arg *a)
{
    size_t put = 0;
    int error = np_write(pipe_of(a), a[1].data, a[1].size, &put, a[2].num);

    return answer_size(error, put);
}

static int do_fill(const struct arg *a)
{
    unsigned char *buf = allocate(a[2].num);
    size_t put = 0;
    int error;

    memset(buf, (int)(a[1].num & 255), a[2].num);
    error = np_write(pipe_of(a), buf, a[2].num, &put, a[3].num);
    free(buf);
    return answer_size(error, put);
}

static int do_peek(const struct arg *a)
{
    unsigned char *buf = allocate(a[1].num);
    size_t got = 0;
    size_t avail = 0;
    uint32_t left = 0;
    int error = np_peek(pipe_of(a), buf, a[1].num, &got, &avail, &left);

    if (!error) {
        fputs("ok ", stdout);
        print_hex(buf, got);
        printf(" %zu %" PRIu32 "\n", avail, left);
    }
    free(buf);
    return error;
}

static int do_transact(const struct arg *a)
{
    unsigned char *buf = allocate(a[2].num);
    size_t got = 0;
    int error = np_transact(pipe_of(a), a[1].data, a[1].size, buf, a[2].num,
                            &got, a[3].num);

    return answer_data(error, buf, got);
}

static int do_call(const struct arg *a)
{
    unsigned char *buf = allocate(a[2].num);
    size_t got = 0;
    int error = np_call(a[0].text, a[1].data, a[1].size, buf, a[2].num, &got,
                        a[3].num);

    return answer_data(error, buf, got);
}

static int do_flush(const struct arg *a)
{
    return answer_done(np_flush(pipe_of(a), a[1].num));
}

static int do_state(const struct arg *a)
{
    np_state state = {0, 0, 0};
    int error = np_get_state(pipe_of(a), &state);

    if (!error) {
        printf("ok %" PRIu32 " %" PRIu32 "\n", state.state, state.mode);
    }
    return error;
}

static int do_setstate(const struct arg *a)
{
    return answer_done(np_set_state(pipe_of(a), a[1].num));
}

static int do_info(const struct arg *a)
{
    np_info info = {0, 0, 0, 0, 0, 0};
    int error = np_get_info(pipe_of(a), &info);

    if (!error) {
        printf("ok %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32
               "\n",
               info.server_end, info.mode, info.out_quota, info.in_quota,
               info.max_instances);
    }
    return error;
}

static int do_peer(const struct arg *a)
{
    np_peer peer;
    int error = np_get_peer(pipe_of(a), &peer);

    return answer_size(error, error ? 0 : peer.pid);
}

static int do_exists(const struct arg *a)
{
    int error = np_exists(a[0].text);

    if (error && error != NP_FILE_NOT_FOUND) {
        return error;
    }
    return answer_size(NP_OK, error == NP_OK);
}

static int do_close(const struct arg *a)
{
    struct handle *handle = &handles[a[0].num];

    np_close(handle->pipe);
    np_server_close(handle->server);
    *handle = (struct handle){NULL, NULL};
    return answer_done(NP_OK);
}

static int do_quit(const struct arg *a)
{
    (void)a;
    return answer_done(NP_OK);
}

struct verb {
    const char *name;
    const char *args; /* see args.h */
    int (*run)(const struct arg *args);
};

static const struct verb verbs[] = {
    {"create", "smmauuuu", do_create},
    {"listen", "smu", do_listen},
    {"saccept", "vt", do_saccept},
    {"open", "scm", do_open},
    {"connect", "smtw", do_connect},
    {"accept", "ht", do_accept},
    {"disconnect", "h", do_disconnect},
    {"wait", "st", do_wait},
    {"read", "hut", do_read},
    {"recv", "ht", do_recv},
    {"write", "hxt", do_write},
    {"fill", "huut", do_fill},
    {"peek", "hu", do_peek},
    {"transact", "hxut", do_transact},
    {"call", "sxut", do_call},
    {"flush", "ht", do_flush},
    {"state", "h", do_state},
    {"setstate", "hu", do_setstate},
    {"info", "h", do_info},
    {"peer", "h", do_peer},
    {"exists", "s", do_exists},
    {"close", "b", do_close},
    {"quit", "", do_quit},
};

/* ------------------------------------------------------------------ lines */

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static int run_verb(const struct verb *verb, char *rest)
{
    struct arg args[MAX_ARGS] = {{NULL, 0, NULL, 0}};
    size_t n = strlen(verb->args);
    int error = NP_OK;

    for (size_t i = 0; i < n && !error; i++) {
        args[i].text = next_token(&rest);
        error = args[i].text ? parse_arg(verb->args[i], &args[i]) : USAGE;
    }
    if (!error && rest) {
        error = USAGE;
    }
    if (!error) {
        error = verb->run(args);
    }
    for (size_t i = 0; i < n; i++) {
        free(args[i].data);
    }
    return error;
}

/* Whether to go on. */
static bool serve_line(char *line)
{
    char *rest = line;
    const struct verb *verb;
    int error;

    line[strcspn(line, "\n")] = '\0';
    verb = find_verb(next_token(&rest));
    error = verb ? run_verb(verb, rest) : USAGE;
    if (error == USAGE) {
        puts("err usage");
    } else if (error) {
        printf("err %d\n", error);
    }
    fflush(stdout);
    return error || verb->run != do_quit;
}

/* The next line of stdin, of any length, to be freed; NULL at the end. */
static char *read_line(void)
{
    size_t size = 256, used = 0;
    char *line = allocate(size);

    while (fgets(line + used, (int)(size - used), stdin)) {
        used += strlen(line + used);
        if (used > 0 && line[used - 1] == '\n') {
            return line;
        }
        size *= 2;
        char *longer = realloc(line, size);
        if (!longer) {
            abort();
        }
        line = longer;
    }
    free(line);
    return NULL;
}

int main(void)
{
    char *line;
    bool going = true;

    while (going && (line = read_line()) != NULL) {
        going = serve_line(line);
        free(line);
    }
    for (uint32_t i = 0; i < handle_count; i++) {
        np_close(handles[i].pipe);
        np_server_close(handles[i].server);
    }
    return 0;
}
