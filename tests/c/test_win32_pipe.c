/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Making, opening, waiting for and calling pipes by name, in the Win32
 * spelling. */

#include <sys/wait.h>
#include <unistd.h>

#include "win32_ends.h"

/* ----------------------------------------------------------------- creating */

/* C1, C2, C3 */
static void create_refuses_unknown_modes_and_impossible_numbers(void)
{
    static const DWORD wrong[][3] = {
        {0, 0, 1},
        {FILE_FLAG_OVERLAPPED, 0, 1},
        {PIPE_ACCESS_DUPLEX | 0x4, 0, 1},
        {PIPE_ACCESS_DUPLEX | FILE_FLAG_NO_BUFFERING, 0, 1},
        {PIPE_ACCESS_DUPLEX, 0x10, 1},
        {PIPE_ACCESS_DUPLEX, 0, 0},
        {PIPE_ACCESS_DUPLEX, 0, 256},
        {PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE | PIPE_READMODE_MESSAGE, 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_NO_HANDLE(CreateNamedPipeA(NAME, wrong[i][0], wrong[i][1],
                                         wrong[i][2], 1, 1, 0, NULL),
                        ERROR_INVALID_PARAMETER);
    }
}

static HANDLE create_as(const char *name)
{
    return CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX, 0, 1, 1, 1, 0, NULL);
}

/* NM5 */
static void create_wants_the_path_of_a_pipe(void)
{
    CHECK_NO_HANDLE(create_as(NULL), ERROR_PATH_NOT_FOUND);
    CHECK_NO_HANDLE(create_as("demo"), ERROR_INVALID_NAME);
    CHECK_NO_HANDLE(create_as(""), ERROR_INVALID_NAME);
    CHECK_NO_HANDLE(create_as("\\\\.\\pipe"), ERROR_INVALID_NAME);
    CHECK_NO_HANDLE(create_as("\\\\.\\pipe\\"), ERROR_INVALID_NAME);
    CHECK_NO_HANDLE(create_as("\\\\.\\com1"), ERROR_INVALID_NAME);
    CHECK_NO_HANDLE(create_as("\\\\host\\pipe\\demo"), ERROR_INVALID_NAME);
    CHECK_NO_HANDLE(
        CreateNamedPipeW(NULL, PIPE_ACCESS_DUPLEX, 0, 1, 1, 1, 0, NULL),
        ERROR_PATH_NOT_FOUND);
}

/* C4, C6 */
static void further_instances_are_checked_against_the_first(void)
{
    DWORD modes = PIPE_ACCESS_INBOUND | FILE_FLAG_FIRST_PIPE_INSTANCE;
    HANDLE first = CreateNamedPipeA(NAME, modes, 0, 2, 1, 1, 0, NULL);
    CHECK_NO_HANDLE(CreateNamedPipeA(NAME, modes, 0, 2, 1, 1, 0, NULL),
                    ERROR_ACCESS_DENIED);
    CHECK_NO_HANDLE(create_as(NAME), ERROR_ACCESS_DENIED);
    HANDLE second = CreateNamedPipeA(NAME, PIPE_ACCESS_INBOUND,
                                     PIPE_TYPE_MESSAGE, 9, 7, 7, 7, NULL);
    CHECK(second != INVALID_HANDLE_VALUE);
    CHECK_NO_HANDLE(CreateNamedPipeA(NAME, modes, 0, 9, 1, 1, 0, NULL),
                    ERROR_PIPE_BUSY);
    CloseHandle(first);
    CloseHandle(second);
}

