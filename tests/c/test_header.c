/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What the public header promises to a program that was compiled against it,
 * and what it answers to one that does not keep to it. */

#include "namedpipe.h"

#include "check.h"

/* The numbers once more, as Windows has them: names.h cannot change unnoticed.
 */
static const struct {
    const char *name;
    int code, here;
} numbers[] = {
    {"INVALID_FUNCTION", 1, NP_INVALID_FUNCTION},
    {"FILE_NOT_FOUND", 2, NP_FILE_NOT_FOUND},
    {"PATH_NOT_FOUND", 3, NP_PATH_NOT_FOUND},
    {"ACCESS_DENIED", 5, NP_ACCESS_DENIED},
    {"INVALID_HANDLE", 6, NP_INVALID_HANDLE},
    {"NOT_ENOUGH_MEMORY", 8, NP_NOT_ENOUGH_MEMORY},
    {"NOT_SUPPORTED", 50, NP_NOT_SUPPORTED},
    {"INVALID_PARAMETER", 87, NP_INVALID_PARAMETER},
    {"BROKEN_PIPE", 109, NP_BROKEN_PIPE},
    {"SEM_TIMEOUT", 121, NP_SEM_TIMEOUT},
    {"INSUFFICIENT_BUFFER", 122, NP_INSUFFICIENT_BUFFER},
    {"INVALID_NAME", 123, NP_INVALID_NAME},
    {"BAD_PATHNAME", 161, NP_BAD_PATHNAME},
    {"PIPE_LOCAL", 229, NP_PIPE_LOCAL},
    {"BAD_PIPE", 230, NP_BAD_PIPE},
    {"PIPE_BUSY", 231, NP_PIPE_BUSY},
    {"NO_DATA", 232, NP_NO_DATA},
    {"PIPE_NOT_CONNECTED", 233, NP_PIPE_NOT_CONNECTED},
    {"MORE_DATA", 234, NP_MORE_DATA},
    {"TIMEOUT", 258, NP_TIMEOUT},
    {"PIPE_CONNECTED", 535, NP_PIPE_CONNECTED},
    {"PIPE_LISTENING", 536, NP_PIPE_LISTENING},
    {"OPERATION_ABORTED", 995, NP_OPERATION_ABORTED},
    {"NOT_FOUND", 1168, NP_NOT_FOUND},
    {"REVISION_MISMATCH", 1306, NP_REVISION_MISMATCH},
    {"CANNOT_IMPERSONATE", 1368, NP_CANNOT_IMPERSONATE},
    {"NO_SYSTEM_RESOURCES", 1450, NP_NO_SYSTEM_RESOURCES},
    {"INTERRUPTED", 0x20000001, NP_INTERRUPTED},
    {"SERVER_NOT_TRUSTED", 0x20000002, NP_SERVER_NOT_TRUSTED},
};

#define ALL (sizeof numbers / sizeof *numbers)

static void errors_are_windows_numbers_with_a_name_and_a_text(void)
{
    size_t known = 0;
#define NP_X(name, code, errno_name, class, text) known++;
    NP_ERRORS(NP_X)
#undef NP_X
    CHECK_EQ(known, ALL);
    for (size_t i = 0; i < ALL; i++) {
        const char *text = np_strerror(numbers[i].code);
        CHECK_EQ(numbers[i].here, numbers[i].code);
        CHECK(strcmp(np_error_name(numbers[i].code), numbers[i].name) == 0);
        CHECK(strlen(text) > 5 && text[strlen(text) - 1] != '.');
        CHECK(strcmp(text, "unknown error") != 0);
        for (size_t k = 0; k < i; k++) {
            CHECK(strcmp(text, np_strerror(numbers[k].code)) != 0);
        }
    }
}

static void unknown_numbers_have_a_text_too(void)
{
    static const int unknown[] = {-1,         4,         7,        997,
                                  0x20000003, INT32_MAX, INT32_MIN};
    for (int i = 0; i < 7; i++) {
        CHECK(strcmp(np_strerror(unknown[i]), "unknown error") == 0);
        CHECK(strcmp(np_error_name(unknown[i]), "") == 0);
    }
    CHECK(*np_strerror(NP_OK) != '\0');
    CHECK(strcmp(np_version(), NP_VERSION) == 0);
    CHECK(np_error_detail() != NULL);
}

