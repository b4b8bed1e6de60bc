/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Who may connect to us, and whom we connect to.
 *
 * Left to itself, Windows lets everybody read from a new pipe, and everybody
 * who may write also add an instance and take our clients. Ours therefore admit
 * the user who made them and the system, and nobody over the network. A client
 * in turn looks at the owner of what it has opened before it sends a byte: the
 * name may have been taken by another user first. */

#include "win32/npn.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>

/* Owned by the user, also where the token's default owner is a group; deny the
 * network, allow the system and the user, inherit nothing. */
#define DESCRIPTOR "O:%sD:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;%s)"

/* ------------------------------------------------------------- the own user */

struct own {
    _Alignas(TOKEN_USER) char user[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    PSID sid;
    SECURITY_DESCRIPTOR *descriptor;
};

static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static struct own own;

static bool read_user(void)
{
    HANDLE token;
    DWORD size = sizeof own.user;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        return false;
    }
    bool known = GetTokenInformation(token, TokenUser, own.user, size, &size);
    CloseHandle(token);
    own.sid = ((TOKEN_USER *)(void *)own.user)->User.Sid;
    return known;
}

static BOOL CALLBACK learn(INIT_ONCE *unused, void *arg, void **context)
{
    (void)unused;
    (void)arg;
    (void)context;
    char text[sizeof DESCRIPTOR + 400], *sid;
    PSECURITY_DESCRIPTOR made;
    if (!read_user() || !ConvertSidToStringSidA(own.sid, &sid)) {
        return FALSE;
    }
    snprintf(text, sizeof text, DESCRIPTOR, sid, sid);
    LocalFree(sid);
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorA(
            text, SDDL_REVISION_1, &made, NULL)) {
        return FALSE;
    }
    own.descriptor = made;
    return TRUE;
}

static int learn_own(void)
{
    if (InitOnceExecuteOnce(&once, learn, NULL, NULL)) {
        return NP_OK;
    }
    return npi_fail(NP_ACCESS_DENIED,
                    "cannot find out who the current user is: error %lu",
                    GetLastError());
}

int npn_security(SECURITY_ATTRIBUTES *attributes_out)
{
    int code = learn_own();
    if (code == NP_OK) {
        *attributes_out = (SECURITY_ATTRIBUTES){sizeof *attributes_out,
                                                own.descriptor, FALSE};
    }
    return code;
}

/* ------------------------------------------------------------- the server's */

static bool is_trusted(PSID owner)
{
    return owner && (EqualSid(owner, own.sid) ||
                     IsWellKnownSid(owner, WinLocalSystemSid) ||
                     IsWellKnownSid(owner, WinBuiltinAdministratorsSid));
}

/* Wine has pipes without an owner, namely those whose maker left the security
 * descriptor to the system: there the server's process tells whose it is. */
static bool is_own_process(DWORD pid)
{
    _Alignas(TOKEN_USER) char user[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof user;
    HANDLE process, token;
    process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    if (!process) {
        return false;
    }
    bool own_one = false;
    if (OpenProcessToken(process, TOKEN_QUERY, &token)) {
        own_one = GetTokenInformation(token, TokenUser, user, size, &size) &&
                  EqualSid(((TOKEN_USER *)(void *)user)->User.Sid, own.sid);
        CloseHandle(token);
    }
    CloseHandle(process);
    return own_one;
}

static bool is_ownerless_and_ours(HANDLE file, PSID owner)
{
    DWORD pid;
    return !owner && GetNamedPipeServerProcessId(file, &pid) &&
           is_own_process(pid);
}

int npn_check_owner(HANDLE file)
{
    PSID owner = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    int code = learn_own();
    if (code) {
        return code;
    }
    DWORD error = GetSecurityInfo(file, SE_KERNEL_OBJECT,
                                  OWNER_SECURITY_INFORMATION, &owner, NULL,
                                  NULL, NULL, &descriptor);
    if (error) {
        return npi_fail(NP_SERVER_NOT_TRUSTED,
                        "cannot find out whose pipe it is: error %lu", error);
    }
    if (!is_trusted(owner) && !is_ownerless_and_ours(file, owner)) {
        code = npi_fail(NP_SERVER_NOT_TRUSTED,
                        "the pipe belongs to another user");
    }
    LocalFree(descriptor);
    return code;
}
