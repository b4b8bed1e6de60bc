/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* UTF-16 and UTF-8. */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "npw.h"

#define REPLACEMENT 0xFFFDu
#define WRONG 0xFFFFFFFFu

int WINAPI lstrlenA(LPCSTR text)
{
    return text ? (int)strlen(text) : 0;
}

int WINAPI lstrlenW(LPCWSTR text)
{
    int length = 0;
    while (text && text[length]) {
        length++;
    }
    return length;
}

/* --------------------------------------------------------------- characters */

/* Take one character off UTF-16: its code point, a lone surrogate as itself. */
static uint32_t take_wide(LPCWSTR *wide, LPCWSTR end)
{
    uint32_t unit = *(*wide)++;
    if (unit >= 0xD800 && unit < 0xDC00 && *wide < end && **wide >= 0xDC00 &&
        **wide < 0xE000) {
        return 0x10000 + ((unit - 0xD800) << 10) + (*(*wide)++ - 0xDC00u);
    }
    return unit;
}

/* Take one character off UTF-8, or WRONG with as many bytes as cannot belong to
 * anything else. */
static uint32_t take_utf8(const unsigned char **text, const unsigned char *end)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint32_t point = *(*text)++;
    if (point < 0x80) {
        return point;
    }
    int more = point < 0xC2 ? 0 : point < 0xE0 ? 1 : point < 0xF0 ? 2 : 3;
    if (more == 0 || point > 0xF4) {
        return WRONG;
    }
    point &= 0x3Fu >> more;
    for (int i = 0; i < more; i++) {
        if (*text == end || (**text & 0xC0) != 0x80) {
            return WRONG;
        }
        point = point << 6 | (*(*text)++ & 0x3Fu);
    }
    bool surrogate = point >= 0xD800 && point < 0xE000;
    return surrogate || point < least[more] || point > 0x10FFFF ? WRONG : point;
}

static size_t encode(uint32_t point, char bytes[4])
{
    if (point < 0x80) {
        bytes[0] = (char)point;
        return 1;
    }
    size_t more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    for (size_t i = more; i > 0; i--, point >>= 6) {
        bytes[i] = (char)(0x80 | (point & 0x3F));
    }
    bytes[0] = (char)((0xF00u >> (more + 1) & 0xFFu) | point);
    return more + 1;
}

char *npw_utf8(LPCWSTR wide)
{
    size_t length = (size_t)lstrlenW(wide);
    char *text = wide ? malloc(3 * length + 1) : NULL;
    if (text) {
        char *at = text;
        for (LPCWSTR s = wide; s < wide + length;) {
            char bytes[4];
            size_t n = encode(take_wide(&s, wide + length), bytes);
            memcpy(at, bytes, n);
            at += n;
        }
        *at = '\0';
    }
    return text;
}

/* -------------------------------------------------------------- conversions */

/* What both conversions share: the result is counted; written, if there is a
 * buffer, as far as it goes. */
struct output {
    size_t size; /* 0: count only */
    size_t used;
};

static int finish(const struct output *output)
{
    if (output->used > INT_MAX ||
        (output->size > 0 && output->used > output->size)) {
        return npw_fail(NP_INSUFFICIENT_BUFFER);
    }
    return (int)output->used;
}

static bool bad_arguments(UINT code_page, DWORD flags, const void *text,
                          int length, const void *buffer, int size)
{
    bool known_page = code_page == CP_ACP || code_page == CP_UTF8;
    return !known_page || flags || !text || length == 0 || length < -1 ||
           size < 0 || (!buffer && size > 0) || buffer == text;
}

static void put_wide(struct output *output, LPWSTR wide, uint32_t point)
{
    WCHAR units[2] = {(WCHAR)point};
    size_t n = 1;
    if (point >= 0x10000) {
        units[0] = (WCHAR)(0xD800 + ((point - 0x10000) >> 10));
        units[1] = (WCHAR)(0xDC00 + ((point - 0x10000) & 0x3FF));
        n = 2;
    }
    if (output->used + n <= output->size) {
        memcpy(wide + output->used, units, n * sizeof *units);
    }
    output->used += n;
}

int WINAPI MultiByteToWideChar(UINT code_page, DWORD flags, LPCSTR text,
                               int length, LPWSTR wide, int size)
{
    DWORD strict = flags & MB_ERR_INVALID_CHARS;
    flags &= ~(MB_ERR_INVALID_CHARS | MB_PRECOMPOSED);
    if (bad_arguments(code_page, flags, text, length, wide, size)) {
        return npw_fail(NP_INVALID_PARAMETER);
    }
    struct output output = {.size = (size_t)size};
    size_t n = length < 0 ? strlen(text) + 1 : (size_t)length;
    const unsigned char *s = (const unsigned char *)text, *end = s + n;
    while (s < end) {
        uint32_t point = take_utf8(&s, end);
        if (point == WRONG && strict) {
            return npw_fail(ERROR_NO_UNICODE_TRANSLATION);
        }
        put_wide(&output, wide, point == WRONG ? REPLACEMENT : point);
    }
    return finish(&output);
}

int WINAPI WideCharToMultiByte(UINT code_page, DWORD flags, LPCWSTR wide,
                               int length, LPSTR text, int size,
                               LPCSTR fallback, LPBOOL used_fallback)
{
    DWORD strict = flags & WC_ERR_INVALID_CHARS;
    flags &= ~WC_ERR_INVALID_CHARS;
    if (fallback || used_fallback || /* as with CP_UTF8 on Windows */
        bad_arguments(code_page, flags, wide, length, text, size)) {
        return npw_fail(NP_INVALID_PARAMETER);
    }
    struct output output = {.size = (size_t)size};
    LPCWSTR s = wide;
    LPCWSTR end = s + (length < 0 ? lstrlenW(wide) + 1 : length);
    while (s < end) {
        char bytes[4];
        uint32_t point = take_wide(&s, end);
        bool lone = point >= 0xD800 && point < 0xE000;
        if (lone && strict) {
            return npw_fail(ERROR_NO_UNICODE_TRANSLATION);
        }
        size_t n = encode(lone ? REPLACEMENT : point, bytes);
        if (output.used + n <= output.size) {
            memcpy(text + output.used, bytes, n);
        }
        output.used += n;
    }
    return finish(&output);
}
