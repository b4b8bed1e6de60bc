/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* UTF-16 and UTF-8, and the shapes programs rely on. */

#include <tchar.h>
#include <windows.h>

#include "check.h"

static const char euro[] = "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80";
static const WCHAR wide_euro[] = u"a\u00FC\u20AC\U0001F600";

static void types_have_the_sizes_of_windows(void)
{
    CHECK_EQ(sizeof(DWORD), 4);
    CHECK_EQ(sizeof(WCHAR), 2);
    CHECK_EQ(sizeof(BOOL), 4);
    CHECK_EQ(sizeof(HANDLE), sizeof(void *));
    CHECK_EQ(sizeof(TEXT("ab")), 3 * sizeof(TCHAR));
    CHECK_EQ(sizeof(_T("ab")), 3 * sizeof(_TCHAR));
    CHECK((DWORD)-1 > 0);
    CHECK(INVALID_HANDLE_VALUE != NULL);
}

static void text_goes_there_and_back(void)
{
    WCHAR wide[16];
    char text[16];
    CHECK_EQ(MultiByteToWideChar(CP_ACP, 0, euro, -1, wide, 16), 6);
    CHECK_MEM(wide, wide_euro, sizeof wide_euro);
    CHECK_EQ(WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, 16, NULL, NULL),
             sizeof euro);
    CHECK_MEM(text, euro, sizeof euro);
    CHECK_EQ(lstrlenA(euro), 10);
    CHECK_EQ(lstrlenW(wide_euro), 5);
    CHECK_EQ(lstrlenW(NULL), 0);
}

static void a_size_of_nothing_asks_for_the_length(void)
{
    CHECK_EQ(MultiByteToWideChar(CP_UTF8, 0, euro, -1, NULL, 0), 6);
    CHECK_EQ(MultiByteToWideChar(CP_UTF8, 0, euro, 3, NULL, 0), 2);
    CHECK_EQ(WideCharToMultiByte(CP_UTF8, 0, wide_euro, 2, NULL, 0, NULL, NULL),
             3);
}

static void a_short_buffer_is_told(void)
{
    WCHAR wide[5];
    char text[4];
    CHECK_EQ(MultiByteToWideChar(CP_UTF8, 0, euro, -1, wide, 5), 0);
    CHECK_EQ(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    CHECK_EQ(MultiByteToWideChar(CP_UTF8, 0, euro, 10, wide, 5), 5);
    CHECK_EQ(WideCharToMultiByte(CP_UTF8, 0, wide, 3, text, 4, NULL, NULL), 0);
    CHECK_EQ(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
}

static void what_is_no_utf8_is_replaced_or_refused(void)
{
    static const char *const wrong[] = {
        "\x80",         "\xC0\xAF",         "\xC3",    "\xE0\x80\xAF",
        "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8\x88"};
    WCHAR wide[8];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int n = MultiByteToWideChar(CP_UTF8, 0, wrong[i], -1, wide, 8);
        CHECK(n >= 2);
        CHECK_EQ(wide[0], 0xFFFD);
        CHECK_EQ(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, wrong[i],
                                     -1, wide, 8),
                 0);
        CHECK_EQ(GetLastError(), ERROR_NO_UNICODE_TRANSLATION);
    }
}

static void half_a_pair_is_replaced_or_refused(void)
{
    static const WCHAR wrong[] = {0xDE00, 'x', 0xD83D, 0};
    char text[16];
    CHECK_EQ(WideCharToMultiByte(CP_UTF8, 0, wrong, -1, text, 16, NULL, NULL),
             8);
    CHECK_MEM(text, "\xEF\xBF\xBDx\xEF\xBF\xBD", 8);
    CHECK_EQ(WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wrong, -1, text,
                                 16, NULL, NULL),
             0);
    CHECK_EQ(GetLastError(), ERROR_NO_UNICODE_TRANSLATION);
}

static void other_arguments_are_refused(void)
{
    WCHAR wide[4];
    char text[4];
    CHECK_EQ(MultiByteToWideChar(1252, 0, "x", -1, wide, 4), 0);
    CHECK_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    CHECK_EQ(MultiByteToWideChar(CP_UTF8, 0, "x", 0, wide, 4), 0);
    CHECK_EQ(MultiByteToWideChar(CP_UTF8, 0, NULL, -1, wide, 4), 0);
    CHECK_EQ(MultiByteToWideChar(CP_UTF8, 0x100, "x", -1, wide, 4), 0);
    CHECK_EQ(WideCharToMultiByte(CP_UTF8, 0, u"x", -1, text, 4, "?", NULL), 0);
    CHECK_EQ(WideCharToMultiByte(CP_UTF8, 0, u"x", -1, NULL, 4, NULL, NULL), 0);
    CHECK_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
}

int main(void)
{
    RUN(types_have_the_sizes_of_windows);
    RUN(text_goes_there_and_back);
    RUN(a_size_of_nothing_asks_for_the_length);
    RUN(a_short_buffer_is_told);
    RUN(what_is_no_utf8_is_replaced_or_refused);
    RUN(half_a_pair_is_replaced_or_refused);
    RUN(other_arguments_are_refused);
    return check_done();
}