static void what_there_is_not_is_refused(void)
{
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    SECURITY_ATTRIBUTES secured = {sizeof secured, &inherit, FALSE};
    SECURITY_ATTRIBUTES plain = {sizeof plain, NULL, FALSE};
    CHECK_NO_HANDLE(CreateNamedPipeA(NAME, 3, 0, 1, 1, 1, 0, &inherit),
                    ERROR_NOT_SUPPORTED);
    CHECK_NO_HANDLE(CreateNamedPipeA(NAME, 3, 0, 1, 1, 1, 0, &secured),
                    ERROR_NOT_SUPPORTED);
    HANDLE pipe = CreateNamedPipeA(NAME, 3 | FILE_FLAG_WRITE_THROUGH,
                                   PIPE_REJECT_REMOTE_CLIENTS, 1, 1, 1, 0,
                                   &plain);
    CHECK(pipe != INVALID_HANDLE_VALUE);
    CHECK_NO_HANDLE(
        CreateFileA(NAME, GENERIC_READ, 0, &inherit, OPEN_EXISTING, 0, NULL),
        ERROR_NOT_SUPPORTED);
    CloseHandle(pipe);
}

/* ------------------------------------------------------------------ opening */

static HANDLE open_as(const char *name, DWORD access)
{
    return CreateFileA(name, access, 0, NULL, OPEN_EXISTING,
                       SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
}

static void only_pipes_can_be_opened(void)
{
    HANDLE pipe = create_as(NAME);
    CHECK_NO_HANDLE(open_as(NULL, 0), ERROR_PATH_NOT_FOUND);
    CHECK_NO_HANDLE(open_as("demo", 0), ERROR_NOT_SUPPORTED);
    CHECK_NO_HANDLE(open_as("/etc/passwd", 0), ERROR_NOT_SUPPORTED);
    CHECK_NO_HANDLE(open_as("C:\\demo", 0), ERROR_NOT_SUPPORTED);
    CHECK_NO_HANDLE(open_as("\\\\.\\com1", 0), ERROR_NOT_SUPPORTED);
    CHECK_NO_HANDLE(CreateFileA(NAME, 0, 0, NULL, 0, 0, NULL),
                    ERROR_INVALID_PARAMETER);
    CHECK_NO_HANDLE(CreateFileA(NAME, 0, 0, NULL, 6, 0, NULL),
                    ERROR_INVALID_PARAMETER);
    CloseHandle(pipe);
}

/* F1 */
static void open_never_waits_and_never_creates(void)
{
    CHECK_NO_HANDLE(open_as(NAME, 0), ERROR_FILE_NOT_FOUND);
    CHECK_NO_HANDLE(CreateFileA(NAME, 0, 0, NULL, CREATE_ALWAYS, 0, NULL),
                    ERROR_FILE_NOT_FOUND);
    HANDLE pipe = create_as(NAME);
    HANDLE client = open_as(NAME, GENERIC_READ);
    CHECK(client != INVALID_HANDLE_VALUE);
    CHECK_NO_HANDLE(open_as(NAME, GENERIC_READ), ERROR_PIPE_BUSY);
    CloseHandle(client);
    CloseHandle(pipe);
}

/* F2, F3, F4 */
static void a_client_has_the_access_it_asked_for(void)
{
    DWORD mode = PIPE_READMODE_MESSAGE;
    DWORD read_only = GENERIC_READ | FILE_WRITE_ATTRIBUTES;
    HANDLE pipes[2];
    for (int i = 0; i < 2; i++) {
        pipes[i] = create(PIPE_ACCESS_OUTBOUND, MESSAGES, 100);
    }
    CHECK_NO_HANDLE(open_as(NAME, GENERIC_WRITE), ERROR_ACCESS_DENIED);
    HANDLE plain = open_as(NAME, GENERIC_READ);
    HANDLE setting = open_as(NAME, read_only);
    CHECK_FAILS(SetNamedPipeHandleState(plain, &mode, NULL, NULL),
                ERROR_ACCESS_DENIED);
    CHECK(SetNamedPipeHandleState(setting, &mode, NULL, NULL));
    CHECK_FAILS(WriteFile(setting, "x", 1, &mode, NULL), ERROR_ACCESS_DENIED);
    CHECK_FAILS(ReadFile(pipes[0], &mode, 1, &mode, NULL), ERROR_ACCESS_DENIED);
    CHECK_NO_HANDLE(open_as(NAME, GENERIC_WRITE), ERROR_ACCESS_DENIED);
    CHECK_NO_HANDLE(open_as(NAME, GENERIC_READ), ERROR_PIPE_BUSY);
    CloseHandle(plain);
    CloseHandle(setting);
    CloseHandle(pipes[0]);
    CloseHandle(pipes[1]);
}

/* F2 */
static void access_to_nothing_takes_an_instance(void)
{
    HANDLE pipe = create_as(NAME);
    HANDLE client = open_as(NAME, 0);
    CHECK(client != INVALID_HANDLE_VALUE);
    CHECK_NO_HANDLE(open_as(NAME, 0), ERROR_PIPE_BUSY);
    CloseHandle(client);
    CloseHandle(pipe);
}

/* NM1 */
static void a_name_has_many_spellings(void)
{
    static const char *const names[] = {
        "\\\\.\\PIPE\\gr\xC3\xBCn\\1",
        "//./pipe/GR\xC3\x9CN/1",
        "\\\\?\\pipe\\Gr\xC3\xBCn\\1",
    };
    static const WCHAR wide[] = u"\\\\.\\Pipe\\gr\u00DCn\\1";
    HANDLE pipe = CreateNamedPipeW(wide, PIPE_ACCESS_DUPLEX, 0, 9, 1, 1, 0,
                                   NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        HANDLE client = open_as(names[i], GENERIC_READ);
        CHECK(client != INVALID_HANDLE_VALUE);
        CHECK(DisconnectNamedPipe(pipe));
        CHECK_FAILS(WaitNamedPipeW(wide, 1), ERROR_SEM_TIMEOUT);
        CloseHandle(client);
        CloseHandle(pipe);
        pipe = CreateNamedPipeA(names[i], PIPE_ACCESS_DUPLEX, 0, 9, 1, 1, 0,
                                NULL);
    }
    HANDLE client = CreateFileW(wide, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0,
                                NULL);
    CHECK(client != INVALID_HANDLE_VALUE);
    CloseHandle(client);
    CloseHandle(pipe);
}

static void half_a_surrogate_pair_is_no_name(void)
{
    static const WCHAR wide[] = {'\\', '\\', '.',  '\\',   'p', 'i',
                                 'p',  'e',  '\\', 0xD800, 0};
    CHECK_NO_HANDLE(
        CreateNamedPipeW(wide, PIPE_ACCESS_DUPLEX, 0, 9, 1, 1, 0, NULL),
        ERROR_INVALID_NAME);
}

/* ------------------------------------------------------------------ waiting */

/* WT1, WT2, WT4, NM7 */
static void waiting_ends_as_windows_says(void)
{
    CHECK_FAILS(WaitNamedPipeA(NAME, NMPWAIT_WAIT_FOREVER),
                ERROR_FILE_NOT_FOUND);
    CHECK_FAILS(WaitNamedPipeA("demo", 1), ERROR_BAD_PATHNAME);
    CHECK_FAILS(WaitNamedPipeA("\\\\.\\com1", 1), ERROR_BAD_PATHNAME);
    struct ends ends = ends_open(BYTES, 100, 0);
    CHECK_FAILS(WaitNamedPipeA(NAME, NMPWAIT_USE_DEFAULT_WAIT),
                ERROR_SEM_TIMEOUT);
    CHECK_FAILS(WaitNamedPipeA(NAME, NMPWAIT_NOWAIT), ERROR_SEM_TIMEOUT);
    CHECK_FAILS(WaitNamedPipeA(NAME, 5), ERROR_SEM_TIMEOUT);
    HANDLE second = create(PIPE_ACCESS_DUPLEX, BYTES, 100);
    CHECK(WaitNamedPipeA(NAME, NMPWAIT_WAIT_FOREVER));
    CHECK(WaitNamedPipeA(NAME, NMPWAIT_USE_DEFAULT_WAIT));
    CloseHandle(second);
    ends_close(ends);
}

static DWORD WINAPI wait_forever(LPVOID unused)
{
    (void)unused;
    return WaitNamedPipeA(NAME, NMPWAIT_WAIT_FOREVER) ? 0 : GetLastError();
}

/* WT3: whether the wait began before or after the new instance. */
static void a_wait_ends_with_a_new_instance(void)
{
    struct ends ends = ends_open(BYTES, 100, 0);
    HANDLE thread = begin(wait_forever, NULL);
    HANDLE second = create(PIPE_ACCESS_DUPLEX, BYTES, 100);
    CHECK_EQ(end(thread), 0);
    CloseHandle(second);
    ends_close(ends);
}

/* ------------------------------------------------------------------ calling */

/* Answer one request with another text. */
static DWORD WINAPI answer(LPVOID text)
{
    char request[100];
    DWORD n;
    HANDLE pipe = create(PIPE_ACCESS_DUPLEX, MESSAGES, 100);
    SetEvent(*(HANDLE *)text);
    if (!ConnectNamedPipe(pipe, NULL) &&
        GetLastError() != ERROR_PIPE_CONNECTED) {
        return GetLastError();
    }
    if (!ReadFile(pipe, request, sizeof request, &n, NULL) ||
        !WriteFile(pipe, "answer", 6, &n, NULL)) {
        return GetLastError();
    }
    BOOL flushed = FlushFileBuffers(pipe);
    DWORD code = flushed ? 0 : GetLastError();
    CloseHandle(pipe);
    return code;
}

/* CL1 */
static void a_call_connects_asks_and_leaves(void)
{
    char reply[100];
    DWORD n = 0;
    HANDLE ready = CreateEventA(NULL, FALSE, FALSE, NULL);
    HANDLE thread = begin(answer, &ready);
    WaitForSingleObject(ready, SOON);
    CHECK(CallNamedPipeA(NAME, "ask", 3, reply, sizeof reply, &n,
                         NMPWAIT_USE_DEFAULT_WAIT));
    CHECK_EQ(n, 6);
    CHECK_MEM(reply, "answer", 6);
    CHECK_EQ(end(thread), 0);
    thread = begin(answer, &ready);
    WaitForSingleObject(ready, SOON);
    CHECK_FAILS(
        CallNamedPipeW(u"" NAME, "ask", 3, reply, 4, &n, NMPWAIT_WAIT_FOREVER),
        ERROR_MORE_DATA);
    CHECK_EQ(n, 4);
    end(thread); /* its flush may find that the rest was lost */
    CloseHandle(ready);
}

/* CL1 */
static void a_call_fails_as_windows_says(void)
{
    char reply[9];
    DWORD n = 1;
    CHECK_FAILS(CallNamedPipeA(NAME, "x", 1, reply, 9, &n, 1),
                ERROR_FILE_NOT_FOUND);
    CHECK_EQ(n, 0);
    CHECK_FAILS(CallNamedPipeA("demo", "x", 1, reply, 9, &n, 1),
                ERROR_BAD_PATHNAME);
    CHECK_FAILS(CallNamedPipeA(NAME, "x", 1, reply, 9, NULL, 1),
                ERROR_INVALID_PARAMETER);
    HANDLE pipe = create(PIPE_ACCESS_DUPLEX, BYTES, 100);
    CHECK_FAILS(CallNamedPipeA(NAME, "x", 1, reply, 9, &n, 1),
                ERROR_INVALID_PARAMETER);
    CHECK_FAILS(ConnectNamedPipe(pipe, NULL), ERROR_NO_DATA);
    CHECK_FAILS(CallNamedPipeA(NAME, "x", 1, reply, 9, &n, 1),
                ERROR_SEM_TIMEOUT);
    CloseHandle(pipe);
}

/* ------------------------------------------------------------------ handles */

static void a_closed_handle_is_no_handle(void)
{
    char byte;
    DWORD n;
    struct ends ends = ends_open(BYTES, 100, 0);
    HANDLE old = ends.server;
    ends_close(ends);
    CHECK_FAILS(CloseHandle(old), ERROR_INVALID_HANDLE);
    HANDLE fresh = create(PIPE_ACCESS_DUPLEX, BYTES, 100);
    CHECK(fresh != old);
    CHECK_FAILS(ReadFile(old, &byte, 1, &n, NULL), ERROR_INVALID_HANDLE);
    CHECK_FAILS(DisconnectNamedPipe(old), ERROR_INVALID_HANDLE);
    CloseHandle(fresh);
}

static void a_handle_of_another_kind_is_no_pipe(void)
{
    char byte;
    DWORD n;
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    HANDLE others[] = {NULL, INVALID_HANDLE_VALUE, event, (HANDLE)0x12340};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK_FAILS(ReadFile(others[i], &byte, 1, &n, NULL),
                    ERROR_INVALID_HANDLE);
        CHECK_FAILS(ConnectNamedPipe(others[i], NULL), ERROR_INVALID_HANDLE);
        CHECK_EQ(GetFileType(others[i]), FILE_TYPE_UNKNOWN);
    }
    HANDLE pipe = create(PIPE_ACCESS_DUPLEX, BYTES, 100);
    CHECK_FAILS(SetEvent(pipe), ERROR_INVALID_HANDLE);
    CHECK_EQ(GetFileType(pipe), FILE_TYPE_PIPE);
    CloseHandle(pipe);
    CloseHandle(event);
}

