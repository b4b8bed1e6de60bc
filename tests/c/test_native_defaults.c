/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The safe defaults on Windows: not what comes of them, which Wine does not
 * enforce, but what the system is asked for. */

#include "seam.h"

#include "check.h"
#include "np_internal.h"

#define NAME "test-defaults"
#define SOON 10000

static np_server_opts server_opts(void)
{
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    opts.mode = NP_MESSAGE;
    return opts;
}

static np_client_opts client_opts(void)
{
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    return opts;
}

static np_pipe *create(void)
{
    np_pipe *pipe = NULL;
    np_server_opts opts = server_opts();
    CHECK_EQ(np_create(NAME, &opts, &pipe), NP_OK);
    return pipe;
}

static const struct seam_call *made_by(const char *function)
{
    static const struct seam_call none;
    const struct seam_call *call = seam_find(function, 0);
    CHECK(call);
    return call ? call : &none;
}

/* ---------------------------------------------------------------- instances */

#define FLAGS (~(DWORD)PIPE_ACCESS_DUPLEX)

static void a_server_owns_its_name(void)
{
    np_server *server;
    seam_reset();
    CHECK_EQ(np_listen(NAME, NULL, &server), NP_OK);
    CHECK_EQ(made_by("CreateNamedPipeW")->flags & FLAGS,
             FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE);
    np_server_close(server);
}

static void an_instance_is_added_to_others(void)
{
    seam_reset();
    np_pipe *pipe = create();
    CHECK_EQ(made_by("CreateNamedPipeW")->flags & FLAGS, FILE_FLAG_OVERLAPPED);
    np_close(pipe);
}

static void remote_clients_are_rejected(uint32_t type, uint32_t flags)
{
    np_pipe *pipe;
    np_server_opts opts = server_opts();
    opts.mode = type;
    opts.flags = flags;
    seam_reset();
    CHECK_EQ(np_create(NAME, &opts, &pipe), NP_OK);
    CHECK(made_by("CreateNamedPipeW")->mode & PIPE_REJECT_REMOTE_CLIENTS);
    np_close(pipe);
}

static void nobody_from_the_network_in_any_mode(void)
{
    remote_clients_are_rejected(NP_BYTE, 0);
    remote_clients_are_rejected(NP_BYTE, NP_FLAG_NOWAIT);
    remote_clients_are_rejected(NP_MESSAGE, NP_FLAG_FIRST);
    remote_clients_are_rejected(NP_MESSAGE, NP_FLAG_NOWAIT | NP_FLAG_FIRST);
}

static void the_next_instance_is_made_before_one_is_handed_out(void)
{
    np_server *server;
    np_pipe *client, *pipe;
    CHECK_EQ(np_listen(NAME, NULL, &server), NP_OK);
    CHECK_EQ(np_open(NAME, NULL, &client), NP_OK);
    seam_reset();
    CHECK_EQ(np_server_accept(server, &pipe, SOON), NP_OK);
    const struct seam_call *next = made_by("CreateNamedPipeW");
    CHECK_EQ(next->flags & FLAGS, FILE_FLAG_OVERLAPPED);
    CHECK(next->mode & PIPE_REJECT_REMOTE_CLIENTS);
    CHECK(next->descriptor);
    CHECK(!seam_find("CloseHandle", 0));
    np_close(pipe);
    np_close(client);
    np_server_close(server);
}

/* -------------------------------------------------------- who may connect */

_Alignas(TOKEN_USER) static char user_buffer[sizeof(TOKEN_USER) +
                                             SECURITY_MAX_SID_SIZE];

