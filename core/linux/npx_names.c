/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Questions about names that connect to nothing and change nothing. */

#define _GNU_SOURCE 1

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linux/npx_base.h"
#include "linux/npx_fork.h"
#include "linux/npx_meta.h"
#include "linux/npx_registry.h"

int npi_os_exists(const struct npi_name *name)
{
    struct npx_view view;
    int code = npx_view_look(name, &view);
    npx_view_close(&view);
    return code;
}

int npi_os_wait_default(const struct npi_name *name)
{
    struct npx_view view;
    uint32_t ms = 0;
    int code = npx_view_look(name, &view);
    if (code == NP_OK) {
        code = npx_header_read(view.meta_fd, &view.meta, NULL);
        ms = view.meta.default_timeout;
    }
    npx_view_close(&view);
    return code ? code
                : npi_os_wait(name, NPI_WAIT_LISTENING, NULL,
                              npi_deadline_in(ms));
}

/* --------------------------------------------------------------------- list */

/* Strings one after the other. */
struct list {
    int base_fd;
    const char *pattern;
    char *text;
    size_t length, size;
    int code;
};

static int append(struct list *list, const char *name)
{
    size_t n = strlen(name) + 1;
    if (n > list->size - list->length) {
        size_t size = (list->size + n) * 2;
        char *text = realloc(list->text, size);
        if (!text) {
            return NP_NOT_ENOUGH_MEMORY;
        }
        list->text = text;
        list->size = size;
    }
    memcpy(list->text + list->length, name, n);
    list->length += n;
    return NP_OK;
}

/* The name a directory of the runtime directory stands for, if it is a pipe's
 * and an instance lives. */
static int name_of(int base_fd, const char *entry, struct npi_name *name_out)
{
    struct npx_meta meta;
    int dir_fd = -1, meta_fd = -1;
    int code = npx_name_open(base_fd, entry, false, &dir_fd);
    if (code == NP_OK) {
        code = npx_meta_open(dir_fd, O_RDONLY, &meta_fd);
    }
    if (code == NP_OK && !npx_any_held(meta_fd)) {
        code = NP_FILE_NOT_FOUND;
    }
    if (code == NP_OK) {
        code = npx_header_read(meta_fd, &meta, name_out);
    }
    npx_fd_close(meta_fd);
    npx_fd_close(dir_fd);
    return code;
}

/* Only a shortage ends the listing: what is no pipe of ours is left out. */
static bool visit(void *arg, const char *entry)
{
    struct list *list = arg;
    struct npi_name name;
    int code = name_of(list->base_fd, entry, &name);
    if (code == NP_OK && npi_name_match(list->pattern, name.path)) {
        list->code = append(list, npi_name_bare(&name));
    } else if (code == NP_NO_SYSTEM_RESOURCES) {
        list->code = code;
    }
    return list->code == NP_OK;
}

static int list_all(struct list *list)
{
    int code = npx_base_open(false, &list->base_fd);
    if (code != NP_OK) {
        return code == NP_FILE_NOT_FOUND ? NP_OK : code;
    }
    int error = npx_dir_each(list->base_fd, visit, list);
    npx_fd_close(list->base_fd);
    return error == 0 ? list->code
                      : npx_fail_errno(error, "list", "the runtime directory");
}

int npi_os_names(const char *pattern, char **list_out)
{
    struct list list = {.pattern = pattern};
    int code = list_all(&list);
    if (code == NP_OK) {
        code = append(&list, "");
    }
    if (code != NP_OK) {
        free(list.text);
        return code;
    }
    npi_detail_clear(); /* about entries that were left out */
    *list_out = list.text;
    return NP_OK;
}
