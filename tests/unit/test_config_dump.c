/* SPDX-License-Identifier: Apache-2.0 */
/* What ztactl makes of the lines that a run of httpd printed, and the table that they name. */
#include "admin-tui/config_dump.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "shared/hazards.h"

#define BEGIN "{\"zta\":\"begin\",\"format\":1,\"store\":\"/s\"}\n"
#define END   "{\"zta\":\"end\",\"starts\":true}\n"
#define FINDING(name, rank, file, line)                                                            \
    "{\"zta\":\"finding\",\"finding\":\"" name "\",\"severity\":\"" rank "\",\"server\":\"s\","    \
    "\"place\":null,\"rule\":null,\"file\":\"" file "\",\"line\":" line ",\"text\":\"t\"}\n"

static struct ctl_config_dump taken(const char *text, enum zta_status expected)
{
    struct ctl_config_dump dump = {.output = strdup(text), .output_len = strlen(text)};
    assert_non_null(dump.output);
    assert_int_equal(ctl_config_dump_parse(&dump), expected);
    return dump;
}

static void lines_of_others_are_passed_over(void **state)
{
    struct ctl_config_dump dump =
        taken("VirtualHost configuration:\n" BEGIN "{\"other\":1}\n" END "Syntax OK", ZTA_OK);
    assert_true(dump.is_whole);
    assert_true(dump.starts);
    assert_string_equal(dump.store, "/s");
    assert_int_equal(dump.n_findings, 0);
    ctl_config_dump_close(&dump);
}

static void what_is_cut_or_of_another_release_is_not_taken_for_good(void **state)
{
    static const struct {
        const char *text;
        enum zta_status status;
    } rows[] = {
        {.text = "", .status = ZTA_OK},
        {.text = BEGIN, .status = ZTA_OK},
        {.text = "{\"zta\":\"begin\",\"format\":2}\n", .status = ZTA_VERSION},
        {.text = BEGIN "{\"zta\":\"finding\",\"fin", .status = ZTA_CORRUPT},
        {.text = BEGIN FINDING("nonsense", "error", "f", "1"), .status = ZTA_CORRUPT},
        {.text = BEGIN FINDING("place_lower", "worse", "f", "1"), .status = ZTA_CORRUPT},
        {.text = BEGIN "{\"zta\":\"finding\",\"finding\":7}\n", .status = ZTA_CORRUPT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ctl_config_dump dump = taken(rows[i].text, rows[i].status);
        assert_false(dump.is_whole);
        ctl_config_dump_close(&dump);
    }
}

static void the_worst_comes_first_then_file_and_line(void **state)
{
    struct ctl_config_dump dump =
        taken(BEGIN FINDING("place_lower", "notice", "a", "1")
                  FINDING("rule_shadowed", "warning", "b", "10")
                      FINDING("rule_shadowed", "warning", "b", "9")
                          FINDING("rule_shadowed", "warning", "a", "11")
                              FINDING("remoteip_trusts_all", "error", "z", "5") END,
              ZTA_OK);
    static const int64_t lines[] = {5, 11, 9, 10, 1};
    ctl_config_dump_sort(&dump);
    assert_int_equal(dump.n_findings, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(dump.findings[i].line, lines[i]);
    }
    assert_int_equal(dump.findings[0].severity, ZTA_SEVERITY_ERROR);
    size_t at = 0;
    size_t n = 0;
    while (ctl_config_dump_next(&dump, "finding", &at) != NULL) {
        n++;
    }
    assert_int_equal(n, 5);
    ctl_config_dump_close(&dump);
}

static void every_row_of_the_table_is_whole_and_found_by_its_name(void **state)
{
    for (unsigned i = 0; i < ZTA_N_HAZARDS; i++) {
        const struct zta_hazard_info *info = zta_hazard_info((enum zta_hazard)i);
        enum zta_hazard found = ZTA_N_HAZARDS;
        assert_true(zta_hazard_find(zta_text_of(info->name), &found));
        assert_int_equal(found, i);
        assert_true(info->title[0] != '\0' && info->meaning[0] != '\0' && info->remedy[0] != '\0');
        assert_true(info->severity != ZTA_SEVERITY_ERROR || info->tag == NULL);
        assert_true(i == 0 ||
                    info->severity <= zta_hazard_info((enum zta_hazard)(i - 1))->severity);
    }
    for (unsigned i = 0; i < ZTA_N_SEVERITIES; i++) {
        enum zta_severity found = ZTA_N_SEVERITIES;
        assert_true(
            zta_severity_find(zta_text_of(zta_severity_name((enum zta_severity)i)), &found));
        assert_int_equal(found, i);
    }
    assert_int_equal(zta_hazard_of_rule(ZTA_TEXT("ended")), ZTA_HAZARD_RULE_NEVER_APPLIES);
    assert_int_equal(zta_hazard_of_rule(ZTA_TEXT("methods_left_out")), ZTA_HAZARD_RULE_DOUBTFUL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_others_are_passed_over),
        cmocka_unit_test(what_is_cut_or_of_another_release_is_not_taken_for_good),
        cmocka_unit_test(the_worst_comes_first_then_file_and_line),
        cmocka_unit_test(every_row_of_the_table_is_whole_and_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