static PSID current_user(void)
{
    HANDLE token;
    DWORD n = sizeof user_buffer;
    CHECK(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    CHECK(GetTokenInformation(token, TokenUser, user_buffer, n, &n));
    CloseHandle(token);
    return ((TOKEN_USER *)(void *)user_buffer)->User.Sid;
}

static DWORD current_level(void)
{
    HANDLE token;
    _Alignas(TOKEN_MANDATORY_LABEL) char label[100];
    DWORD n = sizeof label;
    CHECK(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    CHECK(GetTokenInformation(token, TokenIntegrityLevel, label, n, &n));
    CloseHandle(token);
    PSID sid = ((TOKEN_MANDATORY_LABEL *)(void *)label)->Label.Sid;
    return *GetSidSubAuthority(sid, 0);
}

/* One of a few. */
static PSID well_known(WELL_KNOWN_SID_TYPE type)
{
    static _Alignas(SID) char sids[4][SECURITY_MAX_SID_SIZE];
    static unsigned next;
    char *sid = sids[next++ % 4];
    DWORD n = SECURITY_MAX_SID_SIZE;
    CHECK(CreateWellKnownSid(type, NULL, sid, &n));
    return sid;
}

/* Allowing and denying entries have one form. */
static void check_entry(PACL list, DWORD i, BYTE type, PSID whom)
{
    void *found;
    CHECK(GetAce(list, i, &found));
    ACCESS_ALLOWED_ACE *entry = found;
    CHECK_EQ(entry->Header.AceType, type);
    CHECK_EQ(entry->Header.AceFlags, 0);
    CHECK_EQ(entry->Mask, GENERIC_ALL);
    CHECK(EqualSid(&entry->SidStart, whom));
}

static void check_list(PSECURITY_DESCRIPTOR descriptor)
{
    PACL list = NULL;
    BOOL present, defaulted;
    CHECK(GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted));
    CHECK(present && list && !defaulted);
    CHECK_EQ(list->AceCount, 3);
    check_entry(list, 0, ACCESS_DENIED_ACE_TYPE, well_known(WinNetworkSid));
    check_entry(list, 1, ACCESS_ALLOWED_ACE_TYPE,
                well_known(WinLocalSystemSid));
    check_entry(list, 2, ACCESS_ALLOWED_ACE_TYPE, current_user());
}

/* Nobody from below may read or write; at the level of this program. */
static void check_label(PSECURITY_DESCRIPTOR descriptor)
{
    PACL list = NULL;
    BOOL present, defaulted;
    void *found = NULL;
    CHECK(GetSecurityDescriptorSacl(descriptor, &present, &list, &defaulted));
    CHECK(present && list && list->AceCount == 1);
    if (list && GetAce(list, 0, &found)) {
        SYSTEM_MANDATORY_LABEL_ACE *entry = found;
        CHECK_EQ(entry->Header.AceType, SYSTEM_MANDATORY_LABEL_ACE_TYPE);
        CHECK_EQ(entry->Mask, SYSTEM_MANDATORY_LABEL_NO_READ_UP |
                                  SYSTEM_MANDATORY_LABEL_NO_WRITE_UP);
        CHECK_EQ(*GetSidSubAuthority(&entry->SidStart, 0), current_level());
    }
}

static void the_user_and_the_system_alone_may_connect(void)
{
    PSID owner = NULL;
    BOOL defaulted;
    DWORD revision;
    SECURITY_DESCRIPTOR_CONTROL control;
    seam_reset();
    np_pipe *pipe = create();
    PSECURITY_DESCRIPTOR descriptor = made_by("CreateNamedPipeW")->descriptor;
    np_close(pipe);
    CHECK(descriptor);
    CHECK(IsValidSecurityDescriptor(descriptor));
    CHECK(GetSecurityDescriptorControl(descriptor, &control, &revision));
    CHECK(control & SE_DACL_PROTECTED);
    CHECK(GetSecurityDescriptorOwner(descriptor, &owner, &defaulted));
    CHECK(owner && EqualSid(owner, current_user()));
    check_list(descriptor);
    check_label(descriptor);
}

/* What Wine keeps of it can be read back. */
static void the_list_is_the_pipes(void)
{
    PACL list = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    seam_reset();
    np_pipe *pipe = create();
    CHECK_EQ(real_GetSecurityInfo()(made_by("CreateNamedPipeW")->file,
                                    SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION,
                                    NULL, NULL, &list, NULL, &descriptor),
             0);
    CHECK(list);
    CHECK_EQ(list ? list->AceCount : 0, 3);
    LocalFree(descriptor);
    np_close(pipe);
}

/* ------------------------------------------------------------------ clients */

/* FILE_CREATE_PIPE_INSTANCE has the number of FILE_APPEND_DATA. */
#define TOO_MUCH                                                               \
    (GENERIC_WRITE | GENERIC_ALL | FILE_CREATE_PIPE_INSTANCE | WRITE_DAC |     \
     WRITE_OWNER)

static void check_client(uint32_t access, bool may_set)
{
    np_pipe *client;
    np_client_opts opts = client_opts();
    opts.access = access;
    np_pipe *server = create();
    seam_reset();
    CHECK_EQ(np_open(NAME, &opts, &client), NP_OK);
    const struct seam_call *open = made_by("CreateFileW");
    CHECK_EQ(open->flags, FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT |
                              SECURITY_IDENTIFICATION);
    CHECK_EQ(open->disposition, OPEN_EXISTING);
    CHECK_EQ(open->access & TOO_MUCH, 0);
    CHECK_EQ((open->access & FILE_WRITE_ATTRIBUTES) != 0, may_set);
    np_close(client);
    np_close(server);
}

static void a_client_lets_nobody_act_for_it(void)
{
    check_client(NP_READ | NP_WRITE, true);
    check_client(NP_READ, false);
    check_client(NP_WRITE, true);
    check_client(0, false);
}

/* The right to set the mode goes when it has been set. */
static void a_reading_client_keeps_what_it_asked_for(void)
{
    np_pipe *client;
    np_client_opts opts = client_opts();
    opts.access = NP_READ;
    np_pipe *server = create();
    seam_reset();
    CHECK_EQ(np_connect(NAME, &opts, &client, SOON), NP_OK);
    CHECK(made_by("CreateFileW")->access & FILE_WRITE_ATTRIBUTES);
    CHECK(!(made_by("DuplicateHandle")->access & FILE_WRITE_ATTRIBUTES));
    CHECK_EQ(made_by("DuplicateHandle")->flags, 0);
    np_close(client);
    np_close(server);
}

static bool is_inherited(HANDLE file)
{
    DWORD flags = HANDLE_FLAG_INHERIT;
    CHECK(GetHandleInformation(file, &flags));
    return flags & HANDLE_FLAG_INHERIT;
}

static void no_handle_is_inherited(void)
{
    np_pipe *client;
    np_client_opts opts = client_opts();
    opts.access = NP_READ;
    seam_reset();
    np_pipe *server = create();
    CHECK_EQ(np_connect(NAME, &opts, &client, SOON), NP_OK);
    CHECK(!is_inherited(made_by("CreateNamedPipeW")->file));
    CHECK(!is_inherited(made_by("DuplicateHandle")->file));
    CHECK(!made_by("CreateNamedPipeW")->inherit);
    CHECK(!made_by("CreateFileW")->inherit);
    CHECK(!made_by("DuplicateHandle")->inherit);
    np_close(client);
    np_close(server);
}

static void other_machines_are_not_asked(void)
{
    np_pipe *client;
    seam_reset();
    CHECK_EQ(np_open("\\\\elsewhere\\pipe\\" NAME, NULL, &client),
             NP_BAD_PATHNAME);
    CHECK_EQ(np_connect("//elsewhere/pipe/" NAME, NULL, &client, SOON),
             NP_BAD_PATHNAME);
    CHECK_EQ(np_exists("\\\\elsewhere\\pipe\\" NAME), NP_BAD_PATHNAME);
    CHECK(!seam_find("CreateFileW", 0));
}

/* ----------------------------------------------------- whom we connect to */

static bool touches(const struct seam_call *call)
{
    static const char *const names[] = {"ReadFile", "WriteFile",
                                        "TransactNamedPipe",
                                        "SetNamedPipeHandleState"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(call->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* After the open comes the look at the owner, and only then anything else. */
static void check_order(bool trusted)
{
    bool looked = false, closed = false;
    HANDLE file = made_by("CreateFileW")->file;
    for (unsigned i = 0; i < atomic_load(&seam_count); i++) {
        const struct seam_call *call = &seam_calls[i];
        if (call->file == file) {
            looked |= strcmp(call->name, "GetSecurityInfo") == 0;
            closed |= strcmp(call->name, "CloseHandle") == 0;
            CHECK(!touches(call) || (looked && trusted));
        }
    }
    CHECK(looked);
    CHECK_EQ(closed, !trusted);
}

static void connect_to(PSID owner, DWORD error, int expected)
{
    np_pipe *client;
    np_pipe *server = create();
    seam_reset();
    seam_owner = owner;
    if (error) {
        seam_fail("GetSecurityInfo", error);
    }
    CHECK_EQ(np_connect(NAME, NULL, &client, SOON), expected);
    check_order(expected == NP_OK);
    if (expected == NP_OK) {
        np_close(client);
    }
    np_close(server);
}

static void a_server_of_ours_is_trusted(void)
{
    connect_to(current_user(), 0, NP_OK);
    connect_to(well_known(WinLocalSystemSid), 0, NP_OK);
    connect_to(well_known(WinBuiltinAdministratorsSid), 0, NP_OK);
}

static void a_strangers_is_not(void)
{
    connect_to(well_known(WinWorldSid), 0, NP_SERVER_NOT_TRUSTED);
    connect_to(well_known(WinNetworkServiceSid), 0, NP_SERVER_NOT_TRUSTED);
    connect_to(well_known(WinBuiltinUsersSid), 0, NP_SERVER_NOT_TRUSTED);
    connect_to(NULL, ERROR_ACCESS_DENIED, NP_SERVER_NOT_TRUSTED);
}

static void label_server(const char *label, int expected)
{
    np_pipe *client;
    np_pipe *server = create();
    seam_reset();
    seam_label = label;
    CHECK_EQ(np_connect(NAME, NULL, &client, SOON), expected);
    if (expected == NP_OK) {
        np_close(client);
    }
    np_close(server);
}

/* At a low level somebody may have been locked up who runs as us. */
static void neither_is_who_runs_at_a_lower_level(void)
{
    label_server("S:(ML;;NW;;;LW)", NP_SERVER_NOT_TRUSTED);
    label_server("S:(ML;;NW;;;S-1-16-0)", NP_SERVER_NOT_TRUSTED);
    label_server("S:(ML;;NW;;;ME)", NP_OK);
    label_server("S:(ML;;NW;;;HI)", NP_OK);
    label_server("D:(A;;GA;;;WD)", NP_OK); /* none is medium */
}

static void a_call_sends_a_stranger_nothing(void)
{
    char reply[10];
    size_t got;
    np_pipe *server = create();
    seam_reset();
    seam_owner = well_known(WinWorldSid);
    CHECK_EQ(np_call(NAME, "secret", 6, reply, sizeof reply, &got, SOON),
             NP_SERVER_NOT_TRUSTED);
    check_order(false);
    np_close(server);
}

int main(void)
{
    RUN(a_server_owns_its_name);
    RUN(an_instance_is_added_to_others);
    RUN(nobody_from_the_network_in_any_mode);
    RUN(the_next_instance_is_made_before_one_is_handed_out);
    RUN(the_user_and_the_system_alone_may_connect);
    RUN(the_list_is_the_pipes);
    RUN(a_client_lets_nobody_act_for_it);
    RUN(a_reading_client_keeps_what_it_asked_for);
    RUN(no_handle_is_inherited);
    RUN(other_machines_are_not_asked);
    RUN(a_server_of_ours_is_trusted);
    RUN(a_strangers_is_not);
    RUN(neither_is_who_runs_at_a_lower_level);
    RUN(a_call_sends_a_stranger_nothing);
    return check_done();
}
