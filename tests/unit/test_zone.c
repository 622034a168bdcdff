/* SPDX-License-Identifier: Apache-2.0 */
/* Zones: the system's own against other readers of them, and files that are none or are hostile. */
#include "shared/base/zone.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/base/zone_priv.h"
#include "tests/unit/system_date.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    DAY_S = 86400,
    FILE_SIZE = 8192,
};

static struct zta_zone *open_zone(const char *name)
{
    struct zta_zone *zone = NULL;
    struct zta_error error = {.status = ZTA_OK};
    if (zta_zone_open(zta_text_of(name), &zone, &error) != ZTA_OK) {
        fail_msg("%s: %s", name, error.text);
    }
    return zone;
}

static void compare(void *context, const struct system_date *date)
{
    const int32_t offset_s = zta_zone_offset_s(context, date->time_s);
    if (offset_s != date->offset_s) {
        fail_msg("@%" PRId64 ": %d, date says %d", date->time_s, offset_s, date->offset_s);
    }
}

static void offsets_are_those_of_date(void **state)
{
    static const char *const names[] = {
        "Europe/Zurich",     "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo",
        "Pacific/Auckland",  "Asia/Tehran",      "Africa/Casablanca",   "Asia/Gaza",
        "Europe/Dublin",     "America/Nuuk",     "Asia/Kolkata",        "Africa/Monrovia",
        "America/St_Johns",  "Etc/GMT+5",        "Asia/Jerusalem",      "Antarctica/Troll",
        "Pacific/Kiritimati"};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct zta_zone *zone = open_zone(names[i]);
        struct system_date_instants instants;
        system_date_changes(names[i], 2026, 2030, &instants);
        /* Local mean time, wars, what is written out until 2037, and the rule after that. */
        for (int64_t t = zta_date_days(1850, 1, 1) * DAY_S; t < zta_date_days(2150, 1, 1) * DAY_S;
             t += 5 * DAY_S + 4567) {
            system_date_add(&instants, t);
        }
        system_date_each(names[i], &instants, compare, zone);
        system_date_clear(&instants);
        zta_zone_close(&zone);
        assert_null(zone);
    }
}

struct all {
    size_t n;
};

/* The C library reads the same file by its own code. */
static void compare_with_libc(void *context, struct zta_text name)
{
    struct all *all = context;
    char text[128];
    (void)snprintf(text, sizeof text, "%.*s", (int)name.len, name.data);
    struct zta_zone *zone = NULL;
    struct zta_error error;
    if (zta_zone_open(name, &zone, &error) != ZTA_OK) {
        /* Lists that lie among the zones. */
        assert_non_null(strstr(error.text, "it is no time zone"));
        assert_true(memchr(text, '/', strlen(text)) == NULL);
        return;
    }
    assert_int_equal(setenv("TZ", text, 1), 0);
    tzset();
    for (int64_t t = INT64_C(-3000000000); t < INT64_C(6000000000); t += 12345678) {
        struct tm local;
        const time_t at = (time_t)t;
        (void)localtime_r(&at, &local);
        if (local.tm_gmtoff != zta_zone_offset_s(zone, t)) {
            fail_msg("%s @%" PRId64 ": %d, libc says %ld", text, t, zta_zone_offset_s(zone, t),
                     local.tm_gmtoff);
        }
    }
    zta_zone_close(&zone);
    all->n++;
}

static void every_zone_of_the_system_can_be_read(void **state)
{
    struct all all = {.n = 0};
    zta_zone_each_name(compare_with_libc, &all);
    print_message("%zu zones\n", all.n);
    assert_true(all.n > 300);
}

static void offsets_are_bounded_at_the_ends_of_time(void **state)
{
    struct zta_zone *zone = open_zone("Europe/Zurich");
    static const int64_t times_s[] = {INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX};
    for (size_t i = 0; i < COUNT(times_s); i++) {
        const int32_t offset_s = zta_zone_offset_s(zone, times_s[i]);
        assert_true(offset_s >= 0 && offset_s <= 7200);
    }
    zta_zone_close(&zone);
}

