/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Names of pipes: their spellings, when two are one, the file that stands for
 * one. The same on every system; a name is data here, never a path: ".." has no
 * meaning in it.
 *
 *   demo  \\.\pipe\demo  //./PIPE/demo  \\?\pipe\demo  npipe:////./pipe/demo
 *
 * A name without the \\.\pipe\ does not begin with a slash: Windows would make
 * one name of \\.\pipe\demo and \\.\pipe\\demo, and who writes /tmp/demo most
 * likely means a file. */

#include <assert.h>
#include <string.h>

#include "np_fold.h"
#include "np_internal.h"
#include "np_sha256.h"

#define PREFIX "\\\\.\\pipe\\"
#define PREFIX_UNITS (sizeof PREFIX - 1)

/* The longest folded name that is its own file name, in escaped bytes; a longer
 * one is '#' and a hash. Escaping leaves no '#', so the two never meet. */
#define ESCAPED_MAX 160

static_assert(ESCAPED_MAX < NPI_FILE_SIZE, "an escaped name must fit");
static_assert(1 + NPI_SHA256_HEX <= NPI_FILE_SIZE, "a hashed name must fit");

/* --------------------------------------------------------------- characters */

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* The bytes of the character at text, 1 to 4, and its code point; 0 where the
 * bytes are no UTF-8 (over-long forms, surrogates, more than U+10FFFF). The NUL
 * that ends text ends every incomplete character. */
static size_t decode(const char *text, uint32_t *point_out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)text;
    uint32_t point = s[0];
    if (point < 0x80) {
        *point_out = point;
        return 1;
    }
    size_t length = point < 0xC0 ? 0 : point < 0xE0 ? 2 : point < 0xF0 ? 3 : 4;
    if (length == 0 || point >= 0xF8) {
        return 0;
    }
    point &= 0x7Fu >> length;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
        point = point << 6 | (s[i] & 0x3Fu);
    }
    if (point < least[length] || point > 0x10FFFF ||
        (point >= 0xD800 && point < 0xE000)) {
        return 0;
    }
    *point_out = point;
    return length;
}

static char *encode(char *at, uint32_t point)
{
    if (point < 0x80) {
        *at++ = (char)point;
        return at;
    }
    unsigned more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    *at++ = (char)((0xFF00u >> (more + 1) & 0xFFu) | point >> 6 * more);
    while (more-- > 0) {
        *at++ = (char)(0x80 | (point >> 6 * more & 0x3F));
    }
    return at;
}

/* What a character counts as when names are compared. */
static uint32_t fold(uint32_t point)
{
    if (point == '/') {
        return '\\';
    }
    return point < 0x10000 ? npi_upper((uint16_t)point) : point;
}

/* Whether text begins with an ASCII prefix, which is given in lower case. */
static bool begins(const char *text, const char *prefix)
{
    for (; *prefix; text++, prefix++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text + 32) : *text;
        if (c != *prefix) {
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------ parsing */

/* Step over the \\.\pipe\ of a path, in any of its spellings. */
static int skip_prefix(const char **text, const char **why)
{
    const char *s = *text;
    if (!is_slash(s[0])) {
        return NP_OK;
    }
    *why = "not a pipe's name: a name has no slash in front, and its long form "
           "is \\\\.\\pipe\\NAME";
    if (!is_slash(s[1])) {
        return NP_BAD_PATHNAME;
    }
    if (!((s[2] == '.' || s[2] == '?') && is_slash(s[3]))) {
        *why = "only local pipes can be opened: \\\\.\\pipe\\NAME";
        return NP_BAD_PATHNAME;
    }
    if (!begins(s + 4, "pipe") || (s[8] != '\0' && !is_slash(s[8]))) {
        *why = "the path of another device, not of a pipe";
        return NP_BAD_PATHNAME;
    }
    *text = s[8] == '\0' ? s + 8 : s + 9;
    return NP_OK;
}

/* Find the bare name in any spelling. */
static int find_bare(const char **text, const char **why)
{
    if (begins(*text, "unix:") || begins(*text, "dotnet:")) {
        *why = "this version opens no \"unix:\" or \"dotnet:\" endpoints";
        return NP_NOT_SUPPORTED;
    }
    if (begins(*text, "npipe://")) {
        *text += strlen("npipe://");
        if (!is_slash(**text)) {
            *why = "a URL of a pipe is npipe:////./pipe/NAME";
            return NP_BAD_PATHNAME;
        }
    }
    return skip_prefix(text, why);
}

/* Fill path and folded from a bare name. */
static int copy_bare(const char *bare, struct npi_name *name, const char **why)
{
    size_t units = PREFIX_UNITS;
    char *path = name->path + PREFIX_UNITS, *folded = name->folded;
    memcpy(name->path, PREFIX, PREFIX_UNITS);
    while (*bare) {
        uint32_t point;
        size_t length = decode(bare, &point);
        if (length == 0) {
            *why = "not UTF-8";
            return NP_INVALID_NAME;
        }
        units += point < 0x10000 ? 1 : 2;
        if (units > NPI_NAME_UNITS) {
            *why = "longer than 256 UTF-16 units, the \\\\.\\pipe\\ included";
            return NP_INVALID_NAME;
        }
        path = encode(path, point == '/' ? '\\' : point);
        folded = encode(folded, fold(point));
        bare += length;
    }
    *path = *folded = '\0';
    if (folded == name->folded) {
        *why = "the name is empty";
        return NP_INVALID_NAME;
    }
    return NP_OK;
}

/* Letters, digits and a few marks stand for themselves; a dot does too, but not
 * in front, where it would hide the file or make it "." or "..". */
static bool is_plain(char c, bool first)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || (c == '.' && !first);
}

static void make_file(struct npi_name *name)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *folded = name->folded;
    size_t at = 0;
    for (const char *s = folded; *s && at <= ESCAPED_MAX; s++) {
        unsigned char byte = (unsigned char)*s;
        if (is_plain(*s, s == folded)) {
            name->file[at++] = *s;
        } else if (at + 3 <= ESCAPED_MAX) {
            name->file[at++] = '%';
            name->file[at++] = digits[byte >> 4];
            name->file[at++] = digits[byte & 15];
        } else {
            at = ESCAPED_MAX + 1;
        }
    }
    if (at <= ESCAPED_MAX) {
        name->file[at] = '\0';
        return;
    }
    name->file[0] = '#';
    npi_sha256_hex(folded, strlen(folded), name->file + 1);
}

