/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Names: spellings, limits, when two are one, and their files. */

#include "check.h"
#include "np_fold.h"
#include "np_internal.h"
#include "np_sha256.h"

#define U_UMLAUT "\xC3\xBC"       /* U+00FC */
#define U_UMLAUT_UPPER "\xC3\x9C" /* U+00DC */
#define HAN "\xE4\xB8\xAD"        /* U+4E2D: 1 unit, 3 bytes */
#define SMILE "\xF0\x9F\x98\x80"  /* U+1F600: 2 units, 4 bytes */

static struct npi_name parsed;

static int parse(const char *text)
{
    memset(&parsed, 0xEE, sizeof parsed);
    return npi_name_parse(text, &parsed);
}

static bool same(const char *a, const char *b)
{
    struct npi_name x, y;
    bool both = npi_name_parse(a, &x) == NP_OK &&
                npi_name_parse(b, &y) == NP_OK;
    bool one = both && strcmp(x.folded, y.folded) == 0;
    CHECK(both);
    CHECK(one == (strcmp(x.file, y.file) == 0));
    return one;
}

/* n times a piece, behind a prefix. */
static const char *repeat(const char *prefix, const char *piece, size_t n)
{
    static char text[2048];
    size_t length = strlen(piece), at = strlen(prefix);
    memcpy(text, prefix, at);
    for (size_t i = 0; i < n; i++, at += length) {
        memcpy(text + at, piece, length);
    }
    text[at] = '\0';
    return text;
}

/* NM1 */
static void every_spelling_is_the_same_pipe(void)
{
    static const char *const spellings[] = {
        "Demo",          "\\\\.\\pipe\\Demo",     "\\\\.\\PIPE\\Demo",
        "//./pipe/Demo", "\\/./Pipe\\Demo",       "\\\\?\\pipe\\Demo",
        "//?/pipe/Demo", "npipe:////./pipe/Demo", "NPIPE://\\\\.\\pipe\\Demo",
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        CHECK_EQ(parse(spellings[i]), NP_OK);
        CHECK(strcmp(parsed.path, "\\\\.\\pipe\\Demo") == 0);
        CHECK(strcmp(parsed.folded, "DEMO") == 0);
        CHECK(strcmp(parsed.file, "DEMO") == 0);
        CHECK(strcmp(npi_name_bare(&parsed), "Demo") == 0);
    }
}

/* NM1 */
static void case_does_not_matter_but_is_kept(void)
{
    CHECK(same("demo", "DEMO"));
    CHECK(same("m" U_UMLAUT "ll", "M" U_UMLAUT_UPPER "LL"));
    CHECK(!same("m" U_UMLAUT "ll", "mull"));
    CHECK_EQ(parse("M" U_UMLAUT "Ll"), NP_OK);
    CHECK(strcmp(npi_name_bare(&parsed), "M" U_UMLAUT "Ll") == 0);
}

/* NM2 */
static void slashes_of_both_kinds_are_one_character(void)
{
    CHECK(same("a/b", "a\\b"));
    CHECK_EQ(parse("a/b"), NP_OK);
    CHECK(strcmp(parsed.path, "\\\\.\\pipe\\a\\b") == 0);
    CHECK(!same("a/", "a"));
    CHECK(!same("a//b", "a/b"));
}

/* NM2 */
static void a_name_is_data_not_a_path(void)
{
    CHECK(!same("a/../b", "b"));
    CHECK(!same("./b", "b"));
    CHECK(!same("a.", "a"));
    CHECK(!same(" a", "a"));
    CHECK_EQ(parse(".."), NP_OK);
    CHECK_EQ(parse("<*>?|\":"), NP_OK);
    CHECK_EQ(parse("line\nend"), NP_OK);
    CHECK_EQ(parse("//./pipe/unix:x"), NP_OK);
}