static void names_stay_below_the_directory(void **state)
{
    static const char *const good[] = {"UTC",       "Europe/Zurich", "America/Argentina/San_Juan",
                                       "Etc/GMT+5", "Etc/GMT-14",    "EST5EDT"};
    static const char *const bad[] = {
        "",        "/",        "/UTC",
        "UTC/",    "a//b",     ".",
        "..",      "../UTC",   "a/../b",
        "a/./b",   "zone.tab", "a b",
        "a\tb",    "\xc3\xa9", ":UTC",
        "<+01>-1", "a\\b",     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(zta_zone_is_name(zta_text_of(good[i])));
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct zta_zone *zone = NULL;
        struct zta_error error;
        assert_false(zta_zone_is_name(zta_text_of(bad[i])));
        assert_int_equal(zta_zone_open(zta_text_of(bad[i]), &zone, &error), ZTA_NOT_FOUND);
        assert_null(zone);
    }
}

static void rules_tell_of_later_years(void **state)
{
    static const struct {
        const char *rule;
        const char *at;
        int32_t offset_s;
    } good[] = {
        {"UTC0", "2040-07-01T00:00Z", 0},
        {"<+0530>-5:30", "2040-07-01T00:00Z", 19800},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2040-03-25T00:59:59Z", 3600},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2040-03-25T01:00:00Z", 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2040-10-28T00:59:59Z", 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2040-10-28T01:00:00Z", 3600},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2040-01-01T00:00Z", 39600},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2040-07-01T00:00Z", 36000},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2041-01-01T00:00Z", 39600},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2040-03-25T00:59:59Z", -7200},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2040-03-25T01:00:00Z", -3600},
        /* RFC 8536: summer all year; J60 is the first of March in a leap year, too. */
        {"EST5EDT,0/0,J365/25", "2039-12-31T23:59:59Z", -14400},
        {"EST5EDT,0/0,J365/25", "2040-01-01T05:00:00Z", -14400},
        {"XST0YST,J60/0,J61/0", "2040-02-29T12:00Z", 0},
        {"XST0YST,J60/0,J61/0", "2040-03-01T00:00Z", 3600},
        {"XST0YST,59/0,60/0", "2040-02-29T00:00Z", 3600},
        {"XST0YST,59/0,60/0", "2041-03-01T00:00Z", 3600},
        {"XST0YST,M12.5.6/167,M2.1.1/-167", "2040-12-31T00:00Z", 0},
        {"XST0YST,M12.5.6/167,M2.1.1/-167", "2041-01-05T00:00Z", 3600},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        struct zta_zone_rule rule;
        int64_t at_s;
        assert_int_equal(zta_time_parse(zta_text_of(good[i].at), &at_s), ZTA_OK);
        assert_true(zta_zone_rule_parse(zta_text_of(good[i].rule), &rule));
        if (zta_zone_rule_offset_s(&rule, at_s) != good[i].offset_s) {
            fail_msg("%s at %s: %d", good[i].rule, good[i].at, zta_zone_rule_offset_s(&rule, at_s));
        }
    }
}

static void other_texts_are_no_rules(void **state)
{
    static const char *const bad[] = {
        "",
        "CE-1",
        "CET",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-25",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3,",
        "CET-1CEST,J0,J1",
        "CET-1CEST,366,1",
        "<CET-1",
        "<C>-1",
        "CET-1:60",
        "CET-99999999999999999999",
        "CET-1CEST,M3.5,M10.5.0",
        " CET-1",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct zta_zone_rule rule;
        if (zta_zone_rule_parse(zta_text_of(bad[i]), &rule)) {
            fail_msg("'%s' is no rule", bad[i]);
        }
    }
}