static int parse(const char *text, struct npi_name *name, const char **why)
{
    if (!text) {
        *why = "no name was given";
        return NP_PATH_NOT_FOUND;
    }
    int code = find_bare(&text, why);
    if (code == NP_OK) {
        code = copy_bare(text, name, why);
    }
    if (code == NP_OK) {
        make_file(name);
    }
    return code;
}

int npi_name_parse(const char *text, struct npi_name *name_out)
{
    const char *why = "";
    int code = parse(text, name_out, &why);
    return code == NP_OK ? NP_OK : npi_fail(code, "%s", why);
}

const char *npi_name_bare(const struct npi_name *name)
{
    return name->path + PREFIX_UNITS;
}

/* ----------------------------------------------------------------- patterns */

/* The next character of a pattern or name, folded; a byte that is no UTF-8
 * counts as itself, beyond all characters. */
static const char *next(const char *text, uint32_t *point_out)
{
    size_t length = decode(text, point_out);
    if (length == 0) {
        *point_out = 0x200000u + (unsigned char)*text;
        return text + 1;
    }
    *point_out = fold(*point_out);
    return text + length;
}

/* What follows the \\.\pipe\ if there is one. */
static const char *bare_of(const char *text)
{
    const char *why;
    (void)skip_prefix(&text, &why); /* on failure text stays what it was */
    return text;
}

/* On a mismatch only the last star is worth going back to: what an earlier one
 * could take, the last one can take as well. */
bool npi_name_match(const char *pattern, const char *name)
{
    const char *star = NULL, *resume = NULL;
    if (!pattern) {
        return true;
    }
    pattern = bare_of(pattern);
    name = bare_of(name);
    while (*name) {
        uint32_t wanted = 0, found;
        const char *pattern_next = next(pattern, &wanted);
        const char *name_next = next(name, &found);
        if (wanted == '*') {
            star = pattern = pattern_next;
            resume = name;
        } else if (wanted != 0 && (wanted == '?' || wanted == found)) {
            pattern = pattern_next;
            name = name_next;
        } else if (star) {
            resume = next(resume, &found);
            name = resume;
            pattern = star;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

/* ------------------------------------------------------------- for messages */

/* Copy what fits, without cutting a character in two. */
static void copy_short(char *buf, size_t n, const char *text)
{
    if (n == 0) {
        return;
    }
    size_t length = strlen(text);
    if (length >= n) {
        length = n - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) {
            length--;
        }
    }
    memcpy(buf, text, length);
    buf[length] = '\0';
}

/* The detail of the last failure is left alone: this is called to report it. */
int np_full_name(const char *name, char *buf, size_t n)
{
    struct npi_name parsed;
    const char *why;
    if (parse(name, &parsed, &why) != NP_OK) {
        copy_short(buf, n, name ? name : "");
        return NP_INVALID_NAME;
    }
    copy_short(buf, n, parsed.path);
    return NP_OK;
}
