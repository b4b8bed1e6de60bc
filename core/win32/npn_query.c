/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* State, modes, information, and who is on the other end. */

#include "win32/npn.h"

#include <winternl.h>

#define FILE_PIPE_LOCAL 24 /* FilePipeLocalInformation of the driver kit */

/* ------------------------------------------------------------------ locally */

int npn_local(HANDLE file, struct npn_local *local_out)
{
    IO_STATUS_BLOCK status;
    NTSTATUS code = NtQueryInformationFile(
        file, &status, local_out, sizeof *local_out,
        (FILE_INFORMATION_CLASS)FILE_PIPE_LOCAL);
    return code == 0 ? NP_OK : (int)RtlNtStatusToDosError(code);
}

int npn_get_state(np_pipe *pipe, np_state *state_out)
{
    struct npn_local local;
    HANDLE file = npn_of(pipe)->file;
    DWORD mode, instances;
    if (!GetNamedPipeHandleStateW(file, &mode, &instances, NULL, NULL, NULL,
                                  0)) {
        return (int)GetLastError();
    }
    int code = npn_local(file, &local);
    if (code == NP_OK) {
        *state_out = (np_state){local.state, mode, instances};
    }
    return code;
}

bool npn_reads_messages(struct npn_pipe *h)
{
    DWORD mode = 0;
    if (!h->messages) {
        return false;
    }
    /* Without the right to ask (an outbound server's end) it cannot read. */
    return GetNamedPipeHandleStateW(h->file, &mode, NULL, NULL, NULL, NULL,
                                    0) &&
           (mode & PIPE_READMODE_MESSAGE);
}

int npn_set_state(np_pipe *pipe, uint32_t mode)
{
    DWORD bits = mode;
    struct npn_pipe *h = npn_of(pipe);
    npn_hold(h); /* S2: a probe would count as a read that waits */
    BOOL set = SetNamedPipeHandleState(h->file, &bits, NULL, NULL);
    int code = set ? NP_OK : (int)GetLastError();
    npn_unhold(h);
    return code;
}

/* The kernel counts directions from 0, everybody else from 1. */
int npn_get_info(np_pipe *pipe, np_info *info_out)
{
    DWORD flags, out, in, most;
    struct npn_local local;
    HANDLE file = npn_of(pipe)->file;
    if (!GetNamedPipeInfo(file, &flags, &out, &in, &most)) {
        return (int)GetLastError();
    }
    int code = npn_local(file, &local);
    if (code == NP_OK) {
        *info_out = (np_info){.server_end = (flags & PIPE_SERVER_END) != 0,
                              .mode = flags & PIPE_TYPE_MESSAGE ? NP_MESSAGE
                                                                : NP_BYTE,
                              .access = local.configuration + 1,
                              .out_quota = out,
                              .in_quota = in,
                              .max_instances = most};
    }
    return code;
}

/* ----------------------------------------------------------------- the peer */

static bool token_user(HANDLE process, void *user, DWORD size)
{
    HANDLE token;
    if (!OpenProcessToken(process, TOKEN_QUERY, &token)) {
        return false;
    }
    bool known = GetTokenInformation(token, TokenUser, user, size, &size);
    CloseHandle(token);
    return known;
}

/* "" when we may not know. */
static void user_of(DWORD pid, char *text, size_t size)
{
    _Alignas(TOKEN_USER) char user[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    wchar_t account[256], domain[256];
    DWORD n = 256, m = 256;
    SID_NAME_USE use;
    text[0] = '\0';
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    if (!process) {
        return;
    }
    if (token_user(process, user, sizeof user) &&
        LookupAccountSidW(NULL, ((TOKEN_USER *)(void *)user)->User.Sid, account,
                          &n, domain, &m, &use) &&
        !WideCharToMultiByte(CP_UTF8, 0, account, -1, text, (int)size, NULL,
                             NULL)) {
        text[0] = '\0';
    }
    CloseHandle(process);
}

int npn_get_peer(np_pipe *pipe, np_peer *peer_out)
{
    struct npn_pipe *h = npn_of(pipe);
    ULONG pid = 0;
    BOOL known = h->server ? GetNamedPipeClientProcessId(h->file, &pid)
                           : GetNamedPipeServerProcessId(h->file, &pid);
    if (!known) {
        return (int)GetLastError();
    }
    *peer_out = (np_peer){.pid = pid, .uid = UINT32_MAX};
    user_of(pid, peer_out->user, sizeof peer_out->user);
    return NP_OK;
}
