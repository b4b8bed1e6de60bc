/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* States, modes and who is on the other end, in the Win32 spelling. */

#include <pwd.h>
#include <unistd.h>

#include "win32_ends.h"

/* S3, C12 */
static void info_tells_what_was_created(void)
{
    DWORD flags, out, in, max;
    HANDLE server = CreateNamedPipeA(NAME, PIPE_ACCESS_DUPLEX, MESSAGES, 7, 10,
                                     20, 0, NULL);
    HANDLE client = open_end(0, 0);
    CHECK(GetNamedPipeInfo(server, &flags, &out, &in, &max));
    CHECK_EQ(flags, PIPE_SERVER_END | PIPE_TYPE_MESSAGE);
    CHECK_EQ(out, 10);
    CHECK_EQ(in, 20);
    CHECK_EQ(max, 7);
    CHECK(GetNamedPipeInfo(client, &flags, &out, &in, NULL));
    CHECK_EQ(flags, PIPE_CLIENT_END | PIPE_TYPE_MESSAGE);
    CHECK_EQ(out, 10);
    CHECK_EQ(in, 20);
    CHECK(GetNamedPipeInfo(client, NULL, NULL, NULL, NULL));
    CloseHandle(client);
    CloseHandle(server);
}

/* S1, S2, S2b, F5 */
static void each_end_has_its_own_mode(void)
{
    DWORD mode = 9, instances = 9;
    HANDLE server = create(PIPE_ACCESS_DUPLEX, MESSAGES | PIPE_NOWAIT, 100);
    HANDLE client = open_end(0, 0);
    CHECK(GetNamedPipeHandleStateA(server, &mode, &instances, NULL, NULL, NULL,
                                   0));
    CHECK_EQ(mode, PIPE_NOWAIT | PIPE_READMODE_MESSAGE);
    CHECK_EQ(instances, 1);
    CHECK(GetNamedPipeHandleStateA(client, &mode, NULL, NULL, NULL, NULL, 0));
    CHECK_EQ(mode, 0);
    mode = PIPE_READMODE_MESSAGE | PIPE_NOWAIT;
    CHECK(SetNamedPipeHandleState(client, &mode, NULL, NULL));
    mode = 0;
    CHECK(SetNamedPipeHandleState(server, &mode, NULL, NULL));
    CHECK(GetNamedPipeHandleStateW(client, &mode, NULL, NULL, NULL, NULL, 0));
    CHECK_EQ(mode, PIPE_NOWAIT | PIPE_READMODE_MESSAGE);
    CHECK(SetNamedPipeHandleState(client, NULL, NULL, NULL));
    CHECK(GetNamedPipeHandleStateA(client, NULL, NULL, NULL, NULL, NULL, 0));
    CloseHandle(client);
    CloseHandle(server);
}

/* S1, S2 */
static void what_is_for_remote_pipes_is_refused(void)
{
    DWORD n = 0, mode = 0x10;
    struct ends ends = ends_open(BYTES, 100, 0);
    CHECK_FAILS(
        GetNamedPipeHandleStateA(ends.client, NULL, NULL, &n, NULL, NULL, 0),
        ERROR_INVALID_PARAMETER);
    CHECK_FAILS(
        GetNamedPipeHandleStateA(ends.server, NULL, NULL, NULL, &n, NULL, 0),
        ERROR_INVALID_PARAMETER);
    CHECK_FAILS(SetNamedPipeHandleState(ends.client, NULL, &n, NULL),
                ERROR_INVALID_PARAMETER);
    CHECK_FAILS(SetNamedPipeHandleState(ends.client, &mode, NULL, NULL),
                ERROR_INVALID_PARAMETER);
    mode = PIPE_READMODE_MESSAGE;
    CHECK_FAILS(SetNamedPipeHandleState(ends.client, &mode, NULL, NULL),
                ERROR_INVALID_PARAMETER);
    ends_close(ends);
}