static size_t load(const char *name, uint8_t data[FILE_SIZE])
{
    char path[128];
    (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(data, 1, FILE_SIZE, file);
    assert_int_equal(fclose(file), 0);
    return size;
}

static void expect_corrupt(const uint8_t *data, size_t size, const char *fault)
{
    struct zta_zone *zone = NULL;
    struct zta_error error = {.status = ZTA_OK};
    assert_int_equal(zta_zone_read(data, size, &zone, &error), ZTA_CORRUPT);
    assert_null(zone);
    if (fault != NULL && strstr(error.text, fault) == NULL) {
        fail_msg("'%s' should say '%s'", error.text, fault);
    }
}

/* A copy of exactly this size on the heap: reading past it is found by a sanitizer. */
static void expect_cut(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy, data, size);
    copy = realloc(copy, size > 0 ? size : 1);
    assert_non_null(copy);
    expect_corrupt(copy, size, NULL);
    free(copy);
}

static void cut_files_are_refused(void **state)
{
    static uint8_t data[FILE_SIZE];
    const size_t size = load("Europe/Zurich", data);
    for (size_t len = 0; len < size; len++) {
        expect_cut(data, len);
    }
}

enum {
    HEADER_SIZE = 44,
    AT_LEAP_COUNT = 28,
    AT_TYPE_COUNT = 36,
    AT_NAME_COUNT = 40,
};

/* A zone without a block of 32 bits: two transitions, two local times, and a rule. */
static size_t small_zone(uint8_t data[FILE_SIZE])
{
    static const uint8_t body[] = {
        0,   0, 0,   0,  0,    0,   0x0e, 0x10, 0,   0,    0, 0, 0, 0, 0x1c, 0x20, /* 3600, 7200 */
        1,   0,                                                                    /* to types */
        0,   0, 0,   0,  0,    0,                                                  /* 0 s */
        0,   0, 0,   60, 1,    2, /* 60 s, summer */
        'A', 0, 'B', 0,  '\n', 'A', 'A',  'A',  '0', '\n',
    };
    memset(data, 0, FILE_SIZE);
    memcpy(data, "TZif2", 5);
    memcpy(data + HEADER_SIZE, "TZif2", 5);
    zta_put_u32(data + HEADER_SIZE + 32, 2);
    zta_put_u32(data + HEADER_SIZE + AT_TYPE_COUNT, 2);
    zta_put_u32(data + HEADER_SIZE + AT_NAME_COUNT, 4);
    memcpy(data + 2 * HEADER_SIZE, body, sizeof body);
    return 2 * HEADER_SIZE + sizeof body;
}

static void damaged_files_say_what_is_wrong(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *fault;
    } cases[] = {
        {0, 'X', "it is no time zone"},
        {4, 0, "version 1"},
        {23, 1, "cut off"},
        {HEADER_SIZE, 'X', "cut off"},
        {HEADER_SIZE + AT_LEAP_COUNT + 3, 1, "leap seconds"},
        {HEADER_SIZE + AT_TYPE_COUNT + 3, 0, "contradicts itself"},
        {HEADER_SIZE + AT_TYPE_COUNT, 1, "contradicts itself"},
        {HEADER_SIZE + AT_NAME_COUNT + 3, 0, "contradicts itself"},
        {HEADER_SIZE + 23, 1, "contradicts itself"},
        {HEADER_SIZE + 27, 1, "contradicts itself"},
        {HEADER_SIZE + 32, 0xff, "cut off"},
        {HEADER_SIZE + 35, 3, "cut off"},
        {2 * HEADER_SIZE + 6, 0x1d, "not in order"},
        {2 * HEADER_SIZE + 16, 2, "leads to no local time"},
        {2 * HEADER_SIZE + 18, 0x7f, "none can be"},
        {2 * HEADER_SIZE + 18, 0x80, "none can be"},
        {2 * HEADER_SIZE + 22, 2, "none can be"},
        {2 * HEADER_SIZE + 23, 4, "none can be"},
        {2 * HEADER_SIZE + 34, 'A', "rule for later years is missing"},
        {2 * HEADER_SIZE + 39, 'A', "rule for later years is missing"},
        {2 * HEADER_SIZE + 38, 'A', "rule for later years cannot be read"},
    };
    static uint8_t data[FILE_SIZE];
    struct zta_zone *zone = NULL;
    size_t size = small_zone(data);
    struct zta_error error = {.status = ZTA_OK};
    if (zta_zone_read(data, size, &zone, &error) != ZTA_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(zta_zone_offset_s(zone, 3599), 0);
    assert_int_equal(zta_zone_offset_s(zone, 3600), 60);
    assert_int_equal(zta_zone_offset_s(zone, 7199), 60);
    assert_int_equal(zta_zone_offset_s(zone, 7200), 0);
    zta_zone_close(&zone);
    for (size_t i = 0; i < COUNT(cases); i++) {
        size = small_zone(data);
        data[cases[i].at] = cases[i].value;
        expect_corrupt(data, size, cases[i].fault);
    }
    /* No rule: the last transition holds on. */
    size = small_zone(data);
    data[size - 5] = '\n';
    assert_int_equal(zta_zone_read(data, size - 4, &zone, NULL), ZTA_OK);
    assert_int_equal(zta_zone_offset_s(zone, 7200), 0);
    zta_zone_close(&zone);
}