static void constants_are_windows_numbers(void)
{
    CHECK_EQ(NP_INBOUND, 1);
    CHECK_EQ(NP_OUTBOUND, 2);
    CHECK_EQ(NP_DUPLEX, NP_INBOUND | NP_OUTBOUND);
    CHECK_EQ(NP_READ | NP_WRITE, 3);
    CHECK_EQ(NP_DISCONNECTED, 1);
    CHECK_EQ(NP_LISTENING, 2);
    CHECK_EQ(NP_CONNECTED, 3);
    CHECK_EQ(NP_CLOSING, 4);
    CHECK_EQ(NP_NOWAIT, 1);
    CHECK_EQ(NP_READMODE_MESSAGE, 2);
    CHECK_EQ(NP_UNLIMITED_INSTANCES, 255);
    CHECK_EQ(NP_INFINITE, UINT32_MAX);
    CHECK_EQ(NP_USE_DEFAULT, UINT32_MAX - 1);
    CHECK_EQ(NP_MAX_MESSAGE, INT32_MAX);
}

/* Their size field says which version a program was compiled against. */
static void option_structs_are_as_long_as_they_were(void)
{
    np_server_opts server = NP_SERVER_OPTS_INIT;
    np_client_opts client = NP_CLIENT_OPTS_INIT;
    CHECK_EQ(sizeof server, 36);
    CHECK_EQ(server.size, sizeof server);
    CHECK_EQ(sizeof client, 20);
    CHECK_EQ(client.size, sizeof client);
    CHECK_EQ(sizeof(np_state), 12);
    CHECK_EQ(sizeof(np_info), 24);
    CHECK_EQ(sizeof(np_peer), 264);
    CHECK_EQ(server.mode, NP_BYTE);
    CHECK_EQ(server.access, NP_DUPLEX);
    CHECK_EQ(server.max_instances, NP_UNLIMITED_INSTANCES);
    CHECK_EQ(server.in_quota, NP_DEFAULT_QUOTA);
    CHECK_EQ(server.out_quota, NP_DEFAULT_QUOTA);
    CHECK_EQ(server.default_timeout, 50);
    CHECK_EQ(server.flags, 0);
    CHECK_EQ(client.access, NP_READ | NP_WRITE);
    CHECK_EQ(client.wait, NP_WAIT_INSTANCE);
}

/* -------------------------------------------------------------- bad options */