static void each_thread_has_its_own_last_error(void)
{
    HANDLE thread = begin(wait_forever, NULL);
    SetLastError(4711);
    CHECK_EQ(WaitForSingleObject(thread, SOON), WAIT_OBJECT_0);
    CHECK_EQ(GetLastError(), 4711);
    CHECK_EQ(end(thread), ERROR_FILE_NOT_FOUND);
}

static void handles_stay_with_the_process_that_made_them(void)
{
    char byte;
    DWORD n;
    int status = -1;
    struct ends ends = ends_open(BYTES, 100, 0);
    pid_t child = fork();
    if (child == 0) {
        BOOL refused = !ReadFile(ends.client, &byte, 1, &n, NULL) &&
                       GetLastError() == ERROR_INVALID_HANDLE;
        HANDLE own = CreateFileA(NAME, 0, 0, NULL, OPEN_EXISTING, 0, NULL);
        refused &= own == INVALID_HANDLE_VALUE &&
                   GetLastError() == ERROR_PIPE_BUSY;
        _exit(refused ? 0 : 1);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    put(ends.server, "x");
    take(ends.client, "x");
    ends_close(ends);
}

int main(void)
{
    check_dir();
    RUN(create_refuses_unknown_modes_and_impossible_numbers);
    RUN(create_wants_the_path_of_a_pipe);
    RUN(further_instances_are_checked_against_the_first);
    RUN(what_there_is_not_is_refused);
    RUN(only_pipes_can_be_opened);
    RUN(open_never_waits_and_never_creates);
    RUN(a_client_has_the_access_it_asked_for);
    RUN(access_to_nothing_takes_an_instance);
    RUN(a_name_has_many_spellings);
    RUN(half_a_surrogate_pair_is_no_name);
    RUN(waiting_ends_as_windows_says);
    RUN(a_wait_ends_with_a_new_instance);
    RUN(a_call_connects_asks_and_leaves);
    RUN(a_call_fails_as_windows_says);
    RUN(a_closed_handle_is_no_handle);
    RUN(a_handle_of_another_kind_is_no_pipe);
    RUN(each_thread_has_its_own_last_error);
    RUN(handles_stay_with_the_process_that_made_them);
    return check_done();
}
