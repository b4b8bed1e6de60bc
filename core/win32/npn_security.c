/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Who may connect to us, and whom we connect to.
 *
 * Left to itself, Windows lets everybody read from a new pipe, and everybody
 * who may write also add an instance and take our clients. Ours therefore admit
 * the user who made them and the system, and nobody over the network, nor who
 * runs at a lower level of integrity than they: without a label he could still
 * read, and occupy an instance. A client in turn looks at the owner of what it
 * has opened before it sends a byte: the name may have been taken by another
 * user first, or by a program of this user that is locked up at a lower level.
 *
 * Pipes without a label count as medium, also those of elevated programs; that
 * is therefore enough, and demanded of no pipe by who is lower himself. */

#include "win32/npn.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>

/* Owned by the user, also where the token's default owner is a group; deny the
 * network, allow the system and the user, inherit nothing; neither read nor
 * written from below. */
#define DESCRIPTOR                                                             \
    "O:%sD:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;%s)S:(ML;;NRNW;;;S-1-16-%lu)"

/* ------------------------------------------------------------- the own user */

struct own {
    _Alignas(TOKEN_USER) char user[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    PSID sid;
    DWORD level; /* of integrity */
    SECURITY_DESCRIPTOR *descriptor;
};

static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static struct own own;

/* The level is the last number of such a SID. */
static DWORD level_of(PSID label)
{
    return *GetSidSubAuthority(label, *GetSidSubAuthorityCount(label) - 1u);
}

static bool read_level(HANDLE token)
{
    _Alignas(TOKEN_MANDATORY_LABEL) char
        label[sizeof(TOKEN_MANDATORY_LABEL) + SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof label;
    if (!GetTokenInformation(token, TokenIntegrityLevel, label, size, &size)) {
        return false;
    }
    own.level = level_of(((TOKEN_MANDATORY_LABEL *)(void *)label)->Label.Sid);
    return true;
}

static bool read_token(void)
{
    HANDLE token;
    DWORD size = sizeof own.user;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        return false;
    }
    bool known = GetTokenInformation(token, TokenUser, own.user, size, &size) &&
                 read_level(token);
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
    if (!read_token() || !ConvertSidToStringSidA(own.sid, &sid)) {
        return FALSE;
    }
    snprintf(text, sizeof text, DESCRIPTOR, sid, sid, own.level);
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

static bool is_from_below(PSECURITY_DESCRIPTOR descriptor)
{
    BOOL present, defaulted;
    PACL list = NULL;
    void *found;
    if (!GetSecurityDescriptorSacl(descriptor, &present, &list, &defaulted)) {
        return true;
    }
    for (DWORD i = 0; present && list && i < list->AceCount; i++) {
        if (!GetAce(list, i, &found)) {
            return true;
        }
        SYSTEM_MANDATORY_LABEL_ACE *entry = found;
        if (entry->Header.AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE) {
            DWORD level = level_of(&entry->SidStart);
            return level < own.level && level < SECURITY_MANDATORY_MEDIUM_RID;
        }
    }
    return false;
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
                                  OWNER_SECURITY_INFORMATION |
                                      LABEL_SECURITY_INFORMATION,
                                  &owner, NULL, NULL, NULL, &descriptor);
    if (error) {
        return npi_fail(NP_SERVER_NOT_TRUSTED,
                        "cannot find out whose pipe it is: error %lu", error);
    }
    if (!is_trusted(owner) && !is_ownerless_and_ours(file, owner)) {
        code = npi_fail(NP_SERVER_NOT_TRUSTED,
                        "the pipe belongs to another user");
    } else if (is_from_below(descriptor)) {
        code = npi_fail(NP_SERVER_NOT_TRUSTED,
                        "the pipe is of a program at a lower integrity level");
    }
    LocalFree(descriptor);
    return code;
}