/* NM5 */
static void an_empty_name_is_invalid(void)
{
    CHECK_EQ(parse(""), NP_INVALID_NAME);
    CHECK_EQ(parse("\\\\.\\pipe\\"), NP_INVALID_NAME);
    CHECK_EQ(parse("\\\\.\\pipe"), NP_INVALID_NAME);
    CHECK_EQ(parse("//./pipe/"), NP_INVALID_NAME);
    CHECK(np_error_detail()[0] != '\0');
    CHECK_EQ(parse(NULL), NP_PATH_NOT_FOUND);
}

/* NM7 */
static void a_path_of_something_else_is_no_pipes(void)
{
    static const char *const paths[] = {
        "\\\\.\\com1",
        "\\\\.\\pipes\\x",
        "\\\\host\\pipe\\x",
        "//localhost/pipe/x",
        "\\\\.x\\pipe\\y",
        "\\\\?\\UNC\\host\\pipe\\x",
        "/tmp/x",
        "\\x",
        "\\\\",
        "\\\\.",
        "\\\\.\\",
        "\\\\.\\pip",
        "npipe://demo",
        "npipe://",
        "npipe:////host/pipe/x",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        CHECK_EQ(parse(paths[i]), NP_BAD_PATHNAME);
        CHECK(np_error_detail()[0] != '\0');
    }
    CHECK_EQ(parse("\\\\host\\pipe\\x"), NP_BAD_PATHNAME);
    CHECK(strstr(np_error_detail(), "local") != NULL);
}

static void other_endpoints_are_not_supported(void)
{
    CHECK_EQ(parse("unix:/run/x"), NP_NOT_SUPPORTED);
    CHECK_EQ(parse("dotnet:x"), NP_NOT_SUPPORTED);
    CHECK_EQ(parse("Unix:x"), NP_NOT_SUPPORTED);
    CHECK_EQ(parse("unixes:x"), NP_OK);
}

/* NM4 */
static void the_full_form_has_256_units_at_most(void)
{
    CHECK_EQ(parse(repeat("", "x", 247)), NP_OK);
    CHECK_EQ(parse(repeat("", "x", 248)), NP_INVALID_NAME);
    CHECK_EQ(parse(repeat("//./pipe/", "x", 247)), NP_OK);
    CHECK_EQ(parse(repeat("//./pipe/", "x", 248)), NP_INVALID_NAME);
    CHECK_EQ(parse(repeat("npipe:////./pipe/", "x", 247)), NP_OK);
    CHECK_EQ(parse(repeat("", HAN, 247)), NP_OK);
    CHECK_EQ(strlen(parsed.path), 9 + 247 * 3);
    CHECK_EQ(parse(repeat("", HAN, 248)), NP_INVALID_NAME);
    CHECK_EQ(parse(repeat("x", SMILE, 123)), NP_OK);
    CHECK_EQ(parse(repeat("xx", SMILE, 123)), NP_INVALID_NAME);
}

static void only_utf8_is_a_name(void)
{
    static const char *const bad[] = {
        "\xFF",
        "a\x80",
        "\xC3",
        "\xC3(",
        "\xC0\xAF",
        "\xC1\xBF",
        "\xE0\x80\xAF",
        "\xE4\xB8",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xF0\x80\x80\xAF",
        "\xF4\x90\x80\x80",
        "\xF8\x88\x80\x80\x80",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(parse(bad[i]), NP_INVALID_NAME);
    }
    CHECK_EQ(parse("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"), NP_OK);
}