static void expect_open(const char *name, enum zta_status expected, const char *text)
{
    struct zta_zone *zone = NULL;
    struct zta_error error = {.status = ZTA_OK};
    const enum zta_status status = zta_zone_open(zta_text_of(name), &zone, &error);
    if (status != expected || (text != NULL && strstr(error.text, text) == NULL)) {
        fail_msg("%s: %s, %s", name, zta_status_text(status), error.text);
    }
    zta_zone_close(&zone);
}

static void count_names(void *context, struct zta_text name)
{
    ++*(size_t *)context;
}

static void another_directory_is_no_way_out(void **state)
{
    static uint8_t data[FILE_SIZE];
    char dir[] = "/tmp/zta-zones-XXXXXX";
    char path[64];
    size_t n_names = 0;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(setenv("TZDIR", dir, 1), 0);
    expect_open("Europe/Zurich", ZTA_NOT_FOUND, dir);
    const size_t size = load("Europe/Zurich", data);
    static const struct {
        const char *name;
        size_t size;
        enum zta_status status;
        const char *text;
    } files[] = {
        {"Good", 0, ZTA_OK, NULL},
        {"Cut", 100, ZTA_CORRUPT, "/Cut: it is cut off"},
        {"Empty", 1, ZTA_CORRUPT, "/Empty: it is no time zone"},
        {"Huge", 1 << 20, ZTA_NOT_FOUND, "it is no file of a time zone"},
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, files[i].name);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(data, 1, size, file), size);
        assert_int_equal(fclose(file), 0);
        if (files[i].size > 0) {
            assert_int_equal(truncate(path, (off_t)files[i].size), 0);
        }
        expect_open(files[i].name, files[i].status, files[i].text);
    }
    (void)snprintf(path, sizeof path, "%s/Pipe", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_open("Pipe", ZTA_NOT_FOUND, "it is no file of a time zone");
    zta_zone_each_name(count_names, &n_names);
    assert_int_equal(n_names, COUNT(files) + 1);
    /* Only where it is absolute. */
    assert_int_equal(setenv("TZDIR", "tmp", 1), 0);
    expect_open("Europe/Zurich", ZTA_OK, NULL);
    assert_int_equal(unsetenv("TZDIR"), 0);
    assert_int_equal(unlink(path), 0);
    for (size_t i = 0; i < COUNT(files); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, files[i].name);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_those_of_date),
        cmocka_unit_test(every_zone_of_the_system_can_be_read),
        cmocka_unit_test(offsets_are_bounded_at_the_ends_of_time),
        cmocka_unit_test(names_stay_below_the_directory),
        cmocka_unit_test(rules_tell_of_later_years),
        cmocka_unit_test(other_texts_are_no_rules),
        cmocka_unit_test(cut_files_are_refused),
        cmocka_unit_test(damaged_files_say_what_is_wrong),
        cmocka_unit_test(another_directory_is_no_way_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