/* A field by its place, set to what it must not be. */
static void create_refuses_bad_options(void)
{
    static const struct {
        size_t at;
        uint32_t value;
    } bad[] = {
        {offsetof(np_server_opts, size), 0},
        {offsetof(np_server_opts, size), sizeof(np_server_opts) - 4},
        {offsetof(np_server_opts, size), sizeof(np_server_opts) + 4},
        {offsetof(np_server_opts, mode), 0},
        {offsetof(np_server_opts, mode), 3},
        {offsetof(np_server_opts, mode), UINT32_MAX},
        {offsetof(np_server_opts, read_mode), NP_MESSAGE}, /* C3 */
        {offsetof(np_server_opts, read_mode), 3},
        {offsetof(np_server_opts, access), 0}, /* C1 */
        {offsetof(np_server_opts, access), 4},
        {offsetof(np_server_opts, access), UINT32_MAX},
        {offsetof(np_server_opts, max_instances), 0}, /* C2 */
        {offsetof(np_server_opts, max_instances), 256},
        {offsetof(np_server_opts, max_instances), UINT32_MAX},
        {offsetof(np_server_opts, flags), 8},
        {offsetof(np_server_opts, flags), UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        np_server_opts opts = NP_SERVER_OPTS_INIT;
        np_pipe *pipe = (np_pipe *)&opts;
        np_server *server = (np_server *)&opts;
        memcpy((char *)&opts + bad[i].at, &bad[i].value, 4);
        CHECK_EQ(np_create("header", &opts, &pipe), NP_INVALID_PARAMETER);
        CHECK(*np_error_detail() != '\0');
        CHECK(pipe == (np_pipe *)&opts); /* untouched */
        CHECK_EQ(np_listen("header", &opts, &server), NP_INVALID_PARAMETER);
        CHECK(server == (np_server *)&opts);
    }
    CHECK_EQ(np_exists("header"), NP_FILE_NOT_FOUND);
}

static void open_refuses_bad_options(void)
{
    static const struct {
        size_t at;
        uint32_t value;
    } bad[] = {
        {offsetof(np_client_opts, size), 0},
        {offsetof(np_client_opts, size), sizeof(np_client_opts) + 4},
        {offsetof(np_client_opts, access), 4},
        {offsetof(np_client_opts, access), UINT32_MAX},
        {offsetof(np_client_opts, read_mode), 3},
        {offsetof(np_client_opts, flags), 2},
        {offsetof(np_client_opts, flags), UINT32_MAX},
        {offsetof(np_client_opts, wait), 2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        np_client_opts opts = NP_CLIENT_OPTS_INIT;
        np_pipe *pipe = (np_pipe *)&opts;
        memcpy((char *)&opts + bad[i].at, &bad[i].value, 4);
        CHECK_EQ(np_open("header", &opts, &pipe), NP_INVALID_PARAMETER);
        CHECK_EQ(np_connect("header", &opts, &pipe, 0), NP_INVALID_PARAMETER);
        CHECK(pipe == (np_pipe *)&opts);
    }
}

/* ---------------------------------------------------------------- bad names */

static void names_are_checked_by_all_who_take_one(void)
{
    char longest[400];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *const bad[] = {NULL,        "",      "\\\\.\\pipe\\",
                               "//./pipe/", longest, "\xff\xfe"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        np_pipe *pipe;
        np_server *server;
        char buf[32];
        size_t n;
        int want = bad[i] ? NP_INVALID_NAME : NP_PATH_NOT_FOUND; /* NM5 */
        CHECK_EQ(np_create(bad[i], NULL, &pipe), want);
        CHECK_EQ(np_open(bad[i], NULL, &pipe), want);
        CHECK_EQ(np_connect(bad[i], NULL, &pipe, 0), want);
        CHECK_EQ(np_wait(bad[i], 0), want);
        CHECK_EQ(np_wait(bad[i], NP_USE_DEFAULT), want);
        CHECK_EQ(np_exists(bad[i]), want);
        CHECK_EQ(np_listen(bad[i], NULL, &server), want);
        CHECK_EQ(np_call(bad[i], "x", 1, buf, 32, &n, 0), want);
        CHECK_EQ(np_full_name(bad[i], buf, sizeof buf), NP_INVALID_NAME);
        CHECK(strlen(buf) < sizeof buf);
        CHECK_EQ(np_full_name(bad[i], NULL, 0), NP_INVALID_NAME);
    }
}

/* ------------------------------------------------------------ bad arguments */

static void handles_may_be_null(void)
{
    char byte;
    size_t n = 4711;
    int fd = 4711;
    np_state state;
    np_info info;
    np_peer peer;
    np_pipe *pipe = NULL;
    CHECK_EQ(np_accept(NULL, 0), NP_INVALID_HANDLE);
    CHECK_EQ(np_disconnect(NULL), NP_INVALID_HANDLE);
    CHECK_EQ(np_read(NULL, &byte, 1, &n, 0), NP_INVALID_HANDLE);
    CHECK_EQ(np_recv(NULL, &byte, 1, &n, 0), NP_INVALID_HANDLE);
    CHECK_EQ(np_write(NULL, "x", 1, &n, 0), NP_INVALID_HANDLE);
    CHECK_EQ(np_peek(NULL, &byte, 1, &n, NULL, NULL), NP_INVALID_HANDLE);
    CHECK_EQ(np_transact(NULL, "x", 1, &byte, 1, &n, 0), NP_INVALID_HANDLE);
    CHECK_EQ(np_flush(NULL, 0), NP_INVALID_HANDLE);
    CHECK_EQ(np_cancel(NULL), NP_INVALID_HANDLE);
    CHECK_EQ(np_get_state(NULL, &state), NP_INVALID_HANDLE);
    CHECK_EQ(np_set_state(NULL, 0), NP_INVALID_HANDLE);
    CHECK_EQ(np_get_info(NULL, &info), NP_INVALID_HANDLE);
    CHECK_EQ(np_get_peer(NULL, &peer), NP_INVALID_HANDLE);
    CHECK_EQ(np_get_fd(NULL, &fd), NP_INVALID_HANDLE);
    CHECK(np_server_accept(NULL, &pipe, 0) != NP_OK);
    CHECK(np_server_cancel(NULL) != NP_OK);
    CHECK(np_server_get_fd(NULL, &fd) != NP_OK);
    CHECK(strcmp(np_path(NULL), "") == 0);
    CHECK(strcmp(np_server_path(NULL), "") == 0);
    np_shutdown(NULL);
    np_close(NULL);
    np_server_shutdown(NULL);
    np_server_close(NULL);
    np_free(NULL);
    CHECK(n == 4711 && fd == 4711 && !pipe);
}

static void outputs_may_not_be_null(void)
{
    np_pipe *pipe;
    np_server *server;
    char byte;
    CHECK_EQ(np_create("header", NULL, NULL), NP_INVALID_PARAMETER);
    CHECK_EQ(np_listen("header", NULL, NULL), NP_INVALID_PARAMETER);
    CHECK_EQ(np_open("header", NULL, NULL), NP_INVALID_PARAMETER);
    CHECK_EQ(np_connect("header", NULL, NULL, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_names(NULL, NULL), NP_INVALID_PARAMETER);
    CHECK_EQ(np_call("header", "x", 1, &byte, 1, NULL, 0),
             NP_INVALID_PARAMETER);
    CHECK_EQ(np_listen("header", NULL, &server), NP_OK);
    CHECK_EQ(np_server_accept(server, NULL, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_server_get_fd(server, NULL), NP_INVALID_PARAMETER);
    np_server_close(server);
    CHECK_EQ(np_create("header", NULL, &pipe), NP_OK);
    CHECK_EQ(np_read(pipe, &byte, 1, NULL, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_recv(pipe, &byte, 1, NULL, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_write(pipe, &byte, 1, NULL, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_transact(pipe, "x", 1, &byte, 1, NULL, 0),
             NP_INVALID_PARAMETER);
    CHECK_EQ(np_get_state(pipe, NULL), NP_INVALID_PARAMETER);
    CHECK_EQ(np_get_info(pipe, NULL), NP_INVALID_PARAMETER);
    CHECK_EQ(np_get_peer(pipe, NULL), NP_INVALID_PARAMETER);
    CHECK_EQ(np_get_fd(pipe, NULL), NP_INVALID_PARAMETER);
    np_close(pipe);
}

static void buffers_are_checked(void)
{
    np_pipe *pipe;
    np_select_item none = {.pipe = NULL}, both;
    size_t n = 4711;
    CHECK_EQ(np_create("header", NULL, &pipe), NP_OK);
    CHECK_EQ(np_read(pipe, NULL, 1, &n, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_recv(pipe, NULL, 1, &n, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_write(pipe, NULL, 1, &n, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_write(pipe, "x", (size_t)NP_MAX_MESSAGE + 1, &n, 0),
             NP_INVALID_PARAMETER);
    CHECK_EQ(np_transact(pipe, NULL, 1, NULL, 0, &n, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_transact(pipe, "x", 1, NULL, 1, &n, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_call("header", NULL, 1, NULL, 0, &n, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_call("header", "x", 1, NULL, 1, &n, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_set_state(pipe, 4), NP_INVALID_PARAMETER);
    CHECK_EQ(np_set_state(pipe, UINT32_MAX), NP_INVALID_PARAMETER);
    both.pipe = pipe;
    both.server = (np_server *)pipe;
    CHECK_EQ(np_select(&none, 1, &n, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_select(&both, 1, &n, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_select(NULL, 1, &n, 0), NP_INVALID_PARAMETER);
    CHECK_EQ(np_select(NULL, 0, &n, 0), NP_TIMEOUT);
    CHECK_EQ(n, 4711);
    np_close(pipe);
}

/* A handle that was shut down is one no more, but its memory is there. */
static void after_shutdown_everything_answers_6(void)
{
    np_pipe *pipe;
    np_server *server;
    char byte;
    size_t n;
    int fd;
    CHECK_EQ(np_create("header", NULL, &pipe), NP_OK);
    CHECK_EQ(np_listen("header2", NULL, &server), NP_OK);
    np_shutdown(pipe);
    np_shutdown(pipe);
    np_server_shutdown(server);
    CHECK_EQ(np_exists("header"), NP_FILE_NOT_FOUND);
    CHECK_EQ(np_exists("header2"), NP_FILE_NOT_FOUND);
    CHECK_EQ(np_accept(pipe, 0), NP_INVALID_HANDLE);
    CHECK_EQ(np_read(pipe, &byte, 1, &n, 0), NP_INVALID_HANDLE);
    CHECK_EQ(np_cancel(pipe), NP_INVALID_HANDLE);
    CHECK_EQ(np_get_fd(pipe, &fd), NP_INVALID_HANDLE);
    CHECK(strcmp(np_path(pipe), "\\\\.\\pipe\\header") == 0);
    CHECK_EQ(np_server_get_fd(server, &fd), NP_INVALID_HANDLE);
    CHECK_EQ(np_server_cancel(server), NP_INVALID_HANDLE);
    CHECK(strcmp(np_server_path(server), "\\\\.\\pipe\\header2") == 0);
    np_close(pipe);
    np_server_close(server);
}

int main(void)
{
    check_dir();
    RUN(errors_are_windows_numbers_with_a_name_and_a_text);
    RUN(unknown_numbers_have_a_text_too);
    RUN(constants_are_windows_numbers);
    RUN(option_structs_are_as_long_as_they_were);
    RUN(create_refuses_bad_options);
    RUN(open_refuses_bad_options);
    RUN(names_are_checked_by_all_who_take_one);
    RUN(handles_may_be_null);
    RUN(outputs_may_not_be_null);
    RUN(buffers_are_checked);
    RUN(after_shutdown_everything_answers_6);
    return check_done();
}