static void the_fold_is_upper_case_of_single_units(void)
{
    static const struct {
        uint16_t unit, upper;
    } samples[] = {
        {'a', 'A'},       {'z', 'Z'},       {'A', 'A'},       {'{', '{'},
        {'`', '`'},       {0x00E0, 0x00C0}, {0x00F7, 0x00F7}, {0x00FF, 0x0178},
        {0x00DF, 0x00DF}, {0x0101, 0x0100}, {0x0100, 0x0100}, {0x0149, 0x0149},
        {0x0131, 0x0131}, {0x017F, 0x017F}, {0x00B5, 0x00B5}, {0x01C5, 0x01C5},
        {0x01C6, 0x01C4}, {0x0250, 0x2C6F}, {0x03B1, 0x0391}, {0x03C2, 0x03A3},
        {0x03C3, 0x03A3}, {0x03D0, 0x03D0}, {0x0430, 0x0410}, {0x045F, 0x040F},
        {0x0561, 0x0531}, {0x0586, 0x0556}, {0x1E9E, 0x1E9E}, {0x1EA1, 0x1EA0},
        {0x1F80, 0x1F88}, {0x2170, 0x2160}, {0x217F, 0x216F}, {0x24D0, 0x24B6},
        {0x2C30, 0x2C00}, {0xA641, 0xA640}, {0xAB53, 0xA7B3}, {0xAB70, 0x13A0},
        {0xFF41, 0xFF21}, {0xFF5A, 0xFF3A}, {0xD800, 0xD800}, {0xDFFF, 0xDFFF},
        {0x0000, 0x0000}, {0xFFFF, 0xFFFF},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        CHECK_EQ(npi_upper(samples[i].unit), samples[i].upper);
    }
}

/* The files of a running system are named by the table: changing it must be
 * noticed, and go with a new format of the registry. */
static void the_fold_is_the_one_of_this_format(void)
{
    uint64_t sum = UINT64_C(0xCBF29CE484222325);
    unsigned folded = 0;
    for (uint32_t unit = 0; unit < 0x10000; unit++) {
        uint16_t upper = npi_upper((uint16_t)unit);
        sum = (sum ^ (upper & 0xFF)) * UINT64_C(0x100000001B3);
        sum = (sum ^ (upper >> 8)) * UINT64_C(0x100000001B3);
        folded += upper != unit;
        CHECK(npi_upper(upper) == upper);
    }
    CHECK_EQ(folded, 1164);
    CHECK(sum == UINT64_C(0xE7858752908A0EE7));
}

