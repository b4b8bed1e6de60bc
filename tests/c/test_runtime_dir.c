/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The runtime directory: where it is, and whose it must be. */

#include <fcntl.h>
#include <sys/stat.h>

#include "registry.h"

static struct instance one;

static char base[256];

/* What a server is told with another runtime directory. */
static int with_base(const char *path)
{
    setenv("NAMEDPIPE_DIR", path, 1);
    int code = serve("demo", 1, &one);
    char detail[512];
    snprintf(detail, sizeof detail, "%s", np_error_detail());
    if (code == NP_OK) {
        leave(&one);
    } else {
        CHECK(strstr(detail, "NAMEDPIPE_DIR") != NULL);
    }
    return code;
}

static const char *below(const char *entry)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", base, entry);
    return path;
}

static void only_a_directory_of_ones_own_will_do(void)
{
    struct npi_name name = named("demo");
    CHECK_EQ(with_base(below("made")), NP_OK);
    CHECK_EQ(mode_of(below("made")), 0700);
    CHECK_EQ(with_base(below("made///")), NP_OK);
    CHECK_EQ(chmod(below("made"), 0755), 0);
    CHECK_EQ(with_base(below("made")), NP_ACCESS_DENIED);
    CHECK(strstr(np_error_detail(), "0755") != NULL);
    CHECK_EQ(npi_os_exists(&name), NP_ACCESS_DENIED);
    CHECK_EQ(chmod(below("made"), 0710), 0);
    CHECK_EQ(with_base(below("made")), NP_ACCESS_DENIED);
    CHECK_EQ(chmod(below("made"), 0700), 0);
    CHECK_EQ(symlink("made", below("link")), 0);
    CHECK_EQ(with_base(below("link")), NP_ACCESS_DENIED);
    CHECK_EQ(with_base(below("link/")), NP_ACCESS_DENIED);
    close(open(below("file"), O_CREAT | O_WRONLY, 0600));
    CHECK_EQ(with_base(below("file")), NP_ACCESS_DENIED);
    CHECK_EQ(with_base(below("no/such")), NP_ACCESS_DENIED);
    CHECK_EQ(with_base("relative"), NP_BAD_PATHNAME);
    if (geteuid() == 0) {
        CHECK_EQ(chown(below("made"), 65534, 65534), 0);
        CHECK_EQ(with_base(below("made")), NP_ACCESS_DENIED);
        CHECK(strstr(np_error_detail(), "65534") != NULL);
    }
    setenv("NAMEDPIPE_DIR", below("missing"), 1);
    CHECK_EQ(npi_os_exists(&name), NP_FILE_NOT_FOUND);
    CHECK_EQ(try_claim("demo"), NP_FILE_NOT_FOUND);
    CHECK_EQ(access(below("missing"), F_OK), -1);
    setenv("NAMEDPIPE_DIR", base, 1);
}

static void a_names_directory_is_checked_too(void)
{
    CHECK_EQ(mkdir(file_of("demo", ""), 0755), 0);
    CHECK_EQ(serve("demo", 1, &one), NP_ACCESS_DENIED);
    CHECK_EQ(try_claim("demo"), NP_ACCESS_DENIED);
    CHECK_EQ(rmdir(file_of("demo", "")), 0);
    CHECK_EQ(symlink("/tmp", below("DEMO")), 0);
    CHECK_EQ(serve("demo", 1, &one), NP_ACCESS_DENIED);
    CHECK_EQ(unlink(below("DEMO")), 0);
}

static void xdg_runtime_dir_is_used(void)
{
    CHECK_EQ(mkdir(below("xdg"), 0755), 0);
    unsetenv("NAMEDPIPE_DIR");
    setenv("XDG_RUNTIME_DIR", below("xdg"), 1);
    CHECK_EQ(serve("demo", 1, &one), NP_OK);
    leave(&one);
    CHECK_EQ(mode_of(below("xdg/namedpipe")), 0700);
    unsetenv("XDG_RUNTIME_DIR");
    setenv("NAMEDPIPE_DIR", base, 1);
    CHECK_EQ(rmdir(below("xdg/namedpipe")), 0);
    CHECK_EQ(rmdir(below("xdg")), 0);
}

int main(void)
{
    alarm(50);
    snprintf(base, sizeof base, "%s", check_dir());
    unsigned fds = open_fds();
    RUN(a_names_directory_is_checked_too);
    RUN(xdg_runtime_dir_is_used);
    RUN(only_a_directory_of_ones_own_will_do);
    CHECK_EQ(open_fds(), fds);
    return check_done();
}