/* S6 */
static void a_server_learns_its_clients_user_by_reading(void)
{
    char name[300] = "";
    WCHAR wide[300];
    const struct passwd *user = getpwuid(getuid());
    struct ends ends = ends_open(BYTES, 100, 0);
    CHECK_FAILS(GetNamedPipeHandleStateA(ends.server, NULL, NULL, NULL, NULL,
                                         name, sizeof name),
                ERROR_CANNOT_IMPERSONATE);
    put(ends.client, "x");
    take(ends.server, "x");
    CHECK(GetNamedPipeHandleStateA(ends.server, NULL, NULL, NULL, NULL, name,
                                   sizeof name));
    CHECK(strcmp(name, user ? user->pw_name : "") == 0);
    CHECK(GetNamedPipeHandleStateW(ends.server, NULL, NULL, NULL, NULL, wide,
                                   300));
    CHECK_EQ(lstrlenW(wide), lstrlenA(name));
    CHECK_FAILS(
        GetNamedPipeHandleStateA(ends.server, NULL, NULL, NULL, NULL, name, 0),
        ERROR_INSUFFICIENT_BUFFER);
    CHECK_FAILS(
        GetNamedPipeHandleStateW(ends.server, NULL, NULL, NULL, NULL, wide, 0),
        ERROR_INSUFFICIENT_BUFFER);
    CHECK_FAILS(GetNamedPipeHandleStateA(ends.client, NULL, NULL, NULL, NULL,
                                         name, sizeof name),
                ERROR_INVALID_PARAMETER);
    CHECK(DisconnectNamedPipe(ends.server));
    CHECK_FAILS(GetNamedPipeHandleStateA(ends.server, NULL, NULL, NULL, NULL,
                                         name, sizeof name),
                ERROR_CANNOT_IMPERSONATE);
    ends_close(ends);
}

/* S4, S5 */
static void both_ends_know_both_processes(void)
{
    ULONG id = 0;
    char name[9];
    WCHAR wide[9];
    HANDLE server = create(PIPE_ACCESS_DUPLEX, BYTES, 100);
    CHECK_FAILS(GetNamedPipeClientProcessId(server, &id), ERROR_NOT_FOUND);
    CHECK(GetNamedPipeServerProcessId(server, &id));
    CHECK_EQ(id, GetCurrentProcessId());
    HANDLE client = open_end(0, 0);
    HANDLE ends[] = {server, client};
    for (int i = 0; i < 2; i++) {
        id = 0;
        CHECK(GetNamedPipeClientProcessId(ends[i], &id));
        CHECK_EQ(id, getpid());
        id = 0;
        CHECK(GetNamedPipeServerProcessId(ends[i], &id));
        CHECK_EQ(id, getpid());
        CHECK_FAILS(GetNamedPipeServerProcessId(ends[i], NULL),
                    ERROR_INSUFFICIENT_BUFFER);
        CHECK_FAILS(GetNamedPipeClientComputerNameA(ends[i], name, 9),
                    ERROR_PIPE_LOCAL);
        CHECK_FAILS(GetNamedPipeClientComputerNameW(ends[i], wide, 9),
                    ERROR_PIPE_LOCAL);
    }
    CHECK(DisconnectNamedPipe(server));
    CHECK_FAILS(GetNamedPipeClientProcessId(server, &id), ERROR_NOT_FOUND);
    CHECK(GetNamedPipeServerProcessId(server, &id));
    CHECK_FAILS(GetNamedPipeClientProcessId(client, &id),
                ERROR_PIPE_NOT_CONNECTED);
    CHECK_FAILS(GetNamedPipeServerProcessId(client, &id),
                ERROR_PIPE_NOT_CONNECTED);
    CloseHandle(client);
    CloseHandle(server);
}

/* C13, and the column of the disconnected client */
static void queries_need_rights_and_a_conversation(void)
{
    DWORD n = 0;
    HANDLE server = create(PIPE_ACCESS_OUTBOUND, BYTES, 100);
    CHECK_FAILS(GetNamedPipeInfo(server, &n, NULL, NULL, NULL),
                ERROR_ACCESS_DENIED);
    CHECK_FAILS(GetNamedPipeHandleStateA(server, &n, NULL, NULL, NULL, NULL, 0),
                ERROR_ACCESS_DENIED);
    CHECK(SetNamedPipeHandleState(server, &n, NULL, NULL));
    CloseHandle(server);
    struct ends ends = ends_open(BYTES, 100, 0);
    DisconnectNamedPipe(ends.server);
    CHECK_FAILS(GetNamedPipeInfo(ends.client, &n, NULL, NULL, NULL),
                ERROR_PIPE_NOT_CONNECTED);
    CHECK_FAILS(SetNamedPipeHandleState(ends.client, &n, NULL, NULL),
                ERROR_PIPE_NOT_CONNECTED);
    CHECK(GetNamedPipeInfo(ends.server, &n, NULL, NULL, NULL));
    ends_close(ends);
}

int main(void)
{
    check_dir();
    RUN(info_tells_what_was_created);
    RUN(each_end_has_its_own_mode);
    RUN(what_is_for_remote_pipes_is_refused);
    RUN(a_server_learns_its_clients_user_by_reading);
    RUN(both_ends_know_both_processes);
    RUN(queries_need_rights_and_a_conversation);
    return check_done();
}