static void short_names_are_escaped_into_files(void)
{
    static const struct {
        const char *name, *file;
    } samples[] = {
        {"demo_1-x.y", "DEMO_1-X.Y"},
        {".", "%2E"},
        {"..", "%2E."},
        {".hidden", "%2EHIDDEN"},
        {"a b", "A%20B"},
        {"a/b", "A%5CB"},
        {"%41", "%2541"},
        {"#1", "%231"},
        {U_UMLAUT, "%C3%9C"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        CHECK_EQ(parse(samples[i].name), NP_OK);
        CHECK(strcmp(parsed.file, samples[i].file) == 0);
    }
}

static void long_names_are_hashed_into_files(void)
{
    char hashed[NPI_FILE_SIZE];
    CHECK_EQ(parse(repeat("", "x", 160)), NP_OK);
    CHECK_EQ(strlen(parsed.file), 160);
    CHECK_EQ(parsed.file[0], 'X');
    CHECK_EQ(parse(repeat("", "x", 161)), NP_OK);
    CHECK_EQ(strlen(parsed.file), 65);
    CHECK_EQ(parsed.file[0], '#');
    memcpy(hashed, parsed.file, sizeof hashed);
    CHECK_EQ(parse(repeat("", "X", 161)), NP_OK);
    CHECK(strcmp(parsed.file, hashed) == 0);
    CHECK_EQ(parse(repeat("", "x", 162)), NP_OK);
    CHECK(strcmp(parsed.file, hashed) != 0);
    /* Escaped bytes count three times, and are not cut in two. */
    CHECK_EQ(parse(repeat("x", " ", 53)), NP_OK);
    CHECK_EQ(strlen(parsed.file), 160);
    CHECK_EQ(parse(repeat("xx", " ", 53)), NP_OK);
    CHECK_EQ(parsed.file[0], '#');
}

static void a_name_cannot_imitate_the_file_of_another(void)
{
    struct npi_name victim;
    CHECK_EQ(npi_name_parse(repeat("", "x", 200), &victim), NP_OK);
    CHECK_EQ(parse(victim.file), NP_OK);
    CHECK(strcmp(parsed.file, victim.file) != 0);
    CHECK_EQ(npi_name_parse("a b", &victim), NP_OK);
    CHECK_EQ(parse(victim.file), NP_OK);
    CHECK(strcmp(parsed.file, victim.file) != 0);
}

static void sha256_matches_its_standard(void)
{
    static const struct {
        const char *piece;
        size_t n;
        const char *hex;
    } samples[] = {
        {"", 0,
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", 1,
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"a", 1000,
         "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        char hex[NPI_SHA256_HEX];
        const char *text = repeat("", samples[i].piece, samples[i].n);
        npi_sha256_hex(text, strlen(text), hex);
        CHECK(strcmp(hex, samples[i].hex) == 0);
    }
}

/* S8 */
static void patterns_match_bare_names_without_case(void)
{
    const char *path = "\\\\.\\pipe\\Demo.1";
    CHECK(npi_name_match(NULL, path));
    CHECK(npi_name_match("*", path));
    CHECK(npi_name_match("demo.1", path));
    CHECK(npi_name_match("DEMO*", path));
    CHECK(npi_name_match("d??o.?", path));
    CHECK(npi_name_match("*o*1", path));
    CHECK(npi_name_match("**1**", path));
    CHECK(npi_name_match("\\\\.\\pipe\\d*", path));
    CHECK(!npi_name_match("", path));
    CHECK(!npi_name_match("demo", path));
    CHECK(!npi_name_match("demo.1?", path));
    CHECK(!npi_name_match("*2", path));
    CHECK(!npi_name_match("pipe*", path));
    CHECK(npi_name_match("?", U_UMLAUT));
    CHECK(npi_name_match(U_UMLAUT_UPPER "*", U_UMLAUT "ber"));
    CHECK(npi_name_match("a/*", "A\\b"));
    CHECK(!npi_name_match("\xFF", "x"));
}

static void full_names_are_for_messages(void)
{
    char buf[64];
    npi_fail(NP_PIPE_BUSY, "kept");
    CHECK_EQ(np_full_name("//./pipe/Demo", buf, sizeof buf), NP_OK);
    CHECK(strcmp(buf, "\\\\.\\pipe\\Demo") == 0);
    CHECK_EQ(np_full_name("/tmp/x", buf, sizeof buf), NP_INVALID_NAME);
    CHECK(strcmp(buf, "/tmp/x") == 0);
    CHECK_EQ(np_full_name(NULL, buf, sizeof buf), NP_INVALID_NAME);
    CHECK(strcmp(buf, "") == 0);
    CHECK_EQ(np_full_name("Demo", buf, 12), NP_OK);
    CHECK(strcmp(buf, "\\\\.\\pipe\\De") == 0);
    CHECK_EQ(np_full_name(HAN, buf, 12), NP_OK);
    CHECK(strcmp(buf, "\\\\.\\pipe\\") == 0);
    buf[0] = 'x';
    CHECK_EQ(np_full_name("Demo", buf, 0), NP_OK);
    CHECK_EQ(buf[0], 'x');
    CHECK(strcmp(np_error_detail(), "kept") == 0);
}

int main(void)
{
    RUN(every_spelling_is_the_same_pipe);
    RUN(case_does_not_matter_but_is_kept);
    RUN(slashes_of_both_kinds_are_one_character);
    RUN(a_name_is_data_not_a_path);
    RUN(an_empty_name_is_invalid);
    RUN(a_path_of_something_else_is_no_pipes);
    RUN(other_endpoints_are_not_supported);
    RUN(the_full_form_has_256_units_at_most);
    RUN(only_utf8_is_a_name);
    RUN(the_fold_is_upper_case_of_single_units);
    RUN(the_fold_is_the_one_of_this_format);
    RUN(short_names_are_escaped_into_files);
    RUN(long_names_are_hashed_into_files);
    RUN(a_name_cannot_imitate_the_file_of_another);
    RUN(sha256_matches_its_standard);
    RUN(patterns_match_bare_names_without_case);
    RUN(full_names_are_for_messages);
    return check_done();
}
